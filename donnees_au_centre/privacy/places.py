"""Where a value stands in the whole database: all columns of all tables, and PostgreSQL's statistics."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql

STATISTICS = "pg_stats"
# In which bytes a value may be kept as received.
ENCODINGS = ("utf-8", "cp1252")


@dataclass(frozen=True)
class Table:
    """A table or materialised view.

    Attributes:
        schema, name: in the database.
        columns: name -> type, as PostgreSQL names it.
        readable: whether this account may read it.
    """

    schema: str
    name: str
    columns: dict[str, str]
    readable: bool

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"{self.schema}.{self.name}"

    def named(self) -> sql.Identifier:
        """Its name, quoted."""
        return sql.Identifier(self.schema, self.name)


@dataclass(frozen=True)
class Hit:
    """Rows that hold a value.

    Attributes:
        schema, table, column: where.
        rows: how many.
    """

    schema: str
    table: str
    column: str
    rows: int

    @property
    def place(self) -> str:
        """How messages name it."""
        return f"{self.schema}.{self.table}.{self.column}"


@dataclass(frozen=True)
class Search:
    """What a search of the whole database found.

    Attributes:
        hits: where values stand.
        tables: how many tables were read.
        unread: tables that this account may not read: nothing is proved of them.
    """

    hits: tuple[Hit, ...]
    tables: int
    unread: tuple[str, ...]


def read_tables(connection: psycopg.Connection) -> list[Table]:
    """All tables and materialised views but PostgreSQL's own, by schema and name."""
    found = connection.execute(
        "select n.nspname, c.relname, has_schema_privilege(n.oid, 'usage') "
        "and has_table_privilege(c.oid, 'select'), "
        "array_agg(a.attname::text order by a.attnum), "
        "array_agg(format_type(a.atttypid, -1) order by a.attnum) "
        "from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace "
        "inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
        "where c.relkind in ('r', 'p', 'm', 'f') and c.relpersistence <> 't' "
        "and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') "
        "group by n.oid, n.nspname, c.oid, c.relname order by 1, 2"
    )
    return [
        Table(schema, name, dict(zip(names, types, strict=True)), readable)
        for schema, name, readable, names, types in found
    ]


def search(connection: psycopg.Connection, values: Collection[str]) -> Search:
    """Looks for values, as whole words whatever their case, in every column of every table.

    Args:
        connection: of an account that may read as much as possible.
        values: not empty.
    """
    tables = read_tables(connection)
    hits: list[Hit] = []
    if values:
        for table in tables:
            if table.readable:
                hits.extend(_hits(connection, table, values))
        hits.extend(_statistics(connection, values))
    unread = tuple(table.label for table in tables if not table.readable)
    return Search(tuple(hits), sum(table.readable for table in tables), unread)


def holds(column: str, kind: str, values: Collection[str]) -> sql.Composable:
    """The condition that a column holds one of the values."""
    name = sql.Identifier(column)
    if kind == "bytea":
        # Bytes beyond ASCII are written \\ooo there, in the values as in the column.
        written = {_escaped(value.encode(code, "ignore")) for value in values for code in ENCODINGS}
        return sql.SQL("encode({}, 'escape') ~* {}").format(name, sql.Literal(pattern(written)))
    return sql.SQL("cast({} as text) ~* {}").format(name, sql.Literal(pattern(values)))


def pattern(values: Collection[str]) -> str:
    """A regular expression of PostgreSQL for any of the values as whole words, spaces as they come."""
    words = [r"\s+".join(map(re.escape, value.split())) for value in sorted(values, key=len, reverse=True)]
    return rf"(^|[^[:alnum:]])({'|'.join(words)})([^[:alnum:]]|$)"


def _escaped(text: bytes) -> str:
    r"""As `encode(…, 'escape')` of PostgreSQL writes bytes: \351 for a byte beyond ASCII."""
    return "".join(chr(byte) if byte < 128 else f"\\{byte:03o}" for byte in text)


def _hits(connection: psycopg.Connection, table: Table, values: Collection[str]) -> Iterator[Hit]:
    conditions = {column: holds(column, kind, values) for column, kind in table.columns.items()}
    counts = sql.SQL(", ").join(
        sql.SQL("count(*) filter (where {})").format(condition) for condition in conditions.values()
    )
    row = connection.execute(sql.SQL("select {} from {}").format(counts, table.named())).fetchone()
    for column, count in zip(conditions, row or (), strict=True):
        if count:
            yield Hit(table.schema, table.name, column, count)


def _statistics(connection: psycopg.Connection, values: Collection[str]) -> Iterator[Hit]:
    """The planner keeps frequent values and bounds of each column, until the next ANALYZE."""
    found = connection.execute(
        "select schemaname::text, tablename::text, attname::text from pg_stats "
        "where schemaname not in ('pg_catalog', 'information_schema') "
        "and concat_ws(' ', most_common_vals::text, histogram_bounds::text, most_common_elems::text) ~* %s",
        [pattern(values)],
    )
    for schema, table, column in found:
        yield Hit(STATISTICS, f"{schema}.{table}", column, 1)
