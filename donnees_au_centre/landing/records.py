"""Loads what a system gives as rows: a table, a query, an API; in one transaction, like a file.

All that a source table brings is one delivery, `SourceTable.delivery` in place of a file's path. Read whole,
it takes the place of the one before, unless it is the same. Read from where the last reading ended, its rows
take the place of those with the same key, and the others stay.
"""

from __future__ import annotations

import hashlib
import json
import marshal
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from psycopg import sql

from donnees_au_centre.connectors import (
    Batch,
    Column,
    Incremental,
    PassingFault,
    RecordSource,
    Unreadable,
    kinds,
    reader_of,
    retried,
    unexpected,
)
from donnees_au_centre.connectors.retrying import PAUSES
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted, local_zone
from donnees_au_centre.inert import argument, line
from donnees_au_centre.landing import audit
from donnees_au_centre.landing.bounds import ACCEPTED, ERASED, RETYPED, WAITS, Delivery, Former, Refused
from donnees_au_centre.landing.contents import Outcome, Target
from donnees_au_centre.landing.declaration import RECORDS, Origin, SourceTable
from donnees_au_centre.landing.encodings import Encoding
from donnees_au_centre.landing.erased import Erased
from donnees_au_centre.landing.identifiers import to_identifiers
from donnees_au_centre.landing.life import delete_rows, forget_withheld, set_aside, write_rejects
from donnees_au_centre.landing.limits import at_most, tick
from donnees_au_centre.landing.misread import Misread, is_misread
from donnees_au_centre.landing.rejects import Reject, RejectSpool
from donnees_au_centre.landing.report import FileReport
from donnees_au_centre.landing.tables import has_rows, lock, raw_table, rejects_table

# Reading a source may take so many seconds where it declares no other.
SECONDS = 3 * 3600
# Set, every source is read whole, incremental ones too.
ALL = "TOUT"
# How a moment ends that has its zone; what has no time has none.
_ZONED = r":\d\d(\.\d+)? ?([Zz]|[+-]\d\d(:?\d\d)?)$"
# Beyond all others: from there on nothing new would ever be seen.
_ENDLESS = r"^\s*([+-]?(infinity|inf)|nan)\s*$"
# COPY's lines are UTF-8, its cells between tabs.
_MISREAD = Misread(Encoding.named("utf-8"), b"\t")
# Digits of a second that PostgreSQL rounds: to begin a moment earlier loses none.
_FINER = r"\.\d{7}"
_WHOLE = "ou ôtez `incremental` : la source sera lue entière."


@dataclass(frozen=True)
class Figures:
    """What a yes to a reading is about: whoever said it takes the next reading too, if it is no worse.

    Attributes:
        rows: that it would bring.
        refused: records that are no rows.
        columns: the declared ones that it has, with their types; "" where the source has none.
    """

    rows: int
    refused: int
    columns: Mapping[str, str]

    @staticmethod
    def of(entry: audit.Entry) -> Figures | None:
        """Those of a reading that waits, as the audit has them; None when it has none."""
        try:
            said = json.loads(entry.signature)
            return Figures(entry.lignes, said["refusees"], said["colonnes"])
        except (ValueError, KeyError, TypeError):
            return None

    def written(self) -> str:
        """For the audit, that has the rows already."""
        return json.dumps({"refusees": self.refused, "colonnes": self.columns}, ensure_ascii=False)

    def words(self) -> str:
        """What the next reading must give, in French: « 2 lignes au moins, … »."""
        most = f", {counted(self.refused, 'ligne illisible', 'lignes illisibles')} au plus"
        return (
            f"{counted(self.rows, 'ligne')} au moins{most if self.refused else ''}, les mêmes colonnes et "
            "les mêmes types"
        )

    def worse(self, accepted: Figures) -> list[str]:
        """In what it is worse than those that were accepted, in French."""
        found = []
        if self.rows < accepted.rows:
            found.append(f"{counted(self.rows, 'ligne')} au lieu de {accepted.rows}")
        if self.refused > accepted.refused:
            said = counted(self.refused, "ligne illisible", "lignes illisibles")
            found.append(f"{said} au lieu de {accepted.refused}")
        for name, kind in accepted.columns.items():
            if name not in self.columns:
                found.append(f"sans la colonne {name}")
            elif _bare(self.columns[name]) != _bare(kind):
                found.append(f"{name} : {kind} -> {self.columns[name]}")
        return found


