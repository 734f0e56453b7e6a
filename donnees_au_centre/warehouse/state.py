"""What a checkout keeps on disk about its server between two commands."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from donnees_au_centre.closing import close
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.warehouse.account import Account
from donnees_au_centre.warehouse.binaries import OWN_SERVER

# Where the data go when the server's account cannot enter the checkout.
SHARED_HOME = Path("/var/lib/donnees-au-centre")
LOCK_SECONDS = 420


IN_FRENCH = {
    errno.ENOSPC: "le disque est plein",
    errno.EDQUOT: "le quota de disque est atteint",
    errno.EFBIG: "la taille des fichiers y est limitée",
    errno.EACCES: "accès refusé",
    errno.EPERM: "opération refusée",
    errno.EROFS: "disque en lecture seule",
    errno.EEXIST: "existe déjà et n'est pas ce qu'il faut",
    errno.ENOTDIR: "n'est pas un dossier",
}


@dataclass
class Memory:
    """What `server.json` remembers.

    Attributes:
        port: the TCP port.
        home: the folder of the data, the socket and the log.
        socket: the folder of the socket when its path below `home` would be too long.
    """

    port: int | None = None
    home: str | None = None
    socket: str | None = None


class StateFolder:
    """The ignored folder of a checkout: lock, memory, password and, where possible, the data.

    Args:
        path: the folder, made when the lock is first taken.
    """

    def __init__(self, path: Path) -> None:
        """Names the folder without touching it."""
        self.path = Path(os.path.abspath(path))
        self.password_file = self.path / "mot_de_passe"
        digest = hashlib.sha256(str(self.path).encode()).hexdigest()[:10]
        self._shared_place = SHARED_HOME / f"{self.path.parent.name}-{digest}"

    def exists(self) -> bool:
        """Tells whether anything of a server is left, in the folder or elsewhere."""
        return self.path.is_dir() or self.home() is not None

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the folder for this process alone; the system frees it if the process is killed.

        Raises:
            PlatformError: another command holds it for too long, or it is another account's.
            OSError: the folder cannot be made or written.
        """
        deadline = time.monotonic() + LOCK_SECONDS
        place = self.path / "lock"
        while True:
            self.path.mkdir(parents=True, exist_ok=True)
            close(self.path, passable=True)
            with open(place, "a") as file:
                if _take(file, place):
                    yield
                    return
            if time.monotonic() > deadline:
                raise PlatformError(
                    f"Une autre commande tient le serveur embarqué depuis {LOCK_SECONDS} secondes ({place}).",
                    "Attendez qu'elle finisse, ou arrêtez-la, puis relancez.",
                )
            time.sleep(0.05)

    def remembered(self) -> Memory:
        """Reads the memory; a missing or damaged one is empty."""
        try:
            return Memory(**json.loads((self.path / "server.json").read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return Memory()

    def remember(self, memory: Memory) -> None:
        """Writes the memory."""
        self._write(self.path / "server.json", json.dumps(vars(memory), indent=2) + "\n")

    def password(self) -> str:
        """Reads the superuser's password; invents one when the file is missing."""
        with contextlib.suppress(FileNotFoundError):
            password = self.password_file.read_text().strip()
            if password:
                return password
        password = secrets.token_urlsafe(18)
        self._write(self.password_file, password + "\n")
        return password

    def home(self) -> Path | None:
        """Returns the server's folder when there is one.

        A folder elsewhere counts only when it names this state folder: a copied checkout must not take,
        stop or remove the server of the original.
        """
        inside = self.path / "home"
        if inside.is_dir():
            return inside
        for place in (self.remembered().home, self._shared_place):
            with contextlib.suppress(FileNotFoundError, PermissionError):
                if place and (Path(place) / "state").read_text() == str(self.path):
                    return Path(place)
        return None

    def make_home(self, account: Account) -> Path:
        """Makes the server's folder where its account can really work, in the checkout if possible.

        Raises:
            PlatformError: no place fits; the message gives the reason for each.
        """
        reasons = []
        for place in (self.path / "home", self._shared_place, None):
            try:
                if place is None:
                    place = Path(tempfile.mkdtemp(prefix="donnees-au-centre-"))
                else:
                    _make_open(place.parent)
                    place.mkdir(mode=0o700)
                (place / "state").write_text(str(self.path))
                account.own(place)
            except OSError as error:
                reasons.append(f"{place or tempfile.gettempdir()} : {in_french(error)}")
                continue
            if account.can_fill(place):
                return place
            shutil.rmtree(place)
            reasons.append(f"{place} : le compte {account.name} n'y a pas accès")
        raise PlatformError(
            "Aucun dossier ne convient aux données du serveur embarqué.\n" + "\n".join(reasons),
            f"Clonez le projet sur un disque local où vous pouvez écrire, {OWN_SERVER}",
        )

    def remove(self) -> None:
        """Removes everything, wherever it is; the server must be stopped and the lock held.

        Raises:
            OSError: something cannot be removed.
        """
        memory, home = self.remembered(), self.home()
        for folder in (memory.socket, home, self.path):
            if folder and Path(folder).is_dir():
                shutil.rmtree(folder)
        with contextlib.suppress(OSError):
            SHARED_HOME.rmdir()  # only when it is empty

    def _write(self, path: Path, text: str) -> None:
        """Replaces a file at once, readable by its owner only."""
        descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}-", dir=self.path)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
            os.replace(draft, path)
        except OSError:
            os.unlink(draft)
            raise


def in_french(error: OSError) -> str:
    """Gives the reason of a system error in French when it is a usual one."""
    return IN_FRENCH.get(error.errno or 0, str(error.strerror))


def _make_open(folder: Path) -> None:
    """Makes a folder that other accounts can pass through, and not list, whatever the umask."""
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o711)


def _take(file: TextIO, place: Path) -> bool:
    """Locks an open file; False when another process holds it, or removed it to destroy the server."""
    import fcntl  # absent on Windows, which EmbeddedServer turns away

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(file.fileno()), place.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
