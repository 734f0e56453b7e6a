"""One event a run: what the loader and dbt did, noted when they have ended, well or badly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import psycopg

from donnees_au_centre.audit.anchors import keep_anchor, last_received
from donnees_au_centre.audit.journal import Head, readable, record
from donnees_au_centre.audit.reading import reading_state, trace_reading
from donnees_au_centre.audit.receipts import SPAN, last_number, span_since, taken_up
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import LoadReport
from donnees_au_centre.project.datasets import read_datasets
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.refusals import describe_error
from donnees_au_centre.settings import Settings

# Names of failed nodes or tables kept in an event; the rest is counted.
NAMES_KEPT = 20


def received_before(conninfo: str) -> int | None:
    """What `note_run` must know of a load: the highest number of plateforme.chargements before it.

    Args:
        conninfo: libpq connection string; "" means the PG* environment variables.

    Returns:
        None when the database does not answer: the load itself will say so.
    """
    try:
        with psycopg.connect(conninfo, connect_timeout=10) as connection:
            return last_number(connection)
    except psycopg.Error:
        return None


def note_run(
    settings: Settings,
    conninfo: str,
    action: str,
    objet: str,
    details: Mapping[str, Any],
    since: int | None = None,
) -> Head:
    """Notes what a command did, over a connection of its own, and keeps the head as an anchor.

    The work is done when this is called: a journal that cannot be written does not undo it, the command ends
    red. (Purges and requests of persons note within their own transaction: without trace, nothing is done.)

    Args:
        conninfo: libpq connection string; "" means the PG* environment variables.
        since: of a load, the highest number of plateforme.chargements before it.

    Raises:
        PlatformError: the event or its anchor could not be written.
    """
    try:
        with psycopg.connect(conninfo, connect_timeout=10) as connection:
            span = {} if since is None else span_since(connection, since)
            late = {} if since is None else taken_up(last_received(settings), since)
            event = {"cible": settings.target, **details, **span, **late}
            head = record(connection, action, objet, event)
            connection.commit()
            received = span[SPAN]["a"] if span else since
            keep_anchor(settings, connection, head, received)
    except (psycopg.Error, OSError, PlatformError) as error:
        advice = (
            error.advice
            if isinstance(error, PlatformError)
            else (
                "Vérifiez le compte, la place et les droits de build/audit "
                "(docs/exploitant/audit.md), puis relancez."
            )
        )
        raise PlatformError(
            f"Le travail est fait ({action} : {objet}), mais le journal d'audit ne l'a pas noté : "
            f"{describe_error(error)}",
            advice,
        ) from error
    return head


def trace_after_build(conninfo: str, manifest: Manifest) -> list[str]:
    """Has the reading of sensitive data sets traced again, where the server can.

    Args:
        conninfo: libpq connection string; "" means the PG* environment variables.

    Returns:
        What went wrong, in French; empty when nothing did, and where the server has no pgaudit.
    """
    try:
        with psycopg.connect(conninfo, connect_timeout=10, autocommit=True) as connection:
            trace_reading(connection, read_datasets(manifest))
    except psycopg.Error as error:
        return [
            f"La trace des lectures (pgaudit) n'a pas pu être réglée : {describe_error(error)}\n"
            "Que faire : vérifiez que ce compte possède les tables construites (docs/exploitant/audit.md)."
        ]
    return []


def describe(conninfo: str) -> dict[str, str]:
    """What the summary says of the audit: the anchor to keep elsewhere, and whether reading is traced.

    Raises:
        psycopg.Error: the database cannot be read.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        place = readable(connection)
        head = (
            place
            and connection.execute(f"select id, condense from {place} order by id desc limit 1").fetchone()
        )
        return {"ancre": str(Head(*head)) if head else "", "lecture": reading_state(connection).remark}


def load_details(report: LoadReport | None) -> dict[str, Any]:
    """What a load did, in counts; names of tables that failed, never their messages.

    Args:
        report: the loader's; None when it could not work.
    """
    if report is None:
        return {"issue": "echec", "tables": {}, "fichiers": {}}
    files = [file for table in report.tables for file in table.files]
    return {
        "issue": "echec" if report.failed else "reussi",
        "tables": dict(Counter(table.status for table in report.tables)),
        "fichiers": dict(Counter(file.status for file in files)),
        "lignes": sum(file.rows for file in files),
        "rejets": sum(file.rejects for file in files),
        "non_declares": len(report.unmatched),
        "partis": len(report.gone),
        "en_echec": [f"{one.domain}.{one.source}.{one.table}" for one in report.failed][:NAMES_KEPT],
    }


def build_details(results: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """What a build did, in counts; names of what failed, never dbt's messages, which may quote a row.

    Args:
        results: unique id and dbt status of each node.
    """
    counts: dict[str, Counter[str]] = {}
    failed = []
    for unique_id, status in results:
        counts.setdefault(unique_id.split(".")[0], Counter())[status] += 1
        if status in ("error", "fail", "runtime error"):
            failed.append(unique_id)
    return {
        "issue": "echec" if failed else "reussi",
        "noeuds": {kind: dict(statuses) for kind, statuses in sorted(counts.items())},
        "en_echec": sorted(failed)[:NAMES_KEPT],
    }
