"""Invented CSV files, shaped as people send them: titles above, totals below, any encoding, any delimiter."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_WORDS = [
    "école",
    "élève",
    "âgé",
    "forêt",
    "Liège",
    "Namur",
    "Écaussinnes",
    "Flémalle",
    "château",
    "où",
    "déjà",
    "reçu",
    "Hélène",
    "garçon",
    "tôt",
    "naïf",
    "Mons",
]
_TITLES = (
    "Population scolaire 2024",
    "",
    "Direction générale",
    "Chiffres au 15/01/2024",
    "Édité le : 12/03/2024",
)
_CODECS = ("utf-8", "utf-8-sig", "cp1252", "mac-roman", "utf-16", "utf-16-le", "utf-16-be")


@dataclass(frozen=True)
class OddFile:
    """An invented file, and what is to be found of it.

    Attributes:
        data: its bytes.
        text: the same, decoded.
        delimiter: as written.
        header_row: physical line of the header, or of the first row.
        header_rows: lines of the header; 0 for none.
        footer: whether something stands below the table.
    """

    data: bytes
    text: str
    delimiter: str
    header_row: int
    header_rows: int
    footer: bool


def odd_file(source: random.Random) -> OddFile:
    """Invents a file."""
    columns: Mapping[str, Callable[[int], str]] = {
        "Nombre d'élèves": lambda _: str(source.randint(0, 5000)),
        "Montant": lambda _: f"{source.randint(0, 999)},{source.randint(0, 99):02d}",
        "Date de début": lambda _: f"{source.randint(1, 28):02d}/{source.randint(1, 12):02d}/2024",
        "Code": lambda place: f"{place:05d}",
        "Commune": lambda _: source.choice(_WORDS),
        "Remarque": lambda _: " ".join(source.choices(_WORDS, k=source.randint(1, 7))),
        "Présent": lambda _: source.choice(["oui", "non"]),
        "Niveau": lambda _: source.choice(["Maternel", "Primaire", "Secondaire"]),
        "Année": lambda _: str(source.randint(2015, 2024)),
    }
    names = source.sample(list(columns), source.randint(2, 8))
    delimiter, codec = source.choice(";,\t|"), source.choice(_CODECS)
    height = 0 if source.random() < 0.15 else 2 if len(names) > 3 and source.random() < 0.1 else 1
    above = [
        _title(source, len(names)) for _ in range(source.choice([0, 0, 0, 1, 2, 3, 4, 5, 6]) if height else 0)
    ]
    header = [names] if height else []
    if height == 2:
        groups = [""] * len(names)
        groups[1], groups[len(names) // 2 + 1] = "Filles", "Garçons"
        header = [groups, names]
    rows = [
        ["" if place and source.random() < 0.05 else columns[name](line) for place, name in enumerate(names)]
        for line in range(1, source.choice([4, 8, 20, 100]) + 1)
    ]
    figures = ["9999" if name in ("Nombre d'élèves", "Montant") else "" for name in names[1:]]
    below = [[["Total", *figures]], [["Source : registre"]], [[""] * len(names), ["Source : registre"]]]
    footer = source.choice(below) if source.random() < 0.3 else []
    lines = [
        delimiter.join(_quoted(source, cell, delimiter) for cell in row)
        for row in [*above, *header, *rows, *footer]
    ]
    text = "\n".join(lines) + "\n"
    start = sum(line.count("\n") + 1 for line in lines[: len(above)]) + 1
    return OddFile(text.encode(codec), text, delimiter, start, height, bool(footer))


def _title(source: random.Random, width: int) -> list[str]:
    """A line above the table, padded by Excel to its width or not."""
    return [source.choice(_TITLES), *([""] * (width - 1) if source.random() < 0.5 else [])]


def _quoted(source: random.Random, cell: str, delimiter: str) -> str:
    if cell and not cell.isdigit() and source.random() < 0.01:
        cell += "\n suite"
    return f'"{cell}"' if delimiter in cell or "\n" in cell or source.random() < 0.05 else cell
