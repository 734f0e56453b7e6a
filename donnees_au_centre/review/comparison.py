"""The rows of a mart before and after, counted by PostgreSQL: one full join on the mart's key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

# Milliseconds that one query may take: a review waits for it.
PATIENCE = 300_000
# For one query of a session that does nothing else: a million keys are joined without going to the disk.
_MEMORY = "256MB"
# Types without an equality; their text has one.
_AS_TEXT = frozenset({"json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle"})
# Types that are as small to sort as their digest.
_SMALL = frozenset({"smallint", "integer", "bigint", "date"})
_COLUMNS = """
select pg_attribute.attname, format_type(pg_attribute.atttypid, null)
from pg_attribute
where
    pg_attribute.attrelid = to_regclass(%s)
    and pg_attribute.attnum > 0
    and not pg_attribute.attisdropped
order by pg_attribute.attnum
"""


@dataclass(frozen=True)
class Table:
    """A table or view that is there.

    Attributes:
        schema, name: in the database.
        types: of its columns, in their order, without lengths and scales.
    """

    schema: str
    name: str
    types: Mapping[str, str]

    @property
    def identifier(self) -> sql.Identifier:
        """As SQL names it."""
        return sql.Identifier(self.schema, self.name)


@dataclass(frozen=True)
class Side:
    """What one side of a mart holds.

    Attributes:
        rows: how many.
        empty: the columns of the key that are null somewhere.
    """

    rows: int
    empty: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Comparison:
    """The rows of a mart, before and after; counts as they are, to be told through `discretion`.

    Attributes:
        before, after: each side; None for one that is not there.
        key: the columns by which rows are the same; empty when none could serve.
        only_before, only_after, both: keys; None when rows were not matched.
        differing: of the columns of both sides, how many of the rows of both have another value.
        retyped: of the columns of both sides, the type before and after; their values are not compared.
        added, removed: columns that one side alone has.
        why_not: why rows were not matched, in French; empty when they were.
    """

    before: Side | None
    after: Side | None
    key: tuple[str, ...] = ()
    only_before: int | None = None
    only_after: int | None = None
    both: int | None = None
    differing: Mapping[str, int] = field(default_factory=dict)
    retyped: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    why_not: str = ""

    @property
    def moves(self) -> bool:
        """True when a reader may see something else than before."""
        return bool(
            self.only_before
            or self.only_after
            or any(self.differing.values())
            or self.retyped
            or self.added
            or self.removed
            or (self.before and self.before.rows) != (self.after and self.after.rows)
        )


@contextmanager
def reading(connection: psycopg.Connection) -> Iterator[None]:
    """A transaction that only reads, in which a query has the time and the memory that it needs."""
    with connection.transaction(force_rollback=True):
        connection.execute("set transaction read only")
        connection.execute(f"set local statement_timeout = {PATIENCE}")
        connection.execute(f"set local work_mem = '{_MEMORY}'")
        # Compiling expressions of many columns costs more than it saves.
        connection.execute("set local jit = off")
        yield


def find_table(connection: psycopg.Connection, schema: str, name: str) -> Table | None:
    """A table or view by its place; None when it is not there, or this account may not see it."""
    place = sql.Identifier(schema, name).as_string(connection)
    types: dict[str, str] = dict(connection.execute(_COLUMNS, [place]).fetchall())
    return Table(schema, name, types) if types else None


def compare(
    connection: psycopg.Connection, before: Table | None, after: Table | None, keys: Sequence[tuple[str, ...]]
) -> Comparison:
    """Counts what differs between two tables.

    Args:
        connection: within `reading`.
        before: None for a mart that is new.
        after: None for a mart that is not built any more.
        keys: the keys that the tests of the mart hold; the first that both tables have serves.

    Raises:
        psycopg.Error: a table cannot be read, or takes too long.
    """
    if before is None or after is None:
        sides = [None if one is None else Side(_count(connection, one)) for one in (before, after)]
        return Comparison(sides[0], sides[1])
    shared = [name for name in before.types if name in after.types]
    retyped = {
        name: (before.types[name], after.types[name])
        for name in shared
        if before.types[name] != after.types[name]
    }
    added = tuple(name for name in after.types if name not in before.types)
    removed = tuple(name for name in before.types if name not in after.types)
    usable = [key for key in keys if all(name in shared and name not in retyped for name in key)]
    if not usable:
        why = "aucune clé testée n'est restée la même" if keys else "aucun contrôle ne dit sa clé"
        sides = [Side(_count(connection, one)) for one in (before, after)]
        return Comparison(
            sides[0], sides[1], retyped=retyped, added=added, removed=removed, why_not=f"{why}."
        )
    key = usable[0]
    one, other = (_side(connection, table, key) for table in (before, after))
    # Where the rows after are one a key, a join makes no more rows than there are.
    if _repeats(connection, after, key):
        counts, when = [], "après"
    else:
        compared = [name for name in shared if name not in retyped and name not in key]
        counts, when = _join(connection, before, after, key, compared, one.empty | other.empty), "avant"
    if not counts or counts[1] + counts[2] != other.rows:
        why = f"{when}, des lignes ont la même clé ({', '.join(key)}) : on ne peut les apparier."
        return Comparison(one, other, key, retyped=retyped, added=added, removed=removed, why_not=why)
    return Comparison(
        one,
        other,
        key,
        only_before=counts[0],
        only_after=counts[1],
        both=counts[2],
        differing=dict(zip(compared, counts[3:], strict=True)),
        retyped=retyped,
        added=added,
        removed=removed,
    )


def _count(connection: psycopg.Connection, table: Table) -> int:
    found = connection.execute(sql.SQL("select count(*) from {}").format(table.identifier)).fetchone()
    return int(found[0]) if found else 0


def _side(connection: psycopg.Connection, table: Table, key: tuple[str, ...]) -> Side:
    """The rows of a table, and what of its key is null somewhere."""
    empty = [sql.SQL("coalesce(bool_or({} is null), false)").format(sql.Identifier(name)) for name in key]
    query = sql.SQL("select count(*), {} from {}").format(sql.SQL(", ").join(empty), table.identifier)
    rows, *found = connection.execute(query).fetchone() or (0,)
    return Side(int(rows), frozenset(name for name, one in zip(key, found, strict=False) if one))


def _repeats(connection: psycopg.Connection, table: Table, key: tuple[str, ...]) -> bool:
    """Whether several rows have one key; digests, which are small to sort, tell it of almost all tables."""
    names = sql.SQL(", ").join(sql.Identifier(name) for name in key)
    measured = sql.SQL("count(*) - count(distinct hash_record_extended(row({}), 0))")
    if len(key) == 1 and table.types[key[0]] in _SMALL:
        measured = sql.SQL("count(*) - count(distinct {0}) - least(count(*) - count({0}), 1)")
    query = sql.SQL("select {} from {}").format(measured.format(names), table.identifier)
    if not (connection.execute(query).fetchone() or (0,))[0]:
        return False
    query = sql.SQL("select exists (select from {} group by {} having count(*) > 1)").format(
        table.identifier, names
    )
    return bool((connection.execute(query).fetchone() or (False,))[0])


def _join(
    connection: psycopg.Connection,
    before: Table,
    after: Table,
    key: tuple[str, ...],
    compared: Sequence[str],
    empty: Collection[str],
) -> list[int]:
    """Keys before alone, after alone, of both; then the rows of both that differ, by column."""
    there = "avant.est_la and apres.est_la"
    counts = [
        sql.SQL("count(*) filter (where apres.est_la is null)"),
        sql.SQL("count(*) filter (where avant.est_la is null)"),
        sql.SQL(f"count(*) filter (where {there})"),
        *(
            sql.SQL(f"count(*) filter (where {there} and {{}} is distinct from {{}})").format(
                *(_value(side, name, before.types[name]) for side in ("avant", "apres"))
            )
            for name in compared
        ),
    ]
    joined = [condition for name in key for condition in _equal(name, name in empty)]
    query = sql.SQL(
        "select {counts} from (select *, true as est_la from {before}) as avant "
        "full join (select *, true as est_la from {after}) as apres on {joined}"
    ).format(
        counts=sql.SQL(", ").join(counts),
        before=before.identifier,
        after=after.identifier,
        joined=sql.SQL(" and ").join(joined),
    )
    return [int(one) for one in connection.execute(query).fetchone() or ()]


def _equal(name: str, nullable: bool) -> Iterator[sql.Composed]:
    """Equalities that a hash join takes, under which a null is the same as a null."""
    one, other = sql.Identifier("avant", name), sql.Identifier("apres", name)
    if not nullable:
        yield sql.SQL("{} = {}").format(one, other)
        return
    yield sql.SQL("coalesce({}::text, '') = coalesce({}::text, '')").format(one, other)
    yield sql.SQL("({} is null) = ({} is null)").format(one, other)


def _value(side: str, name: str, kind: str) -> sql.Composable:
    column = sql.Identifier(side, name)
    return sql.SQL("{}::text").format(column) if kind in _AS_TEXT else column
