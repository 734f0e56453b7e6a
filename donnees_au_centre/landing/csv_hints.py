"""Looks in a CSV file for the header that its declaration does not find."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import BinaryIO

from donnees_au_centre.landing.declaration import Variant
from donnees_au_centre.landing.identifiers import joined_names, to_identifier
from donnees_au_centre.landing.limits import MAX_COLUMNS

_HEAD = 256 << 10
_LINES = 60
_DELIMITERS = (";", ",", "\t", "|")


def header_hint(file: BinaryIO, variant: Variant, required: Collection[str]) -> str:
    """Which options would find the required columns.

    Args:
        file: seekable; its position is lost.
        variant: how the file is declared.
        required: the declared columns that it must bring.

    Returns:
        A French sentence that ends with a space; "" when the first lines show no such header.
    """
    encoding = variant.encoding.skip_marks(file)
    lines = re.split(r"\r\n|\n|\r", file.read(_HEAD).decode(encoding.codec, "replace"))[:_LINES]
    for delimiter in dict.fromkeys((variant.delimiter, *_DELIMITERS)):
        rows = [line.split(delimiter) if line else [] for line in lines]
        for line, height, names in headers(rows):
            found = {to_identifier(name.strip('"'), place) for place, name in enumerate(names, start=1)}
            if {variant.renames.get(name, name) for name in found}.issuperset(required):
                return _sentence(variant, delimiter, line, height)
    return ""


def headers(rows: list[list[str]]) -> Iterator[tuple[int, int, list[str]]]:
    """What may be a header: its line, how many lines it has, its names."""
    # A wider row is no header of a table.
    rows = [row if len(row) <= MAX_COLUMNS else [] for row in rows]
    for line, row in enumerate(rows, start=1):
        yield line, 1, row
    for line, (upper, lower) in enumerate(pairwise(rows), start=1):
        if upper and lower:
            yield line, 2, joined_names([upper, lower])


def _sentence(variant: Variant, delimiter: str, line: int, height: int) -> str:
    written = "\\t" if delimiter == "\t" else delimiter
    options = [
        *([f'`delimiter: "{written}"`'] if delimiter != variant.delimiter else []),
        *([f"`header_row: {line}`"] if line != variant.header_row else []),
        *([f"`header_rows: {height}`"] if height != variant.header_rows else []),
    ]
    lines = f"La ligne {line} porte" if height == 1 else f"Les lignes {line} et {line + 1} portent"
    return f"{lines} ces colonnes : écrivez {', '.join(options)}. " if options else ""
