"""`accept`, `withdraw`: a yes to a file that waits, and the end of a file that was loaded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from donnees_au_centre.audit import keep_anchor, record
from donnees_au_centre.audit.receipts import last_number, span_since
from donnees_au_centre.audit.runs import note_run, received_before
from donnees_au_centre.cli.confirmation import confirmed
from donnees_au_centre.cli.rights import connected, rebuild
from donnees_au_centre.cli.session import Session, open_project
from donnees_au_centre.connectors import system_named
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted, local_zone, some
from donnees_au_centre.landing import SourceTable, audit, load_landing, opening, read_declarations
from donnees_au_centre.landing.life import Held, held
from donnees_au_centre.landing.life import withdraw as withdraw_file
from donnees_au_centre.landing.records import Figures, Period
from donnees_au_centre.landing.tables import ensure_audit, ensure_table
from donnees_au_centre.privacy.requests import built_from
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import Settings

NONE_WAITS = "Aucun fichier n'attend d'accord."
MODELS_SHOWN = 12


@dataclass(frozen=True)
class _Delivery:
    """One file, and the source table that reads it."""

    table: SourceTable
    path: str
    zone: Path

    def digest(self) -> str | None:
        """SHA-256 of what lies in the landing zone; None when no file does."""
        try:
            with opening.opened(self.zone, self.path) as content:
                return hashlib.file_digest(content, "sha256").hexdigest()
        except (FileNotFoundError, PlatformError):
            # What is no file is never loaded: nothing of it would come back.
            return None

    @property
    def status(self) -> os.stat_result | None:
        """What the system says of it; None when nothing is there."""
        return opening.status(self.zone, self.path)


def accept(settings: Settings, options: Mapping[str, str]) -> int:
    """Shows what a file that waits would change; with CONFIRMER, loads this very content, and notes it.

    Args:
        options: FICHIER, relative to the landing zone (without it, files that wait are listed); CONFIRMER.

    Raises:
        PlatformError: the file does not wait, has changed since, or cannot be loaded; of a system, what it
            gives now is worse than what waits.
    """
    session = Session(settings)
    access, manifest = open_project(session)
    tables = read_declarations(manifest.sources.values(), [])
    with connected(access) as connection:
        ensure_audit(connection)
        waiting = _waiting(connection, tables)
        if not (options.get("FICHIER") or "").strip():
            print("\n".join(f"{path} : {why}" for path, (why, _) in sorted(waiting.items())) or NONE_WAITS)
            return 0
        delivery = _delivery(connection, settings, options, tables, sorted(waiting))
        known = waiting.get(delivery.path)
        if known is None:
            raise PlatformError(
                f"{delivery.path} n'attend pas d'accord.", f"En attente : {_listed(sorted(waiting))}."
            )
        # What a system gives is compared when it is read again.
        digest = known[1] if delivery.table.of_records else delivery.digest()
        again = (
            known[1] is None
            and digest
            and audit.withdrawal(connection, delivery.table, digest, delivery.path)
        )
        if digest is None or not (again or digest == known[1]):
            raise PlatformError(
                f"{delivery.path} n'est plus le fichier qui attendait.",
                "Lancez make load : le nouveau fichier est examiné à son tour.",
            )
        print(f"{delivery.path} : {known[0]}")
        print(_readers(manifest, delivery.table))
        entry = audit.last_entry(connection, delivery.table, delivery.path)
        figures = Figures.of(entry) if entry is not None and delivery.table.of_records else None
        if figures is not None:
            print(
                "La source est relue : l'accord vaut une fois, pour ce qu'elle donne alors, "
                f"s'il y a {figures.words()}."
            )
    lost = "make withdraw ôterait ces lignes, sans rendre celles qu'elles remplacent."
    if not confirmed(settings, access, options, lost):
        return 0
    before = received_before(access.conninfo())
    with session.sample_systems():
        report = load_landing(
            access.conninfo(),
            settings.landing,
            [delivery.table],
            accepted={delivery.path: [digest]},
            progress=print,
        )
    if report.failed:
        raise PlatformError(
            f"{delivery.path} n'est pas chargé : {' '.join(report.failed[0].reasons())}",
            "Corrigez ce que le message dit, puis relancez "
            + ("make load." if delivery.table.of_records else "make accept."),
        )
    loaded = report.tables[0].files[0]
    details = {"decision": "accord", "fichier": delivery.path, "sha256": digest, "lignes": loaded.rows}
    note_run(settings, access.conninfo(), "chargement", delivery.table.label, details, since=before)
    print(f"\nPour que ses lignes aillent partout : make build SELECT='{_selection(delivery.table)}'")
    return 0


def withdraw(settings: Settings, options: Mapping[str, str]) -> int:
    """Shows what withdrawing a file would take; with CONFIRMER, takes it, notes it and rebuilds what read it.

    Args:
        options: FICHIER, relative to the landing zone; DEPUIS and JUSQUA, values of the cursor of a source
            that is read incrementally, for a period of it, moments without a zone being local; CONFIRMER.

    Raises:
        PlatformError: nobody knows this file, or the rebuild failed; what was withdrawn stays withdrawn.
    """
    access, manifest = open_project(Session(settings))
    tables = read_declarations(manifest.sources.values(), [])
    with connected(access) as connection:
        ensure_audit(connection)
        delivery = _delivery(connection, settings, options, tables, _placed(connection, tables))
        table = delivery.table
        ensure_table(connection, table)
        bounds = [(options.get(name) or "").strip() for name in ("DEPUIS", "JUSQUA")]
        period = Period(table, *bounds) if any(bounds) else None
        found = Held(period.count(connection), 0) if period else held(connection, table, delivery.path)
        if period:
            print(f"Période : {period.words(connection)}.")
        print(
            f"{delivery.path} :\n"
            f"  {table.schema}.{table.identifier} : {counted(found.rows, 'ligne')}\n"
            f"  rejets : {counted(found.rejects, 'ligne')}\n{_readers(manifest, table)}"
        )
        if delivery.status is not None:
            print("Le fichier reste dans la zone de dépôt ; ce contenu n'en sera plus chargé.")
        lost = "ces lignes ne reviennent que du fichier lui-même, par make accept."
        if table.of_records:
            lost = "ces lignes ne reviennent que de la source elle-même, si elle les a encore."
            print(_returning(manifest, table, period))
        if not confirmed(settings, access, options, lost):
            connection.rollback()
            return 0
        digest = delivery.digest()
        signature = audit.signature(delivery.status) if digest and delivery.status else ""
        before = last_number(connection)
        gone = (
            Held(period.withdraw(connection), 0)
            if period
            else withdraw_file(connection, table, delivery.path, digest, signature)
        )
        details = {
            "decision": "retrait",
            "fichier": delivery.path,
            **({"depuis": bounds[0], "jusqua": bounds[1]} if period else {}),
            "lignes": gone.rows,
            "rejets": gone.rejects,
        }
        head = record(connection, "chargement", table.label, {**details, **span_since(connection, before)})
        connection.commit()
        keep_anchor(settings, connection, head)
    print(f"\nRetirés : {counted(gone.rows, 'ligne')} et {counted(gone.rejects, 'rejet')}.")
    try:
        rebuild(settings, access, manifest, {_unique_id(manifest, table)})
    except PlatformError as error:
        raise PlatformError(
            f"Les lignes sont retirées, mais la reconstruction a échoué.\n{error.message}",
            f"{error.advice} Puis : make build SELECT='{_selection(table)}'",
        ) from error
    return 0


def _delivery(
    connection: psycopg.Connection,
    settings: Settings,
    options: Mapping[str, str],
    tables: list[SourceTable],
    known: list[str],
) -> _Delivery:
    """The file that FICHIER names.

    Raises:
        PlatformError: it names none.
    """
    given = (options.get("FICHIER") or "").strip()
    if not given:
        raise PlatformError(
            "Quel fichier ?", f"Donnez FICHIER=…, relatif à la zone de dépôt. Connus : {_listed(known)}."
        )
    path = given
    for start in (f"{settings.landing}/", f"{settings.landing.name}/", "./"):
        path = path.removeprefix(start)
    found = [table for table in tables if audit.last_entry(connection, table, path)] or [
        table for table in tables if table.match(path) or (table.of_records and table.delivery == path)
    ]
    if len(found) != 1:
        what = "plusieurs tables le lisent" if found else "aucune source ne le lit, et il n'a rien en base"
        raise PlatformError(
            f"{path} : {what}.", f"Donnez son chemin dans la zone. Connus : {_listed(known)}."
        )
    return _Delivery(found[0], path, settings.landing)


def _waiting(connection: psycopg.Connection, tables: list[SourceTable]) -> dict[str, tuple[str, str | None]]:
    """Files that a yes can load: why, in French, and the digest that waits; None for a withdrawn file."""
    found: dict[str, tuple[str, str | None]] = {}
    for table in tables:
        for entry in audit.newest(connection, table):
            if entry.statut == "attente":
                found[entry.fichier] = (entry.message, entry.sha256)
            elif entry.withdrawn:
                held = entry.sha256 if table.of_records else None
                at = f"{entry.recu_le.astimezone(local_zone()):%d/%m/%Y}"
                found[entry.fichier] = (f"Retiré le {at}, et serait chargé à nouveau.", held)
    return found


def _placed(connection: psycopg.Connection, tables: list[SourceTable]) -> list[str]:
    return sorted(entry.fichier for table in tables for entry in audit.placed(connection, table))


def _listed(paths: list[str]) -> str:
    return some(paths, MODELS_SHOWN) or "aucun"


def _readers(manifest: Manifest, table: SourceTable) -> str:
    names = sorted(node.name for node in built_from(manifest, [_unique_id(manifest, table)]))
    return f"Lu par {counted(len(names), 'modèle')} : {_listed(names)}."


def _returning(manifest: Manifest, table: SourceTable, period: Period | None) -> str:
    """What of a system comes back by itself, when, and how it would not."""
    node = manifest.sources[_unique_id(manifest, table)]
    incremental = table.origin is not None and table.origin.incremental
    if period:
        back = "ce qui suit le curseur le plus haut qui reste, moins `look_back`"
    elif incremental:
        back = "toutes, car elle est alors relue entière"
    else:
        back = "toutes, dès que quoi que ce soit y a changé"
    return (
        f"Le système les a encore ({system_named(node.external)}). Reviendront à la prochaine lecture celles "
        f"qu'il donne encore : {back}.\n"
        "Pour qu'elles ne reviennent pas : faites-les y effacer, ou, dans "
        f"{node.file}, ne lisez que le reste (`query`, ou le filtre que les `options` de ce genre "
        "permettent) ou ôtez la table."
    )


def _unique_id(manifest: Manifest, table: SourceTable) -> str:
    return next(
        unique_id
        for unique_id, node in manifest.sources.items()
        if (node.schema, node.relation) == (table.schema, table.identifier)
    )


def _selection(table: SourceTable) -> str:
    return f"source:{table.source}.{table.name}+"
