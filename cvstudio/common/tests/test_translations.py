"""Every sentence of the studio exists in Simplified Chinese."""

from __future__ import annotations

import re

import polib
import pytest
from django.conf import settings
from django.test import Client

from cvstudio.common.i18n import catalogue, sources


@pytest.mark.parametrize(
    ("domain", "find"), [("django", sources.server_messages), ("djangojs", sources.browser_messages)]
)
def test_no_translation_is_missing_fuzzy_or_loses_a_placeholder(domain, find):
    path = catalogue.path_of(settings.LOCALE_PATHS[0], "zh_Hans", domain)
    gaps = catalogue.faults(catalogue.opened(path, "zh_Hans"), find(settings.BASE_DIR))
    assert gaps == [], f"{len(gaps)} gaps: run `make messages` and fill them in"


def test_javascript_strings_are_plain_so_that_they_can_be_found():
    for path in sources.files(settings.BASE_DIR, ["static"], ".js"):
        assert not re.search(r"\bn?gettext\(\s*[`a-z]", path.read_text()), path


def texts(messages):
    return [(m.text, m.plural, m.context) for m in messages]


def test_python_strings_are_found():
    code = "_('a' ' b')\nngettext('one', 'many', n)\npgettext('verb', 'Run')\n_(variable)\nother('x')"
    assert texts(sources.in_python(code, "x.py")) == [("a b", "", ""), ("one", "many", ""), ("Run", "", "verb")]


def test_template_strings_are_found():
    code = """{% load i18n %}{% translate "It's (here)" %}{% blocktranslate trimmed with n=x %}
      Hello {{ n }},
      you
    {% endblocktranslate %}{% blocktranslate count n=x %}{{ n }} run{% plural %}{{ n }} runs{% endblocktranslate %}
    {% translate "May" context "month" %}{{ _("Now") }}"""
    assert texts(sources.in_template(code, "x.html")) == [
        ("It's (here)", "", ""),
        ("Hello %(n)s, you", "", ""),
        ("%(n)s run", "%(n)s runs", ""),
        ("May", "", "month"),
        ("Now", "", ""),
    ]


def test_browser_strings_are_found():
    code = """import { gettext } from "x"; a(gettext("Save (now)"), ngettext('%s run', "%s runs", n)); gettext(name);"""
    assert texts(sources.in_javascript(code, "x.js")) == [("Save (now)", "", ""), ("%s run", "%s runs", "")]


def test_gaps_are_named():
    file = polib.POFile()
    file.append(polib.POEntry(msgid="%(n)s left", msgstr="剩余"))
    file.append(polib.POEntry(msgid="Old", msgstr="旧", flags=["fuzzy"]))
    said = [sources.Message(text, "", "", "x.py:1") for text in ("%(n)s left", "Old", "New")]
    assert [gap.split(":")[0] for gap in catalogue.faults(file, said)] == ["placeholders differ", "fuzzy", "missing"]


def test_an_update_keeps_translations_and_drops_what_nobody_says():
    file = polib.POFile()
    file.append(polib.POEntry(msgid="Kept", msgstr="保留"))
    file.append(polib.POEntry(msgid="Gone", msgstr="没了"))
    said = [sources.Message(text, "", "", "x.py:7") for text in ("Kept", "New")]
    assert catalogue.update(file, said) == (1, 1)
    assert [(e.msgid, e.msgstr, e.occurrences) for e in file] == [
        ("Kept", "保留", [("x.py", "")]),
        ("New", "", [("x.py", "")]),
    ]


def test_translations_are_compiled_and_reach_the_page(db):
    page = Client().get("/accounts/login/", headers={"Accept-Language": "zh-hans"}).content.decode()
    assert 'lang="zh-hans"' in page and "登录" in page
    assert "django.gettext" in Client().get("/jsi18n/").content.decode()
