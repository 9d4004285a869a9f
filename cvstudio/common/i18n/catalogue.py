"""The translation files: brought up to date with the sources, and looked over for gaps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import polib

from cvstudio.common.i18n.sources import Message

PLACEHOLDER = re.compile(r"%\([a-z_0-9]+\)[sdif]|%[sdif]|\{[a-z_0-9]*\}", re.IGNORECASE)


def path_of(locale: Path, language: str, domain: str) -> Path:
    """The file of a language: `locale/zh_Hans/LC_MESSAGES/django.po`."""
    return locale / language / "LC_MESSAGES" / f"{domain}.po"


def opened(path: Path, language: str) -> polib.POFile:
    """The file as it stands, or a new one."""
    if path.exists():
        return polib.pofile(str(path), wrapwidth=110)
    catalogue = polib.POFile(wrapwidth=110)
    catalogue.metadata = {
        "Project-Id-Version": "CV Studio",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    return catalogue


def update(catalogue: polib.POFile, messages: Iterable[Message]) -> tuple[int, int]:
    """Add what the sources say anew and drop what they no longer say. Returns how many were added and dropped.

    Entries are sorted and carry file names without lines, so that the file changes only when the words do.
    """
    places: dict[tuple[str, str, str], set[str]] = {}
    for message in messages:
        places.setdefault(message.key, set()).add(message.place.rsplit(":", 1)[0])
    known = {(entry.msgid, entry.msgid_plural, entry.msgctxt or ""): entry for entry in catalogue}
    dropped = [entry for key, entry in known.items() if key not in places]
    for entry in dropped:
        catalogue.remove(entry)
    added = 0
    for key, where in places.items():
        entry = known.get(key) or new_entry(*key)
        added += key not in known
        entry.occurrences = [(name, "") for name in sorted(where)]
        if key not in known:
            catalogue.append(entry)
    catalogue.sort(key=lambda entry: (entry.msgid.lower(), entry.msgctxt or ""))
    return added, len(dropped)


def new_entry(text: str, plural: str, context: str) -> polib.POEntry:
    """An entry that waits for its translation."""
    entry = polib.POEntry(msgid=text, msgctxt=context or None)
    if plural:
        entry.msgid_plural = plural
        entry.msgstr_plural = {0: ""}
    if "%(" in text:
        entry.flags.append("python-format")
    return entry


def translations(entry: polib.POEntry) -> list[str]:
    """What the entry is translated to: one text, or one for each plural form."""
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def faults(catalogue: polib.POFile, messages: Iterable[Message]) -> list[str]:
    """One line for each message that is missing, untranslated, fuzzy, or loses a placeholder."""
    known = {(entry.msgid, entry.msgid_plural, entry.msgctxt or ""): entry for entry in catalogue}
    found = []
    for message in {message.key: message for message in messages}.values():
        entry = known.get(message.key)
        if entry is None:
            found.append(f"missing: {message.text!r} ({message.place})")
        elif entry.fuzzy:
            found.append(f"fuzzy: {message.text!r}")
        elif not all(translations(entry)):
            found.append(f"untranslated: {message.text!r} ({message.place})")
        else:
            wanted = set(PLACEHOLDER.findall(message.plural or message.text))
            for text in translations(entry):
                if set(PLACEHOLDER.findall(text)) != wanted:
                    found.append(f"placeholders differ: {message.text!r} -> {text!r}")
    return found
