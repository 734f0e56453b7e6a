"""What a kind gives as lines of COPY, read back as cells."""

from __future__ import annotations

import re

from donnees_au_centre.connectors import RecordSource, Unreadable

_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


def cells_of(source: RecordSource, since: str | None = None) -> list[dict[str, str | None]]:
    """All rows of a source; each line must bear the number of its place."""
    return sorted_out(source, since)[0]


def sorted_out(
    source: RecordSource, since: str | None = None
) -> tuple[list[dict[str, str | None]], list[Unreadable]]:
    """All rows of a source, and what is none."""
    found: list[dict[str, str | None]] = []
    unreadable: list[Unreadable] = []
    with source.open():
        columns = source.columns()
        names = [column.name for column in columns]
        for batch in source.batches(columns, since):
            rows = list(batch.rows)
            for text in bytes(batch.copied).decode().split("\n")[:-1]:
                number, *row = text.split("\t")
                assert int(number) == len(found) + len(unreadable) + len(rows) + 1
                rows.append([None if cell == "\\N" else _read(cell) for cell in row])
            found += [dict(zip(names, row, strict=True)) for row in rows]
            unreadable += batch.unreadable
    return found, unreadable


def _read(cell: str) -> str:
    return re.sub(r"\\(.)", lambda one: _ESCAPED.get(one[1], one[1]), cell)
