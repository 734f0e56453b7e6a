"""Reading and writing plateforme.chargements: what was received, and what is in the raw tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from donnees_au_centre.landing.declaration import SourceTable

LOADED = ("charge", "remplace")
# What takes a file's rows out of the raw table.
_GONE = ("doublon", "renomme", "retire")
# Rows of a file are in the raw table when its latest status among these is one of LOADED.
PLACING = (*LOADED, *_GONE)
RECEIPTS = (*LOADED, "identique", "doublon")
# Nothing of the file was taken: it failed, or waits for a yes.
REFUSED = ("echec", "attente")
STATUSES = (*PLACING, "identique", *REFUSED)


@dataclass(frozen=True)
class Entry:
    """One audit row, as far as decisions need it."""

    fichier: str
    statut: str
    motif: str
    message: str
    sha256: str | None
    empreinte: str
    signature: str
    recu_le: datetime
    lignes: int
    chargement_id: int

    @property
    def loaded(self) -> bool:
        """True when this entry put the file's rows into the raw table."""
        return self.statut in LOADED

    @property
    def withdrawn(self) -> bool:
        """True when somebody took the file's rows out for good."""
        return self.statut == "retire" and self.motif == "retire"

    def moved(self, signature: str) -> bool:
        """Whether another signature is of the same file, moved: a new name changes its ctime only."""
        return _without_ctime(self.signature) == _without_ctime(signature)


@dataclass(frozen=True)
class Received:
    """What became of the files of a source table.

    Attributes:
        files: those whose rows are in the raw table, be it of an older version.
        last: when one last came, the same again included; None when none ever did.
        changed: when rows were last put there or taken away; None when none ever were.
    """

    files: int
    last: datetime | None
    changed: datetime | None


def signature(status: os.stat_result) -> str:
    """Identity of a file on the disk: it changes when the file is put there again."""
    return f"{status.st_ino}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_size}"


def _without_ctime(signature: str) -> list[str]:
    inode, modified, *_, size = signature.split(":") if signature else [""] * 3
    return [inode, modified, size]


def last_entry(connection: psycopg.Connection, table: SourceTable, path: str) -> Entry | None:
    """The latest audit row of a file, whatever its status."""
    return _entry(connection, table, path, list(STATUSES))


def placing_entry(connection: psycopg.Connection, table: SourceTable, path: str) -> Entry | None:
    """The latest audit row that put the file's rows into the raw table or took them away."""
    return _entry(connection, table, path, list(PLACING))


def _entry(connection: psycopg.Connection, table: SourceTable, path: str, among: list[str]) -> Entry | None:
    return next(iter(newest(connection, table, among, path)), None)


def newest(
    connection: psycopg.Connection,
    table: SourceTable,
    among: Sequence[str] = STATUSES,
    path: str | None = None,
) -> list[Entry]:
    """The latest audit row of each file of a table, or of one, among those of some statuses."""
    columns = ", ".join(field.name for field in fields(Entry))
    found = connection.execute(
        f"select distinct on (fichier) {columns} from plateforme.chargements "
        "where domaine = %s and source_nom = %s and table_nom = %s and statut = any(%s) "
        "and fichier = coalesce(%s, fichier) order by fichier, chargement_id desc",
        [table.domain, table.source, table.name, list(among), path],
    )
    return [Entry(*row) for row in found]


def placed(connection: psycopg.Connection, table: SourceTable) -> list[Entry]:
    """What put there the rows of each file that has some in the raw table, by the audit; by file."""
    return [entry for entry in newest(connection, table, PLACING) if entry.loaded]


def refused(connection: psycopg.Connection, table: SourceTable) -> list[Entry]:
    """Files whose last delivery failed or waits for a yes."""
    return [entry for entry in newest(connection, table) if entry.statut in REFUSED]


def withdrawal(
    connection: psycopg.Connection, table: SourceTable, digest: str, path: str | None = None
) -> Entry | None:
    """The withdrawal of a content, under one name or any, when nothing loaded it again since."""
    columns = ", ".join(field.name for field in fields(Entry))
    found = connection.execute(
        f"select {columns} from plateforme.chargements where domaine = %s and source_nom = %s "
        "and table_nom = %s and sha256 = %s and statut = any(%s) and fichier = coalesce(%s, fichier) "
        "order by chargement_id desc limit 1",
        [table.domain, table.source, table.name, digest, [*LOADED, "retire"], path],
    ).fetchone()
    entry = Entry(*found) if found else None
    return entry if entry is not None and entry.withdrawn else None


def read_received(connection: psycopg.Connection) -> dict[tuple[str, str, str], Received]:
    """What the audit says of each source table of which anything came: by domain, source and table."""
    found = connection.execute(
        "with dernieres as ("
        "select distinct on (domaine, source_nom, table_nom, fichier) chargement_id, statut "
        "from plateforme.chargements where statut = any(%(placing)s) "
        "order by domaine, source_nom, table_nom, fichier, chargement_id desc) "
        "select domaine, source_nom, table_nom, count(d.chargement_id), "
        "max(recu_le) filter (where c.statut = any(%(receipts)s)), "
        "max(charge_le) filter (where c.statut = any(%(placing)s)) "
        "from plateforme.chargements as c left join dernieres as d "
        "on c.chargement_id = d.chargement_id and d.statut = any(%(loaded)s) "
        "group by domaine, source_nom, table_nom",
        {"placing": list(PLACING), "receipts": list(RECEIPTS), "loaded": list(LOADED)},
    )
    return {(domain, source, table): Received(*said) for domain, source, table, *said in found}


def received_since(
    connection: psycopg.Connection, table: SourceTable, path: str, digest: str, deposit: str
) -> datetime | None:
    """When the content that a file has now first came under its name, since it last was another.

    Args:
        connection: to the warehouse.
        table: whose file.
        path: of the file, relative to the landing root.
        digest: sha256 of the content.
        deposit: signature of the file: a deposit that failed was a receipt too.

    Returns:
        The time, or None for a content that comes now.
    """
    found = connection.execute(
        "with receptions as (select chargement_id, sha256, signature, recu_le from plateforme.chargements "
        "where domaine = %s and source_nom = %s and table_nom = %s and fichier = %s) "
        "select min(recu_le) from receptions where (sha256 = %s or signature = %s) and chargement_id > "
        "coalesce((select max(chargement_id) from receptions where sha256 <> %s), 0)",
        [table.domain, table.source, table.name, path, digest, deposit, digest],
    ).fetchone()
    return found[0] if found else None


def next_id(connection: psycopg.Connection) -> int:
    """A new chargement_id."""
    found = connection.execute(
        "select nextval(pg_get_serial_sequence('plateforme.chargements', 'chargement_id'))"
    ).fetchone()
    assert found is not None
    return int(found[0])


def record(connection: psycopg.Connection, table: SourceTable, values: dict[str, Any]) -> None:
    """Writes one audit row; what `values` leaves out, or gives as None, takes the column's default."""
    origin = {"domaine": table.domain, "source_nom": table.source, "table_nom": table.name}
    row = {name: value for name, value in (origin | values).items() if value is not None}
    statement = sql.SQL("insert into plateforme.chargements ({}) values ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join(map(sql.Placeholder, row))
    )
    connection.execute(statement, row)
