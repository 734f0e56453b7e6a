"""Retention: what is kept longer than its data set promises, counted first, then deleted and noted.

Raw rows and their rejects are deleted; what dbt built of them follows by rebuilding, so that models stay the
only place that says what a mart holds. A mart with a date column of its own is cut after that.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from donnees_au_centre.audit import record
from donnees_au_centre.audit.receipts import last_number, span_since
from donnees_au_centre.connectors import system_named
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.fingerprints import fingerprint, rights_key
from donnees_au_centre.french import counted
from donnees_au_centre.landing.audit import PLACING
from donnees_au_centre.landing.tables import REJECTS_TABLE
from donnees_au_centre.privacy.holds import Hold, held_datasets, held_people
from donnees_au_centre.privacy.persons import read_person_sources
from donnees_au_centre.privacy.places import read_tables
from donnees_au_centre.privacy.removal import note_removed
from donnees_au_centre.project.datasets import Dataset
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.vocabulary import RECEPTION
from donnees_au_centre.settings import Settings

JOURNAL = ("plateforme", "chargements")
DATES = ("date", "timestamp without time zone", "timestamp with time zone")
# Digits of each part of a date, in the order of ISO 8601.
PARTS = {"yyyy": 4, "MM": 2, "dd": 2}


@dataclass(frozen=True)
class Due:
    """What of one data set is past its retention.

    Attributes:
        dataset: which.
        before: rows of an earlier date are too old.
        condition: which rows, in SQL, people under a hold left out; None when nothing is to be decided here.
        rows: how many.
        rejects: unreadable lines of the source table.
        spared: rows too old that a hold on people keeps.
        state: a_effacer, a_archiver, gele, suit (its sources), absent or rien.
        remark: why, in French.
        system: that the source table is read in, in French; "" for files that somebody deposits.
    """

    dataset: Dataset
    before: date
    condition: sql.Composable | None
    rows: int
    rejects: int
    spared: int
    state: str
    remark: str
    system: str = ""

    @property
    def label(self) -> str:
        """How messages name the data set."""
        return f"{self.dataset.domain}.{self.dataset.name}"

    @property
    def tables(self) -> set[tuple[str, str]]:
        """Schema and name of the tables that rows leave: its own, and the rejects of its administration."""
        own = {(self.dataset.schema, self.dataset.identifier)}
        return own | ({(f"raw_{self.dataset.domain}", REJECTS_TABLE)} if self.rejects else set())


def plan_purge(
    connection: psycopg.Connection,
    manifest: Manifest,
    datasets: Sequence[Dataset],
    holds: Sequence[Hold],
    settings: Settings,
    today: date,
) -> list[Due]:
    """Counts, by data set, what is past its retention; changes nothing.

    Args:
        connection: of the platform.
        datasets: those of the project.
        holds: of policies/gdpr/gels.yml.
        settings: where the keys are on the embedded server, when people are under a hold.
        today: the day that counts.

    Raises:
        PlatformError: a date column has no known format, or a key is missing.
    """
    planner = _Planner(connection, manifest, held_people(holds, today), settings)
    held = held_datasets(holds, manifest, datasets, today)
    return [
        planner.due(dataset, held.get(dataset.unique_id), today)
        for dataset in datasets
        if dataset.retention is not None and dataset.retention.months is not None
    ]


def apply_purge(connection: psycopg.Connection, dues: Iterable[Due], archives: Path | None) -> list[Due]:
    """Deletes what a plan counted, in the caller's transaction, and notes it in the journal.

    Args:
        connection: in the transaction of the plan.
        dues: the plan.
        archives: folder for rows that are archived; without it they stay.

    Returns:
        What was deleted, with the rows really deleted.
    """
    done, events = [], []
    for due in dues:
        archive = due.state == "a_archiver"
        if due.condition is None or not (due.rows or due.rejects):
            continue
        if due.state != "a_effacer" and not (archive and archives is not None):
            continue
        details: dict[str, Any] = {"avant": due.before.isoformat(), "motif": "conservation"}
        if archive and archives is not None:
            details["archive"], details["sha256"] = _archive(connection, due, archives)
        before = last_number(connection)
        gone = _delete(connection, due)
        details |= {"lignes": gone.rows, "rejets": gone.rejects, "gelees": due.spared}
        details |= span_since(connection, before)
        events.append((due.label, details))
        done.append(gone)
    # Last: whoever notes keeps the others waiting until the transaction ends.
    for label, details in events:
        record(connection, "purge", label, details)
    return done


def parsed_date(column: str, form: str) -> sql.Composed:
    """A received text as a date; null when it is none.

    Args:
        column: of the raw table.
        form: as the YAML writes it: dd/MM/yyyy, yyyy-MM-dd…

    Raises:
        PlatformError: the form is not made of yyyy, MM and dd.
    """
    pieces = re.split(r"(yyyy|MM|dd)", form)
    names = pieces[1::2]
    if sorted(names) != sorted(PARTS):
        raise PlatformError(
            f"Colonne {column} : format_date « {form} » n'est pas un format de date.",
            "Écrivez yyyy, MM et dd une fois chacun, comme dd/MM/yyyy.",
        )
    pattern = "".join(
        f"([0-9]{{{PARTS[piece]}}})" if place % 2 else re.escape(piece) for place, piece in enumerate(pieces)
    )
    iso = "-".join(f"\\{names.index(name) + 1}" for name in PARTS)
    text = sql.SQL("regexp_replace(trim({}), {}, {})").format(
        sql.Identifier(column), sql.Literal(f"^{pattern}$"), sql.Literal(iso)
    )
    return sql.SQL(
        "case when trim({0}) ~ {1} and pg_input_is_valid({2}, 'date') then cast({2} as date) end"
    ).format(sql.Identifier(column), sql.Literal(f"^{pattern}$"), text)


class _Planner:
    """One reading of the database."""

    def __init__(
        self,
        connection: psycopg.Connection,
        manifest: Manifest,
        people: dict[str, dict[str, Hold]],
        settings: Settings,
    ) -> None:
        self.connection, self.manifest, self.people = connection, manifest, people
        self.keys: Callable[[str], bytes] = lambda domain: rights_key(domain, settings)
        self.persons = {source.unique_id: source for source in read_person_sources(manifest)}
        self.tables = {(table.schema, table.name): table for table in read_tables(connection)}

    def due(self, dataset: Dataset, hold: Hold | None, today: date) -> Due:
        assert dataset.retention is not None and dataset.retention.months is not None
        before = months_before(today, dataset.retention.months)
        declared = self.manifest.sources.get(dataset.unique_id)
        system = system_named(declared.external) if declared is not None else ""
        nothing = Due(dataset, before, None, 0, 0, 0, "rien", "", system)
        table = self.tables.get((dataset.schema, dataset.identifier))
        if table is None:
            return replace(nothing, state="absent", remark="pas encore chargé ou construit")
        age = self._age(dataset, table.columns)
        if age is None:
            return replace(nothing, state="suit", remark="suit ses sources : reconstruit sans leurs lignes")
        old = sql.SQL("({} < {})").format(age, sql.Literal(before))
        keep = self._kept(dataset, old)
        condition = sql.SQL("{} and {}").format(old, keep) if keep else old
        rows = self._count(table.named(), condition)
        spared = self._count(table.named(), old) - rows if keep else 0
        rejects = self._count_rejects(dataset, before) if not spared else 0
        found = replace(nothing, rows=rows, rejects=rejects, spared=spared)
        state = "a_archiver" if dataset.retention.end == "archivage" else "a_effacer"
        if hold is not None:
            remark = f"gelé jusqu'au {hold.until:%d/%m/%Y} : {hold.reason}"
            return replace(found, state="gele", remark=remark)
        remark = f"{counted(spared, 'ligne')} de personnes gelées" if spared else ""
        state = state if rows or rejects else "rien"
        return replace(found, condition=condition, state=state, remark=remark)

    def _age(self, dataset: Dataset, columns: Mapping[str, str]) -> sql.Composable | None:
        """The date that counts, in SQL; None when the data set has none of its own."""
        assert dataset.retention is not None
        since = dataset.retention.since
        if dataset.kind == "mart":
            if since != RECEPTION and columns.get(since) in DATES:
                return sql.SQL("cast({} as date)").format(sql.Identifier(since))
            return None
        if (dataset.schema, dataset.identifier) == JOURNAL:
            # What says that a file is in place must stay, or the loader would take the file for new.
            return sql.SQL(
                "case when chargement_id not in (select max(chargement_id) from plateforme.chargements "
                "where statut = any({}) group by domaine, source_nom, table_nom, fichier) "
                "then cast({} as date) end"
            ).format(sql.Literal(list(PLACING)), sql.Identifier("recu_le" if since == RECEPTION else since))
        # Files loaded again, unchanged, keep their first receipt.
        receipt = sql.SQL(
            "coalesce((select min(c.recu_le) from plateforme.chargements as p "
            "inner join plateforme.chargements as c on c.domaine = p.domaine and c.source_nom = p.source_nom "
            "and c.table_nom = p.table_nom and c.fichier = p.fichier and c.sha256 = p.sha256 "
            "where p.chargement_id = {0}.chargement_id), {0}.charge_le)::date"
        ).format(sql.Identifier(dataset.identifier))
        if since == RECEPTION:
            return receipt
        if columns.get(since) in DATES:
            return sql.SQL("coalesce(cast({} as date), {})").format(sql.Identifier(since), receipt)
        column = self.manifest.sources[dataset.unique_id].columns.get(since)
        form = column.meta.get("format_date") if column else None
        if not isinstance(form, str):
            raise PlatformError(
                f"{dataset.file}, {dataset.name} : la conservation compte depuis « {since} », un texte dont "
                "le format n'est pas dit.",
                f"Écrivez config: {{meta: {{format_date: dd/MM/yyyy}}}} à la colonne {since}.",
            )
        # A date that cannot be read keeps nothing for ever: the receipt counts then.
        return sql.SQL("coalesce({}, {})").format(parsed_date(since, form), receipt)

    def _kept(self, dataset: Dataset, old: sql.Composable) -> sql.Composable | None:
        """The condition that leaves out people under a hold; None when there is none."""
        people = self.people.get(dataset.domain)
        source = self.persons.get(dataset.unique_id)
        if not people or source is None:
            return None
        key = self.keys(dataset.domain)
        query = sql.SQL("select distinct {0} from {1} where {0} is not null and {2}").format(
            sql.Identifier(source.column), sql.Identifier(source.schema, source.identifier), old
        )
        kept = [value for (value,) in self.connection.execute(query) if fingerprint(key, value) in people]
        if not kept:
            return None
        return sql.SQL("({0} is null or {0} <> all({1}))").format(
            sql.Identifier(source.column), sql.Literal(kept)
        )

    def _count(self, table: sql.Composable, condition: sql.Composable) -> int:
        query = sql.SQL("select count(*) from {} where {}").format(table, condition)
        row = self.connection.execute(query).fetchone()
        return row[0] if row else 0

    def _count_rejects(self, dataset: Dataset, before: date) -> int:
        if not _has_rejects(dataset) or (f"raw_{dataset.domain}", REJECTS_TABLE) not in self.tables:
            return 0
        if self.people.get(dataset.domain):
            # An unreadable line may be that of somebody under a hold.
            return 0
        return self._count(
            sql.Identifier(f"raw_{dataset.domain}", REJECTS_TABLE), _old_rejects(dataset, before)
        )


def shortest(dues: Iterable[Due]) -> timedelta | None:
    """The shortest retention of a plan: no report that shows rows is kept longer; None without any."""
    retentions = [due.dataset.retention for due in dues]
    months = [one.months for one in retentions if one and one.months is not None]
    return timedelta(days=min(months) * 30) if months else None


def months_before(today: date, months: int) -> date:
    """The day so many months earlier; the last of a shorter month."""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    for day in (today.day, 30, 29, 28):
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def _has_rejects(dataset: Dataset) -> bool:
    return dataset.kind == "source" and dataset.schema.startswith("raw_")


def _old_rejects(dataset: Dataset, before: date) -> sql.Composed:
    source, _, table = dataset.name.partition(".")
    return sql.SQL(
        "source_nom = {} and table_nom = {} and exists (select from plateforme.chargements as p where "
        "p.chargement_id = {}.chargement_id and cast(p.recu_le as date) < {})"
    ).format(sql.Literal(source), sql.Literal(table), sql.Identifier(REJECTS_TABLE), sql.Literal(before))


def _delete(connection: psycopg.Connection, due: Due) -> Due:
    dataset = due.dataset
    assert due.condition is not None
    raw = _has_rejects(dataset)
    returning = sql.SQL(" returning source_fichier") if raw else sql.SQL("")
    query = sql.SQL("delete from {} where {}{}").format(
        sql.Identifier(dataset.schema, dataset.identifier), due.condition, returning
    )
    cursor = connection.execute(query)
    rows = cursor.rowcount
    files = {file for (file,) in cursor} if raw else set()
    rejects = 0
    if due.rejects:
        gone = connection.execute(
            sql.SQL("delete from {} where {} returning source_fichier").format(
                sql.Identifier(f"raw_{dataset.domain}", REJECTS_TABLE), _old_rejects(dataset, due.before)
            )
        )
        rejects = gone.rowcount
        files |= {file for (file,) in gone}
    if files:
        source, _, table = dataset.name.partition(".")
        note_removed(
            connection,
            (dataset.schema, dataset.identifier),
            (dataset.domain, source, table),
            files,
            "Lignes effacées : leur durée de conservation est passée.",
        )
    return replace(due, rows=rows, rejects=rejects)


def _archive(connection: psycopg.Connection, due: Due, folder: Path) -> tuple[str, str]:
    """Writes the rows, in CSV, where the archivist takes them; on disk before anything is deleted."""
    assert due.condition is not None
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{due.label}_avant_{due.before.isoformat()}.csv.gz"
    if path.exists():
        raise PlatformError(
            f"L'archive {path} existe déjà.", "Remettez-la au service des archives, puis relancez la purge."
        )
    query = sql.SQL("select * from {} where {}").format(
        sql.Identifier(due.dataset.schema, due.dataset.identifier), due.condition
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with gzip.open(file, "wt", encoding="utf-8", newline="") as text:
            writer = csv.writer(text, delimiter=";")
            cursor = connection.execute(query)
            writer.writerow([column.name for column in cursor.description or ()])
            writer.writerows(cursor)
        file.flush()
        os.fsync(file.fileno())
    return path.name, hashlib.sha256(path.read_bytes()).hexdigest()
