"""Which processes serve a data folder, told apart from zombies and from other people's servers."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Postmaster:
    """The main process of a running server.

    Attributes:
        pid: its process id.
        port: the TCP port it listens on.
        socket: folder of its unix socket.
    """

    pid: int
    port: int
    socket: Path


def cluster_name(data: Path) -> str:
    """Names a data folder in the title of its processes, so that they can be recognised."""
    return f"donnees_{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"


def find_postmaster(data: Path) -> Postmaster | None:
    """Returns the living server of a data folder; None when there is none, whatever postmaster.pid says."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        found = Postmaster(int(lines[0]), int(lines[3]), Path(lines[4]))
    except (FileNotFoundError, ValueError, IndexError):
        return None
    return found if found.pid > 0 and _serves(found.pid, data) else None


def is_alive(pid: int) -> bool:
    """Tells whether a process runs; a zombie, which only waits to be reaped, does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for_end(pids: list[int], seconds: float) -> bool:
    """Waits until none of the processes is alive; returns False when the time is over before."""
    pause = 0.02
    for _ in range(int(seconds / pause)):
        if not any(is_alive(pid) for pid in pids):
            return True
        time.sleep(pause)
    return not any(is_alive(pid) for pid in pids)


def end_orphans(data: Path) -> bool:
    """Ends every process that still works in a data folder whose postmaster, or maker, was killed.

    The sessions of a dead server hold its shared memory, and no other can start before they go.

    Returns:
        True when there was at least one.
    """
    orphans = [pid for pid in psutil.pids() if _serves(pid, data)]
    for number in (signal.SIGQUIT, signal.SIGKILL):
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        if wait_for_end(orphans, 5):
            break
    return bool(orphans)


def _serves(pid: int, data: Path) -> bool:
    """True for a living PostgreSQL process of this data folder, or the `initdb` that makes it.

    The current directory decides, since a server always works from its data folder. A container's root may
    not look at it for another account: then the command line and the title tell.
    """
    try:
        process = psutil.Process(pid)
        if process.name() not in ("postgres", "initdb") or process.status() == psutil.STATUS_ZOMBIE:
            return False
        if process.name() == "postgres":
            with contextlib.suppress(psutil.AccessDenied):
                return process.cwd() == str(data.resolve())
        command = process.cmdline()
        return str(data) in command or command[0].startswith(f"postgres: {cluster_name(data)}: ")
    except (psutil.NoSuchProcess, IndexError):
        return False