class _Unchanged(Exception):
    """What was read is not taken: it is in place, or was withdrawn; what was written of it is undone."""

    def __init__(self, status: str, digest: str, message: str = "") -> None:
        super().__init__(status)
        self.status, self.digest, self.message = status, digest, message


def open_source(table: SourceTable, environ: Mapping[str, str] = os.environ) -> RecordSource:
    """The reader of a source table that a system fills; nothing is asked of the system yet.

    Raises:
        PlatformError: its connection is not given here, or is none of its kind.
    """
    origin = _origin(table)
    source = reader_of(origin.kind, origin.connection, origin.location, origin.options, environ)
    assert isinstance(source, RecordSource)
    return source


def _origin(table: SourceTable) -> Origin:
    assert table.origin is not None
    return table.origin


@dataclass
class RecordLoad:
    """Reads one source and writes its rows.

    Attributes:
        connection: to the warehouse, not in a transaction.
        table: whose rows.
        report: what is told of it.
        accepted: digests of what somebody said yes to: this very content, or what is no worse; None when
            nobody was asked.
        say: told each fault that is tried again, in French.
        environ: where connections are.
    """

    connection: psycopg.Connection
    table: SourceTable
    report: FileReport
    accepted: Collection[str] | None = None
    say: Callable[[str], None] | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def __post_init__(self) -> None:
        """Nothing is read yet."""
        self.variant = self.table.variants[0]
        self.incremental = _origin(self.table).incremental
        self.started = time.monotonic()

    def run(self) -> FileReport:
        """Does it.

        Raises:
            Refused: it can be read, and must not be taken, at least not without a yes.
            PlatformError: it cannot be read, or not be taken; the rows in place stay.
        """
        source = open_source(self.table, self.environ)
        seconds = self.variant.max_seconds or SECONDS
        with at_most(seconds, of_system=True) as source.deadline, source.connection.discreet():
            try:
                retried(lambda: self._attempt(source), PAUSES, self.say)
            except PassingFault:
                # The system may have been stopped in time: that is then what there is to say.
                tick()
                raise
            except (PlatformError, psycopg.Error):
                raise
            except Exception as error:
                # What a library says may quote a cell too.
                raise unexpected(source.connection, error) from None
        return self.report

    def _attempt(self, source: RecordSource) -> None:
        # What the system itself stopped in time was asked again: no longer.
        tick()
        outcome = Outcome()
        # As far as is known before: another load may end until the table is locked.
        source.incremental = self._as_received()
        before, source.since = self._start()
        with source.open():
            described = source.columns()
            words = [column.name for column in described]
            target = Target(self.connection, self.table, self.variant)
            with self.connection.transaction():
                # Not in the transaction that reads: readers would wait for a new column all that time. Rows
                # show the columns of an API: without any, none can be said to be missing.
                names = target.columns_for(to_identifiers(words), words, outcome) if words else []
            if self.incremental is not None and names:
                named = dict(zip(names, words, strict=True))
                source.incremental = replace(
                    self.incremental,
                    cursor=named[self.incremental.cursor],
                    key=tuple(named[name] for name in self.incremental.key),
                )
            with self.connection.transaction():
                lock(self.connection, self.table)
                placed, since = self._start()
                if placed != before:
                    raise PassingFault(
                        "Un autre chargement de la source vient de finir ; celui-ci avait commencé avant.",
                        "Rien à faire : il recommence.",
                    )
                reading = _Reading(described, names, since, placed, outcome)
                try:
                    with self.connection.transaction():
                        self._load(source, target, reading)
                except _Unchanged as found:
                    self.report.status, self.report.message = found.status, found.message
                    last = audit.last_entry(self.connection, self.table, self.report.path)
                    refused = last is not None and last.statut in audit.REFUSED
                    if found.status == "identique" and placed is not None and refused:
                        # What failed or waited is over.
                        self._record(found.digest, {"lignes": placed.lignes, "signature": placed.signature})
                    elif found.status == "identique":
                        # Like a file that nobody put there again: what is made of it stays as it is.
                        self.report.status = "inchange"

    def _as_received(self) -> Incremental | None:
        """How it is read, with the names that the source most likely writes: it has not described itself."""
        if self.incremental is None:
            return None
        received = {declared: name for name, declared in self.variant.renames.items()}
        cursor, *key = (received.get(name, name) for name in (self.incremental.cursor, *self.incremental.key))
        return replace(self.incremental, cursor=cursor, key=tuple(key))

    def _start(self) -> tuple[audit.Entry | None, str | None]:
        """What put the rows in place, and from which cursor on to read; None for nothing, and for all."""
        placed = audit.placing_entry(self.connection, self.table, self.report.path)
        placed = placed if placed is not None and placed.loaded else None
        return placed, self._since() if placed is not None and self._in_place(placed) else None

    def _in_place(self, placed: audit.Entry) -> bool:
        return placed.empreinte == self.table.fingerprint(self.variant) and (
            placed.lignes == 0 or has_rows(self.connection, self.table, self.report.path)
        )

    def _since(self) -> str | None:
        """From which cursor on to read: the highest that is in place, less the look-back; None for all."""
        if self.incremental is None or os.environ.get(ALL, "") not in ("", "0"):
            return None
        column = sql.Identifier(self.incremental.cursor)
        back = sql.Literal(self.incremental.look_back or "0")
        mine = sql.SQL("{} where source_fichier = {} and {} !~* {}").format(
            raw_table(self.table), sql.Literal(self.report.path), column, sql.Literal(_ENDLESS)
        )
        if self.incremental.type == "text":
            query = sql.SQL('select max({} collate "C") from {} where source_fichier = {}').format(
                column, raw_table(self.table), sql.Literal(self.report.path)
            )
        elif self.incremental.type == "number":
            query = sql.SQL("select (max({}::numeric) - {}::numeric)::text from {}").format(
                column, back, mine
            )
        else:
            query = sql.SQL(
                "select case when count(*) = 0 then null "
                "when bool_and(zoned) then (max(c::timestamptz) - {back}::interval - max(fin))::text "
                "when not bool_or(zoned) then (max(c::timestamp) - {back}::interval - max(fin))::text "
                "else '' end "
                "from (select {column} as c, {column} ~ {zone} as zoned, "
                "case when {column} ~ {finer} then interval '1 microsecond' else '0' end as fin "
                "from {mine}) as lues"
            ).format(
                back=back,
                column=column,
                zone=sql.Literal(_ZONED),
                finer=sql.Literal(_FINER),
                mine=mine,
            )
        try:
            with self.connection.transaction():
                self.connection.execute("set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'")
                found = self.connection.execute(query).fetchone()
        except psycopg.errors.DataError as error:
            raise PlatformError(
                f"Des valeurs de « {self.incremental.cursor} », le curseur, ne se lisent pas comme "
                f"`type: {self.incremental.type}`.",
                f"Corrigez `incremental` : un autre type, une autre colonne ; {_WHOLE}",
            ) from error
        if found and found[0] == "":
            raise PlatformError(
                f"Des valeurs de « {self.incremental.cursor} », le curseur, ont un fuseau et d'autres non : "
                "rien ne dit lesquelles viennent après les autres.",
                f"Prenez une autre colonne, {_WHOLE}",
            )
        return found[0] if found else None

    def _load(self, source: RecordSource, target: Target, reading: _Reading) -> None:
        """Reads, then puts what was read in the place of what it replaces, if it may be taken."""
        load_id = audit.next_id(self.connection)
        facts = {"source_fichier": self.report.path, "source_recu_le": "", "chargement_id": str(load_id)}
        for fact, value in facts.items():
            self.connection.execute("select set_config(%s, %s, true)", [f"chargement.{fact}", value])
        if reading.since is not None:
            reading.before = self._last_line()
        # Refuses now, and not after all the time that reading takes, when their key is missing.
        Erased(self.connection, self.table)
        announced = source.announced() if reading.since is None else None
        rejects = RejectSpool()
        batches = source.batches(reading.described, reading.since)
        try:
            digest = self._copy(target, reading, batches, rejects)
            outcome = reading.outcome
            _check_announced(announced, outcome.rows + rejects.count)
            if reading.since is None:
                self._check_new(digest, reading)
            motif = self._check(digest, reading, rejects)
            # Asked anew: somebody may have been erased in all the time that reading takes.
            erased = Erased(self.connection, self.table)
            left_out = erased.leave_out(load_id)
            self._check_filled(load_id)
            written = write_rejects(
                self.connection, self.table, self.report.path, load_id, rejects, erased
            ).total()
            kept_away = left_out or written < rejects.count
            if reading.since is not None:
                outcome.rows -= self._leave_as_they_were(load_id, reading.names)
                written -= self._leave_rejects(load_id)
                if outcome.rows == left_out and not written:
                    raise _Unchanged("identique", digest)
                if reading.before:
                    self._number_on(load_id, reading.before)
            self._replace(load_id, reading.since)
        finally:
            rejects.close()
            if isinstance(batches, Generator):
                # Stopped in the midst of its rows, the system is told so before its connection ends.
                batches.close()
        outcome.rows -= left_out
        if kept_away:
            outcome.warnings.append("Des lignes de personnes effacées à leur demande n'ont pas été reprises.")
            motif = motif or ("" if outcome.rows else ERASED)
        if reading.since is not None:
            outcome.warnings.append(f"Lu à partir de {reading.since}.")
        self.report.status = "charge" if reading.placed is None else "remplace"
        self.report.rows, self.report.rejects = outcome.rows, written
        self.report.misencoded = outcome.misencoded
        self.report.columns_added = outcome.columns_added
        self.report.message = line(" ".join(outcome.warnings))
        rows, refused = (outcome.rows, written) if reading.since is None else self._held()
        self._record(
            digest,
            {
                "chargement_id": load_id,
                "colonnes_nouvelles": str(outcome.columns_added or ""),
                "motif": motif,
                "lignes": rows,
                "rejets": refused,
                "signature": reading.types(self.table),
            },
        )

    def _copy(self, target: Target, reading: _Reading, batches: Iterator[Batch], rejects: RejectSpool) -> str:
        """Writes the rows; returns the digest (SHA-256) of what the source gave."""
        digest = hashlib.sha256(json.dumps(reading.names).encode())
        count = misread = 0
        with target.copying(reading.names) as copy:
            for batch in batches:
                tick()
                if batch.copied:
                    digest.update(batch.copied)
                    copy.write(batch.copied)
                    # Within a row COPY writes it as two characters.
                    count += batch.copied.count(b"\n")
                    misread += _MISREAD.cells(batch.copied)[0]
                    continue
                bad: dict[int, list[Unreadable]] = {}
                for one in batch.unreadable:
                    bad.setdefault(one.before, []).append(one)
                for place in range(len(batch.rows) + 1):
                    for one in bad.get(place, ()):
                        count += 1
                        rejects.add(_reject(one, reading.before + count))
                    if place < len(batch.rows):
                        row = batch.rows[place]
                        count += 1
                        copy.write_row((count, *row))
                        misread += sum(cell is not None and is_misread(cell) for cell in row)
                # Of the same texts the same bytes, however they came to be: version 2 shares none.
                digest.update(marshal.dumps([tuple(row) for row in batch.rows], 2))
                digest.update(b"".join(one.raw for one in batch.unreadable))
        reading.outcome.rows, reading.outcome.misencoded = count - rejects.count, misread
        return digest.hexdigest()

    def _check_new(self, digest: str, reading: _Reading) -> None:
        """Goes no further with what is in place already, or was withdrawn."""
        placed = reading.placed
        if placed is not None and placed.sha256 == digest and self._in_place(placed):
            raise _Unchanged("identique", digest)
        if digest in (self.accepted or ()) or placed is not None:
            return
        found = audit.withdrawal(self.connection, self.table, digest, self.report.path)
        if found is not None:
            raise _Unchanged(
                "retire",
                digest,
                f"Retiré le {found.recu_le.astimezone(local_zone()):%d/%m/%Y}, et la source donne encore la "
                f"même chose. Que faire : pour le remettre, make accept FICHIER={argument(self.report.path)}",
            )

    def _check(self, digest: str, reading: _Reading, rejects: RejectSpool) -> str:
        """Decides whether what was read may be taken; returns the motif for the audit."""
        placed = reading.placed
        refused = Counter(reject.motif for reject in rejects)
        first = next((reject.line for reject in rejects), 0)
        rows = reading.outcome.rows
        figures = Figures(rows, rejects.count, reading.declared(self.table))
        accepted = self._is_accepted(digest, figures)
        accepted = accepted or (placed is not None and placed.motif == ACCEPTED and placed.sha256 == digest)
        former = None
        # What came since the last time is seldom as much as all.
        if placed is not None and placed.lignes and reading.since is None:
            former = Former(self.report.path, placed.lignes, placed.recu_le, own=True)
        try:
            if not accepted and placed is not None:
                _check_types(self.report.path, placed, reading.types(self.table), rows)
            if reading.since is not None and not refused:
                return ""
            note = " ".join(reading.outcome.warnings)
            return Delivery(self.report.path, RECORDS, rows, refused, first, note).check(
                self.table, former, accepted
            )
        except Refused as refusal:
            refusal.digest, refusal.figures = digest, figures.written()
            raise

    def _is_accepted(self, digest: str, figures: Figures) -> bool:
        """Whether somebody said yes to what was read: to this very content, or to what is no worse.

        Raises:
            PlatformError: it is worse than what was said yes to.
        """
        if self.accepted is None or digest in self.accepted:
            return self.accepted is not None
        waited = audit.last_entry(self.connection, self.table, self.report.path)
        if waited is None or waited.statut != "attente":
            # What was withdrawn, and has changed since: it is examined as any other.
            return False
        said = Figures.of(waited) if waited.sha256 in self.accepted else None
        worse = figures.worse(said) if said is not None else ["un autre chargement l'a lue entre-temps"]
        if worse:
            raise PlatformError(
                f"La source ne donne plus ce qui a été accepté : {line(', '.join(worse))}.",
                "Lancez make load : ce qu'elle donne maintenant est examiné à son tour.",
            )
        return True

    def _check_filled(self, load_id: int) -> None:
        """Refuses rows that the next readings would miss, or have twice."""
        if self.incremental is None:
            return
        for column, why in (
            *((name, "la clé : relues, elles seraient en double") for name in self.incremental.key),
            (self.incremental.cursor, "le curseur : ce qui y changera ne serait jamais relu"),
        ):
            query = sql.SQL("select count(*) from {} where chargement_id = {} and {} is null").format(
                raw_table(self.table), sql.Literal(load_id), sql.Identifier(column)
            )
            found = self.connection.execute(query).fetchone()
            if found and found[0]:
                raise PlatformError(
                    f"{counted(found[0], 'ligne')} sans valeur dans « {column} », {why}.",
                    f"Prenez une colonne toujours remplie, {_WHOLE}",
                )
        key = sql.SQL(", ").join(map(sql.Identifier, self.incremental.key))
        query = sql.SQL(
            "select count(*) from (select from {} where chargement_id = {} group by {} having count(*) > 1) "
            "as repetees"
        ).format(raw_table(self.table), sql.Literal(load_id), key)
        found = self.connection.execute(query).fetchone()
        if found and found[0]:
            raise PlatformError(
                f"{counted(found[0], 'valeur')} de la clé ({', '.join(self.incremental.key)}) reviennent sur "
                "plusieurs lignes : relue, l'une effacerait les autres.",
                "Complétez `key` par les colonnes qui disent de quelle ligne il s'agit ; si elle est juste, "
                f"la source a changé pendant sa lecture : relancez le chargement ; {_WHOLE}",
            )

    def _leave_as_they_were(self, load_id: int, names: Sequence[str]) -> int:
        """Deletes what was read again and has not changed: the rows in place stay, and what they made."""
        assert self.incremental is not None
        if not names:
            return 0
        return self.connection.execute(
            sql.SQL(
                "delete from {raw} as relues using {raw} as avant where relues.chargement_id = {id} "
                "and relues.source_fichier = {mine} and avant.source_fichier = {mine} "
                "and avant.chargement_id <> {id} and {key} and ({avant}) is not distinct from ({relues})"
            ).format(
                raw=raw_table(self.table),
                id=sql.Literal(load_id),
                mine=sql.Literal(self.report.path),
                key=_same(self.incremental.key),
                avant=sql.SQL(", ").join(sql.Identifier("avant", name) for name in names),
                relues=sql.SQL(", ").join(sql.Identifier("relues", name) for name in names),
            )
        ).rowcount

    def _leave_rejects(self, load_id: int) -> int:
        """Deletes the unreadable records that were read again, and are there already; returns how many."""
        return self.connection.execute(
            sql.SQL(
                "delete from {rejects} as relus using {rejects} as avant where relus.chargement_id = {id} "
                "and avant.chargement_id <> {id} and relus.octets = avant.octets "
                "and (relus.source_nom, relus.table_nom, relus.source_fichier) = ({source}, {table}, {mine}) "
                "and (avant.source_nom, avant.table_nom, avant.source_fichier) = ({source}, {table}, {mine})"
            ).format(
                rejects=rejects_table(self.table),
                id=sql.Literal(load_id),
                source=sql.Literal(self.table.source),
                table=sql.Literal(self.table.name),
                mine=sql.Literal(self.report.path),
            )
        ).rowcount

    def _last_line(self) -> int:
        """The highest number of a line in place: with its file, it says which row is which everywhere."""
        query = sql.SQL("select coalesce(max(source_ligne), 0) from {} where source_fichier = {}").format(
            raw_table(self.table), sql.Literal(self.report.path)
        )
        found = self.connection.execute(query).fetchone()
        return int(found[0]) if found else 0

    def _number_on(self, load_id: int, before: int) -> None:
        """Numbers the lines of a reading, counted from 1, after those in place."""
        self.connection.execute(
            sql.SQL("update {} set source_ligne = source_ligne + {} where chargement_id = {}").format(
                raw_table(self.table), sql.Literal(before), sql.Literal(load_id)
            )
        )

    def _replace(self, load_id: int, since: str | None) -> None:
        """Takes out the rows that those just written replace."""
        forget_withheld(self.connection, self.table, self.report.path)
        if since is None or self.incremental is None:
            self._set_former_kinds_aside()
            delete_rows(self.connection, self.table, self.report.path, keep=load_id)
            return
        self.connection.execute(
            sql.SQL(
                "delete from {raw} as avant using {raw} as relues where relues.chargement_id = {id} "
                "and relues.source_fichier = {mine} and avant.source_fichier = {mine} "
                "and avant.chargement_id <> {id} and {same}"
            ).format(
                raw=raw_table(self.table),
                id=sql.Literal(load_id),
                mine=sql.Literal(self.report.path),
                same=_same(self.incremental.key),
            )
        )

    def _set_former_kinds_aside(self) -> None:
        """Takes out what the table had from a system of another kind: its rows would be there twice."""
        own = self.report.path.removesuffix(_origin(self.table).kind)
        others = {f"{own}{kind}" for kind in kinds()} - {self.report.path}
        for entry in audit.placed(self.connection, self.table):
            if entry.fichier in others:
                message = f"La source a changé de genre : c'est maintenant {self.report.path}."
                set_aside(self.connection, self.table, entry.fichier, message)

    def _held(self) -> tuple[int, int]:
        """Rows and rejects of the delivery, those of earlier readings too."""
        rows, rejects = (
            self.connection.execute(
                sql.SQL("select count(*) from {} where source_fichier = %s and {}").format(place, mine),
                [self.report.path],
            ).fetchone()
            for place, mine in (
                (raw_table(self.table), sql.SQL("true")),
                (rejects_table(self.table), sql.SQL("table_nom = {}").format(self.table.name)),
            )
        )
        return rows[0] if rows else 0, rejects[0] if rejects else 0

    def _record(self, digest: str, values: dict[str, object]) -> None:
        self.report.seconds = time.monotonic() - self.started
        audit.record(
            self.connection,
            self.table,
            {
                "fichier": self.report.path,
                "variante": self.variant.name,
                "statut": self.report.status,
                "message": self.report.message,
                "sha256": digest,
                "mal_encodees": self.report.misencoded,
                "duree_s": round(self.report.seconds, 3),
                "empreinte": self.table.fingerprint(self.variant),
                **values,
            },
        )


