"""Files of the landing zone that still hold a person: outside the database, and not edited here."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection, Iterable
from pathlib import Path
from xml.sax.saxutils import escape

CODES = ("utf-8", "cp1252", "utf-16-le", "utf-16-be")


def files_with(
    landing: Path, domains: Collection[str], values: Collection[str], known: Iterable[tuple[str, int]] = ()
) -> dict[str, list[int]]:
    """Finds the files of some domains that hold one of the values.

    Args:
        landing: root of the landing zone.
        domains: their folders are read.
        values: as written in files; pseudonyms are not.
        known: (file, line) from the database, where the file is still there.

    Returns:
        File below the landing zone -> lines, from 1; of a workbook, those that the database knew.
    """
    found: dict[str, set[int]] = {}
    patterns = [_pattern(value, code) for value in values for code in CODES]
    for domain in sorted(domains):
        for path in sorted((landing / domain).rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                lines = _sheet(path, values) if zipfile.is_zipfile(path) else _text(path, patterns)
                if lines is not None:
                    found.setdefault(path.relative_to(landing).as_posix(), set()).update(lines)
    for name, line in known:
        if (landing / name).is_file():
            found.setdefault(name, set()).add(line)
    return {name: sorted(lines) for name, lines in sorted(found.items())}


def _pattern(value: str, code: str) -> re.Pattern[bytes]:
    words = rb"\s+".join(re.escape(word.encode(code, "ignore")) for word in value.split())
    if code.startswith("utf-16"):
        return re.compile(words)
    return re.compile(rb"(?<![0-9A-Za-z])" + words + rb"(?![0-9A-Za-z])", re.IGNORECASE)


def _text(path: Path, patterns: Collection[re.Pattern[bytes]]) -> set[int] | None:
    lines = set()
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if any(pattern.search(line) for pattern in patterns):
                lines.add(number)
    return lines or None


def _sheet(path: Path, values: Collection[str]) -> set[int] | None:
    """An empty set for a workbook that holds one of the values: its lines are known to the database only."""
    patterns = [_pattern(escape(value), "utf-8") for value in values]
    with zipfile.ZipFile(path) as book:
        for name in book.namelist():
            if name.endswith(".xml"):
                content = book.read(name)
                # The text of a cell stands between two tags, in the sheet or among the shared texts.
                for piece in re.findall(rb">([^<>]+)<", content):
                    if any(pattern.fullmatch(piece.strip()) for pattern in patterns):
                        return set()
    return None
