"""Files of the landing zone that still hold a person: outside the database, and not edited here."""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, BinaryIO, cast
from xml.sax.saxutils import escape

from orchestration.landing.kinds import kind_of
from orchestration.landing.unpacking import OPENERS

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
        File below the landing zone -> lines, from 1, of what an archive holds too; of a workbook, those that
        the database knew.
    """
    found: dict[str, set[int]] = {}
    patterns = [_pattern(value, code) for value in values for code in CODES]
    for domain in sorted(domains):
        for path in sorted((landing / domain).rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                with path.open("rb") as file:
                    lines = _searched(file, values, patterns)
                if lines is not None:
                    found.setdefault(path.relative_to(landing).as_posix(), set()).update(lines)
    for name, line in known:
        if (landing / name).is_file():
            found.setdefault(name, set()).add(line)
    return {name: sorted(lines) for name, lines in sorted(found.items())}


def _searched(
    file: BinaryIO, values: Collection[str], patterns: Collection[re.Pattern[bytes]]
) -> set[int] | None:
    """The lines that hold one of the values, None when nothing does; archives are looked into."""
    kind = kind_of(file)
    if kind in OPENERS:
        return _inside(OPENERS[kind](file), values, patterns)
    if not zipfile.is_zipfile(file):
        file.seek(0)
        return _text(file, patterns)
    with zipfile.ZipFile(file) as archive:
        if kind != "zip":
            return _sheet(archive, values)
        found = [_inside(archive.open(name), values, patterns) for name in archive.namelist()]
    lines = [one for one in found if one is not None]
    return set().union(*lines) if lines else None


def _inside(packed: Any, values: Collection[str], patterns: Collection[re.Pattern[bytes]]) -> set[int] | None:
    with packed, tempfile.TemporaryFile() as whole:
        shutil.copyfileobj(packed, whole)
        whole.seek(0)
        return _searched(cast(BinaryIO, whole), values, patterns)


def _pattern(value: str, code: str) -> re.Pattern[bytes]:
    words = rb"\s+".join(re.escape(word.encode(code, "ignore")) for word in value.split())
    if code.startswith("utf-16"):
        return re.compile(words)
    return re.compile(rb"(?<![0-9A-Za-z])" + words + rb"(?![0-9A-Za-z])", re.IGNORECASE)


def _text(file: BinaryIO, patterns: Collection[re.Pattern[bytes]]) -> set[int] | None:
    lines = {
        number
        for number, line in enumerate(file, start=1)
        if any(pattern.search(line) for pattern in patterns)
    }
    return lines or None


def _sheet(book: zipfile.ZipFile, values: Collection[str]) -> set[int] | None:
    """An empty set for a workbook that holds one of the values: its lines are known to the database only."""
    patterns = [_pattern(escape(value), "utf-8") for value in values]
    for name in book.namelist():
        if name.endswith(".xml"):
            # The text of a cell stands between two tags, in the sheet or among the shared texts.
            for piece in re.findall(rb">([^<>]+)<", book.read(name)):
                if any(pattern.fullmatch(piece.strip()) for pattern in patterns):
                    return set()
    return None