@dataclass(frozen=True)
class Period:
    """Rows of an incremental source, by its cursor.

    Attributes:
        table: the source.
        first, last: as the source writes them, both within; "" for no bound. A moment without a zone is one
            of the administration, here and in the rows.
    """

    table: SourceTable
    first: str
    last: str

    def count(self, connection: psycopg.Connection) -> int:
        """How many rows are in place.

        Raises:
            PlatformError: the source has no cursor, or a bound is none of its values.
        """
        query = sql.SQL("select count(*) from {} where {}").format(raw_table(self.table), self._within())
        return int(self._asked(connection, query))

    def words(self, connection: psycopg.Connection) -> str:
        """The period in French, with the zone of its moments.

        Raises:
            PlatformError: as `count`.
        """
        incremental = self._incremental()
        said = []
        for bound, word in ((self.first, "depuis"), (self.last, "jusqu'à")):
            if bound and incremental.type == "time":
                moment = sql.SQL("to_char({} at time zone {}, 'DD/MM/YYYY HH24:MI:SS')").format(
                    self._value(sql.Literal(bound)), sql.Literal(local_zone().key)
                )
                bound = self._asked(connection, sql.SQL("select {}").format(moment))
            if bound:
                said.append(f"{word} {line(str(bound))}")
        zone = f" compris (fuseau {local_zone().key})" if incremental.type == "time" else " compris"
        return " ".join(said) + zone

    def _asked(self, connection: psycopg.Connection, query: sql.Composed) -> Any:
        try:
            with connection.transaction():
                found = connection.execute(query).fetchone()
        except psycopg.errors.DataError as error:
            raise PlatformError(
                "La période ne se lit pas comme les valeurs du curseur.",
                "Écrivez DEPUIS et JUSQUA comme elles : 2026-01-31, ou 2026-01-31 12:00, ou un nombre.",
            ) from error
        return found[0] if found else 0

    def _incremental(self) -> Incremental:
        incremental = self.table.origin.incremental if self.table.origin else None
        if incremental is None:
            raise PlatformError(
                f"{self.table.label} n'est pas lue de façon incrémentale : elle n'a pas de période.",
                "Retirez la livraison entière : make withdraw FICHIER=… sans DEPUIS ni JUSQUA.",
            )
        return incremental

    def _value(self, text: sql.Composable) -> sql.Composable:
        """A text as a value of the cursor, in SQL."""
        kind = self._incremental().type
        if kind != "time":
            return sql.SQL("{}::{}").format(text, sql.SQL({"number": "numeric", "text": "text"}[kind]))
        return sql.SQL(
            "case when {text} ~ {zoned} then {text}::timestamptz "
            "else {text}::timestamp at time zone {local} end"
        ).format(text=text, zoned=sql.Literal(_ZONED), local=sql.Literal(local_zone().key))

    def withdraw(self, connection: psycopg.Connection) -> int:
        """Takes the rows out, and notes what is left; in a transaction.

        Returns:
            How many there were.
        """
        lock(connection, self.table)
        path = self.table.delivery
        placed = audit.placing_entry(connection, self.table, path)
        query = sql.SQL("delete from {} where {}").format(raw_table(self.table), self._within())
        gone = connection.execute(query).rowcount
        if placed is not None and placed.loaded:
            audit.record(
                connection,
                self.table,
                {
                    "fichier": path,
                    "variante": self.table.variants[0].name,
                    "statut": "remplace",
                    "message": f"Retirées par make withdraw : {counted(gone, 'ligne')}.",
                    "lignes": placed.lignes - gone,
                    "motif": ACCEPTED if placed.lignes == gone else placed.motif,
                    "empreinte": placed.empreinte,
                    "signature": placed.signature,
                    "recu_le": placed.recu_le,
                },
            )
        return gone

    def _within(self) -> sql.Composable:
        value = self._value(sql.Identifier(self._incremental().cursor))
        within = [sql.SQL("source_fichier = {}").format(self.table.delivery)]
        for bound, sign in ((self.first, ">="), (self.last, "<=")):
            if bound:
                limit = self._value(sql.Literal(bound))
                within.append(sql.SQL("{} {} {}").format(value, sql.SQL(sign), limit))
        return sql.SQL(" and ").join(within)


