"""`python -m orchestration.code_server <location>`: one code location in a container of its own.

It carries out code for whoever reaches it, and asks nobody who they are: a unix socket in a private folder,
or a port of a network that holds the web server, the daemon and it alone (deploy/).
"""

from __future__ import annotations

import argparse
import os
import sys
from multiprocessing import get_context
from pathlib import Path

import dagster as dg

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project import parse
from donnees_au_centre.settings import Settings
from orchestration import start_checks
from orchestration.healing import ALONE, end_former
from orchestration.places import WORKSPACE, read_targets
from orchestration.server import serve

PORT = 4000


def main(arguments: list[str]) -> None:
    """Serves the location that is named.

    Args:
        arguments: its name; `--adresse`, of this machine, 127.0.0.1 if not said; `--port`, or `--socket`.
    """
    parser = argparse.ArgumentParser(prog="python -m orchestration.code_server", add_help=False)
    parser.add_argument("emplacement")
    parser.add_argument("--adresse", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--socket", type=Path)
    asked = parser.parse_args(arguments)
    settings = start_checks.require(asked.emplacement)
    os.environ[ALONE] = asked.emplacement
    if not settings.manifest_path.exists():
        _read(settings)
    with dg.DagsterInstance.get() as instance:
        end_former(instance, asked.emplacement)
    target = read_targets(WORKSPACE)[asked.emplacement]
    if asked.socket:
        serve(target, socket=str(asked.socket))
    else:
        serve(target, host=asked.adresse, port=asked.port)


def _read(settings: Settings) -> None:
    """Has dbt read the project in a process that ends, and gives its memory back."""
    reading = get_context("fork").Process(target=_parse, args=(settings,))
    reading.start()
    reading.join()


def _parse(settings: Settings) -> None:
    try:
        notice = parse(settings).notice
    except PlatformError as error:
        notice = str(error)
    if notice:
        print(notice, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
