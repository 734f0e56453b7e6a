"""Files of the landing zone that still hold a person: outside the database, and not edited here."""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO
from xml.sax.saxutils import escape

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import opening
from donnees_au_centre.landing.encodings import CHUNK
from donnees_au_centre.landing.kinds import kind_of
from donnees_au_centre.landing.legacy_workbook import LegacyBook
from donnees_au_centre.landing.limits import at_most, seconds_for, tick
from donnees_au_centre.landing.parquet import ParquetRows
from donnees_au_centre.landing.rejects import RejectSpool
from donnees_au_centre.landing.unpacking import OPENERS, bounded, copied, members, open_member
from donnees_au_centre.landing.zone import Zone

CODES = ("utf-8", "cp1252", "utf-16-le", "utf-16-be")
# Archives within archives; bytes of one line, or of one text of a workbook, that are looked at together.
_DEEPEST, _LONGEST = 3, 16 << 20
_UNSEARCHABLE = (PlatformError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError)


def files_with(
    landing: Path, domains: Collection[str], values: Collection[str], known: Iterable[tuple[str, int]] = ()
) -> dict[str, list[int]]:
    """Finds the files of some domains that hold one of the values.

    Args:
        landing: root of the landing zone.
        domains: their folders are read; links are not followed.
        values: as written in files; pseudonyms are not.
        known: (file, line) from the database, where the file is still there.

    Returns:
        File below the landing zone -> lines, from 1, of what an archive holds too; of a workbook, those that
        the database knew. A file that cannot be looked into has none: somebody must.
    """
    found: dict[str, set[int]] = {}
    patterns = [_pattern(value, code) for value in values for code in CODES]
    zone = Zone.read(landing, domains)
    for path in sorted((*zone.paths, *zone.partial)):
        try:
            with opening.opened(landing, path) as file, at_most(seconds_for(file.weight, None)):
                lines = _searched(file, values, patterns)
        except _UNSEARCHABLE:
            # A link or a pipe holds nobody: nothing was ever loaded from it.
            lines = set() if _is_file(landing, path) else None
        if lines is not None:
            found.setdefault(path, set()).update(lines)
    for name, line in known:
        if _is_file(landing, name):
            found.setdefault(name, set()).add(line)
    return {name: sorted(lines) for name, lines in sorted(found.items())}


def _is_file(landing: Path, path: str) -> bool:
    status = opening.status(landing, path)
    return status is not None and stat.S_ISREG(status.st_mode)


def _searched(
    file: opening.Deposit, values: Collection[str], patterns: Collection[re.Pattern[bytes]], depth: int = 0
) -> set[int] | None:
    """The lines that hold one of the values, None when nothing does; archives are looked into."""
    kind = kind_of(file)
    packed = kind in OPENERS or zipfile.is_zipfile(file)
    file.seek(0)
    if kind in _ENCODED:
        return _encoded(file, kind, patterns)
    if not packed:
        return _text(file, patterns)
    if depth == _DEEPEST:
        return set()
    if kind in OPENERS:
        with copied(bounded(OPENERS[kind](file), kind, file.weight), file.weight) as inner:
            return _searched(inner, values, patterns, depth + 1)
    with zipfile.ZipFile(file) as archive:
        if kind != "zip":
            return _sheet(archive, file.weight, values)
        lines: set[int] | None = None
        for entry in members(archive).values():
            text = bounded(open_member(archive, entry), kind, file.weight)
            with copied(text, file.weight) as inner:
                found = _searched(inner, values, patterns, depth + 1)
            lines = lines if found is None else (lines or set()) | found
        return lines


def _pattern(value: str, code: str) -> re.Pattern[bytes]:
    words = rb"\s+".join(re.escape(word.encode(code, "ignore")) for word in value.split())
    if code.startswith("utf-16"):
        return re.compile(words)
    return re.compile(rb"(?<![0-9A-Za-z])" + words + rb"(?![0-9A-Za-z])", re.IGNORECASE)


def _text(file: BinaryIO, patterns: Collection[re.Pattern[bytes]]) -> set[int] | None:
    lines, number, begins = set(), 0, True
    while piece := file.readline(_LONGEST):
        tick()
        number += begins
        begins = piece.endswith(b"\n")
        if any(pattern.search(piece) for pattern in patterns):
            lines.add(number)
    return lines or None


def _encoded(file: opening.Deposit, kind: str, patterns: Collection[re.Pattern[bytes]]) -> set[int] | None:
    """Looks for the values where no text shows in the bytes; of a workbook the lines are not told."""
    lines = set()
    for number, cells in _ENCODED[kind](file):
        tick()
        text = "\n".join(filter(None, cells)).encode("utf-8", "replace")
        if any(pattern.search(text) for pattern in patterns):
            lines.add(number)
    if not lines:
        return None
    return lines if kind == "parquet" else set()


def _parquet(file: opening.Deposit) -> Iterator[tuple[int, list[str | None]]]:
    refused = RejectSpool()
    yield from ParquetRows(file, file.weight, None).rows(refused)
    for reject in refused:
        yield reject.line, [reject.text]
    refused.close()


def _legacy(file: opening.Deposit) -> Iterator[tuple[int, list[str | None]]]:
    book = LegacyBook(file)
    yield from ((row.number, row.cells) for sheet in book.sheets for row in book.rows(sheet))


_ENCODED = {"parquet": _parquet, "xls": _legacy}


def _sheet(book: zipfile.ZipFile, received: int, values: Collection[str]) -> set[int] | None:
    """An empty set for a workbook that holds one of the values: its lines are known to the database only."""
    patterns = [_pattern(escape(value), "utf-8") for value in values]
    for entry in members(book).values():
        if entry.filename.endswith(".xml"):
            # The text of a cell stands between two tags, in the sheet or among the shared texts.
            for text in _between_tags(bounded(open_member(book, entry), "zip", received)):
                if any(pattern.fullmatch(text.strip()) for pattern in patterns):
                    return set()
    return None


def _between_tags(source: BinaryIO) -> Iterator[bytes]:
    held = b""
    while chunk := source.read(CHUNK):
        held += chunk
        if len(held) > _LONGEST:
            raise PlatformError("Un texte du classeur n'en finit pas.", "Cherchez-y à la main.")
        end = held.rfind(b"<") + 1
        yield from re.findall(rb">([^<>]+)<", held[:end])
        held = held[max(0, end - 1) :]
