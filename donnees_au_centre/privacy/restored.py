"""Restored data: who was erased since they were saved is erased again, before anybody reads them."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.fingerprints import fingerprint, rights_key, witness
from donnees_au_centre.landing.erased import LIST, ensure_list, parts
from donnees_au_centre.landing.tables import REJECTS_TABLE
from donnees_au_centre.privacy.erasure import erase
from donnees_au_centre.privacy.persons import Asked, PersonSource, read_person_sources
from donnees_au_centre.privacy.requests import collect
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import Settings

_COLUMNS = ("domaine", "empreinte", "cle", "effacee_le")


@dataclass(frozen=True, order=True)
class ErasedPerson:
    """A line of the list of erased people.

    Attributes:
        domain, fingerprint, key: the administration, the person's fingerprint, and what tells its key.
        at: when, as PostgreSQL writes it.
    """

    domain: str
    fingerprint: str
    key: str
    at: str


def read_erased(connection: psycopg.Connection) -> set[ErasedPerson]:
    """The list of a database; empty where there is none."""
    if connection.execute("select to_regclass(%s)", [LIST]).fetchone() == (None,):
        return set()
    query = "select domaine, empreinte, cle, effacee_le::text from plateforme.personnes_effacees"
    return {ErasedPerson(*row) for row in connection.execute(query)}


def write_erased(file: Path, erased: Iterable[ErasedPerson]) -> None:
    """Writes a list to a file; it says of nobody who they are."""
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(_COLUMNS)
        writer.writerows((one.domain, one.fingerprint, one.key, one.at) for one in sorted(erased))


def read_erased_file(file: Path) -> set[ErasedPerson]:
    """Reads what `write_erased` wrote.

    Raises:
        PlatformError: it is another file.
    """
    try:
        with file.open(newline="", encoding="utf-8") as opened:
            header, *rows = csv.reader(opened)
            if tuple(header) != _COLUMNS:
                raise ValueError
            return {ErasedPerson(*row) for row in rows}
    except (OSError, ValueError, TypeError) as error:
        why = error.strerror if isinstance(error, OSError) else "ce n'est pas une liste de personnes effacées"
        raise PlatformError(
            f"{file} ne se lit pas : {why}.", "Donnez EFFACES=…, le fichier effaces.csv d'une sauvegarde."
        ) from None


def erase_again(
    connection: psycopg.Connection,
    manifest: Manifest,
    settings: Settings,
    erased: Collection[ErasedPerson],
) -> tuple[int, int, set[str]]:
    """Takes a newer list over, and deletes the rows of those who are on it; notes it in the journal.

    Args:
        connection: of an account that reads all of the restored database; the caller commits.
        manifest: that says which columns are about people.
        settings: where the keys are on the embedded server.
        erased: the newer list.

    Returns:
        How many people were there again, how many rows of them, and the sources that had some (unique ids).

    Raises:
        PlatformError: a key is missing, or is not that of the list.
    """
    if erased and connection.execute("select to_regnamespace('plateforme')").fetchone() != (None,):
        ensure_list(connection)
        for one in sorted(erased):
            connection.execute(
                "insert into plateforme.personnes_effacees (domaine, empreinte, cle, effacee_le) "
                "values (%s, %s, %s, %s) on conflict (domaine, empreinte) do nothing",
                [one.domain, one.fingerprint, one.key, one.at],
            )
    erased = read_erased(connection)
    people, rows, touched = 0, 0, set()
    for source in read_person_sources(manifest):
        prints = {one.fingerprint for one in erased if one.domain == source.domain}
        if not prints:
            continue
        key = rights_key(source.domain, settings)
        if any(one.key != witness(key) for one in erased if one.domain == source.domain):
            raise PlatformError(
                f"La clé DAC_CLE_{source.domain.upper()}_DROITS n'est pas celle de la liste des personnes "
                "effacées : leurs lignes reviendraient.",
                "Remettez la clé d'avant ; la base en service n'a pas changé.",
            )
        for value in sorted(_values(connection, source)):
            if fingerprint(key, value) not in prints:
                continue
            dossier = collect(connection, manifest, settings, [Asked(source.domain, value)])
            counts, _ = erase(connection, dossier, settings)
            if sum(counts.values()):
                people, rows = people + 1, rows + sum(counts.values())
                touched |= {one.unique_id for one in dossier.sources}
    return people, rows, touched


def _values(connection: psycopg.Connection, source: PersonSource) -> set[str]:
    """Who the rows and the unreadable lines of a source may be about."""
    found: set[str] = set()
    raw, rejects = (source.schema, source.identifier), (source.schema, REJECTS_TABLE)
    if _is_there(connection, raw):
        query = sql.SQL("select distinct {0} from {1} where {0} is not null")
        rows = connection.execute(query.format(sql.Identifier(source.column), sql.Identifier(*raw)))
        found |= {str(value) for (value,) in rows}
    if _is_there(connection, rejects):
        for (text,) in connection.execute(sql.SQL("select texte from {}").format(sql.Identifier(*rejects))):
            found |= set(parts(text))
    return found


def _is_there(connection: psycopg.Connection, name: tuple[str, str]) -> bool:
    quoted = sql.Identifier(*name).as_string(connection)
    return connection.execute("select to_regclass(%s)", [quoted]).fetchone() != (None,)
