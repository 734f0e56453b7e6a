"""`python -m orchestration.dagster_ui`: Dagster's interface behind the guard.

Not `dagster dev` nor `dagster-webserver`: both answer whoever sends them a request, from any page.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import dagster as dg
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from starlette.applications import Starlette

from donnees_au_centre.serving.listening import Listener, on_port, on_socket
from orchestration import start_checks
from orchestration.nursery import locations

# Dagster carries out what a GET of this address says, mutations too.
POSTED = ("/graphql",)
NAME = "Dagster"
READING = "  En lecture seule : rien ne se lance ni ne s'allume d'ici."
LAUNCHING = "  Qui a ce navigateur peut lancer, arrêter, allumer des horaires ; aucun clic ne lance la purge."


def main(arguments: list[str]) -> None:
    """Serves until it is asked to stop.

    Args:
        arguments: `--port`, for the reader of this terminal; or `--socket` and `--adresse`, for a proxy that
            authenticates people, and `--chemin` when it serves this below a path. Without `--lancer`, nothing
            can be launched. With `--demon`, schedules and sensors run too.
    """
    asked = _parser().parse_args(arguments)
    if bool(asked.port) == bool(asked.socket and asked.adresse):
        _parser().error("donnez --port, ou --socket et --adresse")
    if asked.socket and asked.socket.parent.stat().st_mode & 0o007:
        _parser().error(
            f"{asked.socket.parent} est ouvert à tous les comptes : chmod o-rwx, ou un autre dossier"
        )
    # As Ctrl-C: what was started is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), _served(asked) as listener:
        listener.run()


@contextlib.contextmanager
def _served(asked: argparse.Namespace) -> Iterator[Listener]:
    start_checks.require()
    with contextlib.ExitStack() as stack:
        # Code servers carry out code for whoever reaches their sockets, which are put here.
        tempfile.tempdir = stack.enter_context(tempfile.TemporaryDirectory(prefix="dagster-"))
        os.environ["TMPDIR"] = tempfile.tempdir
        shared = stack.enter_context(locations(Path(tempfile.tempdir)))
        instance = stack.enter_context(dg.DagsterInstance.get())
        context = stack.enter_context(
            WorkspaceProcessContext(
                instance,
                WorkspaceFileTarget([str(shared)]),
                read_only=not asked.lancer,
                version=dg.__version__,
            )
        )
        app = create_app_from_workspace_process_context(context, asked.chemin, 2000, lifespan=_lifespan)
        if asked.socket:
            listener = on_socket(app, NAME, asked.socket, asked.adresse, POSTED, f"{asked.chemin}/")
        else:
            listener = on_port(app, NAME, asked.port, POSTED, LAUNCHING if asked.lancer else READING)
        if asked.demon:
            told = ["run", "--log-level", "warning", "-w", str(shared)]
            command = [sys.executable, "-m", "dagster._daemon", *told]
            daemon = stack.enter_context(subprocess.Popen(command))
            stack.callback(daemon.terminate)
            threading.Thread(target=_follow, args=(daemon, listener), daemon=True).start()
        yield listener


@contextlib.asynccontextmanager
async def _lifespan(_app: Starlette) -> AsyncIterator[None]:
    yield


def _follow(daemon: subprocess.Popen, listener: Listener) -> None:
    """Without its daemon, Dagster would take requests and carry out none."""
    daemon.wait()
    listener.should_exit = True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m orchestration.dagster_ui", add_help=False)
    parser.add_argument("--port", type=int)
    parser.add_argument("--socket", type=Path)
    parser.add_argument("--adresse")
    parser.add_argument("--chemin", default="")
    parser.add_argument("--lancer", action="store_true")
    parser.add_argument("--demon", action="store_true")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
