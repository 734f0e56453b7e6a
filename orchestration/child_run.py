"""dbt in a process of its own, started by dagster-dbt; and which of the two ways this environment wants.

What is used is the invocation that its `DbtCliResource.cli` makes: that one would first ask `dbt --version`
of one more process, make an adapter in this one and change its folder, for metadata that the platform has by
itself. And its `stream_raw_events` repeats every event on the terminal, and cannot be left in the middle.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from donnees_au_centre.building import child
from donnees_au_centre.building.dbt_run import FINISHED, PATIENCE, DbtRun
from donnees_au_centre.building.results import NodeResult, node_result
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.reader import PARTIAL_PARSE
from donnees_au_centre.settings import CHILD, Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest as DbtManifest


def dbt_run(
    settings: Settings,
    name: str,
    project: DbtManifest,
    arguments: Sequence[str],
    say: Callable[[str], None] | None = None,
    reuse: bool = False,
) -> DbtRun:
    """One dbt command, by the transport of the settings; the arguments are those of `DbtRun`."""
    way = ChildRun if settings.transport == CHILD else DbtRun
    return way(settings, name, project, arguments, say, reuse)


class ChildRun(DbtRun):
    """One dbt command in a child process: what dbt takes of memory, and its faults, end with it."""

    def _played(self, command: Sequence[str], target_path: Path) -> Generator[NodeResult]:
        # Not above: dagster-dbt as a whole takes a third of a second, which most runs need not pay.
        from dagster_dbt import DagsterDbtTranslator, DbtCliInvocation
        from dbt.parser.manifest import extended_mashumaro_encoder

        # The project as it was read, whole or in part: a second reading could find other files.
        (target_path / PARTIAL_PARSE).write_bytes(self._project.to_msgpack(extended_mashumaro_encoder))
        taking = child.TAKEN if self._reuse else child.MADE
        process = DbtCliInvocation.run(
            # -P: the folder of the project is no place for Python's modules.
            args=[sys.executable, "-P", "-m", child.__name__, str(target_path), taking, *command],
            env=dict(os.environ),
            manifest={},
            dagster_dbt_translator=DagsterDbtTranslator(),
            project_dir=self._settings.root,
            target_path=target_path,
            raise_on_error=False,
            context=None,
            adapter=None,
            cli_version=Version(version("dbt-core")),
        ).process
        try:
            self.error = yield from self._heard(process)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=PATIENCE)
        finally:
            _end(process)

    def _heard(self, process: subprocess.Popen[bytes]) -> Generator[NodeResult, None, str | None]:
        """The results of a child, as they come; returns why it failed as a whole."""
        for line in process.stdout or ():
            try:
                event = json.loads(line)
            except ValueError:
                # A word of Python itself, which may quote a value.
                continue
            said = event["info"]["msg"]
            if event["info"]["name"] == FINISHED:
                yield node_result(_message(event))
            elif event["info"]["name"] == child.ENDED:
                return said or None
            elif self._say:
                self._say(said)
        return str(
            PlatformError(
                f"Le processus de dbt s'est arrêté en chemin (code {process.wait()}).",
                "Un code -9 est souvent un manque de mémoire. Relancez ; si cela se répète, "
                f"{self.folder / 'dbt.log'} dit où il en était.",
            )
        )


def _message(event: dict[str, Any]) -> Any:
    """The event as dbt's listeners have it, from its JSON."""
    from dbt.events.types import NodeFinished
    from google.protobuf.json_format import ParseDict

    kind = getattr(NodeFinished.PROTO_TYPES_MODULE, f"{FINISHED}Msg")
    return ParseDict(event, kind(), ignore_unknown_fields=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Has a child that still runs take dbt's own way out for Ctrl-C; kills it when it takes too long."""
    if process.stdout:
        process.stdout.close()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
