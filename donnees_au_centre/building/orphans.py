"""Tables and views of the platform that no model, seed or source of the project names any more."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from donnees_au_centre.access.declaration import FILTERED_SUFFIX, MASKED_SUFFIX, TURN
from donnees_au_centre.building.reuse import STATE
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.landing.tables import CHANGED_TABLE, PRESENT_TABLE, REJECTS_TABLE
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.versions import HELD_LOADS, LAYERS, SUFFIX, mart_of

SHOWN = 20
# What the platform itself keeps in the schemas of domains.
_OURS = (REJECTS_TABLE, CHANGED_TABLE, PRESENT_TABLE, TURN, STATE, HELD_LOADS)
_KINDS = {"r": "table", "p": "table", "f": "table", "v": "view", "m": "materialized view"}

_FOUND = """
    select n.nspname, c.relname, c.relkind::text, greatest(c.reltuples, 0)::bigint
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    where n.nspname = any(%s) and c.relkind = any(%s) and not c.relispartition
    order by n.nspname, c.relname
"""


@dataclass(frozen=True)
class Orphan:
    """A relation without a model.

    Attributes:
        schema, name: where it is.
        kind: table, view or materialized view.
        rows: as PostgreSQL last estimated them.
    """

    schema: str
    name: str
    kind: str
    rows: int

    @property
    def label(self) -> str:
        """How people name it."""
        return f"{self.schema}.{self.name}"

    @property
    def size(self) -> str:
        """What it holds, in French."""
        return f"{counted(self.rows, 'ligne')} environ" if self.kind == "table" else "vue"

    @property
    def identifier(self) -> sql.Identifier:
        """How SQL names it."""
        return sql.Identifier(self.schema, self.name)


def find_orphans(connection: psycopg.Connection, manifest: Manifest) -> list[Orphan]:
    """The relations of the domains' schemas that the whole project does not name.

    Args:
        connection: to the database of the project.
        manifest: of a reading that left nothing out.
    """
    nodes = list(manifest.of_type("model", "seed", "snapshot"))
    sources = list(manifest.of_type("source"))
    domains = {node.domain for node in (*nodes, *sources)}
    domains |= manifest.groups.keys()
    schemas = {node.schema for node in nodes}
    if not os.environ.get("DBT_SCHEMA_PREFIX"):
        schemas |= {f"{domain}{layer}" for domain in domains for layer in LAYERS}
        schemas |= {f"raw_{domain}" for domain in domains}
    known = {(node.schema, node.relation) for node in nodes}
    known |= {(source.schema, source.relation) for source in sources}
    schemas |= {f"{node.schema}{SUFFIX}" for node in nodes if node.is_mart}
    return [
        Orphan(schema, name, _KINDS[kind], rows)
        for schema, name, kind, rows in connection.execute(_FOUND, [sorted(schemas), list(_KINDS)])
        if mart_of(schema, name) not in known and name not in _OURS
    ]


def listing(orphans: Sequence[Orphan]) -> str:
    """What is said at the end of a build, in French; "" when there is none."""
    if not orphans:
        return ""
    lines = [f"  {orphan.label} ({orphan.size})" for orphan in orphans[:SHOWN]]
    if len(orphans) > SHOWN:
        lines.append(f"  … et {len(orphans) - SHOWN} autres")
    return "\n".join(
        [
            "Sans modèle dans le projet, ces tables restent dans la base avec leurs lignes :",
            *lines,
            "Que faire : make orphans montre ce qui les lit ; CONFIRMER=1 les supprime.",
        ]
    )


def say_orphans(conninfo: str, manifest: Manifest) -> None:
    """Says after a build what no model names any more; a database that cannot tell fails nothing.

    Args:
        conninfo: libpq connection string.
        manifest: of a reading that left nothing out.
    """
    try:
        with psycopg.connect(conninfo, connect_timeout=10, autocommit=True) as connection:
            said = listing(find_orphans(connection, manifest))
    except psycopg.Error:
        return
    if said:
        print(f"\n{said}", file=sys.stderr)


def readers_of(connection: psycopg.Connection, orphan: Orphan) -> list[str]:
    """The views that read a relation directly, masked ones left out, as schema.name."""
    found = connection.execute(
        "select distinct v.oid::regclass::text from pg_depend as d "
        "inner join pg_rewrite as r on d.objid = r.oid inner join pg_class as v on r.ev_class = v.oid "
        "inner join pg_namespace as n on v.relnamespace = n.oid "
        "where d.refobjid = to_regclass(%s) and v.oid <> d.refobjid and n.nspname <> %s order by 1",
        [orphan.identifier.as_string(connection), f"{orphan.schema}{MASKED_SUFFIX}"],
    )
    return [name for (name,) in found]


def _readers_first(connection: psycopg.Connection, orphans: Sequence[Orphan]) -> list[Orphan]:
    """Each one after those of them that read it."""
    waiting = {orphan.label: orphan for orphan in orphans}
    readers = {label: {*readers_of(connection, orphan)} for label, orphan in waiting.items()}
    ordered: list[Orphan] = []
    while waiting:
        free = [label for label in waiting if not readers[label] & (waiting.keys() - {label})] or [*waiting]
        ordered += [waiting.pop(label) for label in free]
    return ordered


def drop_orphans(connection: psycopg.Connection, orphans: Sequence[Orphan]) -> dict[str, int]:
    """Drops relations, with their masked views and no other reader, in the caller's transaction.

    One goes after those that read it.

    Returns:
        The rows that each one had.

    Raises:
        PlatformError: another relation reads one of them, or a session keeps it busy.
    """
    connection.execute("set local lock_timeout = '5s'")
    dropped: dict[str, int] = {}
    for orphan in _readers_first(connection, orphans):
        try:
            with connection.transaction():
                count = sql.SQL("select count(*) from {}").format(orphan.identifier)
                row = connection.execute(count).fetchone() if orphan.kind == "table" else None
                for suffix in (MASKED_SUFFIX, FILTERED_SUFFIX):
                    part = sql.Identifier(f"{orphan.schema}{suffix}", orphan.name)
                    connection.execute(sql.SQL("drop view if exists {}").format(part))
                    connection.execute(sql.SQL("drop function if exists {}()").format(part))
                drop = sql.SQL("drop {} {} restrict").format(sql.SQL(orphan.kind), orphan.identifier)
                connection.execute(drop)
                dropped[orphan.label] = row[0] if row else 0
        except psycopg.errors.DependentObjectsStillExist as error:
            readers = ", ".join(readers_of(connection, orphan))
            raise PlatformError(
                f"{orphan.label} est lue par {readers} : rien n'est supprimé.",
                "Faites d'abord lire autre chose à ces vues, ou supprimez-les.",
            ) from error
        except psycopg.errors.LockNotAvailable as error:
            raise PlatformError(
                f"{orphan.label} est tenue par une autre session : rien n'est supprimé.",
                "Fermez les requêtes ouvertes sur elle, puis relancez.",
            ) from error
    return dropped
