"""What the columns of a table hold: sampled rows in, one look a column out.

Nothing here keeps a cell: forms, counts, and the marks of a closed list only. Rows come from a file or from
anywhere else, as texts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from types import MappingProxyType

from donnees_au_centre.discovery.layout import plain
from donnees_au_centre.discovery.personal import (
    WEAK,
    Suspicion,
    around_people,
    beside_people,
    in_doubt,
    is_of_things,
    suspicion_of,
    tell_of_people,
)
from donnees_au_centre.discovery.source_types import typed
from donnees_au_centre.discovery.typings import NULL_MARKS, Typing, guess
from donnees_au_centre.landing.identifiers import METADATA_COLUMNS, to_identifier

Rows = Sequence[Sequence[str | None]]
References = Mapping[str, Collection[str]]
NO_REFERENCES: References = MappingProxyType({})

NUMBERS = ("to_integer", "to_decimal")
TEXTS = ("clean_text", "to_code")
# Categories of a column that make its table one about people.
NAMING = ("identifiant_direct", "sensible")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")
# Share of the rows that a column of things tells apart where each row is one.
_ALMOST_ALL = 0.9
# Columns among which a key of two is looked for.
_PAIRED = 12
# Forms of dirty cells that are told.
_TOLD = 5
# Share of the filled cells that a reference must know for a column to be joined to it.
_JOINED = 0.8
_LEAST_JOINED = 3


@dataclass(frozen=True)
class ColumnLook:
    """What one column holds.

    Attributes:
        name: the identifier that it gets.
        header: as received; "" when the table names none.
        typing: how it is read, with the share of the filled cells that it reads.
        filled: cells that hold something, those that say they know nothing among them.
        empty: cells that hold nothing.
        distinct: different filled cells.
        nulls: cells that say they know nothing, by what they say.
        dirty: filled cells that the typing cannot read, by their form: a for letters, 9 for digits.
        unique: whether it is filled everywhere, and no cell comes twice.
        reference: what it can be joined to, and the share of its cells that are found there.
        personal: why it may be about people; None where nothing tells so.
        is_moment: whether every filled cell begins with a day as ISO 8601 writes it.
    """

    name: str
    header: str
    typing: Typing
    filled: int
    empty: int
    distinct: int
    nulls: Mapping[str, int] = field(default_factory=dict)
    dirty: Mapping[str, int] = field(default_factory=dict)
    unique: bool = False
    reference: tuple[str, float] | None = None
    personal: Suspicion | None = None
    is_moment: bool = False


@dataclass(frozen=True)
class TableLook:
    """What a table holds.

    Attributes:
        columns: in their order.
        rows: how many were looked at.
        keys: columns, or pairs of them, that are filled everywhere and never come twice; the best first.
        by_position: whether the headers give no distinct names, so that columns go by their places.
        about_people: whether each row seems to be about somebody.
    """

    columns: tuple[ColumnLook, ...]
    rows: int
    keys: tuple[tuple[str, ...], ...]
    by_position: bool
    about_people: bool = False


def look_at_rows(
    headers: Sequence[str], rows: Rows, references: References = NO_REFERENCES, types: Sequence[str] = ()
) -> TableLook:
    """Looks at rows.

    Args:
        headers: names as received; empty where there is none.
        rows: cells as text, None for none; shorter rows lack their last cells.
        references: values that others know, by what they are (`nis_code`, `postal_code`, `commune`).
        types: of the columns, as a database or a portal names them; empty where nothing does.
    """
    names, by_position = identifiers(headers)
    cells = [
        [(row[place] or "").strip() if place < len(row) else "" for row in rows]
        for place in range(len(headers))
    ]
    columns = tuple(
        _column(name, header, column, references, kind)
        for name, header, column, kind in zip(
            names, headers, cells, types or [""] * len(headers), strict=True
        )
    )
    columns = tuple(_beside_people(columns, cells))
    people = [column for column in columns if _names_people(column)]
    suspected = [(column.header or column.name, column.personal) for column in columns]
    rows_are_people = tell_of_people(suspected) and not any(_one_a_row(column, people) for column in columns)
    if people or rows_are_people:
        columns = tuple(
            replace(column, personal=around_people(label, _is_dated(column), rows_are_people))
            if column.personal is None
            else column
            for column, (label, _) in zip(columns, suspected, strict=True)
        )
    return TableLook(columns, len(rows), tuple(_keys(columns, cells)), by_position, rows_are_people)


def _beside_people(columns: Sequence[ColumnLook], cells: Sequence[Sequence[str]]) -> Iterator[ColumnLook]:
    """The columns, those that are about whom another one names told so."""
    people = {
        place: column.header or column.name for place, column in enumerate(columns) if _names_people(column)
    }
    for place, column in enumerate(columns):
        found = column.personal
        if people and place not in people:
            counts = Counter(filter(None, cells[place]))
            is_next = not people.keys().isdisjoint({place - 1, place + 1})
            found = beside_people(column.header, counts, [*people.values()], is_next) or found
        yield replace(column, personal=found)


def _names_people(column: ColumnLook) -> bool:
    found = column.personal
    return found is not None and found.category in NAMING and found.why not in WEAK


def _one_a_row(column: ColumnLook, people: Sequence[ColumnLook]) -> bool:
    """Whether a column is of things that rows are about: one a row, and no fewer than the people named."""
    return (
        column.personal is None
        and (is_of_things(column.header or column.name) or column.typing.macro == "to_bce_number")
        and column.distinct >= _ALMOST_ALL * column.filled
        and column.distinct >= max((one.distinct for one in people), default=0)
    )


def _is_dated(column: ColumnLook) -> bool:
    return column.typing.macro in ("to_date", "to_moment")


def identifiers(headers: Sequence[str]) -> tuple[list[str], bool]:
    """The names of columns, and whether the loader could not tell them by their headers alone."""
    names: list[str] = []
    again = False
    for place, header in enumerate(headers, start=1):
        name = wanted = to_identifier(header, place)
        if name in METADATA_COLUMNS:
            name, again = f"{name}_recu", True
        count = 1
        while name in names:
            count, again = count + 1, True
            name = f"{wanted[:58]}_{count}"
        names.append(name)
    return names, again


def _column(name: str, header: str, cells: Sequence[str], references: References, kind: str) -> ColumnLook:
    counts = Counter(cells)
    empty = counts.pop("", 0)
    codes = {what: known for what, known in references.items() if what.endswith("_code")}
    typing = typed(kind, guess(name, dict(counts), codes), counts)
    nulls = {cell: times for cell, times in counts.items() if cell.lower() in NULL_MARKS}
    told = Counter({cell: times for cell, times in counts.items() if cell not in nulls})
    reference = _reference(told, references)
    return ColumnLook(
        name=name,
        header=header,
        typing=typing,
        filled=counts.total(),
        empty=empty,
        distinct=len(counts),
        nulls=nulls,
        dirty=_dirty(typing, told),
        unique=bool(cells) and not empty and len(counts) == len(cells),
        reference=reference,
        personal=_suspicion(header or name, told, typing, reference),
        is_moment=bool(told) and all(map(_MOMENT.match, told)),
    )


def _suspicion(
    name: str, cells: Mapping[str, int], typing: Typing, reference: tuple[str, float] | None
) -> Suspicion | None:
    found = suspicion_of(name, cells, typing.macro in NUMBERS)
    if found or reference or typing.macro not in TEXTS:
        return found
    return in_doubt(name, cells)


def _dirty(typing: Typing, cells: Counter[str]) -> dict[str, int]:
    forms: Counter[str] = Counter()
    for cell, times in cells.items():
        # « #N/A » says nothing, and is read as nothing.
        if not typing.fits(cell) and not cell.startswith("#"):
            forms[form_of(cell)] += times
    return dict(forms.most_common(_TOLD))


def form_of(cell: str) -> str:
    """The form of a cell without its words: « 12 rue X » is « 9 a a »."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell))[:30]