@dataclass
class _Reading:
    """One reading: what is read, from where on, and what it gave.

    Attributes:
        described: the columns, as the source describes them.
        names: of the raw table, in the same order.
        since: from which cursor on; None for all.
        placed: what put in place the rows that are there; None when there are none.
        outcome: what it gave.
        before: the last number of a line in place that stays.
    """

    described: Sequence[Column]
    names: list[str]
    since: str | None
    placed: audit.Entry | None
    outcome: Outcome
    before: int = 0

    def declared(self, table: SourceTable) -> dict[str, str]:
        """The types of the declared columns; names that nobody declared are received words."""
        pairs = zip(self.names, self.described, strict=True)
        return {name: column.type for name, column in pairs if name in table.columns}

    def types(self, table: SourceTable) -> str:
        """The types of the declared columns, for the audit."""
        known = {name: kind for name, kind in self.declared(table).items() if kind}
        return json.dumps(known, ensure_ascii=False, sort_keys=True)


def _same(key: Sequence[str]) -> sql.Composed:
    return sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier("avant", name), sql.Identifier("relues", name))
        for name in key
    )


def _check_announced(announced: int | None, found: int) -> None:
    if announced is not None and found < announced:
        raise PlatformError(
            f"La source annonce {counted(announced, 'ligne')} et en a donné {found} : la lecture est coupée.",
            "Relancez le chargement ; si cela dure, demandez à qui tient la source ce qui manque.",
        )


