"""Judges the members of a zip archive by name and kind, before anything is written."""

from __future__ import annotations

import re
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ml_core.errors import UnsafeFileError

MAX_NAME_BYTES: Final = 255  # what file systems take for one name
MAX_PATH_CHARS: Final = 1000  # what the database stores
MAX_DEPTH: Final = 32

_UTF8_FLAG: Final = 0x800
_ENCRYPTED_FLAGS: Final = 0x1 | 0x40
_PKWARE_UNIX_EXTRA: Final = 0x000D
_DRIVE: Final = re.compile(r"[A-Za-z]:")
# Two-byte characters of GB 2312, as Windows in Chinese writes names without saying so. In code page 437, which the
# format prescribes then, these bytes are box drawings and Greek letters: no one's file names.
_GB2312: Final = re.compile(rb"(?:[\x00-\x7f]|[\xb0-\xf7][\xa1-\xfe])+")
_JUNK_NAMES: Final = {".ds_store", "thumbs.db", "desktop.ini", "__macosx"}


@dataclass(frozen=True)
class MemberPlan:
    """A judged member.

    Attributes:
        info: The archive's own record.
        parts: Where it goes, below the target.
        is_folder: A folder entry, without content.
        size: Declared size in bytes.
    """

    info: zipfile.ZipInfo
    parts: tuple[str, ...]
    is_folder: bool
    size: int

    @property
    def shown(self) -> str:
        """The name for people, short and without control characters."""
        return shown("/".join(self.parts))


def shown(name: str) -> str:
    """A hostile name made fit for a message."""
    return ascii(name[:80])[1:-1] if not name.isprintable() else name[:80]


def is_junk(parts: tuple[str, ...]) -> bool:
    """Leftovers of operating systems: ``__MACOSX``, ``.DS_Store``, AppleDouble ``._x``, ``Thumbs.db``."""
    return any(part.lower() in _JUNK_NAMES or part.startswith("._") for part in parts)


def judge_member(info: zipfile.ZipInfo) -> MemberPlan:
    """Where a member goes.

    Raises:
        UnsafeFileError: Its name leads elsewhere, or it is no plain file or folder.
    """
    name = member_name(info)
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if "\0" in name:
        raise _refused(name, "name_nul", "has a NUL character in its name")
    if "\\" in name:
        raise _refused(name, "path_backslash", "has a backslash in its name")
    if name.startswith("/") or _DRIVE.match(name):
        raise _refused(name, "path_absolute", "has an absolute path")
    if ".." in parts:
        raise _refused(name, "path_escape", "leads out of the folder it is unpacked into")
    if not parts:
        raise _refused(name, "name_empty", "has no name")
    if len(name) > MAX_PATH_CHARS or len(parts) > MAX_DEPTH or any(_too_long(part) for part in parts):
        raise _refused(name, "name_too_long", "has a name that is too long or too deep")
    if info.flag_bits & _ENCRYPTED_FLAGS:
        raise _refused(name, "encrypted", "is encrypted", "Pack the images without a password.")
    _refuse_special(info, name)
    is_folder = name.endswith("/")
    if is_folder and info.file_size:
        raise _refused(name, "folder_with_content", "is a folder with content")
    return MemberPlan(info, parts, is_folder, info.file_size)


def member_name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: UTF-8 and GB 2312 are recognised where the archive does not declare its encoding."""
    name = info.orig_filename  # `filename` is already cut at a NUL
    if info.flag_bits & _UTF8_FLAG or name.isascii():
        return name
    raw = name.encode("cp437", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb2312", "replace") if _GB2312.fullmatch(raw) else name


def refuse_clashes(plans: list[MemberPlan]) -> None:
    """Refuse names that are one and the same on some file system: equal, or equal but for case or composition.

    Raises:
        UnsafeFileError: Names the second of the two.
    """
    files: set[str] = set()
    spelled: dict[str, str] = {}
    folders: set[str] = set()
    for plan in plans:
        for depth in range(1, len(plan.parts) + 1):
            path = "/".join(plan.parts[:depth])
            key = unicodedata.normalize("NFC", path).casefold()
            if spelled.setdefault(key, path) != path:
                raise _refused(path, "name_clash", "differs from another one only in upper and lower case")
            if depth < len(plan.parts) or plan.is_folder:
                folders.add(key)
            elif key in files:
                raise _refused(path, "name_twice", "is in the archive twice")
            else:
                files.add(key)
    if both := files & folders:
        raise _refused(spelled[min(both)], "name_twice", "is a file and a folder at once")


def _too_long(part: str) -> bool:
    return len(part.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES


def _refuse_special(info: zipfile.ZipInfo, name: str) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise _refused(name, "link", "is a symbolic link")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(name, "device", "is a device or a pipe")
    for identifier, data in _extra_fields(info.extra):
        # Twelve bytes of times and owner; what follows is the target of a hard or symbolic link, or a device number.
        if identifier == _PKWARE_UNIX_EXTRA and len(data) > 12:
            raise _refused(name, "link", "is a link or a device")


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 4 <= len(extra):
        identifier, size = struct.unpack_from("<2H", extra, position)
        yield identifier, extra[position + 4 : position + 4 + size]
        position += 4 + size


def _refused(name: str, code: str, what: str, hint: str = "") -> UnsafeFileError:
    return UnsafeFileError(
        f"The archive was refused: a member {what}.", code=f"archive.{code}",
        hint=hint or "Pack the folder again with plain names and plain files only.", where=shown(name),
    )  # fmt: skip
