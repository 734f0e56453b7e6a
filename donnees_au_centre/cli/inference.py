"""The types of received columns, guessed from the rows of the raw table: what `new-model` writes first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import psycopg
from psycopg import sql

from donnees_au_centre.project.nodes import Source

# Rows that are looked at; share of the filled cells that a type must read: the écarts tell the others.
ROWS = 100_000
ENOUGH = 0.95
# Decimals past these are noise, of coordinates mostly.
MOST_DECIMALS = 6
SPACES = " \u00a0\u202f"
BOOLEANS = {"oui", "non", "vrai", "faux", "true", "false"}
# Words of a name that make numbers a code, which keeps its zeros and is never added up.
CODES = {
    "code",
    "codes",
    "cp",
    "postal",
    "nis",
    "ins",
    "niss",
    "bce",
    "iban",
    "tel",
    "telephone",
    "gsm",
    "matricule",
}
DATES = {
    "yyyy-MM-dd": (r"\d{4}-\d\d-\d\d", "%Y-%m-%d"),
    "dd/MM/yyyy": (r"\d\d/\d\d/\d{4}", "%d/%m/%Y"),
    "dd-MM-yyyy": (r"\d\d-\d\d-\d{4}", "%d-%m-%Y"),
    "d/M/yyyy": (r"\d\d?/\d\d?/\d{4}", "%d/%m/%Y"),
    "dd/MM/yy": (r"\d\d/\d\d/\d\d", "%d/%m/%y"),
    "dd-MM-yy": (r"\d\d-\d\d-\d\d", "%d-%m-%y"),
    "yyyy-MM-dd HH:mm:ss": (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "%Y-%m-%d %H:%M:%S"),
    "yyyy-MM-dd'T'HH:mm:ss": (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "%Y-%m-%dT%H:%M:%S"),
    "dd/MM/yyyy HH:mm": (r"\d\d/\d\d/\d{4} \d\d:\d\d", "%d/%m/%Y %H:%M"),
    "dd/MM/yyyy HH:mm:ss": (r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", "%d/%m/%Y %H:%M:%S"),
}

Cells = Counter[str]


@dataclass(frozen=True)
class Typing:
    """How a column is read.

    Attributes:
        macro: `to_integer`…, or `clean_text`.
        arguments: those that follow the column, as a model writes them.
    """

    macro: str = "clean_text"
    arguments: tuple[str, ...] = ()

    @property
    def condition(self) -> str | None:
        """The macro that tells whether a cell can be read; None for a text."""
        return None if self.macro == "clean_text" else self.macro.replace("to_", "is_", 1)


TEXT = Typing()


def guess_types(connection: psycopg.Connection, node: Source, columns: list[str]) -> dict[str, Typing]:
    """The typing of each column of a raw table; empty when the table is not there, or has no row.

    Args:
        connection: to the database of the landing zone.
        node: the source table, of the manifest.
        columns: the received columns.
    """
    relation = sql.Identifier(node.schema, node.relation)
    found = connection.execute("select to_regclass(%s)", [relation.as_string(connection)]).fetchone()
    if (
        found == (None,)
        or connection.execute(sql.SQL("select 1 from {} limit 1").format(relation)).fetchone() is None
    ):
        return {}
    query = sql.SQL("select {0}, count(*) from (select {0} from {1} limit {2}) as lues group by {0}")
    return {
        column: guess(
            column,
            Counter(
                dict(connection.execute(query.format(sql.Identifier(column), relation, ROWS)).fetchall())
            ),
        )
        for column in columns
    }


def guess(name: str, received: Mapping[str | None, int]) -> Typing:
    """The typing that reads nearly all the filled cells of a column; a text in doubt.

    Args:
        name: of the column.
        received: how often each cell comes.
    """
    cells: Cells = Counter()
    for cell, times in received.items():
        if cell is not None and (text := cell.strip()) and not text.startswith("#"):
            cells[text] += times
    for guessed in (_boolean, _code(name), _number, _date):
        if cells and (typing := guessed(cells)):
            return typing
    return TEXT


def _reads(cells: Cells, reads: Callable[[str], object]) -> bool:
    return sum(times for cell, times in cells.items() if reads(cell)) >= ENOUGH * cells.total()


def _boolean(cells: Cells) -> Typing | None:
    return Typing("to_boolean") if _reads(cells, lambda cell: cell.lower() in BOOLEANS) else None


def _code(name: str) -> Callable[[Cells], Typing | None]:
    def guessed(cells: Cells) -> Typing | None:
        if not _reads(cells, lambda cell: re.fullmatch(r"[0-9]+", cell)):
            return None
        padded = any(re.fullmatch(r"0[0-9]+", cell) for cell in cells)
        # Too long for an integer and all as long: a number that names something.
        long = len({len(cell) for cell in cells}) == 1 and len(next(iter(cells))) > 9
        if not (padded or long or CODES & set(name.split("_"))):
            return None
        (length, times), *_ = Counter({n: _length_count(cells, n) for n in map(len, cells)}).most_common(1)
        if times < ENOUGH * cells.total():
            return TEXT
        return Typing("to_code", (f"'[0-9]{{{length}}}'",))

    return guessed


def _length_count(cells: Cells, length: int) -> int:
    return sum(times for cell, times in cells.items() if len(cell) == length)


def _number(cells: Cells) -> Typing | None:
    for sign, groups in ((".", ""), (".", " "), (",", ""), (",", " "), (",", ".")):
        group = f"[{SPACES}]" if groups == " " else re.escape(groups)
        whole = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+" if groups else "[0-9]+"
        form = re.compile(rf"-?(?P<whole>{whole})(?:[{sign}](?P<decimals>[0-9]+))?")
        if not _reads(cells, form.fullmatch):
            continue
        found = [match for match in map(form.fullmatch, cells) if match]
        decimals = [match["decimals"] for match in found if match["decimals"]]
        digits = max(len(re.sub("[^0-9]", "", match["whole"])) for match in found)
        separators = f"group_separators=['{groups}']" if groups else ""
        if not decimals:
            if digits > 9:
                return _decimal(digits, 0, sign, separators)
            return Typing("to_integer", tuple(filter(None, [separators])))
        # « 1,234 » and nothing else: thousands or thousandths, nobody knows.
        if not groups and all(len(one) == 3 for one in decimals):
            return None
        return _decimal(digits, max(map(len, decimals)), sign, separators)
    return None


def _decimal(digits: int, scale: int, sign: str, separators: str) -> Typing:
    rounded = scale > MOST_DECIMALS
    scale = min(scale, MOST_DECIMALS)
    # Room for numbers a thousand times as large.
    arguments = [str(digits + scale + 3), str(scale)]
    if scale and sign != ".":
        arguments.append(f"decimal_separator='{sign}'")
    return Typing("to_decimal", (*arguments, *filter(None, [separators, "round=true" if rounded else ""])))


def _date(cells: Cells) -> Typing | None:
    def is_day(shape: str, form: str, cell: str) -> bool:
        try:
            return bool(re.fullmatch(shape, cell)) and bool(datetime.strptime(cell, form))
        except ValueError:
            return False

    for pattern, (shape, form) in DATES.items():
        if _reads(cells, partial(is_day, shape, form)):
            return Typing("to_date", (f'"{pattern}"' if "'" in pattern else f"'{pattern}'",))
    return None
