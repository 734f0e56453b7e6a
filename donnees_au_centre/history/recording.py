"""Noting a dbt command in the history: what came of each node, without ever disturbing the command itself.

Each result goes first to a file of the run (below target/<database>/historique), then the whole run to the
database. A database that cannot be written leaves the file for the next run; a process that is killed leaves
a file without an end, which the next run notes as interrupted. Nothing here raises: a caller gets a sentence.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg.types.json import Jsonb

from donnees_au_centre.audit.actor import revision
from donnees_au_centre.audit.anchors import keep_anchor
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import cut
from donnees_au_centre.history.measures import Measure, read_measures
from donnees_au_centre.history.structure import ensure_history
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.reader import time_of
from donnees_au_centre.project.versions import HELD, REUSED
from donnees_au_centre.refusals import describe_error
from donnees_au_centre.settings import Settings

# dbt's words -> the history's.
OUTCOMES = {
    "success": "reussi",
    "pass": "reussi",
    "no-op": "reussi",
    "reused": "reussi",
    "warn": "averti",
    "fail": "echec",
    "error": "erreur",
    "runtime error": "erreur",
    "partial success": "erreur",
    "skipped": "saute",
}
BAD = ("echec", "erreur")
# How a line begins that names the compiled SQL, in dbt's words and in ours: it goes away with the run.
COMPILED = ("compiled code at", "SQL compilé :")
# Characters of a message that are kept: enough to recognise the fault, in one line of a page.
MESSAGE_KEPT = 400
# Bound of historique.noter for any text.
WORDS_KEPT = 2000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class NodeOutcome:
    """What became of one node.

    Attributes:
        unique_id: dbt's.
        status: a word of the history: reussi, averti, echec, erreur, saute.
        begun: when it began; None when dbt does not say.
        seconds: how long it took.
        rows: rows that a model wrote; None for the rest.
        failures: rows that a test found in fault.
        message: without any value of a row; "" for what went well.
    """

    unique_id: str
    status: str
    begun: datetime | None
    seconds: float
    rows: int | None
    failures: int
    message: str


@dataclass(frozen=True)
class SourceAge:
    """What `dbt source freshness` found of one source table.

    Attributes:
        unique_id: dbt's.
        status: a word of the history.
        received: last receipt; None when nothing ever came.
        message: of what could not be measured; "" else.
    """

    unique_id: str
    status: str
    received: datetime | None
    message: str


class Recording:
    """One dbt command, from its beginning to its place in the database.

    Args:
        settings: the project and its database.
        conninfo: libpq connection string; "" means the PG* environment variables.
        manifest: the content of manifest.json.
        command: dbt's: build, test, source freshness.
        launcher: what started it: make demo, make build, dagster agx.
        scope: domains or selection, in words; tout for the whole project.
        begun: when it began; now when None.
    """

    def __init__(
        self,
        settings: Settings,
        conninfo: str,
        manifest: Manifest,
        command: str,
        launcher: str,
        scope: str,
        begun: datetime | None = None,
    ) -> None:
        """Opens the file of the run; a disk that refuses it is said at the end."""
        self._settings, self._conninfo, self._manifest = settings, conninfo, manifest
        self._begun = begun or datetime.now(UTC)
        self._nodes: dict[str, NodeOutcome] = {}
        self._ages: list[SourceAge] = []
        self._file: IO[str] | None = None
        self._trouble = ""
        self._head = {
            "cle": str(uuid.uuid4()),
            "commencee_le": self._begun.isoformat(),
            "commande": command,
            "lanceur": launcher,
            "portee": scope,
            "cible": settings.target,
            "revision": revision(settings.root),
            "manifeste": manifest.digest(),
            "version_dbt": manifest.dbt_version,
        }
        self._path = waiting_folder(settings) / f"{self._begun:%Y%m%dT%H%M%S}-{self._head['cle']}.jsonl"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w", encoding="utf-8")
            # A lock, unlike a pid, cannot be taken for another process's.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._write({"execution": self._head})
        except OSError as error:
            self._trouble = f"{self._path} : {error.strerror}"

    def note(self, outcome: NodeOutcome) -> None:
        """Notes one result as it comes; the last word on a node counts."""
        self._nodes[outcome.unique_id] = outcome
        self._write({"noeud": _plain(outcome)})

    def note_age(self, age: SourceAge) -> None:
        """Notes the freshness of one source."""
        self._ages.append(age)
        self._write({"fraicheur": _plain(age)})

    def end(self, issue: str | None = None, results: Iterable[Mapping[str, Any]] = ()) -> str:
        """Brings the run, and those that waited, into the database.

        Args:
            issue: reussi, echec or interrompu; None: echec when a node failed, else reussi.
            results: of run_results.json, which also knows what was skipped; they replace what was noted.

        Returns:
            What went wrong, in French, for a line that fails nothing; "" when nothing did.
        """
        for outcome in outcomes_of(results):
            self.note(outcome)
        issue = issue or ("echec" if any(one.status in BAD for one in self._nodes.values()) else "reussi")
        execution = {**self._head, "terminee_le": datetime.now(UTC).isoformat(), "issue": issue}
        self._write({"fin": execution})
        try:
            with psycopg.connect(self._conninfo, connect_timeout=10) as connection:
                ensure_history(connection)
                connection.commit()
                played = [one.unique_id for one in self._nodes.values() if one.status != "saute"]
                measures = _measured(connection, self._manifest, played)
                _insert(connection, execution, self._nodes.values(), self._ages, measures)
                connection.commit()
            self._close(delete=True)
            waiting = deliver_waiting(self._settings, self._conninfo)
            return waiting or _anchored(self._settings, self._conninfo) or self._said(self._trouble)
        except (psycopg.Error, PlatformError, OSError) as error:
            self._close(delete=False)
            return self._said(_reason(error))

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            self._trouble = f"{self._path} : {error.strerror}"

    def _close(self, delete: bool) -> None:
        if self._file is not None:
            with suppress(OSError):
                if delete:
                    self._path.unlink(missing_ok=True)
                self._file.close()
            self._file = None

    def _said(self, reason: str) -> str:
        if not reason:
            return ""
        kept = f" Elle est gardée dans {self._path.parent}." if self._path.exists() else ""
        return (
            f"L'exécution est faite, mais l'historique ne l'a pas notée : {reason}.{kept}\n"
            "Que faire : vérifiez que la base répond et que ce compte est membre d'audit_ecriture "
            "(docs/exploitant/historique.md) ; la prochaine exécution notera aussi celle-ci."
        )


def outcomes_of(results: Iterable[Mapping[str, Any]]) -> list[NodeOutcome]:
    """Reads the `results` of a run_results.json."""
    found = []
    for result in results:
        if result["unique_id"].startswith("exposure."):
            # dbt names a dashboard among its results, though nothing is built of it.
            continue
        begun = [one["started_at"] for one in result.get("timing", ()) if one.get("started_at")]
        response = result.get("adapter_response") or {}
        status = word_of(result["status"], result.get("message") or "")
        is_made = result["unique_id"].startswith(("model.", "seed.", "snapshot."))
        rows = response.get("rows_affected") if is_made else None
        found.append(
            NodeOutcome(
                unique_id=result["unique_id"],
                status=status,
                begun=time_of(min(begun)) if begun else None,
                seconds=float(result.get("execution_time") or 0),
                rows=rows if rows is not None and rows >= 0 else None,
                failures=result.get("failures") or 0,
                message=_told(status, result.get("message") or ""),
            )
        )
    return found


def _told(status: str, message: str) -> str:
    """What is kept of a message: of what ended well, only that it was taken as it was."""
    return message_kept(message) if status != "reussi" or message.startswith(REUSED) else ""


def word_of(status: str, message: str) -> str:
    """The history's word for a result.

    Args:
        status: dbt's.
        message: dbt's; a mart that was built and not offered is skipped for dbt, and a fault here.
    """
    return "echec" if status == "skipped" and message.startswith(HELD) else OUTCOMES.get(status, "erreur")


def ages_of(results: Iterable[Mapping[str, Any]]) -> list[SourceAge]:
    """Reads the `results` of a sources.json."""
    found = []
    for result in results:
        received = time_of(result["max_loaded_at"]) if result.get("max_loaded_at") else None
        # dbt reads « no receipt at all » as the year 1.
        if received is not None and received.year == 1:
            received = None
        # dbt's `error` is a source too old; « runtime error » is one that could not be asked.
        words = {"pass": "reussi", "warn": "averti", "error": "echec"}
        status = "averti" if received is None and "error" not in result else words.get(result["status"])
        message = message_kept(result.get("error") or "")
        found.append(SourceAge(result["unique_id"], status or "erreur", received, message))
    return found


def message_kept(message: str) -> str:
    """A message in one line, without the path of compiled SQL that goes away with the run."""
    lines = (line.strip() for line in message.splitlines())
    kept = " ".join(line for line in lines if line and not line.startswith(COMPILED))
    return cut(kept, MESSAGE_KEPT)


def waiting_folder(settings: Settings) -> Path:
    """Where the runs wait that the database could not take yet."""
    return settings.target_path / "historique"


def waiting_runs(settings: Settings) -> list[tuple[Path, str]]:
    """The runs that have ended, by themselves or not, and wait to be noted: file, and the run in French."""
    found = []
    for path in sorted(waiting_folder(settings).glob("*.jsonl")):
        try:
            with path.open(encoding="utf-8") as file:
                # Held by a run that goes on.
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                read = _read_waiting(file)
        except OSError:
            continue
        if read is not None:
            run = read[0]
            begun = f"{time_of(run['commencee_le']):%d/%m/%Y %H:%M}"
            said = f"Exécution du {begun} ({run['lanceur']}, {run['commande']}, {run['portee']})"
            found.append((path, said))
    return found


def deliver_waiting(settings: Settings, conninfo: str) -> str:
    """Notes the runs that wait, those of killed processes too; returns what went wrong, in French, or ""."""
    faults = []
    for path in sorted(waiting_folder(settings).glob("*.jsonl")):
        try:
            with path.open(encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                read = _read_waiting(file)
                if read is not None:
                    execution, nodes, ages = read
                    with psycopg.connect(conninfo, connect_timeout=10) as connection:
                        _insert(connection, execution, nodes, ages, [])
                        connection.commit()
                os.unlink(path)
        except BlockingIOError:
            # Its run goes on.
            continue
        except (psycopg.Error, OSError, ValueError, KeyError) as error:
            faults.append(f"{path.name} : {_reason(error)}")
    if not faults:
        return ""
    return (
        f"Des exécutions attendent encore d'être notées dans l'historique : {' ; '.join(faults)}.\n"
        f"Que faire : gardez {waiting_folder(settings)} ; si cela dure, prévenez l'équipe Plateforme."
    )


def _anchored(settings: Settings, conninfo: str) -> str:
    """Keeps the journal's head, which each run noted moves; returns what went wrong, in French, or ""."""
    try:
        with psycopg.connect(conninfo, connect_timeout=10) as connection:
            keep_anchor(settings, connection)
    except (psycopg.Error, PlatformError, OSError) as error:
        return (
            f"L'exécution est notée, mais sans ancre du journal d'audit : {_reason(error)}.\n"
            "Que faire : vérifiez la place et les droits de build/audit ; la prochaine exécution en garde."
        )
    return ""


