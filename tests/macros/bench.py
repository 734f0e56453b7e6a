"""Runs the two forms of a macro on one PostgreSQL: its own, and the VQL one, through the dialect `denodo`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

import psycopg
import sqlglot
from psycopg import sql
from psycopg.pq import ExecStatus
from sqlglot.errors import SqlglotError

import tests.denodo  # noqa: F401 - makes the dialect known
from tests.macros.casefiles import INPUT_TABLE, NUMBER, Entry, Row

TIME_ZONE = "Europe/Brussels"
# Type families by PostgreSQL type: what differs within one is no difference of meaning.
FAMILIES = {
    **dict.fromkeys((20, 21, 23, 1700), "nombre exact"),
    **dict.fromkeys((700, 701), "nombre flottant"),
    **dict.fromkeys((18, 25, 705, 1042, 1043), "texte"),
    **{
        16: "booléen",
        1082: "date",
        1083: "heure",
        1114: "horodatage",
        1184: "horodatage avec zone",
        17: "octets",
    },
}
NUMBERS = ("nombre exact", "nombre flottant")
# A double has some fifteen digits; the order of additions may cost the last ones.
TOLERANCE = 1e-12

Inputs = Mapping[str, Sequence[Row]]


@dataclass(frozen=True)
class Outcome:
    """What a query gave for one case.

    Attributes:
        rows: the rows, their cells as text; one of one cell but for a relation.
        families: type families of the columns.
        error: PostgreSQL's message, when it raised one.
    """

    rows: tuple[tuple[str | None, ...], ...] = ()
    families: tuple[str, ...] = ()
    error: str | None = None

    def __str__(self) -> str:
        """For the messages of tests."""
        if self.error is not None:
            return f"erreur : {self.error}"
        if len(self.rows) == 1 and len(self.rows[0]) == 1:
            return f"{_shown(self.rows[0][0])} ({self.families[0]})"
        rows = ", ".join(f"({', '.join(map(_shown, row))})" for row in sorted(self.rows, key=repr))
        return rows or "aucune ligne"

    @property
    def value(self) -> str | None:
        """The one cell of an expression."""
        return self.rows[0][0]


def _shown(cell: str | None) -> str:
    return "null" if cell is None else repr(cell)


@dataclass(frozen=True)
class Form:
    """A macro call as one engine writes it.

    Attributes:
        entry: the case file's entry.
        engine: `postgres` or `denodo`.
        text: the rendered SQL.
    """

    entry: Entry
    engine: str
    text: str

    @cached_property
    def query(self) -> str:
        """The whole query, in the language of the engine."""
        if self.entry.kind == "relation":
            return self.text
        if self.entry.kind == "aggregate":
            return f"select {NUMBER}, {self.text} as resultat from {INPUT_TABLE} group by {NUMBER}"
        return f"select {NUMBER}, {self._expression} as resultat from {INPUT_TABLE}"

    @cached_property
    def statement(self) -> str:
        """The query as PostgreSQL runs it."""
        return self._runnable(self.query)

    @property
    def shown(self) -> str:
        """The form in a message; a VQL one with what PostgreSQL is given for it."""
        if self.engine == "postgres":
            return self.text
        try:
            return f"{self.text}\n      sur PostgreSQL : {self.statement}"
        except (ValueError, SqlglotError):
            return self.text

    @cached_property
    def statement_without_rows(self) -> str:
        """The query of an aggregate over no row at all, as PostgreSQL runs it."""
        return self._runnable(f"select {self.text} as resultat from {INPUT_TABLE}")

    @cached_property
    def _expression(self) -> str:
        if self.entry.kind != "condition":
            return self.text
        # VQL projects no condition; `case` keeps its three values apart on both engines.
        return f"case when {self.text} then 'true' when not ({self.text}) then 'false' end"

    def _runnable(self, query: str) -> str:
        if self.engine == "postgres":
            return query
        return sqlglot.transpile(query, read="denodo", write="postgres")[0]


def refused_vql(form: Form) -> list[str]:
    """What the checker of documented VQL has against a Denodo form."""
    from denodo import check

    return [
        f"[{finding.rule}] {finding.message}"
        for finding in check(form.query, portable=False)
        if finding.severity == "erreur"
    ]


class Bench:
    """A session of PostgreSQL that runs the forms of macros over rows given by the tests."""

    def __init__(self, connection: psycopg.Connection) -> None:
        """Takes an autocommit connection, for its own use."""
        self._connection = connection
        self._tables: dict[str, Mapping[str, str]] = {}
        connection.execute("select set_config('timezone', %s, false)", [TIME_ZONE])

    def evaluate(self, form: Form, cases: Sequence[Inputs]) -> list[Outcome]:
        """The outcome of a form for each case; a case that raises an error costs the others nothing."""
        try:
            _ = form.statement
        except (ValueError, SqlglotError) as error:
            return [Outcome(error=f"VQL incompris : {error}")] * len(cases)
        if form.entry.kind == "relation":
            return [self._evaluate_relation(form, inputs) for inputs in cases]
        filled = [number for number, inputs in enumerate(cases) if inputs[INPUT_TABLE]]
        outcomes = dict(zip(filled, self._evaluate_rows(form, [cases[n] for n in filled]), strict=True))
        for number in range(len(cases)):
            if number not in outcomes:
                self._fill(form.entry, {INPUT_TABLE: []})
                outcomes[number] = self._ask(form.statement_without_rows)
        return [outcomes[number] for number in range(len(cases))]

    def _evaluate_relation(self, form: Form, inputs: Inputs) -> Outcome:
        self._fill(form.entry, {table: inputs.get(table, []) for table in form.entry.tables})
        return self._ask(form.statement)

    def _evaluate_rows(self, form: Form, cases: Sequence[Inputs]) -> list[Outcome]:
        if not cases:
            return []
        numbered = [
            {NUMBER: number, **row} for number, inputs in enumerate(cases) for row in inputs[INPUT_TABLE]
        ]
        self._fill(form.entry, {INPUT_TABLE: numbered})
        answer = self._ask(form.statement)
        if answer.error is None:
            found = {int(row[0]): Outcome((row[1:],), answer.families[1:]) for row in answer.rows}
            return [found[number] for number in range(len(cases))]
        if len(cases) == 1:
            return [answer]
        middle = len(cases) // 2
        return self._evaluate_rows(form, cases[:middle]) + self._evaluate_rows(form, cases[middle:])

    def _fill(self, entry: Entry, rows: Mapping[str, Sequence[Row]]) -> None:
        for table, types in entry.tables.items():
            columns = dict(types) if entry.kind == "relation" else {NUMBER: "integer", **types}
            name = sql.Identifier(table)
            if self._tables.get(table) != columns:
                typed = sql.SQL(", ").join(
                    sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind))
                    for column, kind in columns.items()
                )
                self._connection.execute(sql.SQL("drop table if exists {}").format(name))
                self._connection.execute(sql.SQL("create temporary table {} ({})").format(name, typed))
                self._tables[table] = columns
            self._connection.execute(sql.SQL("delete from {}").format(name))
            if rows[table]:
                self._connection.execute(
                    sql.SQL(
                        "insert into {0} select * from jsonb_populate_recordset(cast(null as {0}), %s)"
                    ).format(name),
                    [json.dumps([{key: _json(value) for key, value in row.items()} for row in rows[table]])],
                )

    def _ask(self, query: str) -> Outcome:
        # Straight to libpq: every type as PostgreSQL writes it, and no meaning given to `%`.
        result = self._connection.pgconn.exec_(query.encode())
        if result.status != ExecStatus.TUPLES_OK:
            message = result.error_message.decode(errors="replace").splitlines()
            return Outcome(error=message[0] if message else ExecStatus(result.status).name)
        oids = [result.ftype(column) for column in range(result.nfields)]
        rows = tuple(
            tuple(_cell(result.get_value(row, column), oid) for column, oid in enumerate(oids))
            for row in range(result.ntuples)
        )
        return Outcome(rows, tuple(FAMILIES.get(oid, f"type {oid}") for oid in oids))


def _cell(value: bytes | None, oid: int) -> str | None:
    if value is None:
        return None
    text = value.decode()
    return {"t": "true", "f": "false"}[text] if oid == 16 else text


def _json(value: Any) -> Any:
    return value if value is None or isinstance(value, bool) else str(value)


def same(one: Outcome, other: Outcome, separator: str | None = None, may_fail: bool = False) -> bool:
    """Tells whether two outcomes mean the same: families of types, and values.

    Args:
        separator: of parts that come in any order.
        may_fail: when both raise an error, they mean the same too.
    """
    if one.error is not None or other.error is not None:
        return may_fail and one.error is not None and other.error is not None
    if len(one.families) != len(other.families) or len(one.rows) != len(other.rows):
        return False
    families = []
    for mine, theirs in zip(one.families, other.families, strict=True):
        if mine != theirs and not (mine in NUMBERS and theirs in NUMBERS):
            return False
        families.append("nombre flottant" if "nombre flottant" in (mine, theirs) else mine)
    return all(
        all(same_cell(*cells, separator) for cells in zip(mine, theirs, families, strict=True))
        for mine, theirs in zip(_sorted(one.rows, families), _sorted(other.rows, families), strict=True)
    )


def meets(outcome: Outcome, expected: Any, separator: str | None = None) -> bool:
    """Tells whether an outcome is what a case file expects.

    Args:
        expected: a cell, or the rows of a relation.
    """
    if outcome.error is not None:
        return False
    rows = expected if isinstance(expected, list) else [[expected]]
    wanted = [tuple(_expected(cell) for cell in row) for row in rows]
    if len(wanted) != len(outcome.rows) or any(len(row) != len(outcome.families) for row in wanted):
        return False
    return all(
        all(same_cell(*cells, separator) for cells in zip(mine, theirs, outcome.families, strict=True))
        for mine, theirs in zip(
            _sorted(outcome.rows, outcome.families), _sorted(wanted, outcome.families), strict=True
        )
    )


def same_cell(one: str | None, other: str | None, family: str, separator: str | None = None) -> bool:
    """Compares two cells of a family: numbers by value, parts in any order, everything else as text."""
    if one is None or other is None:
        return one is other
    if family in NUMBERS:
        mine, theirs = _number(one), _number(other)
        if mine is not None and theirs is not None:
            return mine == theirs or (
                family == "nombre flottant" and math.isclose(mine, theirs, rel_tol=TOLERANCE)
            )
    if separator:
        return sorted(one.split(separator)) == sorted(other.split(separator))
    return one == other


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _sorted(rows: Sequence[tuple], families: Sequence[str]) -> list[tuple]:
    def key(row: tuple) -> list[tuple]:
        keys = []
        for cell, family in zip(row, families, strict=True):
            number = _number(cell) if cell is not None and family in NUMBERS else None
            keys.append((cell is not None, number is None, number or 0, cell if number is None else ""))
        return [(filled, text, value, cell or "") for filled, text, value, cell in keys]

    return sorted(rows, key=key)


def _expected(cell: Any) -> str | None:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return None if cell is None else str(cell)
