"""Loads the landing zone, and systems that are sources, into the raw tables: one transaction a delivery."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath

import psycopg
from psycopg import sql

from donnees_au_centre.connectors import UndefinedConnection, connection_named
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import local_zone
from donnees_au_centre.inert import argument, line
from donnees_au_centre.landing import audit, fetching, limits, names, opening, patterns
from donnees_au_centre.landing.bounds import (
    ACCEPTED,
    ADMITTED,
    ERASED,
    WAITS,
    WITHDRAWN,
    Delivery,
    EmptyFile,
    Former,
    Refused,
)
from donnees_au_centre.landing.contents import LOADERS, Outcome, Target
from donnees_au_centre.landing.declaration import SourceTable, Variant
from donnees_au_centre.landing.erased import Erased
from donnees_au_centre.landing.life import (
    delete_rows,
    forget_refused,
    forget_withheld,
    gone_files,
    keep_withheld,
    rename,
    set_aside,
    write_rejects,
)
from donnees_au_centre.landing.received import Withheld
from donnees_au_centre.landing.records import RecordLoad
from donnees_au_centre.landing.rejects import OUT_OF_TABLE, RejectSpool
from donnees_au_centre.landing.report import FileReport, LoadReport, TableReport
from donnees_au_centre.landing.tables import (
    REJECTS_TABLE,
    ensure_audit,
    ensure_table,
    has_rows,
    lock,
    raw_table,
    refresh_statistics,
    rejects_table,
)
from donnees_au_centre.landing.zone import Unfit, Zone
from donnees_au_centre.refusals import advice_of, describe_error

# Codes of refusals that quote the name of a column.
_OF_COLUMNS = ("42701", "42702", "42703", "42803", "42804")


@dataclass(frozen=True)
class _Match:
    """One file of the landing zone and the declaration that reads it; what is wrong at first sight."""

    path: str
    variant: Variant
    captured: dict[str, str]
    problem: PlatformError | None = None

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
    accepted: Mapping[str, Collection[str]] | None = None,
) -> LoadReport:
    """Loads what is new; a file or a system that fails leaves its previous rows and stops no other.

    Args:
        conninfo: libpq connection string; "" means the PG* environment variables.
        landing: root of the landing zone.
        tables: the declarations.
        domains: only these, with their files; None means all.
        progress: receives one short French line a file.
        accepted: files to load past their bounds, these alone, with the digests (SHA-256) said yes to; None
            for an ordinary load.

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
    say = progress or (lambda line: None)
    unfetched = fetching.fetch(landing, chosen, say) if accepted is None else {}
    zone = Zone.read(landing, domains)
    try:
        connection = psycopg.connect(conninfo, autocommit=True, client_encoding="utf8")
    except psycopg.OperationalError as error:
        raise PlatformError(
            f"PostgreSQL est injoignable : {describe_error(error)}",
            "Vérifiez que le serveur tourne, et PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE.",
        ) from error
    with connection:
        load = _Load(connection, landing, say, accepted, unfetched)
        return load.run(chosen, zone)


# Undeclared files that are compared with every declaration.
_COMPARED = 100


