"""Reading the database as a steward's role: what it may read, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import psycopg
from psycopg import sql

from donnees_au_centre.access.declaration import MASKED_SUFFIX, read_relations
from donnees_au_centre.project.nodes import Manifest

# A question that takes longer than this is left out of the workbook.
TIMEOUT = "60s"


@dataclass(frozen=True)
class Place:
    """Where a role reads a table.

    Attributes:
        schema, name: the table, or its masked view.
        masked: columns that are null there for everybody, whatever the row has.
    """

    schema: str
    name: str
    masked: frozenset[str]

    @property
    def identifier(self) -> sql.Identifier:
        """For queries."""
        return sql.Identifier(self.schema, self.name)


class Reader:
    """The steward's role of an administration, in a database.

    Args:
        connection: of the platform, which may take the role; in autocommit, and in no transaction.
        manifest: the content of manifest.json.
        domain: administration.
    """

    def __init__(self, connection: psycopg.Connection, manifest: Manifest, domain: str) -> None:  # noqa: D107
        self.connection, self.manifest, self.domain = connection, manifest, domain
        self.role = f"steward_{domain}"

    @cached_property
    def obstacle(self) -> str:
        """Why nothing can be read as this role, in French; "" when it can."""
        if self.connection.execute("select to_regnamespace('acces')").fetchone() == (None,):
            return "Les accès ne sont pas appliqués dans cette base (make access)."
        found = self.connection.execute("select from pg_roles where rolname = %s", [self.role]).fetchone()
        if found is None:
            return f"Aucun rôle {self.role} n'est déclaré (docs/exploitant/acces.md)."
        try:
            with self.reading():
                self.connection.execute("select 1")
        except psycopg.Error:
            return f"Le compte de la plateforme ne peut pas prendre le rôle {self.role}."
        return ""

    @contextmanager
    def reading(self) -> Iterator[psycopg.Connection]:
        """A read-only transaction as the role; the account is itself again afterwards."""
        with self.connection.transaction():
            self._limits()
            self.connection.execute(sql.SQL("set local role {}").format(sql.Identifier(self.role)))
            yield self.connection

    @contextmanager
    def counting(self) -> Iterator[psycopg.Connection]:
        """A read-only transaction as the platform's account: it counts what the role may not see."""
        with self.connection.transaction():
            self._limits()
            yield self.connection

    def own(self, unique_id: str) -> Place:
        """The table itself, as the platform's account reads it."""
        node = self.manifest.node(unique_id)
        return Place(node.schema, node.relation, frozenset())

    def place(self, unique_id: str) -> Place | None:
        """Where the role reads a table: itself, else its masked view; None when it may read neither."""
        own = self.own(unique_id)
        if self.reads(own.schema, own.name):
            return own
        view = f"{own.schema}{MASKED_SUFFIX}"
        if self.reads(view, own.name):
            clear = self._clear[self.manifest.node(unique_id).label]
            hidden = frozenset(self.columns(own)) - set(clear)
            return Place(view, own.name, hidden)
        return None

    def reads(self, schema: str, name: str) -> bool:
        """Whether the role may read a table; False when there is none."""
        found = self.connection.execute(
            "select coalesce("
            "has_schema_privilege(%(role)s::name, to_regnamespace(%(schema)s)::oid, 'usage') "
            "and has_table_privilege(%(role)s::name, to_regclass(%(table)s)::oid, 'select'), false)",
            {
                "role": self.role,
                "schema": sql.Identifier(schema).as_string(),
                "table": sql.Identifier(schema, name).as_string(),
            },
        ).fetchone()
        return found == (True,)

    def columns(self, place: Place) -> list[str]:
        """Its columns, in order; none when it was never built."""
        found = self.connection.execute(
            "select attname from pg_attribute where attrelid = to_regclass(%s) "
            "and attnum > 0 and not attisdropped order by attnum",
            [place.identifier.as_string()],
        ).fetchall()
        return [name for (name,) in found]

    @cached_property
    def _clear(self) -> Mapping[str, tuple[str, ...]]:
        return {relation.label: relation.clear for relation in read_relations(self.manifest)}

    def _limits(self) -> None:
        self.connection.execute("set transaction read only")
        self.connection.execute(sql.SQL("set local statement_timeout = {}").format(sql.Literal(TIMEOUT)))


def only(cursor: psycopg.Cursor[Any]) -> int:
    """The number that a query counts."""
    (number,) = cursor.fetchone() or (0,)
    return int(number)
