"""Who acts, as far as a command can say it: system account, git revision, command."""

from __future__ import annotations

import getpass
import socket
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from donnees_au_centre.settings import ROOT

UNKNOWN = "inconnu"
_GIT_SECONDS = 10


@dataclass(frozen=True)
class Actor:
    """What the command says of itself; the database adds the connected account and its address.

    Attributes:
        system: account and machine, `anne@poste-12`.
        revision: git commit, followed by `+modifications` when files differ from it.
        command: `donnees_au_centre <command>`, or the name of another program; never its arguments' values.
    """

    system: str
    revision: str
    command: str


def actor() -> Actor:
    """Describes the running process."""
    return Actor(_system(), revision(ROOT), _command(sys.argv))


@cache
def revision(root: Path) -> str:
    """The git revision of a checkout; `inconnu` outside git. Asked once a process."""
    # A checkout below another repository (a copy, a test) has no revision of its own.
    top = _git(root, "rev-parse", "--show-toplevel", "HEAD")
    if top is None or len(lines := top.splitlines()) != 2 or Path(lines[0]).resolve() != root.resolve():
        return UNKNOWN
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    return f"{lines[1]}+modifications" if changes else lines[1]


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, timeout=_GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _system() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError, ImportError):  # an account that the system has no name for
        name = UNKNOWN
    return f"{name}@{socket.gethostname()}"


def _command(arguments: list[str]) -> str:
    program = Path(arguments[0]) if arguments and arguments[0] else Path(UNKNOWN)
    if program.name != "__main__.py":
        return program.name
    # The first word is the command; what follows may hold anything.
    return " ".join([program.parent.name, *arguments[1:2]])