def _reference(cells: Counter[str], references: References) -> tuple[str, float] | None:
    if len(cells) < _LEAST_JOINED:
        return None
    shares = {
        what: sum(times for cell, times in cells.items() if _known(cell, known)) / cells.total()
        for what, known in references.items()
    }
    best = max(shares, key=lambda what: shares[what], default=None)
    return (best, round(shares[best], 3)) if best and shares[best] >= _JOINED else None


def _known(cell: str, known: Collection[str]) -> bool:
    return cell in known or name_key(cell) in known


def name_key(text: str) -> str:
    """A name as it is compared: small letters, no accents, one space for what is no letter."""
    return re.sub("[^a-z0-9]+", " ", plain(text)).strip()


def _keys(columns: Sequence[ColumnLook], cells: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Single keys, codes and numbers first; else pairs of columns that are filled everywhere."""
    single = [column for column in columns if column.unique]
    if single:
        yield from ((column.name,) for column in sorted(single, key=_keyness))
        return
    total = len(cells[0]) if cells else 0
    full = [place for place, column in enumerate(columns) if not column.empty and column.distinct > 1]
    full = sorted(full, key=lambda place: -columns[place].distinct)[:_PAIRED]
    for first, second in combinations(sorted(full), 2):
        if columns[first].distinct * columns[second].distinct < total:
            continue
        if len(set(zip(cells[first], cells[second], strict=True))) == total:
            yield columns[first].name, columns[second].name


def _keyness(column: ColumnLook) -> int:
    """Amounts may all differ by chance; what is called an identifier is one."""
    named = bool(
        {"id", "identifiant", "code", "numero", "n", "matricule", "cle", "key"} & set(column.name.split("_"))
    )
    measure = column.typing.macro in ("to_decimal", "to_date", "to_moment", "to_boolean")
    if column.typing.macro == "to_decimal" and column.typing.arguments[1] == "0":
        measure = False
    return measure * 2 - named