def _check_types(path: str, placed: audit.Entry, types: str, rows: int) -> None:
    """Refuses what a source now gives as another type, which its cells alone may not show."""
    if not placed.signature.startswith("{"):
        return
    before, now = json.loads(placed.signature), json.loads(types)
    changed = [name for name, kind in now.items() if _bare(before.get(name, kind)) != _bare(kind)]
    if changed:
        listed = line(", ".join(f"{name} : {before[name]} -> {now[name]}" for name in changed))
        raise Refused(
            "attente",
            RETYPED,
            f"{WAITS} : {counted(len(changed), 'colonne')} d'un autre type qu'avant ({listed}). "
            f"Types d'avant : {_said(before)}. Types reçus : {_said(now)}. Les lignes en place restent.",
            "Demandez à qui tient la source ce qui a changé ; si les cellules se lisent encore, make accept "
            f"FICHIER={argument(path)}",
            rows,
        )


def _bare(kind: str) -> str:
    """A type without its width: a text that may be longer is read the same, and servers drop that of int."""
    return re.sub(r"\(\d+\)", "", kind)


def _said(types: Mapping[str, str]) -> str:
    return line(", ".join(f"{name} {kind}" for name, kind in types.items()))


def _reject(found: Unreadable, ordinal: int) -> Reject:
    return Reject(ordinal, None, found.motif, found.detail, found.text.replace("\0", "\\x00"), found.raw)
