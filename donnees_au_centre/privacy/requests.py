"""All that the database holds of one person: raw rows, what was built of them, rejects, failed tests."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.fingerprints import fingerprint, normalise, rights_key
from donnees_au_centre.landing.tables import REJECTS_TABLE
from donnees_au_centre.privacy.persons import (
    Asked,
    PersonSource,
    asked_of,
    pseudonymiser,
    read_person_sources,
)
from donnees_au_centre.privacy.places import Table, holds, read_tables
from donnees_au_centre.project.nodes import Manifest, Node
from donnees_au_centre.project.versions import mart_of
from donnees_au_centre.settings import Settings

ROLE = "droits_des_personnes"
BUILT = ("model", "snapshot")
TESTS = ("tests", "dbt_test__audit")
# A value of the person's rows is searched for when it is hers alone, and is no date or small number.
_SHORTEST = 5
_PLAIN = re.compile(r"[\d\s./:,+-]*")
_PLAIN_LENGTH = 9


@dataclass
class Place:
    """Rows of one table that are about the person.

    Attributes:
        table: which.
        kind: brut, construit, rejet, test or autre.
        condition: which rows, in SQL.
        rows: their content; empty until read.
        sources: labels of the person's sources that the table is made from.
    """

    table: Table
    kind: str
    condition: sql.Composable
    rows: list[dict[str, Any]] = field(default_factory=list)
    sources: tuple[str, ...] = ()


@dataclass
class Dossier:
    """What was found of a person.

    Attributes:
        asked: the identifiers given.
        sources: the source tables about people that were asked.
        places: where rows of the person stand, the raw ones first.
        values: what identifies the person in texts: identifiers, values of her own, pseudonyms.
        identifiers: those among them that were given, as sources write them.
        lines: (label of the source, file, line), from the raw rows and rejects: two tables may read one
            file, each its own lines.
        fingerprints: administration -> fingerprints, for the journal.
    """

    asked: Sequence[Asked]
    sources: list[PersonSource]
    places: list[Place]
    values: set[str]
    identifiers: set[str]
    lines: set[tuple[str, str, int]]
    fingerprints: dict[str, list[str]]

    @property
    def homonyms(self) -> list[str]:
        """Tables where the identifier is a name, which others may bear."""
        found = {place.table.label for place in self.places if place.kind == "brut"}
        return [
            source.label
            for source in self.sources
            if source.homonyms and f"{source.schema}.{source.identifier}" in found
        ]

    @property
    def systems(self) -> dict[str, str]:
        """Label of each source that has rows of the person -> the system that it is read in."""
        found = {label for place in self.places if place.rows for label in place.sources}
        read = [source for source in self.sources if source.system and source.label in found]
        return {source.label: source.system for source in read}

    def counts(self) -> dict[str, int]:
        """Rows by table."""
        return {place.table.label: len(place.rows) for place in self.places if place.rows}


def take_role(connection: psycopg.Connection) -> None:
    """Goes on with the rights of the role of these requests, and no other.

    Raises:
        PlatformError: there is no such role, or the account is not a member.
    """
    found = connection.execute(
        "select session_user, (select pg_has_role(session_user, oid, 'member') from pg_roles "
        "where rolname = %s)",
        [ROLE],
    ).fetchone()
    assert found is not None
    account, member = found
    if member is None:
        raise PlatformError(
            f"Le rôle {ROLE} n'existe pas sur ce serveur.", "Appliquez les accès déclarés : make access."
        )
    if not member:
        raise PlatformError(
            f"Le compte {account} n'a pas le rôle {ROLE}, sans lequel une demande ne se traite pas.",
            "Le délégué à la protection des données approuve l'accès "
            "(docs/gestionnaire/droits-des-personnes.md), puis un "
            f"administrateur exécute : grant {ROLE} to {account}.",
        )
    connection.execute(sql.SQL("set role {}").format(sql.Identifier(ROLE)))


def collect(
    connection: psycopg.Connection,
    manifest: Manifest,
    settings: Settings,
    asked: Sequence[Asked],
) -> Dossier:
    """Finds and reads all the rows about one person.

    Args:
        connection: in the role of these requests, in a transaction.
        settings: where the keys of the embedded server are.
        asked: the person's identifiers.

    Raises:
        PlatformError: a key is missing, or the role may not read a table about people.
    """
    sources = [source for source in read_person_sources(manifest) if asked_of(asked, source)]
    tables = {(table.schema, table.name): table for table in read_tables(connection)}
    dossier = Dossier(asked, sources, [], set(), set(), set(), {})
    for source in sources:
        # In the place where every writing of it starts.
        dossier.identifiers |= {
            " ".join(one.value.split()) for one in asked if one.domain in (None, source.domain)
        }
        key = rights_key(source.domain, settings)
        dossier.fingerprints[source.domain] = sorted(
            fingerprint(key, value) for value in asked_of(asked, source)
        )
        table = tables.get((source.schema, source.identifier))
        if table is not None:
            dossier.places.extend(_raw(connection, source, table, asked_of(asked, source), dossier))
    dossier.values |= dossier.identifiers
    _add_pseudonyms(dossier, settings)
    known = {(place.table.schema, place.table.name) for place in dossier.places}
    made_of = _made_of(manifest, sources)
    # Everything else: what was made of the sources, by line or by value; the rest by value.
    for name, table in tables.items():
        if name in known:
            continue
        place = _elsewhere(table, made_of.get(mart_of(*name), ()), dossier)
        if place is None:
            continue
        if not table.readable:
            # What this role has no business in is searched by the account itself, after an erasure.
            if place.kind == "autre":
                continue
            raise PlatformError(
                f"Le rôle {ROLE} ne peut pas lire {table.label}, qui est tirée de données personnelles.",
                "Appliquez les accès déclarés : make access.",
            )
        place.rows = list(_rows(connection, table, place.condition))
        if place.rows:
            dossier.places.append(place)
            if place.kind == "rejet":
                domain = table.schema.removeprefix("raw_")
                dossier.lines |= {
                    (
                        f"{domain}.{row['source_nom']}.{row['table_nom']}",
                        row["source_fichier"],
                        row["source_ligne"],
                    )
                    for row in place.rows
                }
    return dossier


def _raw(
    connection: psycopg.Connection, source: PersonSource, table: Table, wanted: set[str], dossier: Dossier
) -> Iterator[Place]:
    if not table.readable:
        raise PlatformError(
            f"Le rôle {ROLE} ne peut pas lire {table.label}.", "Appliquez les accès déclarés : make access."
        )
    column = sql.Identifier(source.column)
    written = matching(connection, table.named(), source.column, lambda value: normalise(value) in wanted)
    if not written:
        return
    dossier.identifiers |= {value.strip() for value in written}
    condition = sql.SQL("{} = any({})").format(column, sql.Literal(sorted(written)))
    rows = list(_rows(connection, table, condition))
    dossier.lines |= {(source.label, row["source_fichier"], row["source_ligne"]) for row in rows}
    dossier.values |= _own_values(connection, source, table, rows, condition)
    yield Place(table, "brut", condition, rows, (source.label,))


def matching(connection: psycopg.Connection, table: sql.Composable, column: str, accept: Any) -> set[str]:
    """The values of a column, as written, that a function accepts."""
    query = sql.SQL("select distinct {0} from {1} where {0} is not null").format(
        sql.Identifier(column), table
    )
    return {value for (value,) in connection.execute(query) if accept(value)}


def _own_values(
    connection: psycopg.Connection,
    source: PersonSource,
    table: Table,
    rows: list[dict[str, Any]],
    condition: sql.Composable,
) -> set[str]:
    """The values of the person's rows that nobody else's row has: her e-mail address, her case numbers."""
    own: set[str] = set()
    for column, category in source.personal.items():
        if category not in ("identifiant_direct", "identifiant_indirect") or column not in table.columns:
            continue
        values = {row[column].strip() for row in rows if row[column]}
        values = {value for value in values if is_telling(value)}
        if not values:
            continue
        shared = connection.execute(
            sql.SQL("select distinct trim({0}) from {1} where trim({0}) = any(%s) and not ({2})").format(
                sql.Identifier(column), table.named(), condition
            ),
            [sorted(values)],
        )
        own |= values - {value for (value,) in shared}
    return own


def is_telling(value: str) -> bool:
    """Whether a text can be searched for everywhere: no date, no postal code, not three letters."""
    if len(value) < _SHORTEST:
        return False
    if _PLAIN.fullmatch(value):
        return len(re.sub(r"\D", "", value)) >= _PLAIN_LENGTH
    return True


def _add_pseudonyms(dossier: Dossier, settings: Settings) -> None:
    for domain in sorted({source.domain for source in dossier.sources}):
        pseudonyms = pseudonymiser(settings, domain)
        for value in sorted(dossier.values):
            if len(value) != 64:
                dossier.values |= pseudonyms(value)


def built_from(manifest: Manifest, sources: Iterable[str]) -> list[Node]:
    """Models and snapshots that come, directly or not, from sources given by their unique ids."""
    children: dict[str, list[str]] = {}
    for node in manifest.nodes.values():
        if node.kind in BUILT:
            for parent in node.reads:
                children.setdefault(parent, []).append(node.unique_id)
    left, found = list(sources), {}
    while left:
        for child in children.get(left.pop(), []):
            if child not in found:
                found[child] = manifest.nodes[child]
                left.append(child)
    return list(found.values())


def _made_of(manifest: Manifest, sources: Sequence[PersonSource]) -> dict[tuple[str, str], tuple[str, ...]]:
    """(schema, name) of what is built -> labels of the sources about the person that it comes from."""
    found: dict[tuple[str, str], set[str]] = {}
    for source in sources:
        for node in built_from(manifest, [source.unique_id]):
            place = (node.schema, node.relation)
            found.setdefault(place, set()).add(source.label)
    return {place: tuple(sorted(labels)) for place, labels in found.items()}


def _elsewhere(table: Table, labels: tuple[str, ...], dossier: Dossier) -> Place | None:
    """Where else to look: by line of the file in what was made of the source, by value anywhere."""
    rejects = table.name == REJECTS_TABLE and table.schema.startswith("raw_")
    kind = "construit" if labels else "rejet" if rejects else "test" if table.schema in TESTS else "autre"
    # A short number is hers in the rejects of her administration and in failed tests; a count elsewhere.
    own = rejects and table.schema in {source.schema for source in dossier.sources}
    values = dossier.values if own or kind == "test" else telling(dossier.values)
    conditions = [holds(column, type_, values) for column, type_ in table.columns.items() if values]
    places = sorted((file, line) for label, file, line in dossier.lines if label in labels)
    if places and {"source_fichier", "source_ligne"} <= set(table.columns):
        files, lines = zip(*places, strict=True)
        conditions.append(
            sql.SQL(
                "(source_fichier, source_ligne) in (select * from unnest({}::text[], {}::bigint[]))"
            ).format(sql.Literal(list(files)), sql.Literal(list(lines)))
        )
    if not conditions:
        return None
    return Place(table, kind, sql.SQL("({})").format(sql.SQL(" or ").join(conditions)), [], labels)


def _rows(
    connection: psycopg.Connection, table: Table, condition: sql.Composable
) -> Iterator[dict[str, Any]]:
    query = sql.SQL("select * from {} where {}").format(table.named(), condition)
    with connection.cursor(row_factory=dict_row) as cursor:
        yield from cursor.execute(query)


def telling(values: Collection[str]) -> set[str]:
    """Those of some values that can be searched for in the whole database."""
    return {value for value in values if is_telling(value)}
