"""Reading what the stewards wrote in their workbooks; a file that cannot be read is kept and named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.limits import at_most
from donnees_au_centre.landing.opening import opened
from donnees_au_centre.landing.spreadsheet import Book
from donnees_au_centre.pages.workbooks.memory import Statement
from donnees_au_centre.pages.workbooks.sheets import ABOUT, BEFORE, DOMAIN, DONE, MARK, WHEN, before

_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})")
_MARK = re.compile(r"[0-9a-f]{20}")
# Longest text kept of a cell; bytes and seconds that a workbook of notes may take.
LONGEST = 2_000
LARGEST, SLOWEST = 64 << 20, 60


@dataclass(frozen=True)
class Returned:
    """One workbook that was found.

    Attributes:
        path: where.
        stamp: its size and date before it was read; a file that has another one since is not replaced.
        statements: what is new in it.
        problem: why it could not be read or must not be replaced, in French; "" when all is well.
        corrupt: True for a file that is no workbook.
        held: True for a file that somebody has open.
    """

    path: Path
    stamp: tuple[int, int]
    statements: tuple[Statement, ...]
    problem: str
    corrupt: bool = False
    held: bool = False


def read_return(path: Path) -> Returned:
    """Reads one workbook; nothing is an error.

    Args:
        path: of an .xlsx.
    """
    try:
        stamp = stamp_of(path)
        with opened(path.parent, path.name) as file, at_most(SLOWEST):
            if file.weight > LARGEST:
                raise PlatformError(f"Plus de {LARGEST >> 20} Mio.", "Réduisez-le.")
            statements = tuple(_statements(Book(file), path.name))
    except PermissionError:
        said = f"{path.name} est verrouillé : il est gardé tel quel, et ses notes seront lues une fois fermé."
        return Returned(path, (0, 0), (), said, held=True)
    except PlatformError:
        said = f"{path.name} n'est pas un classeur lisible : il est gardé, rien n'y est lu."
        return Returned(path, stamp, (), said, corrupt=True)
    except OSError as error:
        said = f"{path.name} ne peut pas être ouvert ({error.strerror}) : il est gardé tel quel."
        return Returned(path, (0, 0), (), said, held=True)
    if is_open(path):
        said = (
            f"{path.name} est ouvert dans un tableur : ce qui y est enregistré est lu, mais le fichier n'est "
            "pas remplacé. Fermez-le, puis relancez make report."
        )
        return Returned(path, stamp, statements, said, held=True)
    return Returned(path, stamp, statements, "")


def stamp_of(path: Path) -> tuple[int, int]:
    """The size and the date of a file.

    Raises:
        OSError: it cannot be seen.
    """
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def is_open(path: Path) -> bool:
    """True when Excel or LibreOffice says, by a file beside it, that somebody has the workbook open."""
    marks = (f"~${path.name}", f"~${path.name[2:]}", f".~lock.{path.name}#")
    return any((path.parent / mark).exists() for mark in marks)


def _statements(book: Book, name: str) -> Iterator[Statement]:
    for sheet in book.sheets:
        rows = book.rows(sheet)
        head = next(rows, None)
        places = _places(head.cells) if head and head.number == 1 else None
        if places is None:
            continue
        for row in rows:
            cells = {
                title: row.cells[place] if place < len(row.cells) else None for title, place in places.items()
            }
            if statement := _statement(cells, name):
                yield statement


def _places(head: Sequence[str | None]) -> Mapping[str, int] | None:
    """Title -> its place; None for a sheet that is not filled in."""
    found = {title.strip(): place for place, title in enumerate(head) if title is not None}
    wanted = (MARK, BEFORE, DOMAIN, ABOUT, DONE, WHEN)
    return {title: found[title] for title in wanted} if set(wanted) <= set(found) else None


def _statement(cells: Mapping[str, str | None], name: str) -> Statement | None:
    mark = (cells[MARK] or "").strip()
    if not _MARK.fullmatch(mark):
        return None
    text, (day, unread) = " ".join((cells[DONE] or "").split()), _day(cells[WHEN])
    if unread:
        text = f"{text} (date : {unread})".strip()
    text = text[:LONGEST]
    # What the workbook said when it was written is no news.
    if before(text, day) == (cells[BEFORE] or ""):
        return None
    return Statement(mark, cells[DOMAIN] or "", cells[ABOUT] or "", text, day, name)


def _day(value: str | None) -> tuple[date | None, str]:
    """A date, which a workbook gives in ISO form, and the text of one that is none."""
    text = (value or "").partition("T00:00:00")[0].strip()
    if not text:
        return None, ""
    if found := _DAY.fullmatch(text):
        day, month, year = (int(part) for part in found.groups())
        try:
            return date(year + 2000 if year < 100 else year, month, day), ""
        except ValueError:
            return None, text
    try:
        return date.fromisoformat(text), ""
    except ValueError:
        return None, text
