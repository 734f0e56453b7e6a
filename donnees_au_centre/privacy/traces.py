"""Where a person may be outside of the database and of the landing zone, and what becomes of it.

One list of places: what a request finds there goes, because it can be made again or has been read; what
cannot go is named with the day, or the event, that ends it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from donnees_au_centre.privacy.holding import UnreadError, Words, cells, open_sqlite
from donnees_au_centre.privacy.requests import telling
from donnees_au_centre.settings import Settings
from donnees_au_centre.warehouse import EmbeddedServer

# Answers to requests: a month is what the law gives to answer.
ANSWERS_KEPT = timedelta(days=30)
# Workbooks that stewards sent back, once read; runs of Dagster, with their events and outputs.
RETURNS_KEPT = timedelta(days=90)
RUNS_KEPT = timedelta(days=90)

WORKBOOKS = Path("reports") / "gestionnaires"
READ = (WORKBOOKS / "retours" / "lus", WORKBOOKS / "retours" / "illisibles")
# What no search reaches: place, what may be there, until when.
BEYOND = (
    (
        "le journal des transactions du serveur PostgreSQL (WAL)",
        "les octets des lignes effacées",
        "jusqu'à ce que le serveur recycle ses fichiers : aussitôt sur le serveur embarqué",
    ),
    (
        "les sauvegardes du serveur PostgreSQL",
        "l'état de la base à leur date",
        "jusqu'à leur propre échéance, que fixe l'administrateur du serveur ; l'effacement est rejoué après "
        "une restauration",
    ),
    (
        "les archives de la purge (make purge ARCHIVES=…)",
        "les lignes archivées, si le jeu de données s'archive",
        "selon le tableau de tri du service des archives ; le journal d'audit en donne le nom et le condensé",
    ),
    (
        "les copies hors de la plateforme : classeurs envoyés aux gestionnaires, réponses remises, exports "
        "d'Excel ou de Power BI",
        "ce que leur destinataire a pris",
        "tant que leur destinataire les garde",
    ),
    (
        "le journal d'audit, les gels et la liste des effacés",
        "une empreinte à clé, dont personne ne tire le nom",
        "tant que la clé et la base existent",
    ),
)
_LEFT_OUT = {".git", ".venv", "__pycache__", "node_modules"}
# Its bytes are the database's, which is searched as such.
_SERVER = "data"


@dataclass(frozen=True)
class Trace:
    """A file that holds a value of the person, or may hold one.

    Attributes:
        path: where.
        name: how messages name it.
        what: the kind of place, in French.
        fate: what an erasure does with it, in French.
        until: what ends it when nobody erases it, in French.
    """

    path: Path
    name: str
    what: str
    fate: str
    until: str

    @property
    def leaves(self) -> bool:
        """Whether an erasure takes the value out of it."""
        return self.fate != _NAMED


_ERASED, _REMADE, _EMPTIED = "effacé", "refait sans elle", "ses exécutions en cause effacées"
_NAMED = "reste"


def find_traces(
    settings: Settings,
    values: Collection[str],
    identifiers: Collection[str] = (),
    remade: datetime | None = None,
) -> list[Trace]:
    """Searches the files of the checkout, of Dagster and of the embedded server's log.

    Args:
        values: what identifies the person in texts: those that tell (no short number) are searched for
            everywhere.
        identifiers: of the person, however short: searched for where lines about people are expected.
        remade: when pages were made again, if they were.

    Returns:
        The files in fault, by name; a file that nobody can look into counts as one that stays.
    """
    everywhere, expected = Words(telling(values)), Words({*telling(values), *identifiers})
    # Where a short number is the person's: workbooks, answers.
    rows = tuple(f"{settings.build / place}{os.sep}" for place in (WORKBOOKS, "droits"))
    found = []
    for path in sorted(_files(settings)):
        words = expected if str(path).startswith(rows) else everywhere
        try:
            if _is_packed_page(path, remade) or (words and words.are_in_file(path)):
                found.append(_place(settings, path))
        except UnreadError:
            if path.exists():
                trace = _place(settings, path)
                found.append(Trace(path, trace.name, f"{trace.what}, illisible ici", _NAMED, trace.until))
    return found


def erase_traces(settings: Settings, traces: Iterable[Trace], values: Collection[str]) -> list[Trace]:
    """Takes a person out of what `find_traces` found.

    Args:
        traces: what was found, pages and workbooks already made again.
        values: as given to `find_traces`.

    Returns:
        Those that are left, with why.
    """
    left, words = [], Words(telling(values))
    for trace in traces:
        try:
            if not trace.leaves:
                left.append(trace)
            elif trace.fate == _EMPTIED:
                _empty_dagster(settings, trace.path, words)
                if trace.path.exists() and words.are_in_file(trace.path):
                    left.append(trace)
            elif trace.path.name == "server.log":
                # The server goes on writing in it.
                os.truncate(trace.path, 0)
            else:
                _remove(trace.path, settings.build)
        except (OSError, sqlite3.Error, UnreadError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            left.append(Trace(trace.path, trace.name, f"{trace.what}, {reason}", _NAMED, trace.until))
    return left


def forget_old_files(settings: Settings, now: datetime, kept: timedelta | None = None) -> list[str]:
    """Deletes what shows rows and has had its time: answers, workbooks read, reports that nobody makes again.

    Args:
        now: with its time zone.
        kept: the shortest retention of what reports show; None leaves the reports.

    Returns:
        Names of what was deleted.
    """
    places: list[tuple[Path, timedelta]] = [(settings.build / "droits", ANSWERS_KEPT)]
    places += [(settings.build / place, RETURNS_KEPT) for place in READ]
    places += [(settings.build / "reports", kept)] if kept else []
    gone = []
    for folder, age in places:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
            with suppress(OSError):
                old = datetime.fromtimestamp(path.lstat().st_mtime, UTC) < now - age
                if old and not path.is_dir():
                    _remove(path, settings.build)
                    gone.append(_name(settings, path))
    return gone


def forget_dagster_runs(settings: Settings, now: datetime) -> int:
    """Deletes the runs of Dagster that ended before RUNS_KEPT, their events and their outputs.

    Args:
        settings: where Dagster's history is.
        now: with its time zone.

    Returns:
        How many.
    """
    if not (settings.dagster_home / "dagster.yaml").exists():
        return 0
    import dagster as dg

    done = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        old = instance.get_run_ids(dg.RunsFilter(statuses=done, created_before=now - RUNS_KEPT))
        for run_id in old:
            _forget_run(settings, instance, run_id)
    return len(old)


def forget_old(settings: Settings, now: datetime) -> int:
    """Deletes what has had its time outside of the database; returns how many runs and files."""
    return forget_dagster_runs(settings, now) + len(forget_old_files(settings, now))


def told_traces(traces: Sequence[Trace], done: bool = False) -> str:
    """What a command says of the traces, in French, before or after an erasure.

    Args:
        traces: found before, or left after.
        done: whether this is after.
    """
    if not traces:
        said = "Hors de la base, aucun fichier de la plateforme ne parle de la personne."
        return "" if done else said
    head = "Restent hors de la base :" if done else "Hors de la base, ces fichiers parlent de la personne :"
    return "\n".join([head, *(f"  {one.name} ({one.what}) : {one.fate} ; {one.until}" for one in traces)])


def told_beyond() -> str:
    """What no command reaches, in French."""
    lines = (f"  {place} : {what}, {until}" for place, what, until in BEYOND)
    return "\n".join(["Ce qu'aucune commande n'atteint :", *lines])


def _files(settings: Settings) -> Iterator[Path]:
    """Every file once, the landing zone and the database apart."""
    server = EmbeddedServer(settings.state).status().home if settings.embedded else None
    server = server or settings.state / "home"
    roots = [settings.root, settings.build, settings.target_path.parent, settings.dagster_home, server]
    aside = {settings.landing, server / _SERVER}
    seen: set[str] = set()
    for root in roots:
        for folder, folders, names in os.walk(root):
            here = Path(folder)
            folders[:] = [name for name in folders if name not in _LEFT_OUT and here / name not in aside]
            for name in names:
                path = here / name
                # What SQLite keeps beside a database is taken with it.
                if name.endswith((".db-wal", ".db-shm", ".db-journal")):
                    continue
                if path.is_file() and not path.is_symlink() and (real := os.path.realpath(path)) not in seen:
                    seen.add(real)
                    yield path
    yield from Path(tempfile.gettempdir()).glob("donnees-au-centre-*.txt")


def _place(settings: Settings, path: Path) -> Trace:
    """What kind of place a file is."""
    build, name = settings.build, _name(settings, path)

    def trace(what: str, fate: str, until: str) -> Trace:
        return Trace(path, name, what, fate, until)

    if path.is_relative_to(settings.dagster_home):
        return trace(
            "historique de Dagster",
            _EMPTIED if path.name.endswith(".db") else _ERASED,
            f"{RUNS_KEPT.days} jours après l'exécution",
        )
    if path.is_relative_to(build / "audit"):
        return trace("ancres du journal d'audit", _NAMED, "tant que la base existe")
    if path.is_relative_to(build / "droits"):
        return trace("réponse à une demande", _ERASED, f"{ANSWERS_KEPT.days} jours")
    if any(path.is_relative_to(build / place) for place in READ):
        return trace(
            "classeur rendu par un gestionnaire", _ERASED, f"{RETURNS_KEPT.days} jours après sa lecture"
        )
    if path.is_relative_to(build / WORKBOOKS):
        return trace("classeur d'un gestionnaire", _REMADE, "jusqu'au prochain make report")
    if path.is_relative_to(build / "reports"):
        what = "page d'Elementary, illisible ici" if path.name.startswith("elementary") else "page de qualité"
        return trace(what, _REMADE, "jusqu'au prochain make report")
    if path.is_relative_to(build):
        return trace("résultat d'une commande", _ERASED, "jusqu'à la prochaine exécution de la commande")
    if path.name.startswith("server.log"):
        return trace("journal du serveur embarqué", _ERASED, "jusqu'au deuxième redémarrage du serveur")
    for folder in (settings.target_path.parent, settings.root / "logs"):
        if path.is_relative_to(folder):
            return trace("résultat ou journal de dbt", _ERASED, "jusqu'à la prochaine construction")
    if not path.is_relative_to(settings.root):
        return trace("détail d'une erreur", _ERASED, "jusqu'au ménage du système")
    return trace(
        "fichier du projet", _NAMED, "jusqu'à ce qu'une demande de fusion l'ôte ; git garde son passé"
    )


def _is_packed_page(path: Path, remade: datetime | None) -> bool:
    """Elementary's pages hold their data in a form that no search reads: they are made again, or go."""
    packed = path.suffix == ".html" and path.name.startswith("elementary")
    return packed and (remade is None or datetime.fromtimestamp(path.stat().st_mtime, UTC) < remade)