def _read_waiting(
    file: IO[str],
) -> tuple[dict[str, Any], list[NodeOutcome], list[SourceAge]] | None:
    """A run's file; None when it ended before its first line was whole."""
    head, end, last = None, None, None
    nodes: dict[str, NodeOutcome] = {}
    ages = []
    for line in file:
        try:
            read = json.loads(line)
        except ValueError:
            # Cut by the death of its process: what is before it stands.
            break
        head, end = read.get("execution", head), read.get("fin", end)
        if "noeud" in read:
            one = NodeOutcome(**{**read["noeud"], "begun": time_of(read["noeud"]["begun"])})
            nodes[one.unique_id] = one
            last = one.begun and one.begun + timedelta(seconds=one.seconds)
        elif "fraicheur" in read:
            ages.append(
                SourceAge(**{**read["fraicheur"], "received": time_of(read["fraicheur"]["received"])})
            )
    if head is None:
        return None
    stopped = last.isoformat() if last else head["commencee_le"]
    return end or {**head, "terminee_le": stopped, "issue": "interrompu"}, list(nodes.values()), ages


def _insert(
    connection: psycopg.Connection,
    execution: Mapping[str, Any],
    nodes: Iterable[NodeOutcome],
    ages: Iterable[SourceAge],
    measures: Iterable[Measure],
) -> None:
    begun = time_of(execution["commencee_le"])
    assert begun is not None
    execution = {name: _words(value) for name, value in execution.items()}
    results = [
        {
            "unique_id": one.unique_id,
            "debut_ms": _milliseconds(((one.begun or begun) - begun).total_seconds()),
            "duree_ms": _milliseconds(one.seconds),
            "lignes": one.rows,
            "fautes": one.failures or None,
            "statut": one.status,
            "message": _words(one.message),
        }
        for one in nodes
    ]
    connection.execute(
        "select historique.noter(%s, %s, %s, %s)",
        [
            Jsonb(execution),
            Jsonb(results),
            Jsonb(
                [
                    {
                        "unique_id": one.unique_id,
                        "recu_le": one.received.isoformat() if one.received else None,
                        "statut": one.status,
                        "message": _words(one.message),
                    }
                    for one in ages
                ]
            ),
            Jsonb(
                [{"unique_id": one.unique_id, "mesure": one.name, "valeur": one.value} for one in measures]
            ),
        ],
    )


def _words(text: str) -> str:
    """A text as historique.noter takes it: without control characters, and not too long."""
    words = _CONTROL.sub(" ", text)
    return cut(words, WORDS_KEPT)


def _measured(connection: psycopg.Connection, manifest: Manifest, played: list[str]) -> list[Measure]:
    """The measures, or none when they cannot be taken: the results count more."""
    try:
        with connection.transaction():
            return read_measures(connection, manifest, played)
    except psycopg.Error:
        return []


def _milliseconds(seconds: float) -> int:
    """For a column of four bytes: nothing before the run began, and 24 days at most."""
    return min(max(0, round(seconds * 1000)), 2**31 - 1)


def _plain(one: NodeOutcome | SourceAge) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in vars(one).items()
    }


def _reason(error: Exception) -> str:
    return describe_error(error).rstrip(".")
