"""What becomes of a file that was loaded: set aside, renamed, gone from the landing zone, withdrawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import psycopg
from psycopg import sql

from donnees_au_centre.landing import audit
from donnees_au_centre.landing.audit import Entry
from donnees_au_centre.landing.bounds import WITHDRAWN
from donnees_au_centre.landing.declaration import SourceTable
from donnees_au_centre.landing.erased import Erased
from donnees_au_centre.landing.received import Withheld
from donnees_au_centre.landing.rejects import OUT_OF_TABLE, TEXT_LIMIT, WITHHELD, Reject, RejectSpool
from donnees_au_centre.landing.tables import lock, raw_table, rejects_table


@dataclass(frozen=True)
class Held:
    """What the database holds of one file.

    Attributes:
        rows: in the raw table.
        rejects: lines among the rejects.
    """

    rows: int
    rejects: int


def delete_rows(
    connection: psycopg.Connection, table: SourceTable, path: str, keep: int | None = None
) -> Held:
    """Deletes the rows and rejects of one file, if the audit knows the file at all.

    Args:
        connection: in a transaction.
        table: whose file.
        path: of the file.
        keep: the load whose rows stay; None for none.
    """
    if audit.placing_entry(connection, table, path) is None:
        return Held(0, 0)
    others = sql.SQL("" if keep is None else f" and chargement_id <> {keep:d}")
    rows, rejects = (
        connection.execute(sql.SQL("delete from {} where {}{}").format(place, mine, others), values).rowcount
        for place, mine, values in _places(table, path)
    )
    return Held(rows, rejects)


def write_rejects(
    connection: psycopg.Connection,
    table: SourceTable,
    path: str,
    load_id: int,
    rejects: RejectSpool,
    erased: Erased,
) -> Counter[str]:
    """Writes what is no row; returns how many by motif.

    Args:
        connection: in the transaction of the load.
        table: whose file.
        path: of the file.
        load_id: of the load.
        rejects: what is no row.
        erased: the people of whom nothing is kept.
    """
    written: Counter[str] = Counter()
    if not rejects.count:
        return written
    statement = sql.SQL(
        "copy {} (chargement_id, source_nom, table_nom, source_fichier, source_ligne, position_octet, "
        "motif, detail, texte, octets) from stdin"
    ).format(rejects_table(table))
    origin = (load_id, table.source, table.name, path)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for reject in rejects:
            if not erased.concerns(reject):
                copy.write_row((*origin, *reject))
                written[reject.motif] += 1
    return written


def held(connection: psycopg.Connection, table: SourceTable, path: str) -> Held:
    """Counts what deleting would take."""
    counts = []
    for place, mine, values in _places(table, path):
        query = sql.SQL("select count(*) from {} where {}").format(place, mine)
        row = connection.execute(query, values).fetchone()
        counts.append(row[0] if row else 0)
    return Held(*counts)


def keep_withheld(
    connection: psycopg.Connection, table: SourceTable, path: str, load_id: int, error: Withheld
) -> bool:
    """Keeps the received words of a refused file beside its administration's rejects, in place of older ones.

    Returns:
        Whether they are kept: not those of a person who was erased.
    """
    forget_withheld(connection, table, path)
    text = "\n".join(error.words)[:TEXT_LIMIT].replace("\0", "\\x00")
    detail = f"{WITHHELD}{error.what}"
    reject = Reject(error.line, None, OUT_OF_TABLE, detail, text, text.encode("utf-8", "backslashreplace"))
    if Erased(connection, table).concerns(reject):
        return False
    connection.execute(
        sql.SQL("insert into {} values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)").format(
            rejects_table(table)
        ),
        [load_id, table.source, table.name, path, *reject],
    )
    return True


def forget_withheld(connection: psycopg.Connection, table: SourceTable, path: str) -> None:
    """Deletes the words that an earlier delivery of a file was refused for."""
    connection.execute(
        sql.SQL(
            "delete from {} where source_nom = %s and table_nom = %s and source_fichier = %s and motif = %s "
            "and starts_with(detail, %s)"
        ).format(rejects_table(table)),
        [table.source, table.name, path, OUT_OF_TABLE, WITHHELD],
    )


def set_aside(
    connection: psycopg.Connection,
    table: SourceTable,
    path: str,
    message: str,
    signature: str = "",
    variant: str = "",
) -> None:
    """Takes a file's rows out of the raw table and records it as `doublon`, in this transaction."""
    delete_rows(connection, table, path)
    _note(connection, table, path, "doublon", message, variante=variant, signature=signature)


def rename(connection: psycopg.Connection, table: SourceTable, old: Entry, path: str) -> None:
    """Takes out the rows of a file that now has another name, in the transaction that loads it again."""
    delete_rows(connection, table, old.fichier)
    message = f"Renommé : c'est maintenant {path}."
    _note(connection, table, old.fichier, "renomme", message, sha256=old.sha256, signature=old.signature)


def withdraw(
    connection: psycopg.Connection, table: SourceTable, path: str, digest: str | None, signature: str
) -> Held:
    """Takes a file's rows out for good: this content does not come back under this name without a yes.

    Args:
        connection: in a transaction.
        table: whose file.
        path: relative to the landing root.
        digest: of the file that lies in the landing zone, None when none does.
        signature: of that file, "" when there is none.
    """
    lock(connection, table)
    last = audit.placing_entry(connection, table, path)
    gone = delete_rows(connection, table, path)
    # What was loaded and what lies in the zone now may be two contents: neither comes back.
    for content in dict.fromkeys((last.sha256 if last else None, digest)):
        said = {"sha256": content, "signature": signature, "motif": WITHDRAWN}
        _note(connection, table, path, "retire", "Retiré par make withdraw.", **said)
    return gone


def gone_files(connection: psycopg.Connection, table: SourceTable, present: Collection[str]) -> list[str]:
    """Files that no longer lie in the landing zone, and whose rows are in the raw table."""
    return [entry.fichier for entry in audit.placed(connection, table) if entry.fichier not in present]


def forget_refused(connection: psycopg.Connection, table: SourceTable, present: Collection[str]) -> None:
    """Closes the case of files that failed or waited, never had rows, and are no longer there."""
    having_rows = {entry.fichier for entry in audit.placed(connection, table)}
    for entry in audit.refused(connection, table):
        if entry.fichier not in present and entry.fichier not in having_rows:
            forget_withheld(connection, table, entry.fichier)
            message = "Refusé, puis ôté de la zone de dépôt : il n'en reste rien."
            _note(connection, table, entry.fichier, "retire", message)


def _places(table: SourceTable, path: str) -> list[tuple[sql.Identifier, sql.SQL, list[str]]]:
    return [
        (raw_table(table), sql.SQL("source_fichier = %s"), [path]),
        (
            rejects_table(table),
            sql.SQL("source_nom = %s and table_nom = %s and source_fichier = %s"),
            [table.source, table.name, path],
        ),
    ]


def _note(
    connection: psycopg.Connection,
    table: SourceTable,
    path: str,
    status: str,
    message: str,
    **values: str | None,
) -> None:
    audit.record(connection, table, {"fichier": path, "statut": status, "message": message, **values})
