"""From the name of one file to the pattern of those that will follow it, and a name for their table."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from donnees_au_centre.landing import patterns
from donnees_au_centre.landing.declaration import FILE_FORMATS
from donnees_au_centre.landing.identifiers import to_identifier

# What a date in a name is, the longest first: its form, and the column that receives it.
_DATES = (
    ("yyyy-MM-dd", "extraction"),
    ("yyyy_MM_dd", "extraction"),
    ("yyyy.MM.dd", "extraction"),
    ("dd-MM-yyyy", "extraction"),
    ("dd_MM_yyyy", "extraction"),
    ("dd.MM.yyyy", "extraction"),
    ("yyyyMMdd", "extraction"),
    ("ddMMyyyy", "extraction"),
    ("yyyy-yyyy", "periode"),
    ("yyyy_yyyy", "periode"),
    ("yyyy-MM", "mois"),
    ("yyyy_MM", "mois"),
    ("yyyyMM", "mois"),
    ("yyyy", "annee"),
)
_SHAPES = {"yyyy": r"\d{4}", "MM": r"\d{2}", "dd": r"\d{2}"}
_SPECIAL = re.compile(r"[*?\[\]{}]")


@dataclass(frozen=True)
class Place:
    """Where the files of a table are.

    Attributes:
        location: pattern below the landing root.
        table: a name for the table.
        capture: column that receives the date in the name; "" for none.
        form: of this date.
        value: this date, in the name of the file.
        named_format: whether the end of the location says the format.
    """

    location: str
    table: str
    capture: str = ""
    form: str = ""
    value: str = ""
    named_format: bool = True


def place_of(path: str, file_format: str, columns: Collection[str]) -> Place:
    """Reads the path of a file.

    Args:
        path: below the landing root.
        file_format: of the file.
        columns: those of the file, whose names a capture may not take.
    """
    folder, _, name = path.rpartition("/")
    stem = re.split(r"\.(?=[A-Za-z])", name, maxsplit=1)[0]
    ends = [suffix[1:] for suffix in PurePosixPath(name).suffixes]
    named = next((end for end in reversed(ends) if end in FILE_FORMATS), None) == file_format
    for form, column in _DATES:
        shape = re.sub("yyyy|MM|dd", lambda part: _SHAPES[part[0]], re.escape(form))
        for found in reversed(list(re.finditer(rf"(?<!\d){shape}(?!\d)", name))):
            if not patterns.match(f"{{x:{form}}}", found[0]):
                continue
            capture = column if column not in columns else f"{column}_du_fichier"
            before, after = _plain(name[: found.start()]), _plain(name[found.end() :])
            rest = stem[: found.start()] + stem[found.end() :]
            return Place(
                f"{folder}/{before}{{{capture}:{form}}}{after}",
                _table(rest, folder),
                capture,
                form,
                found[0],
                named,
            )
    return Place(f"{folder}/{_plain(name)}", _table(stem, folder), named_format=named)


def _plain(text: str) -> str:
    """A part of a name as a pattern: what a pattern would read otherwise is any one character."""
    return _SPECIAL.sub("?", text)


def _table(stem: str, folder: str) -> str:
    name = to_identifier(stem, 1)
    return to_identifier(folder.rpartition("/")[2], 1) if name.startswith("colonne_") else name
