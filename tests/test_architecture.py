"""House rules that a reader could forget and a program cannot: what no module may do, and who may touch files.

import-linter (pyproject.toml) checks who imports whom; this file checks what is called.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("cvstudio", "ml_core", "stellar", "hsi", "anime")
DOMAINS = ("stellar", "hsi", "anime", "vision")


@cache
def sources() -> dict[str, ast.Module]:
    """Every module of the product, tests and migrations aside, by its path from the root."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "/tests/" not in name and "/migrations/" not in name and path.name != "conftest.py":
                found[name] = ast.parse(path.read_text(encoding="utf-8"), name)
    return found


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Each call with the written name of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def keyword(node: ast.Call, name: str) -> object:
    """The constant given for a keyword; None when it is absent or not a constant."""
    for item in node.keywords:
        if item.arg == name and isinstance(item.value, ast.Constant):
            return item.value.value
    return None


def imports(tree: ast.AST) -> set[str]:
    """Names of all imported modules, lazy ones too, but not those for type checkers alone."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            skipped.update(child for statement in node.body for child in ast.walk(statement))
    found = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def offenders(is_bad: object) -> list[str]:
    """`path:line` of each call that a rule refuses."""
    return [
        f"{path}:{node.lineno} {name}"
        for path, tree in sources().items()
        for name, node in calls(tree)
        if is_bad(path, name, node)  # type: ignore[operator]
    ]


# The converter runs in a process of its own without network; everything else reads safetensors.
MAY_READ_TORCH_FILES = re.compile(r"^ml_core/weights/sandbox_child\.py$")
# Constants and parts that were escaped one by one.
MAY_MARK_SAFE = {"cvstudio/common/templatetags/ui.py"}


def test_nothing_runs_text_as_code_or_reads_pickles():
    def bad(path, name, node):
        last = name.rsplit(".", 1)[-1]
        return (
            name in {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}
            or keyword(node, "shell") is True
            or name
            in {"yaml.load", "yaml.unsafe_load", "yaml.full_load", "joblib.load", "marshal.loads", "shelve.open"}
            or keyword(node, "allow_pickle") is True
            or keyword(node, "trust_remote_code") is True
            or last in {"extractall", "unpack_archive"}
            or (last == "mark_safe" and path not in MAY_MARK_SAFE)
        )

    assert offenders(bad) == []
    modules = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
    modules |= {"xml.etree", "xml.dom", "xml.sax"}
    assert [path for path, tree in sources().items() if imports(tree) & modules] == []


def test_torch_files_are_read_by_the_converter_alone_and_without_code():
    def bad(path, name, node):
        if name != "torch.load":
            return False
        return not MAY_READ_TORCH_FILES.match(path) or keyword(node, "weights_only") is not True

    assert offenders(bad) == []


def test_query_parameters_never_become_lookups():
    """`filter(**request.GET)` would let a reader ask for the first letter of a password hash."""

    def bad(path, name, node):
        if name.rsplit(".", 1)[-1] not in {"filter", "exclude", "get", "order_by", "annotate"}:
            return False
        spread = [item.value for item in node.keywords if item.arg is None]
        spread += [item.value for item in node.args if isinstance(item, ast.Starred)]
        return any("request" in ast.unparse(value) or "query_params" in ast.unparse(value) for value in spread)

    assert offenders(bad) == []


# Modules that start programs, with the reason in their docstrings.
MAY_START_PROGRAMS = re.compile(
    r"^cvstudio/launcher/|^cvstudio/runs/supervisor/|^cvstudio/training/services/|^cvstudio/weights/|^ml_core/"
)
MAY_READ_ARCHIVES = re.compile(
    r"archive|^cvstudio/launcher/demo/|^ml_core/data/|^ml_core/weights/sandbox_child|generate_code|export|package|batch|download"
)
FRONT = re.compile(
    r"/(api/(views|serializers|urls)|pages|consumers|admin|models|apps|urls|routing|forms|context)\.py$"
    r"|/(api|pages|templatetags)/"
)


def test_programs_are_started_in_few_places():
    starters = {path for path, tree in sources().items() if "subprocess" in imports(tree)}
    assert [path for path in starters if not MAY_START_PROGRAMS.search(path)] == []


def test_archives_are_read_in_few_places():
    readers = {path for path, tree in sources().items() if {"zipfile", "tarfile"} & imports(tree)}
    assert [path for path in readers if not MAY_READ_ARCHIVES.search(path)] == []
    assert not [path for path, tree in sources().items() if "tarfile" in imports(tree)]


def path_is_front(path: str) -> bool:
    return not path.startswith("ml_core/") and bool(FRONT.search(path))


def test_views_consumers_and_models_touch_no_files():
    methods = {"write_text", "write_bytes", "read_text", "read_bytes", "unlink", "rmtree", "mkdir", "copyfile", "move"}

    def bad(path, name, node):
        return path_is_front(path) and (name == "open" or name.rsplit(".", 1)[-1] in methods)

    assert offenders(bad) == []
    modules = {"shutil", "tempfile", "subprocess"}
    assert [path for path, tree in sources().items() if path_is_front(path) and modules & imports(tree)] == []


def test_views_ask_for_what_the_person_may_see():
    """In views and pages a query of a model begins with `visible_to`."""
    bare = []
    for path, tree in sources().items():
        if not re.search(r"/(api/views|pages)\.py$|/(api|pages)/", path):
            continue
        if path.startswith("cvstudio/accounts/"):
            continue  # people are found by name and password, not by owner
        started = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr in {"visible_to", "none"}
        }
        bare += [
            f"{path}:{node.lineno} {ast.unparse(node)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr == "objects" and id(node) not in started
        ]
    assert bare == []


def test_services_and_tasks_know_no_http():
    for path, tree in sources().items():
        if re.search(r"/(services|tasks|selectors)(/|\.py)", path) and not path.startswith("ml_core/"):
            named = {name for name in imports(tree) if name.startswith(("django.http", "rest_framework.", "channels."))}
            assert not named, f"{path} imports {sorted(named)}"


def test_the_numerics_know_no_django_and_the_networks_not_each_other():
    for path, tree in sources().items():
        if not path.startswith("ml_core/"):
            continue
        roots = {name.split(".")[0] for name in imports(tree)}
        assert not roots & {"django", "rest_framework", "celery", "channels", "redis", "cvstudio"}, path
        own = path.split("/")[1]
        if own in DOMAINS:
            others = {f"ml_core.{name}" for name in DOMAINS if name != own}
            assert not {name for name in imports(tree) if ".".join(name.split(".")[:2]) in others}, path


@pytest.mark.parametrize("name", ["utils.py", "helpers.py", "manager.py", "misc.py", "common.py"])
def test_no_module_has_a_name_that_says_nothing(name):
    assert [path for path in sources() if path.endswith(f"/{name}")] == []


def test_modules_stay_readable():
    """About 300 lines is the rule; 400 is where a module certainly holds two ideas."""
    long = {path: tree.body[-1].end_lineno for path, tree in sources().items() if tree.body}
    assert {path: lines for path, lines in long.items() if (lines or 0) > 400} == {}


def test_views_stay_thin():
    """Parse, call one service, render. Docstrings do not count."""
    thick = []
    for path, tree in sources().items():
        if not re.search(r"/api/views\.py$|/api/views/", path):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
                if lines > 15:
                    thick.append(f"{path}:{node.lineno} {node.name} has {lines} lines")
    assert thick == []


def test_every_module_says_what_it_is_for():
    bare = [path for path, tree in sources().items() if tree.body and not ast.get_docstring(tree)]
    assert bare == []


def test_templates_hold_no_inline_script_or_style_and_load_nothing_foreign():
    faults = []
    patterns = {
        "inline script": r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>",
        "inline style": r"<style\b|\sstyle=\"",
        "inline handler": r"\son[a-z]+=\"",
        "foreign host": r"(?:src|href)=\"(?:https?:)?//(?!\{)",
        "safe filter on data": r"\|\s*safe\b(?!seq)",
    }
    allowed = {("templates/components/field.html", "safe filter on data")}  # help texts are ours, with links
    for folder in ("templates", *PACKAGES):
        for path in (ROOT / folder).rglob("*.html"):
            name, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
            for fault, pattern in patterns.items():
                if re.search(pattern, text) and (name, fault) not in allowed and "drf_spectacular" not in name:
                    faults.append(f"{name}: {fault}")
    assert faults == []


def test_every_feature_names_a_test_that_exists_or_says_that_it_is_missing():
    rows = [
        line for line in (ROOT / "docs/features.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")
    ]
    for row in rows[1:]:
        _, feature, where, test, _ = (cell.strip() for cell in row.split("|"))
        if test:
            assert (ROOT / test.strip("`")).is_file(), f"{feature}: {test}"
        else:
            assert "not yet" in where, feature
