"""Programs that stay in the foreground until Ctrl-C or `make stop`: Dagster, the documentation."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import Settings

# Seconds a program has to end by itself after a polite request, and `make stop` for the whole.
POLITENESS = 8
PATIENCE = 20


def choose_port(given: str | None, default: int) -> int:
    """Reads PORT and checks that nobody listens there.

    Raises:
        PlatformError: no port number, or a port in use.
    """
    text = given or str(default)
    if not re.fullmatch("[0-9]{4,5}", text) or not 1024 <= int(text) <= 65535:
        raise PlatformError(
            f"PORT={text} n'est pas un numéro de port.",
            f"Donnez un nombre de 1024 à 65535 : PORT={default}.",
        )
    port = int(text)
    with socket.socket() as probe:
        # A server just stopped leaves the port waiting; that must not count as busy.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PlatformError(
                f"Le port {port} est déjà pris sur cette machine.",
                f"Arrêtez l'autre programme (make stop si c'est le vôtre), ou changez : PORT={port + 1}",
            ) from error
    return port


def serve(
    settings: Settings,
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
) -> int:
    """Runs a program until it ends, Ctrl-C, or `make stop`.

    Args:
        name: a short name; only one program of that name runs in a checkout.

    Returns:
        0 when it was asked to stop, else the program's exit code.

    Raises:
        PlatformError: it runs already.
    """
    path = _pid_file(settings, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as pid_file:
        # The lock, not the number, says that the program runs: numbers are used again.
        if not _lock(pid_file.fileno()):
            raise PlatformError(f"{name} fonctionne déjà pour ce projet.", "make stop l'arrête.")
        pid_file.truncate(0)
        pid_file.write(str(os.getpid()))
        pid_file.flush()
        signal.signal(signal.SIGTERM, _interrupt)
        # A group of its own: the request to stop reaches the programs it started, once.
        process = subprocess.Popen(command, cwd=settings.root, env=dict(environment), start_new_session=True)
        try:
            return process.wait()
        except KeyboardInterrupt:
            _end(process)
            return 0
        finally:
            path.unlink(missing_ok=True)


def _interrupt(*_: object) -> None:
    """What Ctrl-C does, also where a program started in the background ignores Ctrl-C itself."""
    raise KeyboardInterrupt


def stop_services(settings: Settings) -> list[str]:
    """Stops what `serve` runs for this checkout.

    Returns:
        The names of what was stopped.

    Raises:
        PlatformError: one does not stop, or belongs to another account.
    """
    stopped = []
    for path in sorted(_pid_file(settings, "x").parent.glob("*.pid")):
        if _stop(path):
            stopped.append(path.stem)
    return stopped


def _stop(path: Path) -> bool:
    """Asks the owner of a pid file to stop and waits; False when nobody owns it any more."""
    try:
        pid_file = path.open("r+", encoding="utf-8")
    except FileNotFoundError:
        return False
    with pid_file:
        if _lock(pid_file.fileno()):
            path.unlink(missing_ok=True)
            return False
        pid = int(pid_file.read())
        try:
            os.kill(pid, signal.SIGTERM)
        except PermissionError as error:
            raise PlatformError(
                f"{path.stem} (processus {pid}) appartient à un autre compte.",
                "Arrêtez-le avec le compte qui l'a lancé.",
            ) from error
        for _ in range(PATIENCE * 10):
            if _lock(pid_file.fileno()):
                return True
            time.sleep(0.1)
    raise PlatformError(
        f"{path.stem} (processus {pid}) ne s'arrête pas.",
        f"Relancez make stop, ou forcez l'arrêt : kill -9 {pid}",
    )


def _end(process: subprocess.Popen) -> None:
    """Asks the program and all that it started to end, then ends what is left of them."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=POLITENESS)
        # Its own children may outlive it: Dagster's code servers wait for a heartbeat that never comes.
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _pid_file(settings: Settings, name: str) -> Path:
    return settings.root / ".dagster" / "services" / f"{name}.pid"


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
