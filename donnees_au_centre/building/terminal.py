"""dbt in this process, before the eyes of a person: its lines on the terminal, its results for the rest."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from donnees_au_centre.building import prepare
from donnees_au_centre.building.results import NodeResult, node_result
from donnees_au_centre.project import ParseResult
from donnees_au_centre.settings import Settings

if TYPE_CHECKING:
    from dbt_common.events.base_types import EventMsg

RESULTS = "run_results.json"


class TerminalRun:
    """One dbt command on a project that was just read.

    Args:
        settings: the project and its database; the environment holds the PG* variables.
        parsed: the project.
        arguments: the dbt command and its own options.

    Attributes:
        results: of run_results.json, once played; empty when dbt did not come so far.
        issue: reussi, echec or interrompu; the last until dbt says otherwise.
    """

    def __init__(self, settings: Settings, parsed: ParseResult, arguments: Sequence[str]) -> None:
        """Prepares the command; nothing runs yet."""
        self.results: list[dict[str, Any]] = []
        self.issue = "interrompu"
        self._settings, self._parsed, self._arguments = settings, parsed, arguments

    def play(self, listen: Callable[[NodeResult], None]) -> None:
        """Runs the command.

        Args:
            listen: told each node's result as it comes.

        Raises:
            KeyboardInterrupt: Ctrl-C, after dbt has cancelled its queries.
        """
        from dbt.cli.main import dbtRunner

        def hear(event: EventMsg) -> None:
            if event.info.name == "NodeFinished" and not (result := node_result(event)).provisional:
                listen(result)

        prepare()
        root = self._settings.root
        with _folder(self._settings.target_path) as target:
            options = {
                "--project-dir": self._parsed.root,
                "--profiles-dir": root / "profiles",
                "--target-path": target,
                "--log-path": root / "logs",
            }
            done = dbtRunner(manifest=self._parsed.project, callbacks=[hear]).invoke(
                [*self._arguments, *(str(part) for pair in options.items() for part in pair)]
            )
            if (target / RESULTS).exists():
                self.results = json.loads((target / RESULTS).read_text(encoding="utf-8"))["results"]
                # For those who look for the results of the last command (the catalogue).
                os.replace(target / RESULTS, self._settings.target_path / RESULTS)
        if isinstance(done.exception, KeyboardInterrupt):
            raise done.exception
        self.issue = "reussi" if done.success else "echec"


@contextmanager
def _folder(parent: Path) -> Iterator[Path]:
    """A folder that no other command writes in meanwhile; its compiled SQL stays until the next one."""
    for number in count(1):
        folder = parent / "builds" / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f"{number}.lock").open("w") as lock:
            try:
                # A lock, unlike a pid, cannot be taken for another process's.
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(folder)
            folder.mkdir()
            yield folder
            return
