"""A hostile archive is refused before anything is written, and a broken one leaves nothing behind."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_core.data.archive import ArchiveLimits, extract_zip
from ml_core.errors import CodedError, FormatError, UnsafeFileError

SMALL = ArchiveLimits(max_members=50, max_total_bytes=1_000_000, ratio_floor_bytes=10_000, reserve_bytes=0)


def pack(path: Path, members: list[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def raw_name(archive: Path, placeholder: bytes, name: bytes) -> Path:
    """Replace a name by one of the same length that the writer would not write."""
    assert len(placeholder) == len(name)
    data = archive.read_bytes()
    assert data.count(placeholder) == 2
    archive.write_bytes(data.replace(placeholder, name))
    return archive


def special(kind: int, name: str = "a/odd") -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (kind | 0o644) << 16
    return info


def hard_link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("a/hard")
    data = b"\0" * 12 + b"../../etc/passwd"
    info.extra = struct.pack("<2H", 0x000D, len(data)) + data
    return info


def encrypted(path: Path) -> Path:
    pack(path, [("a.png", b"x")])
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    return path


HOSTILE: dict[str, Callable[[Path], Path]] = {
    "path_escape": lambda p: pack(p, [("ok.png", b"x"), ("../evil.png", b"x")]),
    "path_escape inside": lambda p: pack(p, [("a/../../evil.png", b"x")]),
    "path_escape harmless": lambda p: pack(p, [("a/../b.png", b"x")]),
    "path_absolute": lambda p: pack(p, [("/etc/evil", b"x")]),
    "path_absolute drive": lambda p: pack(p, [("C:/evil.png", b"x")]),
    "path_absolute relative drive": lambda p: pack(p, [("c:evil.png", b"x")]),
    "path_absolute network": lambda p: pack(p, [("//host/share/x", b"x")]),
    "path_backslash": lambda p: pack(p, [("..\\evil.png", b"x")]),
    "name_nul": lambda p: raw_name(pack(p, [("ok#.png", b"x")]), b"ok#.png", b"ok\0.png"),
    "name_empty": lambda p: pack(p, [("./", b"")]),
    "name_too_long": lambda p: pack(p, [("n" * 300 + ".png", b"x")]),
    "name_too_long deep": lambda p: pack(p, [("d/" * 40 + "x.png", b"x")]),
    "link": lambda p: pack(p, [(special(stat.S_IFLNK), b"/etc/passwd")]),
    "link hard": lambda p: pack(p, [(hard_link(), b"x")]),
    "device": lambda p: pack(p, [(special(stat.S_IFCHR), b"")]),
    "device pipe": lambda p: pack(p, [(special(stat.S_IFIFO), b"")]),
    "name_clash": lambda p: pack(p, [("a/Cat.png", b"x"), ("a/cat.png", b"y")]),
    "name_clash folder": lambda p: pack(p, [("Cats/1.png", b"x"), ("cats/2.png", b"y")]),
    "name_clash composed": lambda p: pack(p, [("\u00e9.png", b"x"), ("e\u0301.png", b"y")]),
    "name_twice as both": lambda p: pack(p, [("a", b"x"), ("a/b", b"y")]),
    "name_twice by dots": lambda p: pack(p, [("a/b", b"x"), ("a/./b", b"y")]),
    "folder_with_content": lambda p: pack(p, [("folder/", b"content")]),
    "too_many_members": lambda p: pack(p, [(f"{n}.png", b"") for n in range(51)]),
    "too_large": lambda p: pack(p, [(f"{n}.png", bytes(300_000)) for n in range(4)]),
    "bomb": lambda p: pack(p, [("a.png", bytes(900_000))], zipfile.ZIP_DEFLATED),
    "encrypted": encrypted,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(kind: str, tmp_path: Path) -> None:
    archive = HOSTILE[kind](tmp_path / "in.zip")
    with pytest.raises(UnsafeFileError) as caught:
        extract_zip(archive, tmp_path / "out" / "images", limits=SMALL)
    assert caught.value.code == f"archive.{kind.split()[0]}"
    assert caught.value.message.endswith(".")
    assert caught.value.hint
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path != archive]
    assert left == []
    assert not (tmp_path / "out" / "images").exists()


def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive = pack(tmp_path / "in.zip", [("a.png", b"x"), ("a.png", b"y")])
    with pytest.raises(UnsafeFileError, match="twice"):
        extract_zip(archive, tmp_path / "images")


@pytest.mark.parametrize(
    "content", [b"", b"no zip at all", b"Rar!\x1a\x07\x01\0" + bytes(100), b"PK\x05\x06", b"PK\x03\x04" + bytes(60)]
)
def test_what_is_no_zip_is_called_so(content: bytes, tmp_path: Path) -> None:
    archive = tmp_path / "in.zip"
    archive.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        extract_zip(archive, tmp_path / "images")
    assert caught.value.code == "archive.not_zip"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_content_leaves_nothing(method: int, tmp_path: Path) -> None:
    archive = pack(tmp_path / "in.zip", [("a/1.png", bytes(range(256)) * 40), ("a/2.png", b"second")], method)
    data = bytearray(archive.read_bytes())
    data[60:90] = bytes(30)
    archive.write_bytes(data)
    with pytest.raises(FormatError) as caught:
        extract_zip(archive, tmp_path / "images")
    assert caught.value.code == "archive.damaged"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.zip"]


def test_a_lying_size_is_noticed(tmp_path: Path) -> None:
    archive = pack(tmp_path / "in.zip", [("a.png", bytes(5000))], zipfile.ZIP_DEFLATED)
    data = bytearray(archive.read_bytes())
    directory = data.index(b"PK\x01\x02")
    data[22:26] = data[directory + 24 : directory + 28] = struct.pack("<I", 10)
    archive.write_bytes(data)
    with pytest.raises(FormatError):
        extract_zip(archive, tmp_path / "images")
    assert not (tmp_path / "images").exists()


def test_a_full_disk_is_foreseen(tmp_path: Path) -> None:
    archive = pack(tmp_path / "in.zip", [("a.png", b"x")])
    with pytest.raises(CodedError) as caught:
        extract_zip(archive, tmp_path / "images", limits=ArchiveLimits(reserve_bytes=1 << 60))
    assert caught.value.code == "disk.full"


def test_a_good_archive_arrives_whole_without_leftovers_of_other_systems(tmp_path: Path) -> None:
    odd = "a/<script>alert(1)</script>\n.png"
    archive = pack(
        tmp_path / "in.zip",
        [("a/", b""), ("a/1.png", b"one"), ("./b/2.png", b"two"), (odd, b"odd"), ("inner.zip", b"PK"),
         ("__MACOSX/a/._1.png", b"junk"), ("a/.DS_Store", b"junk"), ("b/Thumbs.db", b"junk")],
    )  # fmt: skip
    told: list[tuple[int, int]] = []
    done = extract_zip(archive, tmp_path / "images", progress=lambda *at: told.append(at))
    root = tmp_path / "images"
    found = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert found == {"a/1.png": b"one", "b/2.png": b"two", odd: b"odd", "inner.zip": b"PK"}
    assert (done.files, done.total_bytes, done.ignored) == (4, 11, 3)
    assert told[-1] == (11, 11)


@pytest.mark.parametrize("encoding", ["utf-8", "gb2312"])
def test_chinese_names_without_a_declared_encoding_are_read(encoding: str, tmp_path: Path) -> None:
    raw = "猫/照片.png".encode(encoding)
    placeholder = b"q" * len(raw)
    archive = raw_name(pack(tmp_path / "in.zip", [(placeholder.decode(), b"x")]), placeholder, raw)
    extract_zip(archive, tmp_path / "images")
    assert (tmp_path / "images" / "猫" / "照片.png").read_bytes() == b"x"


def test_western_names_of_old_archives_stay_as_they_are(tmp_path: Path) -> None:
    raw = "café.png".encode("cp437")
    archive = raw_name(pack(tmp_path / "in.zip", [("q" * len(raw), b"x")]), b"q" * len(raw), raw)
    extract_zip(archive, tmp_path / "images")
    assert (tmp_path / "images" / "café.png").exists()


def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    class Cancelled(Exception):
        pass

    calls = iter(range(3))

    def check() -> None:
        if next(calls) == 2:
            raise Cancelled

    archive = pack(tmp_path / "in.zip", [(f"{n}.png", b"x") for n in range(9)])
    with pytest.raises(Cancelled):
        extract_zip(archive, tmp_path / "images", check_cancelled=check)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.zip"]


def test_leftovers_of_a_killed_process_are_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".images.partial" / "old").mkdir(parents=True)
    archive = pack(tmp_path / "in.zip", [("1.png", b"x")])
    extract_zip(archive, tmp_path / "images")
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["1.png"]


NAMES = st.text(st.sampled_from("ab./\\:\0~%e2 \n猫C"), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_nothing_is_ever_written_outside(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    outer = tmp_path_factory.mktemp("outer")
    inside = outer / "deep" / "images"
    try:
        archive = pack(outer / "in.zip", [(zipfile.ZipInfo(name), b"x") for name in names])
    except (UserWarning, ValueError, UnicodeEncodeError):
        return  # the writer itself gave up
    try:
        extract_zip(archive, inside)
    except CodedError:
        assert not inside.exists()
    written = [path for path in outer.rglob("*") if path.is_file() and path != archive]
    assert all(path.resolve().is_relative_to(inside.resolve()) for path in written)


def test_a_swollen_directory_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members: list[tuple[str | zipfile.ZipInfo, bytes]] = []
    for number in range(30):
        info = zipfile.ZipInfo(f"a/{number}.png")
        info.comment = b"x" * 65_535
        members.append((info, b""))
    archive = pack(tmp_path / "x.zip", members)

    def never(*_: object) -> None:
        raise AssertionError("the directory was read into memory")

    monkeypatch.setattr(zipfile, "ZipFile", never)
    with pytest.raises(UnsafeFileError) as caught:
        extract_zip(archive, tmp_path / "out", limits=SMALL)
    assert caught.value.code == "archive.directory_too_large"
