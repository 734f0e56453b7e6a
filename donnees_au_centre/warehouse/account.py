"""The operating-system account that runs the server, and what that account can really reach."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from donnees_au_centre.errors import PlatformError

# PostgreSQL refuses to run as root: these accounts exist on most systems and own nothing of value.
UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """Who runs PostgreSQL: the current user, or the unprivileged account that root steps down to.

    Attributes:
        name: name of the account.
        uid: its user id.
        gid: its group id.
    """

    name: str
    uid: int
    gid: int

    def run(self, command: Sequence[str | Path], text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a command as this account, in `/`, with an almost empty environment.

        The command inherits no descriptor but pipes, and a session of its own: what it leaves running
        outlives the caller, and no secret of the caller's environment reaches another account.

        Args:
            command: the program and its arguments.
            text: what the command reads on its standard input.

        Raises:
            OSError: the program cannot be started as this account.
        """
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
        if "LD_LIBRARY_PATH" in os.environ:
            environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        step_down = self.uid != os.geteuid()
        return subprocess.run(
            [str(part) for part in command],
            input=text or "",
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            env=environment,
            umask=0o077,
            start_new_session=True,
            user=self.uid if step_down else None,
            group=self.gid if step_down else None,
            extra_groups=[] if step_down else None,
        )

    def can_fill(self, folder: Path) -> bool:
        """Tells whether this account can enter a folder and write in it, by doing it."""
        probe = 'cd "$1" && : > .probe && rm .probe'
        return self._succeeds(["/bin/sh", "-c", probe, "sh", folder])

    def can_execute(self, program: Path) -> bool:
        """Tells whether this account can run a PostgreSQL program, by asking it for its version."""
        return self._succeeds([program, "--version"])

    def own(self, path: Path) -> None:
        """Gives a file or folder to this account.

        Raises:
            OSError: the file system does not allow it.
        """
        if self.uid != os.geteuid():
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def _succeeds(self, command: Sequence[str | Path]) -> bool:
        try:
            return self.run(command).returncode == 0
        except OSError:
            return False


def server_account(home: Path | None) -> Account:
    """Chooses the account of the server.

    Args:
        home: the folder of an existing server, whose owner goes on running it; None for a new one.

    Raises:
        PlatformError: the server belongs to another user, or root finds no account to step down to.
    """
    owner = home.stat().st_uid if home else None
    if os.geteuid() != 0:
        if owner is not None and owner != os.geteuid():
            raise PlatformError(
                f"Le serveur embarqué de {home} appartient au compte {_name(owner)}, pas au vôtre.",
                "Relancez la commande avec ce compte ou avec sudo, ou faites supprimer ce dossier par lui "
                "(make clean CONFIRMER=1) pour repartir de zéro.",
            )
        return Account(_name(os.geteuid()), os.geteuid(), os.getegid())
    if home and owner:
        return Account(_name(owner), owner, home.stat().st_gid)
    import pwd  # absent on Windows, where EmbeddedServer gives advice instead

    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        account = Account(name, entry.pw_uid, entry.pw_gid)
        if account._succeeds(["/bin/sh", "-c", ":"]):
            return account
    raise PlatformError(
        "PostgreSQL refuse de tourner sous root, et aucun compte sans privilège n'est utilisable ici "
        f"(essayés : {', '.join(UNPRIVILEGED)}).",
        "Lancez la commande avec un compte ordinaire, ou créez un compte : useradd --system postgres",
    )


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
