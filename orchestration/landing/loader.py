"""Loads the landing zone into the raw tables, one transaction a file."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import psycopg
from psycopg import sql

from orchestration.errors import PlatformError
from orchestration.landing import audit, names
from orchestration.landing.contents import LOADERS, Outcome, Target
from orchestration.landing.declaration import SourceTable, Variant
from orchestration.landing.erased import Erased
from orchestration.landing.rejects import OUT_OF_TABLE, RejectSpool
from orchestration.landing.report import FileReport, LoadReport, TableReport
from orchestration.landing.tables import (
    ensure_audit,
    ensure_table,
    is_empty,
    lock,
    raw_table,
    rejects_table,
)


@dataclass(frozen=True)
class _Match:
    """One file of the landing zone and the declaration that reads it."""

    path: str
    variant: Variant
    captured: dict[str, str]

    @property
    def extract(self) -> str:
        """The path without its suffix: one extract may come in several formats."""
        return str(PurePosixPath(self.path).with_suffix(""))


def load_landing(
    conninfo: str,
    landing: Path,
    tables: Sequence[SourceTable],
    domains: Collection[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> LoadReport:
    """Loads what is new in the landing zone; a file that fails leaves its previous rows and stops no other.

    Args:
        conninfo: libpq connection string; "" means the PG* environment variables.
        landing: root of the landing zone.
        tables: the declarations.
        domains: only these, with their files; None means all.
        progress: receives one short French line a file.

    Returns:
        What was done, table by table and file by file.

    Raises:
        PlatformError: no such folder, or PostgreSQL cannot be reached or stopped during the load.
    """
    if not landing.is_dir():
        raise PlatformError(
            f"La zone de dépôt {landing} n'est pas un dossier.",
            "Créez-la, ou indiquez-en une autre par LANDING=….",
        )
    chosen = [table for table in tables if domains is None or table.domain in domains]
    paths, unreadable = _paths(landing, domains)
    try:
        connection = psycopg.connect(conninfo, autocommit=True, client_encoding="utf8")
    except psycopg.OperationalError as error:
        raise PlatformError(
            f"PostgreSQL est injoignable : {_first_line(error)}",
            "Vérifiez que le serveur tourne, et PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE.",
        ) from error
    with connection:
        load = _Load(connection, landing, progress or (lambda line: None))
        return load.run(chosen, paths, unreadable)


def _paths(landing: Path, domains: Collection[str] | None) -> tuple[list[str], list[str]]:
    """Files of the landing zone, hidden ones left out: usable paths, and those whose name is no text."""
    usable: list[str] = []
    unreadable: list[str] = []
    for folder, folders, files in os.walk(landing):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = (Path(folder) / name).relative_to(landing).as_posix()
            if name.startswith(".") or (domains is not None and path.split("/")[0] not in domains):
                continue
            try:
                path.encode("utf-8")
                usable.append(path)
            except UnicodeEncodeError:
                unreadable.append(os.fsencode(path).decode("utf-8", "backslashreplace"))
    return sorted(usable), unreadable


class _Load:
    """One run of the loader over one connection."""

    def __init__(
        self, connection: psycopg.Connection, landing: Path, progress: Callable[[str], None]
    ) -> None:
        self.connection = connection
        self.landing = landing
        self.progress = progress
        self.twins: dict[str, str] = {}

    def run(self, tables: Sequence[SourceTable], paths: list[str], unreadable: list[str]) -> LoadReport:
        report = LoadReport()
        matches: dict[str, list[_Match]] = {table.label: [] for table in tables}
        owners: dict[tuple[str, object], list[str]] = {}
        for path in paths:
            for table, variant, captured in names.owners(path, tables):
                matches[table.label].append(_Match(path, variant, captured))
                owners.setdefault((path, variant.part), []).append(table.label)
        read = {path for path, _ in owners}
        report.unmatched = sorted([*(path for path in paths if path not in read), *unreadable])
        report.hints = {path: hint for path in report.unmatched if (hint := names.resemblance(path, tables))}
        for found in matches.values():
            self.twins |= names.twins([match.path for match in found])
        with _lost_server(self.connection):
            ensure_audit(self.connection)
        shared = {place: labels for place, labels in owners.items() if len(labels) > 1}
        for table in tables:
            report.tables.append(self.load_table(table, matches[table.label], shared))
        return report

    def load_table(
        self, table: SourceTable, matches: Sequence[_Match], shared: dict[tuple[str, object], list[str]]
    ) -> TableReport:
        report = TableReport(table.domain, table.source, table.name)
        try:
            with _lost_server(self.connection):
                ensure_table(self.connection, table)
                ever_loaded = not is_empty(self.connection, table)
        except (PlatformError, psycopg.Error) as error:
            if self.connection.closed:
                raise
            report.message = _sentence(error)
            report.settle(False)
            self.progress(f"{table.label} : échec. {report.message}")
            return report
        for group in _groups(table, matches):
            self._load_group(table, group, shared, report)
        if any(file.status in ("charge", "remplace") for file in report.files):
            # The first models read the table at once, long before autovacuum would look at it.
            with _lost_server(self.connection):
                self.connection.execute(sql.SQL("analyze {}").format(raw_table(table)))
        report.files.sort(key=lambda file: file.path)
        report.settle(ever_loaded)
        return report

    def _load_group(
        self,
        table: SourceTable,
        group: Sequence[_Match],
        shared: dict[tuple[str, object], list[str]],
        report: TableReport,
    ) -> None:
        """Loads one extract: its first file, the others being the same in another format."""
        winner, *others = group
        aside: set[str] = set()
        loaded = self._load_file(table, winner, shared.get((winner.path, winner.variant.part)), aside)
        self._add(report, loaded)
        for other in others:
            if loaded.status == "echec":
                message = f"En attente : {winner.path}, préféré, a échoué."
                self._add(report, FileReport(other.path, other.variant.name, "inchange", message))
            elif other.path in aside:
                message = _same_extract(winner.path)
                self._add(report, FileReport(other.path, other.variant.name, "doublon", message))
            else:
                self._add(report, self._guarded(table, other, lambda o=other: self._double(table, o, winner)))

    def _add(self, report: TableReport, file: FileReport) -> None:
        report.files.append(file)
        self.progress(file.line())

    def _load_file(
        self, table: SourceTable, match: _Match, owners: list[str] | None, aside: set[str]
    ) -> FileReport:
        def load() -> FileReport:
            if owners:
                raise PlatformError(
                    f"Le fichier correspond à plusieurs tables : {', '.join(owners)}.",
                    "Précisez `location` pour qu'une seule table le lise, ou que chacune en lise "
                    "une autre feuille (`sheet`) ou d'autres lignes (`rows`).",
                )
            if match.path in self.twins:
                raise PlatformError(
                    f"Le fichier porte le même nom que {self.twins[match.path]}, à la casse ou à l'écriture "
                    "des accents près : aucun des deux n'est chargé.",
                    "Retirez de la zone de dépôt celui qui est de trop, puis relancez.",
                )
            with (self.landing / match.path).open("rb") as file, self.connection.transaction():
                lock(self.connection, f"{table.schema}.{table.identifier}")
                return _FileLoad(self.connection, table, match, file, report, self.landing, aside).run()

        report = FileReport(match.path, match.variant.name, "inchange")
        return self._guarded(table, match, load)

    def _guarded(self, table: SourceTable, match: _Match, work: Callable[[], FileReport]) -> FileReport:
        """Runs the work on one file; a failure becomes a report and an audit row."""
        started = time.monotonic()
        try:
            with _lost_server(self.connection):
                return work()
        except (PlatformError, psycopg.Error, OSError) as error:
            if self.connection.closed:
                raise
            report = FileReport(match.path, match.variant.name, "echec", _sentence(error))
        report.seconds = time.monotonic() - started
        with _lost_server(self.connection):
            status = _stat(self.landing / match.path)
            audit.record(
                self.connection,
                table,
                {
                    "fichier": match.path,
                    "variante": match.variant.name,
                    "statut": "echec",
                    "message": report.message,
                    "octets": status.st_size if status else None,
                    "duree_s": round(report.seconds, 3),
                    "empreinte": table.fingerprint(match.variant),
                    "signature": audit.signature(status) if status else "",
                },
            )
        return report

    def _double(self, table: SourceTable, match: _Match, winner: _Match) -> FileReport:
        """Records that a file repeats, in another format, the extract that was loaded."""
        message = _same_extract(winner.path)
        report = FileReport(match.path, match.variant.name, "inchange", message)
        with self.connection.transaction():
            lock(self.connection, f"{table.schema}.{table.identifier}")
            signature = audit.signature((self.landing / match.path).stat())
            last = audit.last_entry(self.connection, table, match.path)
            if last and last.statut == "doublon" and last.signature == signature:
                return report
            set_aside(self.connection, table, match.path, message, signature, match.variant.name)
        report.status = "doublon"
        return report


@contextmanager
def _lost_server(connection: psycopg.Connection) -> Iterator[None]:
    """Turns the loss of the server into an error for people."""
    try:
        yield
    except psycopg.Error as error:
        if not connection.closed:
            raise
        raise PlatformError(
            f"PostgreSQL s'est arrêté pendant le chargement : {_first_line(error)}",
            "Relancez la commande : le fichier en cours sera repris, les autres sont déjà en place.",
        ) from error


def _groups(table: SourceTable, matches: Sequence[_Match]) -> Iterator[list[_Match]]:
    """The files of each extract, the preferred one first."""
    if not table.one_format_per_extract:
        yield from ([match] for match in matches)
        return
    extracts: dict[str, list[_Match]] = {}
    for match in matches:
        extracts.setdefault(match.extract, []).append(match)
    for group in extracts.values():
        yield sorted(group, key=lambda match: table.variants.index(match.variant))


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
    audit.record(
        connection,
        table,
        {
            "fichier": path,
            "variante": variant,
            "statut": "doublon",
            "message": message,
            "signature": signature,
        },
    )


def delete_rows(connection: psycopg.Connection, table: SourceTable, path: str) -> None:
    """Deletes the rows and rejects of one file, if the audit knows the file at all."""
    if audit.placing_entry(connection, table, path) is None:
        return
    connection.execute(sql.SQL("delete from {} where source_fichier = %s").format(raw_table(table)), [path])
    connection.execute(
        sql.SQL("delete from {} where source_nom = %s and table_nom = %s and source_fichier = %s").format(
            rejects_table(table)
        ),
        [table.source, table.name, path],
    )


class _FileLoad:
    """Decides about one file, and loads it, in the transaction in progress.

    `aside` receives the files whose rows it takes out because they are the same extract.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        table: SourceTable,
        match: _Match,
        file: BinaryIO,
        report: FileReport,
        landing: Path,
        aside: set[str],
    ) -> None:
        self.landing = landing
        self.aside = aside
        self.connection = connection
        self.table = table
        self.match = match
        self.file = file
        self.report = report
        self.started = time.monotonic()
        self.status = os.fstat(file.fileno())
        self.signature = audit.signature(self.status)
        self.fingerprint = table.fingerprint(match.variant)

    def run(self) -> FileReport:
        last = audit.last_entry(self.connection, self.table, self.match.path)
        placed = audit.placing_entry(self.connection, self.table, self.match.path)
        same_receipt = last is not None and last.signature == self.signature and last.statut != "echec"
        in_place = (
            placed is not None
            and placed.loaded
            and placed.empreinte == self.fingerprint
            and (placed.lignes == 0 or not is_empty(self.connection, self.table))
        )
        if in_place and same_receipt:
            return self.report
        digest = hashlib.file_digest(self.file, "sha256").hexdigest()
        if placed is not None and in_place and placed.sha256 == digest:
            self.report.status = "identique"
            self._record(digest, {})
            return self.report
        self.report.status = "remplace" if placed is not None and placed.loaded else "charge"
        received = last.recu_le if last is not None and same_receipt else None
        self._load(digest, {"recu_le": received})
        return self.report

    def _load(self, digest: str, values: dict[str, object]) -> None:
        load_id = audit.next_id(self.connection)
        facts = {"source_fichier": self.match.path, "chargement_id": str(load_id), **self.match.captured}
        for name, value in facts.items():
            self.connection.execute("select set_config(%s, %s, true)", [f"chargement.{name}", value])
        delete_rows(self.connection, self.table, self.match.path)
        self._set_rivals_aside()
        erased = Erased(self.connection, self.table)
        rejects = RejectSpool()
        try:
            outcome = self._copy(rejects)
            left_out = erased.leave_out(load_id)
            written = self._copy_rejects(load_id, rejects, erased)
        finally:
            rejects.close()
        self._check_unchanged()
        outcome.rows -= left_out
        if left_out or written.total() < rejects.count:
            outcome.warnings.append("Des lignes de personnes effacées à leur demande n'ont pas été reprises.")
        rejected = written.total() - written[OUT_OF_TABLE]
        self.report.rows, self.report.rejects = outcome.rows, rejected
        self.report.blank_lines, self.report.out_of_table = outcome.blank_lines, outcome.out_of_table
        self.report.misencoded = outcome.misencoded
        if outcome.rows == 0 and rejected:
            outcome.warnings.append(
                "Aucune ligne n'a été acceptée : vérifiez `delimiter`, `encoding` et `header`."
            )
        self.report.message = " ".join(outcome.warnings)
        self.report.columns_added = outcome.columns_added
        added = ", ".join(outcome.columns_added)
        self._record(digest, {"chargement_id": load_id, "colonnes_nouvelles": added, **values})

    def _set_rivals_aside(self) -> None:
        """Takes out the same extract in another format, even if that file is gone from the zone."""
        if not self.table.one_format_per_extract:
            return
        for path in audit.loaded_files(self.connection, self.table):
            if path != self.match.path and _Match(path, self.match.variant, {}).extract == self.match.extract:
                status = _stat(self.landing / path)
                signature = audit.signature(status) if status else ""
                set_aside(self.connection, self.table, path, _same_extract(self.match.path), signature)
                self.aside.add(path)

    def _copy(self, rejects: RejectSpool) -> Outcome:
        self.file.seek(0)
        if self.status.st_size == 0:
            raise PlatformError(
                "Le fichier est vide (0 octet).",
                "Vérifiez que le dépôt s'est bien terminé, ou demandez un nouveau fichier.",
            )
        target = Target(self.connection, self.table, self.match.variant)
        try:
            return LOADERS[self.match.variant.file_format](target, self.file, rejects)
        except psycopg.Error as error:
            if self.connection.closed:
                raise
            raise PlatformError(
                f"PostgreSQL a refusé le fichier{_copy_line(error)} : {_first_line(error)}",
                "Rien de ce fichier n'est chargé. Cherchez l'erreur à cette ligne ; si elle parle de place "
                "ou de droits, adressez-vous à l'administrateur du serveur.",
            ) from error

    def _copy_rejects(self, load_id: int, rejects: RejectSpool, erased: Erased) -> Counter[str]:
        """Writes what is no row; returns how many by motif."""
        written: Counter[str] = Counter()
        if not rejects.count:
            return written
        statement = sql.SQL(
            "copy {} (chargement_id, source_nom, table_nom, source_fichier, source_ligne, position_octet, "
            "motif, detail, texte, octets) from stdin"
        ).format(rejects_table(self.table))
        origin = (load_id, self.table.source, self.table.name, self.match.path)
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for reject in rejects:
                if not erased.concerns(reject):
                    copy.write_row((*origin, *reject))
                    written[reject.motif] += 1
        return written

    def _check_unchanged(self) -> None:
        now = os.fstat(self.file.fileno())
        if (now.st_mtime_ns, now.st_size) != (self.status.st_mtime_ns, self.status.st_size):
            raise PlatformError(
                "Le fichier a changé pendant sa lecture : son dépôt n'était sans doute pas fini.",
                "Attendez la fin du dépôt, puis relancez le chargement.",
            )

    def _record(self, digest: str, values: dict[str, object]) -> None:
        self.report.seconds = time.monotonic() - self.started
        audit.record(
            self.connection,
            self.table,
            {
                "fichier": self.match.path,
                "variante": self.match.variant.name,
                "statut": self.report.status,
                "message": self.report.message,
                "octets": self.status.st_size,
                "sha256": digest,
                "lignes": self.report.rows,
                "rejets": self.report.rejects,
                "lignes_vides": self.report.blank_lines,
                "hors_tableau": self.report.out_of_table,
                "mal_encodees": self.report.misencoded,
                "duree_s": round(self.report.seconds, 3),
                "empreinte": self.fingerprint,
                "signature": self.signature,
                **values,
            },
        )


def _same_extract(path: str) -> str:
    return f"Même extraction que {path}, qui est préféré."


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _sentence(error: Exception) -> str:
    if isinstance(error, PlatformError):
        return f"{error.message} Que faire : {error.advice}"
    if isinstance(error, OSError):
        return (
            f"Le fichier ne peut pas être lu ({error.strerror}). "
            "Que faire : vérifiez ses droits et qu'il est toujours là."
        )
    return (
        f"PostgreSQL a refusé : {_first_line(error)} "
        "Que faire : vérifiez les droits du compte sur les schémas raw_* et plateforme."
    )


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0]


def _copy_line(error: psycopg.Error) -> str:
    """The place that PostgreSQL gives, as the file's line where the context shows the record."""
    context = error.diag.context or ""
    numbered = re.search(r'line \d+: "(\d+)\W', context)
    if numbered:
        return f", ligne {numbered.group(1)}"
    counted = re.search(r"line (\d+)", context)
    return f", vers son enregistrement n° {counted.group(1)}" if counted else ""
