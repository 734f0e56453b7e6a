"""Erasing or rectifying a person: raw rows, what was built of them, rejects, failed tests; then the proof."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import sql

from donnees_au_centre.audit import Head, record
from donnees_au_centre.audit.receipts import last_number, span_since
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.fingerprints import rights_key, witness
from donnees_au_centre.landing.identifiers import METADATA_COLUMNS
from donnees_au_centre.privacy.holds import Hold, held_people
from donnees_au_centre.privacy.persons import PersonSource
from donnees_au_centre.privacy.places import STATISTICS, Search, Table, read_tables, search
from donnees_au_centre.privacy.removal import note_removed
from donnees_au_centre.privacy.requests import Dossier, Place, telling
from donnees_au_centre.settings import Settings

# Kinds of places whose rows go; a row elsewhere is for a human to judge.
REMOVED = ("brut", "construit", "rejet", "test")
_LIST = (
    "insert into plateforme.personnes_effacees (domaine, empreinte, cle) values (%s, %s, %s) "
    "on conflict (domaine, empreinte) do nothing"
)


@dataclass(frozen=True)
class Proof:
    """What a search of the whole database says after an erasure.

    Attributes:
        found: the search.
        left: places that still hold a value of the person.
        coincidences: places that hold a short number like hers, in data that are about nobody.
    """

    found: Search
    left: tuple[str, ...]
    coincidences: tuple[str, ...]


def refuse_held(dossier: Dossier, holds: Sequence[Hold], held: Mapping[str, Hold], today: date) -> None:
    """Makes sure that no hold covers the person or her data (GDPR, Article 17(3)).

    Raises:
        PlatformError: one does; the message says which.
    """
    people = held_people(holds, today)
    found = [
        people[domain][one]
        for domain, prints in dossier.fingerprints.items()
        for one in prints
        if one in people.get(domain, {})
    ]
    labels = {label for place in dossier.places for label in place.sources}
    found += [
        held[source.unique_id]
        for source in dossier.sources
        if source.label in labels and source.unique_id in held
    ]
    if found:
        hold = found[0]
        raise PlatformError(
            f"Un gel s'y oppose jusqu'au {hold.until:%d/%m/%Y} : {hold.reason} ({hold.approver}).",
            "Répondez à la personne que sa demande attend la fin de ce gel (RGPD, article 17(3)) ; rien n'a "
            "été touché.",
        )


def erase(
    connection: psycopg.Connection, dossier: Dossier, settings: Settings
) -> tuple[dict[str, int], Head]:
    """Deletes all rows of a person and remembers, by fingerprint, not to load them again; notes it.

    Args:
        connection: in the transaction that collected the dossier; the caller commits.
        dossier: the person.
        settings: where the keys are on the embedded server.

    Returns:
        Rows deleted by table, and the journal's last row.

    Raises:
        PlatformError: a key is missing, or the journal refuses; the caller's transaction must end.
        psycopg.Error: the database refuses.
    """
    counts = {}
    for place in dossier.places:
        if place.kind in REMOVED:
            query = sql.SQL("delete from {} where {}").format(place.table.named(), place.condition)
            counts[place.table.label] = connection.execute(query).rowcount
    for domain, prints in sorted(dossier.fingerprints.items()):
        mark = witness(rights_key(domain, settings))
        for one in prints:
            connection.execute(_LIST, [domain, one, mark])
    before = last_number(connection)
    _note_files(connection, dossier, "Lignes d'une personne effacée à sa demande.")
    return counts, note(connection, "effacement", dossier, counts, span_since(connection, before))


def rectify(
    connection: psycopg.Connection, dossier: Dossier, column: str, value: str | None
) -> tuple[dict[str, int], set[str], Head]:
    """Writes another value in a column of the person's raw rows; takes away what still shows the old one.

    What was built is made again from the raw rows; snapshots, rejects and stored failures, which are not,
    lose their rows about the person.

    Args:
        connection: in the transaction that collected the dossier; the caller commits.
        dossier: the person.
        column: of the raw tables.
        value: None empties the cell.

    Returns:
        Rows changed by table, the values that stood there, and the journal's last row.

    Raises:
        PlatformError: no raw table of the person has that column.
    """
    counts: dict[str, int] = {}
    former: set[str] = set()
    for place in dossier.places:
        if place.kind == "brut" and column in place.table.columns and column not in METADATA_COLUMNS:
            former |= {row[column] for row in place.rows if row[column] is not None} - {value}
            query = sql.SQL("update {} set {} = {} where {}").format(
                place.table.named(), sql.Identifier(column), sql.Literal(value), place.condition
            )
            counts[place.table.label] = connection.execute(query).rowcount
    if not counts:
        known = sorted(
            {name for place in dossier.places if place.kind == "brut" for name in place.table.columns}
            - set(METADATA_COLUMNS)
        )
        if not known:
            raise PlatformError(
                "Aucune ligne reçue ne porte cet identifiant : il n'y a rien à rectifier.",
                "Vérifiez son écriture (zéros, lettres) et l'AG, par exemple avec make person-access.",
            )
        raise PlatformError(
            f"Aucune ligne de cette personne n'a de colonne « {column} ».",
            f"Donnez COLONNE=… parmi {', '.join(known)}.",
        )
    for place in dossier.places:
        if place.kind in ("construit", "rejet", "test"):
            query = sql.SQL("delete from {} where {}").format(place.table.named(), place.condition)
            counts[place.table.label] = connection.execute(query).rowcount
    return counts, former, note(connection, "rectification", dossier, counts, {"colonne": column})


def note(
    connection: psycopg.Connection,
    action: str,
    dossier: Dossier,
    counts: Mapping[str, int],
    more: Mapping[str, object] | None = None,
) -> Head:
    """Notes a request in the audit journal, by fingerprint and counts, in the transaction in progress."""
    about = " ".join(sorted(dossier.fingerprints)) or "aucune administration"
    details = {"empreintes": dossier.fingerprints, "lignes": dict(counts), **(more or {})}
    return record(connection, action, about, details)


def prove(connection: psycopg.Connection, dossier: Dossier, about_people: Collection[str]) -> Proof:
    """Searches the whole database for the person's values.

    Args:
        connection: of the account itself, not of the role, which may not read all there is.
        dossier: as collected before.
        about_people: schemas where even a short number like an identifier is the person's.
    """
    found = search(connection, dossier.values)
    certain = {hit.place for hit in search(connection, telling(dossier.values)).hits}
    left: list[str] = []
    others: list[str] = []
    for hit in found.hits:
        schema = hit.table.partition(".")[0] if hit.schema == STATISTICS else hit.schema
        mine = hit.place in certain or (schema in about_people)
        (left if mine else others).append(f"{hit.place} ({hit.rows})")
    return Proof(found, tuple(left), tuple(others))


def refresh_statistics(conninfo: str, places: Collection[Place]) -> None:
    """Does `rewrite` for the tables that an erasure or a rectification touched."""
    rewrite(
        conninfo,
        {(place.table.schema, place.table.name) for place in places if place.kind in REMOVED},
    )


def rewrite(conninfo: str, names: Collection[tuple[str, str]]) -> None:
    """Has the planner forget the values of deleted rows, and the files of the tables lose them too.

    A plain VACUUM leaves the bytes of dead rows in a page until others take their place: FULL writes the file
    anew. ANALYZE keeps the old statistics of an emptied table. A table that is another account's, or is not
    there, is left alone.

    Args:
        conninfo: libpq connection string; "" means the PG* environment variables.
        names: schema and name of each table.

    Raises:
        psycopg.Error: the database refuses.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        clears = connection.execute(
            "select exists (select from pg_proc where proname = 'pg_clear_attribute_stats')"
        ).fetchone() == (True,)
        tables = {(table.schema, table.name): table for table in read_tables(connection)}
        for name in sorted(names):
            table = tables.get(name)
            if table is None or not _is_mine(connection, table):
                continue
            for column in table.columns if clears else ():
                connection.execute(
                    "select pg_clear_attribute_stats(%s, %s, %s, false)", [table.schema, table.name, column]
                )
            connection.execute(sql.SQL("vacuum (full, analyze) {}").format(table.named()))
        # What the log of transactions holds goes too where this account may end its files: the embedded
        # server keeps none of them.
        with suppress(psycopg.errors.InsufficientPrivilege):
            connection.execute("select pg_switch_wal()")
            connection.execute("checkpoint")


def _is_mine(connection: psycopg.Connection, table: Table) -> bool:
    found = connection.execute(
        "select pg_has_role(relowner, 'usage') from pg_class as c "
        "inner join pg_namespace as n on n.oid = c.relnamespace where nspname = %s and relname = %s",
        [table.schema, table.name],
    )
    return found.fetchone() == (True,)


def raw_schemas(sources: Collection[PersonSource]) -> set[str]:
    """Schemas with rows about people, raw and staged, of some sources, and stored failures."""
    return (
        {source.schema for source in sources} | {f"{source.domain}_staging" for source in sources} | {"tests"}
    )


def _note_files(connection: psycopg.Connection, dossier: Dossier, message: str) -> None:
    by_label = {source.label: source for source in dossier.sources}
    for place in dossier.places:
        if place.kind == "brut":
            source = by_label[place.sources[0]]
            note_removed(
                connection,
                (source.schema, source.identifier),
                (source.domain, source.source, source.name),
                {row["source_fichier"] for row in place.rows},
                message,
            )
