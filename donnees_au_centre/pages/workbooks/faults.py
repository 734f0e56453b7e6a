"""The rows in fault of a test, as the steward's role reads them, with what is needed to recognise them.

A generic test tells a column only: its rows are looked for again in the table, by the rule of the test. The
other tests are played as they are, over what the role reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import sql

from donnees_au_centre.french import day_of
from donnees_au_centre.pages.quality.content import GRAVITIES
from donnees_au_centre.pages.workbooks.lines import Line, mark_of, numbered, words
from donnees_au_centre.pages.workbooks.reader import Place, Reader, only
from donnees_au_centre.project.nodes import DataTest, Manifest, Source
from donnees_au_centre.quality.advice import CASE
from donnees_au_centre.quality.facts import Control

LIMIT = 500
# Columns that help to recognise a row, besides its key.
OTHERS = 8
# Values of a column that another table does not have, given back to the query of the role.
VALUES = 10_000
NOT_PREPARED = "Ce contrôle n'a pas pu être préparé."
FILE, NUMBER = "source_fichier", "source_ligne"
_TARGET = re.compile(
    r"ref\(\s*['\"](?P<model>\w+)['\"]\s*(?:,\s*v\w*\s*=\s*['\"]?(?P<version>\w+)['\"]?\s*)?\)"
    r"|source\(\s*['\"](?P<source>\w+)['\"]\s*,\s*['\"](?P<table>\w+)['\"]\s*\)"
)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Found:
    """What a control finds now.

    Attributes:
        control: with its newest result.
        lines: those listed, LIMIT at most.
        total: rows in fault now; None when they could not be counted.
        readable: those that the role may read.
        obstacle: why nothing is listed, in French; "" when nothing prevents it.
    """

    control: Control
    lines: tuple[Line, ...]
    total: int | None
    readable: int
    obstacle: str

    @property
    def hidden(self) -> int:
        """Rows in fault that the role may not read."""
        return max(0, (self.total or 0) - self.readable)


def find(reader: Reader, control: Control, compiled: Mapping[str, str]) -> Found:
    """The rows in fault of a test.

    Args:
        reader: the steward's role.
        control: a test that is bad.
        compiled: unique id -> SQL of the tests that `needs_sql` names.
    """
    test = reader.manifest.find(control.unique_id)
    if not isinstance(test, DataTest):
        return Found(control, (), None, 0, "Ce contrôle n'est plus dans le projet.")
    try:
        if control.counted != CASE:
            return _told(reader, control, compiled.get(control.unique_id, ""))
        rule = _rule(reader, test)
        if rule is None:
            return _played(reader, control, test, compiled.get(control.unique_id, ""))
        return _looked_for(reader, control, rule)
    except psycopg.Error:
        # Its message may quote a row.
        return Found(
            control, (), None, 0, "Les lignes n'ont pas pu être lues : prévenez l'équipe Plateforme."
        )


def needs_sql(manifest: Manifest, controls: Iterable[Control]) -> list[str]:
    """The tests that have to be compiled: those that are no rule about the rows of one table."""
    found = []
    for control in controls:
        test = manifest.nodes.get(control.unique_id)
        if isinstance(test, DataTest) and (test.generic not in RULES or not test.tested_id):
            found.append(control.unique_id)
    return found


@dataclass(frozen=True)
class Rule:
    """What makes a row of a table faulty.

    Attributes:
        dataset: unique id of the table.
        columns: it looks at these.
        condition: SQL over the alias `t` and, in `{table}`, the table.
        values: parameters.
        words: other names that the condition uses.
    """

    dataset: str
    columns: tuple[str, ...]
    condition: sql.Composable
    values: tuple[Any, ...]
    words: frozenset[str]


def _rule(reader: Reader, test: DataTest) -> Rule | None:
    """The rule of a generic test; None for a test that must be played as it is."""
    make, dataset, said = RULES.get(test.generic), test.tested_id, test.arguments
    if make is None or dataset is None:
        return None
    given = tuple(said["columns"]) if "columns" in said else (said["column_name"],)
    condition, values = make(reader, test, dataset, said)
    where = test.where
    if where:
        # `%` is psycopg's own mark.
        condition = sql.SQL("({}) and ({})").format(condition, sql.SQL(where.replace("%", "%%")))
    return Rule(dataset, given, condition, tuple(values), frozenset(_WORD.findall(where)))


def _column(name: str) -> sql.Composed:
    return sql.SQL("t.{}").format(sql.Identifier(name))


def _missing(
    _reader: Reader, _test: DataTest, _dataset: str, said: Mapping[str, Any]
) -> tuple[Any, Sequence[Any]]:
    return sql.SQL("{} is null").format(_column(said["column_name"])), ()


def _twice(
    _reader: Reader, _test: DataTest, _dataset: str, said: Mapping[str, Any]
) -> tuple[Any, Sequence[Any]]:
    columns = said["columns"] if "columns" in said else [said["column_name"]]
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    same = sql.SQL(" and ").join(
        sql.SQL("{} is not distinct from d.{}").format(_column(name), sql.Identifier(name))
        for name in columns
    )
    condition = sql.SQL(
        "exists (select from (select {names} from {{table}} group by {names} having count(*) > 1) as d "
        "where {same})"
    ).format(names=names, same=same)
    if "columns" not in said:
        condition = sql.SQL("{} is not null and {}").format(_column(columns[0]), condition)
    return condition, ()


def _not_accepted(
    _reader: Reader, _test: DataTest, _dataset: str, said: Mapping[str, Any]
) -> tuple[Any, Sequence[Any]]:
    condition = sql.SQL("cast({} as text) <> all(%s)").format(_column(said["column_name"]))
    return condition, [
        [str(value).lower() if isinstance(value, bool) else str(value) for value in said["values"]]
    ]


def _outside(
    _reader: Reader, _test: DataTest, _dataset: str, said: Mapping[str, Any]
) -> tuple[Any, Sequence[Any]]:
    column = _column(said["column_name"])
    lowest, highest = (sql.SQL(str(said[bound]).replace("%", "%%")) for bound in ("lowest", "highest"))
    return sql.SQL("({column} < {lowest} or {column} > {highest})").format(
        column=column, lowest=lowest, highest=highest
    ), ()


def _unrelated(
    reader: Reader, test: DataTest, dataset: str, said: Mapping[str, Any]
) -> tuple[Any, Sequence[Any]]:
    """The values are looked for by the platform: the role need not read the table they refer to."""
    column = said["column_name"]
    query = sql.SQL(
        "select t.{column} from {child} as t where t.{column} is not null "
        "and not exists (select from {parent} as p where p.{field} = t.{column}) "
        "group by t.{column} limit {limit}"
    ).format(
        column=sql.Identifier(column),
        child=reader.own(dataset).identifier,
        parent=reader.own(_target(reader.manifest, test, said["to"])).identifier,
        field=sql.Identifier(said["field"]),
        limit=sql.Literal(VALUES),
    )
    with reader.counting() as connection:
        values = [value for (value,) in connection.execute(query).fetchall()]
    return sql.SQL("{} = any(%s)").format(_column(column)), [values]


def _target(manifest: Manifest, test: DataTest, text: str) -> str:
    """The unique id of what a test refers to."""
    named = _TARGET.search(text)
    said = named.groupdict() if named else {}
    for node in manifest.parents(test) if said else ():
        if isinstance(node, Source):
            found = (node.source_name, node.name) == (said["source"], said["table"])
        else:
            is_it = node.version == said["version"] if said["version"] else node.is_latest
            found = is_it and node.declared == said["model"]
        if found:
            return node.unique_id
    raise psycopg.ProgrammingError(f"{text} is not among what the test reads")


# Generic tests whose faulty rows are rows of the tested table.
RULES = {
    "not_null": _missing,
    "mostly_filled": _missing,
    "unique": _twice,
    "unique_combination": _twice,
    "accepted_values": _not_accepted,
    "within_range": _outside,
    "relationships": _unrelated,
    "mostly_related": _unrelated,
}


def _looked_for(reader: Reader, control: Control, rule: Rule) -> Found:
    own = reader.own(rule.dataset)
    present = reader.columns(own)
    if not present:
        return Found(control, (), None, 0, "La table n'est pas construite.")
    with reader.counting() as connection:
        total = _count(connection, own, rule)
    place = None if reader.obstacle else reader.place(rule.dataset)
    if place is None or place.masked & {*rule.columns, *rule.words}:
        return Found(control, (), total, 0, reader.obstacle)
    key = _key(reader.manifest, rule.dataset, present) or [name for name in rule.columns]
    shown = [name for name in present if name not in place.masked]
    others = [name for name in shown if name not in {*key, *rule.columns, FILE, NUMBER}][:OTHERS]
    key = [name for name in key if name in shown]
    wanted = [*dict.fromkeys([*key, *rule.columns, *others, *(n for n in (FILE, NUMBER) if n in shown)])]
    query = sql.SQL("select {} from {} as t where {} order by {} limit {}").format(
        sql.SQL(", ").join(map(_column, wanted)),
        place.identifier,
        _over(place, rule),
        sql.SQL(", ").join(sql.SQL(str(rank)) for rank in range(1, len(wanted) + 1)),
        sql.Literal(LIMIT),
    )
    with reader.reading() as connection:
        readable = _count(connection, place, rule)
        rows = [
            dict(zip(wanted, row, strict=True)) for row in connection.execute(query, rule.values).fetchall()
        ]
    lines = [_line(control, row, key, rule.columns, others) for row in rows]
    return Found(control, tuple(numbered(lines)), total, readable, "")


def _over(place: Place, rule: Rule) -> sql.SQL:
    return sql.SQL(rule.condition.as_string().replace("{table}", place.identifier.as_string()))


def _count(connection: psycopg.Connection, place: Place, rule: Rule) -> int:
    query = sql.SQL("select count(*) from {} as t where {}").format(place.identifier, _over(place, rule))
    return only(connection.execute(query, rule.values))


def _key(manifest: Manifest, dataset: str, present: Sequence[str]) -> list[str]:
    """The columns that tell a row from another: place in the file, else what a test says is unique."""
    if {FILE, NUMBER} <= set(present):
        return [FILE, NUMBER]
    combined: list[str] = []
    for test in manifest.tests:
        if test.tested_id != dataset:
            continue
        if test.generic == "unique":
            return [test.arguments["column_name"]]
        if test.generic == "unique_combination":
            combined = combined or list(test.arguments["columns"])
    return combined


def _played(reader: Reader, control: Control, test: DataTest, code: str) -> Found:
    """The rows that a test gives, played over what the role reads."""
    if not code:
        return Found(control, (), None, 0, NOT_PREPARED)
    code = code.strip().rstrip(";")
    with reader.counting() as connection:
        total = only(connection.execute(f"select count(*) from (\n{code}\n) as t".encode()))
    obstacle = reader.obstacle
    masked: set[str] = set()
    if not obstacle:
        for unique_id in test.reads:
            place = reader.place(unique_id)
            if place is None:
                return Found(control, (), total, 0, "")
            own = reader.own(unique_id)
            masked |= place.masked
            if written := reader.manifest.node(unique_id).relation_name:
                code = code.replace(written, place.identifier.as_string())
            code = code.replace(f'"{own.schema}"."{own.name}"', place.identifier.as_string())
    if obstacle or masked & set(_WORD.findall(code)):
        return Found(control, (), total, 0, obstacle)
    with reader.reading() as connection:
        query = f"select count(*) from (\n{code}\n) as t"
        readable = only(connection.execute(query.encode()))
        cursor = connection.execute(f"select * from (\n{code}\n) as t limit {LIMIT}".encode())
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    shown = [name for name in names if name not in masked]
    lines = [_line(control, row, shown, (), ()) for row in rows]
    # What a masked view makes null may look faulty to a test of several tables.
    if readable > total:
        return Found(control, (), total, 0, "")
    return Found(control, tuple(numbered(lines)), total, readable, "")


def _told(reader: Reader, control: Control, code: str) -> Found:
    """What a test says of files, columns or measures: no row of data, so the platform's account reads it."""
    if not code:
        return Found(control, (), None, 0, NOT_PREPARED)
    with reader.counting() as connection:
        cursor = connection.execute(code.strip().rstrip(";").encode())
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    lines = []
    for row in rows[:LIMIT]:
        file = row.pop("fichier", row.pop(FILE, None))
        column = row.pop("colonne", control.column)
        line = _line(control, row | {FILE: file}, [FILE], (), list(row))
        # The numbers change with every file; what is said of the line stays.
        mark = mark_of(control.domain, control.name, file, column)
        lines.append(replace(line, mark=mark, column=column))
    return Found(control, tuple(numbered(lines)), len(rows), len(rows), "")


def _line(
    control: Control,
    row: Mapping[str, Any],
    key: Sequence[str],
    columns: Sequence[str],
    others: Sequence[str],
) -> Line:
    told = tuple((name, row[name]) for name in key)
    identity = told or tuple((name, row[name]) for name in (*columns, *others))
    return Line(
        mark=mark_of(control.domain, control.name, *(part for pair in identity for part in pair)),
        domain=control.domain,
        about=control.name,
        dataset=control.label,
        what=control.text,
        gravity=GRAVITIES[control.outcome][0],
        since=day_of(control.since) if control.since else None,
        file=row.get(FILE),
        number=row.get(NUMBER),
        key=tuple(pair for pair in told if pair[0] not in (FILE, NUMBER)),
        column=", ".join(columns) or None,
        value=row[columns[0]] if len(columns) == 1 else ", ".join(words(row[name]) for name in columns),
        others=tuple((name, row[name]) for name in others),
        advice=control.advice,
    )