@dataclass
class _Load:
    """One run of the loader over one connection."""

    connection: psycopg.Connection
    landing: Path
    progress: Callable[[str], None]
    accepted: Mapping[str, Collection[str]] | None
    # By label of a table, what of it could not be fetched from elsewhere.
    unfetched: Mapping[str, Sequence[PlatformError]]
    twins: dict[str, str] = field(default_factory=dict)
    # Tables with a folder that was not looked into: nobody knows what is gone from there.
    hindered: set[str] = field(default_factory=set)

    def run(self, tables: Sequence[SourceTable], zone: Zone) -> LoadReport:
        report = LoadReport(ignored=zone.locks)
        matches: dict[str, list[_Match]] = {table.label: [] for table in tables}
        every, tables = tables, [table for table in tables if not table.of_records]
        owners: dict[tuple[str, object], list[str]] = {}
        # A folder with the name of a file is no file, and is told so.
        for path in sorted((*zone.paths, *zone.folders), key=self._deposited):
            for table, variant, captured in names.owners(path, tables):
                matches[table.label].append(_Match(path, variant, captured))
                owners.setdefault((path, variant.part), []).append(table.label)
        read = {path for path, _ in owners}
        report.unmatched = [path for path in zone.paths if path not in read]
        report.hints = {
            path: hint for path in report.unmatched[:_COMPARED] if (hint := names.resemblance(path, tables))
        }
        for unfit in zone.unfit:
            self._note_unfit(unfit, tables, matches, report)
        report.unmatched.sort()
        for found in matches.values():
            self.twins |= names.twins([match.path for match in found])
        for path in zone.locks if self.accepted is None else ():
            self.progress(f"{path} : verrou d'un classeur ouvert dans Excel, ignoré.")
        if opening.open_to_all(self.landing):
            self.progress(
                "La zone de dépôt est ouverte en écriture à tout compte de cette machine : rien ne dit qui y "
                "dépose. Que faire : chmod o-w sur elle et ses dossiers."
            )
        with _lost_server(self.connection):
            ensure_audit(self.connection)
        shared = {place: labels for place, labels in owners.items() if len(labels) > 1}
        for table in every:
            report.tables.append(self.load_table(table, matches[table.label], shared, zone))
        return report

    def _note_unfit(
        self,
        unfit: Unfit,
        tables: Sequence[SourceTable],
        matches: Mapping[str, list[_Match]],
        report: LoadReport,
    ) -> None:
        """Makes what is not looked at a failure of the tables that it is for, or an undeclared file."""
        found = [(table, variant) for table, variant, _ in names.owners(unfit.given, tables)]
        for table in tables:
            # A linked folder may be a file's name too.
            below = [
                variant for variant in table.variants if patterns.is_above(unfit.given, variant.location)
            ]
            found += [(table, variant) for variant in below[:1]]
            if below:
                self.hindered.add(table.label)
        for table, variant in found:
            matches[table.label].append(_Match(unfit.path, variant, {}, unfit.problem))
        if not found:
            report.unmatched.append(unfit.path)
            report.hints[unfit.path] = unfit.problem.message

    def _deposited(self, path: str) -> int:
        """When a file was written: of two that one run first meets, the older is received first."""
        status = opening.status(self.landing, path)
        return status.st_mtime_ns if status else 0

    def load_table(
        self,
        table: SourceTable,
        matches: Sequence[_Match],
        shared: dict[tuple[str, object], list[str]],
        zone: Zone,
    ) -> TableReport:
        report = TableReport(table.domain, table.source, table.name)
        report.kind = table.origin.kind if table.origin else ""
        present = {match.path for match in matches}
        if self.accepted is not None:
            matches = [match for match in matches if match.path in self.accepted]
        try:
            with _lost_server(self.connection):
                ensure_table(self.connection, table)
                ever_loaded = has_rows(self.connection, table)
        except (PlatformError, psycopg.Error) as error:
            if self.connection.closed:
                raise
            report.message = _sentence(error)
            report.settle(False)
            self.progress(f"{table.label} : échec. {report.message}")
            return report
        faults: Sequence[Exception] = self.unfetched.get(table.label, [])
        if not ever_loaded:
            faults = self._without_unknown(table, faults)
        if table.of_records:
            present = {table.delivery}
            asked = self.accepted is None or table.delivery in self.accepted
            if asked and (ever_loaded or self._is_known(table)):
                self._add(report, self._load_records(table))
        for group in _groups(table, matches):
            self._load_group(table, group, shared, report, present)
        try:
            with _lost_server(self.connection):
                self._look_for_gone(table, report, present, zone)
                if report.loaded:
                    refresh_statistics(self.connection, table, sum(file.rows for file in report.files))
        except psycopg.Error as error:
            faults = [*faults, error]
        report.files.sort(key=lambda file: file.path)
        if faults:
            report.message = " ".join(map(_sentence, faults))
            self.progress(f"{table.label} : échec. {report.message}")
        report.settle(ever_loaded)
        return report

    def _look_for_gone(
        self, table: SourceTable, report: TableReport, present: Collection[str], zone: Zone
    ) -> None:
        """Says which files left the zone while their rows stay, and forgets those that never had any."""
        if self.accepted is not None or table.label in self.hindered:
            return
        with self.connection.transaction():
            forget_refused(self.connection, table, present)
            gone = gone_files(self.connection, table, present)
        report.gone = [path for path in gone if zone.covers(path)]
        for path in report.gone:
            self.progress(
                f"{path} : n'est plus dans la zone de dépôt, ses lignes restent. "
                "Que faire : remettez-le ; si ses lignes doivent partir, make withdraw "
                f"FICHIER={argument(path)}"
            )

    def _load_group(
        self,
        table: SourceTable,
        group: Sequence[_Match],
        shared: dict[tuple[str, object], list[str]],
        report: TableReport,
        present: Collection[str],
    ) -> None:
        """Loads one extract: its first file, the others being the same in another format."""
        winner, *others = group
        aside: set[str] = set()
        owners = shared.get((winner.path, winner.variant.part))
        loaded = self._load_file(table, winner, owners, aside, present)
        self._add(report, loaded)
        for other in others:
            if loaded.status in audit.REFUSED:
                message = f"En attente : {winner.path}, préféré, n'est pas chargé."
                self._add(report, FileReport(other.path, other.variant.name, "inchange", message))
            elif other.path in aside:
                message = _same_extract(winner.path)
                self._add(report, FileReport(other.path, other.variant.name, "doublon", message))
            else:
                self._add(report, self._guarded(table, other, partial(self._double, table, other, winner)))

    def _add(self, report: TableReport, file: FileReport) -> None:
        report.files.append(file)
        self.progress(file.line())

    def _load_file(
        self,
        table: SourceTable,
        match: _Match,
        owners: list[str] | None,
        aside: set[str],
        present: Collection[str],
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
            if match.problem:
                raise match.problem
            with (
                opening.opened(self.landing, match.path, table.depositors) as file,
                self.connection.transaction(),
            ):
                _check_size(file, match.variant)
                lock(self.connection, table)
                with limits.at_most(limits.seconds_for(file.weight, match.variant.max_seconds)):
                    return _FileLoad(
                        self.connection, table, match, file, report, self.landing, aside, present, accepted
                    ).run()

        report = FileReport(match.path, match.variant.name, "inchange")
        accepted = (self.accepted or {}).get(match.path, ())
        return self._guarded(table, match, load)

    def _is_known(self, table: SourceTable) -> bool:
        """Whether this machine was told of the system of a table; said, when it was not."""
        try:
            if table.origin is not None:
                connection_named(table.origin.connection)
        except UndefinedConnection as fault:
            self._say_never_received(table, fault)
            return False
        except PlatformError:
            # Told when it is read.
            pass
        return True

    def _without_unknown(self, table: SourceTable, faults: Sequence[Exception]) -> list[Exception]:
        """The faults of a table that never had a row, less that of a system that nobody connected."""
        for fault in faults:
            if isinstance(fault, UndefinedConnection):
                self._say_never_received(table, fault)
        return [fault for fault in faults if not isinstance(fault, UndefinedConnection)]

    def _say_never_received(self, table: SourceTable, fault: UndefinedConnection) -> None:
        """Like a file that nobody deposited yet: the table is told as never received, and nothing fails."""
        self.progress(f"{table.label} : jamais reçu. {_sentence(fault)}")

    def _load_records(self, table: SourceTable) -> FileReport:
        """Reads what a system gives as rows."""
        report = FileReport(table.delivery, table.variants[0].name, "inchange")
        accepted = None if self.accepted is None else self.accepted[table.delivery]
        load = RecordLoad(
            self.connection, table, report, accepted, lambda said: self.progress(f"{table.delivery} : {said}")
        )
        return self._guarded(table, _Match(table.delivery, table.variants[0], {}), load.run)

    def _guarded(self, table: SourceTable, match: _Match, work: Callable[[], FileReport]) -> FileReport:
        """Runs the work on one file; a failure becomes a report and an audit row."""
        started = time.monotonic()
        try:
            with _lost_server(self.connection):
                return work()
        except Exception as error:  # whatever one file does to the code, the others are loaded
            if self.connection.closed:
                raise
            refusal = error if isinstance(error, Refused) else None
            withheld = error if isinstance(error, Withheld) else None
            status = refusal.status if refusal else "echec"
            report = FileReport(match.path, match.variant.name, status, _sentence(error))
            if any(isinstance(one, psycopg.errors.DiskFull) for one in (error, error.__cause__)):
                self._give_back(table)
        report.seconds = time.monotonic() - started
        with _lost_server(self.connection):
            report.message += "" if refusal else self._kept(table, match)
            try:
                with self.connection.transaction():
                    self._note_refused(table, match, report, refusal, withheld)
            except psycopg.Error as unnoted:
                if self.connection.closed:
                    raise
                # A server that has no more room keeps none for this; the others are loaded all the same.
                report.message += f" Le journal ne l'a pas noté : {_refusal(unnoted)}"
        return report

    def _give_back(self, table: SourceTable) -> None:
        """Frees the disk of what was written and undone, which would else wait for autovacuum."""
        for name in (raw_table(table), rejects_table(table)):
            with suppress(psycopg.Error):
                self.connection.execute(sql.SQL("vacuum {}").format(name))

    def _kept(self, table: SourceTable, match: _Match) -> str:
        """Which rows of a file that failed are still there, and since when; "" for none."""
        placed = audit.placing_entry(self.connection, table, match.path)
        if placed is None or not placed.loaded or not placed.lignes:
            return ""
        former = Former(match.path, placed.lignes, placed.recu_le, own=True)
        return f" Rien ne change : {former.words()}."

    def _note_refused(
        self,
        table: SourceTable,
        match: _Match,
        report: FileReport,
        refusal: Refused | None,
        withheld: Withheld | None,
    ) -> None:
        status, signature = _signed(self.landing, match.path)
        last = audit.last_entry(self.connection, table, match.path)
        # The same file, refused again: it came when it first did.
        same = table.of_records or (last is not None and last.signature == signature)
        again = same and last is not None and last.statut in audit.REFUSED
        load_id = audit.next_id(self.connection)
        if withheld and self._keep(table, match.path, load_id, withheld):
            report.message += (
                f" Pour l'AG seule, {withheld.what} sont dans raw_{table.domain}.{REJECTS_TABLE}."
            )
        audit.record(
            self.connection,
            table,
            {
                "chargement_id": load_id,
                "fichier": match.path,
                "variante": match.variant.name,
                "statut": report.status,
                "message": report.message,
                "motif": refusal.motif if refusal else None,
                "lignes": refusal.rows if refusal else None,
                "sha256": refusal.digest if refusal else None,
                "recu_le": last.recu_le if last and again else None,
                "octets": status.st_size if status else None,
                "duree_s": round(report.seconds, 3),
                "empreinte": table.fingerprint(match.variant),
                "signature": refusal.figures if refusal and refusal.figures else signature,
            },
        )

    def _keep(self, table: SourceTable, path: str, load_id: int, withheld: Withheld) -> bool:
        """Keeps the words that no message says; a refusal of them never hides the file's own."""
        try:
            with self.connection.transaction():
                return keep_withheld(self.connection, table, path, load_id, withheld)
        except (PlatformError, psycopg.Error):
            if self.connection.closed:
                raise
            return False

    def _double(self, table: SourceTable, match: _Match, winner: _Match) -> FileReport:
        """Records that a file repeats, in another format, the extract that was loaded."""
        message = _same_extract(winner.path)
        report = FileReport(match.path, match.variant.name, "inchange", message)
        with self.connection.transaction():
            lock(self.connection, table)
            _, signature = _signed(self.landing, match.path)
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
            f"PostgreSQL s'est arrêté pendant le chargement : {describe_error(error)}",
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


@dataclass
class _FileLoad:
    """Decides about one file, and loads it, in the transaction in progress.

    `aside` receives the files whose rows it takes out because they are the same extract; `present` has the
    table's files that lie in the landing zone, `accepted` the digests that somebody said yes to.
    """

    connection: psycopg.Connection
    table: SourceTable
    match: _Match
    file: opening.Deposit
    report: FileReport
    landing: Path
    aside: set[str]
    present: Collection[str]
    accepted: Collection[str]
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.started = time.monotonic()
        self.status = self.file.status
        self.signature = audit.signature(self.status)
        self.fingerprint = self.table.fingerprint(self.match.variant)

    def run(self) -> FileReport:
        last = audit.last_entry(self.connection, self.table, self.match.path)
        placed = audit.placing_entry(self.connection, self.table, self.match.path)
        same_receipt = (
            last is not None and last.signature == self.signature and last.statut not in audit.REFUSED
        )
        in_place = placed is not None and self._in_place(placed)
        if in_place and same_receipt:
            return self.report
        digest = hashlib.file_digest(self.file, "sha256").hexdigest()
        if placed is not None and in_place and placed.sha256 == digest:
            self.report.status = "identique"
            self._record(digest, {})
            return self.report
        received = last.recu_le if last is not None and last.signature == self.signature else None
        try:
            self._take(digest, placed, received)
        except Refused as refusal:
            refusal.digest = digest
            raise
        return self.report

    def _take(self, digest: str, placed: audit.Entry | None, received: datetime | None) -> None:
        """Loads a content that is not in place, unless somebody withdrew it."""
        if placed is not None and self._still_withdrawn(placed, digest):
            return
        self.report.status = "remplace" if placed is not None and placed.loaded else "charge"
        old = self._former_name(digest) if self.report.status == "charge" else None
        if old is not None and old.moved(self.signature):
            received = old.recu_le
        self._load(digest, {"recu_le": received}, placed, old)

    def _in_place(self, placed: audit.Entry) -> bool:
        if not placed.loaded or placed.empreinte != self.fingerprint:
            return False
        if placed.lignes == 0:
            return placed.motif in ADMITTED
        return has_rows(self.connection, self.table, self.match.path)

    def _still_withdrawn(self, placed: audit.Entry, digest: str) -> bool:
        """Whether this very content was withdrawn under this name, and nothing came in its place.

        Raises:
            Refused: another content came in its place.
        """
        if digest in self.accepted or (placed.loaded and placed.sha256 == digest):
            return False
        found = audit.withdrawal(self.connection, self.table, digest, self.match.path)
        if found is None:
            return False
        if placed.loaded:
            raise _withdrawn(found.fichier, self.match.path)
        self.report.status = "retire"
        self.report.message = (
            f"Retiré le {found.recu_le.astimezone(local_zone()):%d/%m/%Y}. Que faire : ôtez-le de la zone de "
            f"dépôt ; pour le remettre, make accept FICHIER={argument(self.match.path)}"
        )
        return True

    def _former_name(self, digest: str) -> audit.Entry | None:
        """The file that this new one was; None when it is no renamed one.

        Raises:
            Refused: it is a withdrawn one, renamed.
        """
        placed = audit.placed(self.connection, self.table)
        twins = [entry for entry in placed if entry.sha256 == digest and entry.fichier != self.match.path]
        gone = [entry for entry in twins if entry.fichier not in self.present]
        if gone:
            return gone[0]
        if twins:
            self.notes.append(_copy_of(self.match.path, twins[0].fichier))
        elif digest not in self.accepted:
            found = audit.withdrawal(self.connection, self.table, digest)
            if found is not None:
                raise _withdrawn(found.fichier, self.match.path)
        return None

    def _load(
        self, digest: str, values: dict[str, object], placed: audit.Entry | None, old: audit.Entry | None
    ) -> None:
        load_id = audit.next_id(self.connection)
        name = old.fichier if old is not None else self.match.path
        since = audit.received_since(self.connection, self.table, name, digest, self.signature)
        facts = {
            "source_fichier": self.match.path,
            "source_recu_le": since.isoformat() if since else "",
            "chargement_id": str(load_id),
            **self.match.captured,
        }
        for name, value in facts.items():
            self.connection.execute("select set_config(%s, %s, true)", [f"chargement.{name}", value])
        former = self._former(old or placed)
        delete_rows(self.connection, self.table, self.match.path)
        forget_withheld(self.connection, self.table, self.match.path)
        if old is not None:
            rename(self.connection, self.table, old, self.match.path)
            self.notes.append(f"Renommé : c'était {old.fichier}.")
        self._set_rivals_aside()
        erased = Erased(self.connection, self.table)
        rejects = RejectSpool()
        try:
            outcome = self._copy(rejects)
            accepted = digest in self.accepted or (
                placed is not None and placed.motif == ACCEPTED and placed.sha256 == digest
            )
            motif = self._check(outcome, rejects, former, accepted)
            if digest in self.accepted:
                self.notes.append("Chargé malgré ses bornes : accord donné.")
            left_out = erased.leave_out(load_id)
            written = write_rejects(self.connection, self.table, self.match.path, load_id, rejects, erased)
        finally:
            rejects.close()
        self._check_unchanged()
        outcome.rows -= left_out
        if left_out or written.total() < rejects.count:
            outcome.warnings.append("Des lignes de personnes effacées à leur demande n'ont pas été reprises.")
            motif = motif or ("" if outcome.rows else ERASED)
        rejected = written.total() - written[OUT_OF_TABLE]
        self.report.rows, self.report.rejects = outcome.rows, rejected
        self.report.blank_lines, self.report.out_of_table = outcome.blank_lines, outcome.out_of_table
        self.report.misencoded = outcome.misencoded
        self.report.message = line(" ".join([*self.notes, *outcome.warnings]))
        self.report.columns_added = outcome.columns_added
        added = str(outcome.columns_added or "")
        self._record(
            digest, {"chargement_id": load_id, "colonnes_nouvelles": added, "motif": motif, **values}
        )

    def _former(self, own: audit.Entry | None) -> Former | None:
        """What the delivery is compared with: the file's own rows, else those of the last other file."""
        if own is not None and own.loaded and own.lignes:
            return Former(own.fichier, own.lignes, own.recu_le, own=True)
        others = [
            entry
            for entry in audit.placed(self.connection, self.table)
            if entry.lignes and entry.fichier != self.match.path
        ]
        if not others:
            return None
        newest = max(others, key=lambda entry: (entry.recu_le, entry.fichier))
        return Former(newest.fichier, newest.lignes, newest.recu_le, own=False)

    def _check(self, outcome: Outcome, rejects: RejectSpool, former: Former | None, accepted: bool) -> str:
        refused: Counter[str] = Counter()
        first = 0
        for reject in rejects:
            if reject.motif != OUT_OF_TABLE:
                refused[reject.motif] += 1
                first = first or reject.line
        note = " ".join(outcome.warnings)
        file_format = self.match.variant.file_format
        delivery = Delivery(self.match.path, file_format, outcome.rows, refused, first, note)
        return delivery.check(self.table, former, accepted)

    def _set_rivals_aside(self) -> None:
        """Takes out the same extract in another format, even if that file is gone from the zone."""
        if not self.table.one_format_per_extract:
            return
        for entry in audit.placed(self.connection, self.table):
            path = entry.fichier
            if path != self.match.path and _Match(path, self.match.variant, {}).extract == self.match.extract:
                _, signature = _signed(self.landing, path)
                set_aside(self.connection, self.table, path, _same_extract(self.match.path), signature)
                self.aside.add(path)

    def _copy(self, rejects: RejectSpool) -> Outcome:
        self.file.seek(0)
        if self.status.st_size == 0:
            return Outcome(warnings=["Le fichier est vide (0 octet) : son dépôt s'est-il bien terminé ?"])
        target = Target(self.connection, self.table, self.match.variant)
        try:
            return LOADERS[self.match.variant.file_format](target, self.file, rejects)
        except EmptyFile as error:
            return Outcome(warnings=[f"{error.message} {error.advice}"])
        except psycopg.Error as error:
            if self.connection.closed:
                raise
            raise PlatformError(
                f"PostgreSQL a refusé le fichier{_copy_line(error)} : {_refusal(error)}",
                _advice(error)
                or "Rien de ce fichier n'est chargé. Cherchez l'erreur à cette ligne ; si elle parle de "
                "droits, adressez-vous à l'administrateur du serveur.",
            ) from error

    def _check_unchanged(self) -> None:
        now = os.fstat(self.file.fileno())
        # The times of a change cannot be put back, unlike those of a content.
        if audit.signature(now) != audit.signature(self.status):
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


def _signed(landing: Path, path: str) -> tuple[os.stat_result | None, str]:
    """What the system says of a file, and its signature, "" when nothing is there."""
    status = opening.status(landing, path)
    return status, audit.signature(status) if status else ""


def _same_extract(path: str) -> str:
    return f"Même extraction que {path}, qui est préféré."


def _copy_of(path: str, twin: str) -> str:
    return (
        f"Même contenu que {twin}, toujours dans la zone de dépôt. Que faire : si l'un des deux est de trop, "
        f"ôtez-le de la zone, puis make withdraw FICHIER={argument(twin)} (ou FICHIER={argument(path)})."
    )


def _withdrawn(old: str, path: str) -> Refused:
    return Refused(
        "attente",
        WITHDRAWN,
        f"{WAITS} : même contenu que {old}, qui a été retiré.",
        f"S'il doit revenir sous ce nom, make accept FICHIER={argument(path)} ; sinon, ôtez-le de la zone "
        "de dépôt.",
    )


def _check_size(file: opening.Deposit, variant: Variant) -> None:
    limit = variant.max_size or limits.MAX_SIZE[variant.file_format]
    if file.weight > limit << 20:
        raise PlatformError(
            f"Le fichier pèse {file.weight >> 20} Mio, plus que les {limit} Mio permis (`max_size`).",
            "Demandez d'où il vient ; s'il est vraiment si grand, écrivez une limite plus haute dans "
            "`max_size`.",
        )


def _sentence(error: Exception) -> str:
    """What to say of a failure: one line, in which nothing that was received hides or commands."""
    return line(_said(error))


def _said(error: Exception) -> str:
    if isinstance(error, PlatformError):
        return f"{error.message} Que faire : {error.advice}"
    if isinstance(error, OSError):
        return (
            f"Le fichier ne peut pas être lu ({error.strerror}). "
            "Que faire : vérifiez ses droits et qu'il est toujours là."
        )
    if not isinstance(error, psycopg.Error):
        return (
            f"Le chargeur s'est arrêté sur ce fichier sans savoir le dire ({describe_error(error)}). "
            "Que faire : gardez le fichier, et donnez-le avec ce message à l'équipe de la plateforme."
        )
    advice = _advice(error) or "vérifiez les droits du compte sur les schémas raw_* et plateforme."
    return f"PostgreSQL a refusé : {_refusal(error)} Que faire : {advice}"


def _advice(error: psycopg.Error) -> str:
    """What to do of a server that has no more disk, memory or connections; "" of any other refusal."""
    return advice_of(error.sqlstate) if (error.sqlstate or "").startswith("53") else ""


def _refusal(error: psycopg.Error) -> str:
    """What PostgreSQL refused; of columns, whose names may be received, the code alone."""
    if (error.sqlstate or "") in _OF_COLUMNS:
        return f"une colonne ne convient pas. [SQLSTATE {error.sqlstate}]"
    return describe_error(error)


def _copy_line(error: psycopg.Error) -> str:
    """The place that PostgreSQL gives, as the file's line where the context shows the record."""
    context = error.diag.context or ""
    numbered = re.search(r'line \d+: "(\d+)\W', context)
    if numbered:
        return f", ligne {numbered.group(1)}"
    counted = re.search(r"line (\d+)", context)
    return f", vers son enregistrement n° {counted.group(1)}" if counted else ""
