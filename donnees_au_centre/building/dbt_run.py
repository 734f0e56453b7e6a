"""dbt for Dagster: results as they come, artefacts in a folder that goes away, a clean stop.

In this process; orchestration/child_run.py has it in one of its own, behind the same interface.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import queue
import shutil
import threading
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Any

from donnees_au_centre.audit.discretion import said_of
from donnees_au_centre.building import prepare
from donnees_au_centre.building.french import in_french
from donnees_au_centre.building.results import NodeResult, node_result
from donnees_au_centre.building.reuse import allowed
from donnees_au_centre.patching import patch
from donnees_au_centre.project.reader import dbt_options
from donnees_au_centre.settings import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest as DbtManifest
    from dbt_common.events.base_types import EventMsg

# What stays of a run, beside dbt.log; the rest (compiled SQL, manifest) can be made again.
KEPT = ("run_results.json", "sources.json")
# Seconds that dbt has, after its queries are cancelled, to end by itself.
PATIENCE = 20
# The event of dbt that tells what became of a node.
FINISHED = "NodeFinished"
# Those with the platform's own words: what a build waits for.
SPOKEN = ("Note", "JinjaLogInfo")
_LOCK = ".lock"
# True while dbt writes into a folder that goes away.
_fleeting: ContextVar[bool] = ContextVar("fleeting", default=False)


class DbtRun:
    """One dbt command, in this process: no second start of Python, no second parse.

    Args:
        settings: the project and the database; the environment holds the PG* variables.
        name: folder of the run below target/<database>/runs/, the location's name.
        project: dbt's own manifest, from `donnees_au_centre.project.parse`.
        arguments: the dbt command and its own options.
        say: told what dbt waits for, in French.
        reuse: True to take what has not changed as it is.

    Attributes:
        error: why the command failed as a whole (no connection...), once `results` has ended; None when it
            only has failed nodes, or none.
        folder: where run_results.json is kept.
    """

    def __init__(
        self,
        settings: Settings,
        name: str,
        project: DbtManifest,
        arguments: Sequence[str],
        say: Callable[[str], None] | None = None,
        reuse: bool = False,
    ) -> None:
        """Prepares the command; nothing runs yet."""
        self.folder = runs_folder(settings) / name
        self.error: str | None = None
        self._settings = settings
        self._project = project
        self._arguments = arguments
        self._say = say
        self._reuse = reuse

    def results(self) -> Iterator[NodeResult]:
        """Runs the command and yields each node's result as it comes.

        When the caller stops listening, dbt's queries are cancelled. An interrupted Dagster run may forget
        this generator between two results: then it is closed when the process ends.
        """
        stream = self._stream()
        # Not atexit: in Dagster's workers multiprocessing ends dbt's threads (priority 15) before that.
        at_end = Finalize(None, stream.close, exitpriority=100)
        try:
            yield from stream
        finally:
            at_end.cancel()

    def kept(self, name: str) -> list[dict[str, Any]]:
        """The `results` of an artefact of KEPT, once `results` has ended; none when dbt did not write it."""
        try:
            results: list[dict[str, Any]] = json.loads((self.folder / name).read_text("utf-8"))["results"]
            return results
        except (OSError, ValueError, KeyError):
            return []

    def _stream(self) -> Generator[NodeResult]:
        # What an earlier command left would be taken for the results of this one; those of the other kind of
        # command still stand: the ages of sources come after a build.
        results, ages = KEPT
        (self.folder / (ages if self._arguments[0] == "source" else results)).unlink(missing_ok=True)
        with _own_folder(self.folder) as target_path:
            options = dbt_options(self._settings, target_path, log_path=self.folder)
            # Of the schemas in which nothing is made dbt need not know the tables.
            yield from self._played([*self._arguments, *options, "--cache-selected-only"], target_path)

    def _played(self, command: Sequence[str], target_path: Path) -> Generator[NodeResult]:
        """Runs the whole command, sets `error` at its end, and stops it when nobody listens any more.

        Args:
            command: dbt's, with the options that lead it to the project and its folders.
            target_path: where dbt writes, empty.
        """
        received: queue.SimpleQueue[NodeResult | None] = queue.SimpleQueue()

        def listen(event: Any) -> None:
            if event.info.name == FINISHED:
                received.put(node_result(event))
            elif event.info.name in SPOKEN and self._say:
                self._say(event.info.msg)

        def work() -> None:
            try:
                self.error = play(self._project, command, self._reuse, listen)
            finally:
                received.put(None)

        # A daemon: the end of the process must not wait for dbt before it has asked it to stop.
        thread = threading.Thread(target=work, name="dbt", daemon=True)
        thread.start()
        try:
            while (result := received.get()) is not None:
                yield result
        except BaseException:
            _stop(thread, received)
            raise


def play(
    project: DbtManifest, command: Sequence[str], reuse: bool, listen: Callable[[EventMsg], None]
) -> str | None:
    """Runs one dbt command in this thread, prepared as the platform wants it.

    Args:
        project: what dbt read.
        command: dbt's, with all its options.
        reuse: True to take what has not changed as it is.
        listen: told each event.

    Returns:
        Why the command failed as a whole, in French; None when it did not.
    """
    from dbt.cli.main import dbtRunner

    prepare()
    _write_less()
    _fleeting.set(True)
    allowed.set(reuse)
    if not project.flat_graph:
        # A manifest read back from a file: macros would find no node in `graph`.
        project.build_flat_graph()
    done = dbtRunner(manifest=project, callbacks=[listen]).invoke([*command])
    return in_french(said_of(done.exception)) if done.exception else None


@cache
def _write_less() -> None:
    """Has dbt, in this process, not write its manifest and graph where nobody would read them."""
    from dbt.compilation import Compiler, Linker
    from dbt.task import runnable

    written = ((runnable, "write_manifest"), (Compiler, "write_graph_file"), (Linker, "get_graph_summary"))
    for owner, name in written:
        original = getattr(owner, name)

        def write(*given: Any, original: Callable[..., Any] = original, **more: Any) -> Any:
            return None if _fleeting.get() else original(*given, **more)

        patch(owner, **{name: write})


def runs_folder(settings: Settings) -> Path:
    """Where the runs of a database keep their results and, while they last, their artefacts."""
    return settings.target_path / "runs"


def clean_leftovers(folder: Path) -> int:
    """Removes the artefacts of runs that were killed.

    Args:
        folder: of one location, below `runs_folder`.

    Returns:
        How many folders were removed.
    """
    removed = 0
    for lock_file in folder.glob(f"*/{_LOCK}"):
        with lock_file.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(lock_file.parent, ignore_errors=True)
            removed += 1
    return removed


@contextmanager
def _own_folder(parent: Path) -> Iterator[Path]:
    """A folder for the artefacts of one run, removed afterwards; the results move to its parent."""
    folder = parent / uuid.uuid4().hex[:12]
    folder.mkdir(parents=True)
    with (folder / _LOCK).open("w") as lock:
        # A lock, unlike a pid, cannot be taken for another process's.
        fcntl.flock(lock, fcntl.LOCK_EX)
        clean_leftovers(parent)
        try:
            yield folder
        finally:
            for name in KEPT:
                if (folder / name).exists():
                    os.replace(folder / name, parent / name)
            shutil.rmtree(folder, ignore_errors=True)


def _stop(thread: threading.Thread, received: queue.SimpleQueue[NodeResult | None]) -> None:
    """Has dbt take its own way out for Ctrl-C, which a thread cannot receive as a signal.

    The request is seen when dbt's thread next runs Python: cancelling the queries under way wakes it.
    """
    from dbt.adapters.factory import FACTORY

    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(KeyboardInterrupt)
    )
    adapters: list[Any] = list(FACTORY.adapters.values())
    for adapter in adapters:
        with adapter.connection_named("annulation"):
            list(adapter.cancel_open_connections())
    with suppress(queue.Empty):
        while received.get(timeout=PATIENCE) is not None:
            pass
