"""What stands in the database under the names of nodes and sources, in digests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Any

import psycopg
from psycopg import sql

from donnees_au_centre.building.codes import changes_within_day, digest, is_of_day
from donnees_au_centre.french import local_zone
from donnees_au_centre.landing.tables import CHANGED_TABLE
from donnees_au_centre.project.versions import HELD_LOADS, LAYERS, SUFFIX

# Where the loader notes what it received.
JOURNAL = ("plateforme", "chargements")
# Settings of a session that change what the same SQL gives.
_SETTINGS = (
    "TimeZone", "DateStyle", "IntervalStyle", "search_path", "extra_float_digits", "bytea_output",
    "lc_numeric", "lc_monetary", "lc_time", "server_version", "default_text_search_config", "xmloption",
    "xmlbinary", "standard_conforming_strings", "transform_null_equals", "row_security",
    "timezone_abbreviations",
)  # fmt: skip


class Standing:
    """What stands in the database under the names of nodes and sources, at one moment.

    Args:
        connection: in autocommit.
        manifest: dbt's.
        changing: whether the result of a node may change by itself.
        before: what stood at an earlier moment; that holds for all but `made`.
        made: unique ids.

    Attributes:
        session: settings on which results depend.
        day: of the administration, by the clock of the server.
        journal: unique id of the journal of the loader, where it is a source.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        manifest: Any,
        changing: Callable[[str], bool],
        before: Standing | None = None,
        made: AbstractSet[str] = frozenset(),
    ) -> None:
        """Reads the catalogue and the journal of the loader."""
        self._nodes, self._sources = manifest.nodes, manifest.sources
        self._changing, self._earlier, self._made = changing, before, made
        self.session = connection.execute(
            "select name, current_setting(name) from pg_settings where name = any(%s) order by name",
            [list(_SETTINGS)],
        ).fetchall()
        # A build that ends after midnight has begun on the day that some of it saw.
        self.day: str = before.day if before else _read_day(connection)
        schemas = {node.schema for node in (*manifest.nodes.values(), *manifest.sources.values())}
        # Of a view also the tables that it shows; rows that were updated or deleted are counted by table.
        self._relations: dict[tuple[str, str], str] = {}
        held = {**self._held_loads(connection), **self._changed_rows(connection)}
        for schema, name, definition, *identity in connection.execute(
            "with shown as (select r.ev_class as view, "
            "string_agg(distinct concat_ws('.', t.oid, t.relfilenode, t.relnatts, "
            "case when n.nspname like '%%\\_versions' then "
            "pg_stat_get_tuples_updated(t.oid) + pg_stat_get_tuples_deleted(t.oid) end), ' ') as tables "
            "from pg_rewrite as r inner join pg_depend as d on d.objid = r.oid "
            "and d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass "
            "inner join pg_class as t on t.oid = d.refobjid and t.relkind in ('r', 'm') "
            "inner join pg_namespace as n on n.oid = t.relnamespace group by r.ev_class) "
            "select n.nspname, c.relname, case when c.relkind = 'v' then pg_get_viewdef(c.oid) end, "
            "c.oid, c.relfilenode, (select md5(string_agg(concat_ws(' ', a.attname, a.atttypid, "
            "a.atttypmod), ',' order by a.attnum)) from pg_attribute as a "
            "where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), "
            "pg_stat_get_tuples_updated(c.oid), "
            "case when n.nspname not like 'raw\\_%%' then pg_stat_get_tuples_deleted(c.oid) end, s.tables "
            "from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace "
            "left join shown as s on s.view = c.oid "
            "where n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm')",
            [sorted(schemas)],
        ):
            if definition and changes_within_day(definition):
                continue
            told = [definition, identity[-1]] if definition else identity
            if (schema, name) in held:
                # Its loads, or the journal with them, tell of every row that changes, and of those that come.
                told = [*identity[:3], held[schema, name]]
            if definition and is_of_day(definition):
                told.append(self.day)
            self._relations[schema, name] = digest(told)
        self._receipts = {}
        if connection.execute("select to_regclass('plateforme.chargements')").fetchone() != (None,):
            self._receipts = {
                (domain, source, table): f"{count}.{last}"
                for domain, source, table, count, last in connection.execute(
                    "select domaine, source_nom, table_nom, count(*), max(chargement_id) "
                    "from plateforme.chargements group by domaine, source_nom, table_nom"
                )
            }
        self._known: dict[str, str | None] = {}
        self.journal = next(
            (
                unique_id
                for unique_id, source in manifest.sources.items()
                if (source.schema, source.identifier) == JOURNAL
            ),
            None,
        )

    def _held_loads(self, connection: psycopg.Connection) -> dict[tuple[str, str], str]:
        """What the tables that are filled load by load hold."""
        layers = tuple(layer for layer in LAYERS if layer)
        filled = {
            (node.schema, node.alias)
            for node in self._nodes.values()
            if node.resource_type == "model" and node.config.materialized == "by_load"
        }
        places = {
            f"{schema[: -len(layer)]}{SUFFIX}"
            for schema, _ in filled
            for layer in layers
            if schema.endswith(layer)
        }
        found: dict[tuple[str, str], str] = {}
        for place in sorted(places):
            table = sql.Identifier(place, HELD_LOADS)
            there = connection.execute("select to_regclass(%s)", [table.as_string(connection)]).fetchone()
            if there != (None,):
                query = sql.SQL(
                    "select schema_nom, table_nom, concat_ws('.', count(*), max(passage)) "
                    "from {} group by schema_nom, table_nom"
                ).format(table)
                found |= {(schema, name): said for schema, name, said in connection.execute(query)}
        return {name: said for name, said in found.items() if name in filled}

    def _changed_rows(self, connection: psycopg.Connection) -> dict[tuple[str, str], str]:
        """Of each raw table of which rows were changed or taken away, the last time."""
        found: dict[tuple[str, str], str] = {}
        for schema in sorted({source.schema for source in self._sources.values() if source.external}):
            table = sql.Identifier(schema, CHANGED_TABLE)
            there = connection.execute("select to_regclass(%s)", [table.as_string(connection)]).fetchone()
            if there != (None,):
                query = sql.SQL(
                    "select table_nom, concat_ws('.', count(*), max(numero)) from {} group by table_nom"
                ).format(table)
                found |= {(schema, name): str(number) for name, number in connection.execute(query)}
        return found

    def of(self, unique_id: str) -> str | None:
        """What a node or a source is, with its rows; None when that cannot be told."""
        if self._earlier and unique_id not in self._made:
            return self._earlier.of(unique_id)
        if unique_id not in self._known:
            # A view of a view of itself does not exist; a mistake must not turn in circles.
            self._known[unique_id] = None
            self._known[unique_id] = self._of(unique_id)
        return self._known[unique_id]

    def of_all(self, unique_ids: Iterable[str]) -> str | None:
        """The same of several, in one digest."""
        found = {unique_id: self.of(unique_id) for unique_id in unique_ids}
        return None if None in found.values() else digest(sorted(found.items()))

    def _of(self, unique_id: str) -> str | None:
        if unique_id in self._sources:
            source = self._sources[unique_id]
            relation = self._relations.get((source.schema, source.identifier))
            if unique_id == self.journal:
                return digest(sorted(self._receipts.items()))
            receipts = self._receipts.get((source.fqn[1], source.source_name, source.name))
            # What the loader does not write may change without a word.
            return f"{relation} {receipts}" if source.external and relation and receipts else None
        node = self._nodes.get(unique_id)
        if node is None:
            return None
        standing = self._relations.get((node.schema, node.alias))
        if standing is None or node.config.materialized in ("incremental", "snapshot", "ephemeral"):
            return None
        if node.config.materialized == "view":
            if self._changing(unique_id):
                return None
            below = self.of_all(node.depends_on_nodes)
            return None if below is None else f"{standing} {below}"
        return standing


def _read_day(connection: psycopg.Connection) -> str:
    row = connection.execute(
        "select cast(cast(current_timestamp at time zone cast(%s as text) as date) as text)",
        [local_zone().key],
    ).fetchone()
    return str(row[0]) if row else ""