def _name(settings: Settings, path: Path) -> str:
    """Relative to the checkout where it is below it."""
    return path.relative_to(settings.root).as_posix() if path.is_relative_to(settings.root) else str(path)


def _remove(path: Path, build: Path) -> None:
    """Deletes a file; of an answer, the page and the JSON together."""
    folder = path.parent
    if folder.parent == build / "droits":
        shutil.rmtree(folder, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _empty_dagster(settings: Settings, path: Path, words: Words) -> None:
    """Deletes the runs that speak of the person, then what other tables repeat of their events."""
    import dagster as dg

    runs: set[str] = set()
    with closing(open_sqlite(path)) as database:
        for table, _, rowid, cell in cells(database):
            columns = [column[1].decode() for column in database.execute(f'pragma table_info("{table}")')]
            if "run_id" in columns and words.are_in(cell):
                query = f'select run_id from "{table}" where rowid = ?'
                runs |= {run.decode() for (run,) in database.execute(query, [rowid]) if run}
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        for run_id in runs:
            run = instance.get_run_by_id(run_id)
            if run is None or run.is_finished:
                _forget_run(settings, instance, run_id)
    if not path.exists():
        return
    with closing(open_sqlite(path, write=True)) as database:
        database.execute("pragma secure_delete = on")
        kept: dict[str, set[tuple[str, int]]] = {table: set() for table, *_ in cells(database)}
        for table, column, rowid, cell in list(cells(database)):
            if words.are_in(cell) and not _of_a_running(database, table, rowid):
                kept[table].add((column, rowid))
        for table, places in kept.items():
            for column, rowid in places:
                # The last event of an asset stands beside its name, which stays.
                query = f'update "{table}" set "{column}" = null where rowid = ?'
                try:
                    database.execute(query, [rowid])
                except sqlite3.IntegrityError:
                    database.execute(f'delete from "{table}" where rowid = ?', [rowid])
        database.commit()
        # The bytes of deleted rows stay in free pages until the file is written anew.
        database.execute("vacuum")
        database.execute("pragma wal_checkpoint(truncate)")


def _of_a_running(database: sqlite3.Connection, table: str, rowid: int) -> bool:
    """Whether a row is that of a run in progress, which Dagster still writes."""
    if table != "runs":
        return False
    row = database.execute("select status from runs where rowid = ?", [rowid]).fetchone()
    return bool(row) and row[0] not in (b"SUCCESS", b"FAILURE", b"CANCELED")


def _forget_run(settings: Settings, instance: object, run_id: str) -> None:
    """Deletes a run through Dagster's own means, then the files that are its alone."""
    instance.delete_run(run_id)  # type: ignore[attr-defined]
    home = settings.dagster_home
    for file in (home / "history" / "runs").glob(f"{run_id}.db*"):
        file.unlink(missing_ok=True)
    shutil.rmtree(home / "storage" / run_id, ignore_errors=True)
