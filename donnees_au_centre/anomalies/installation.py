"""The dbt packages of the overlay project: can they be had, and are they there, whole, as locked."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from donnees_au_centre.errors import PlatformError

LOCK = "package-lock.yml"
FOLDER = "dbt_packages"
# The lock that was installed; written last, so that an interrupted installation has none.
STAMP = "installe.txt"
# Seconds for a mirror to answer, and for dbt to clone from it.
ANSWER, CLONE = 20, 300
GUIDE = "docs/exploitant/elementary-complet.md"
# A mirror that wants a password is a mirror that cannot be had: nobody is there to type it.
SILENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "SSH_ASKPASS": "true", "LC_ALL": "C"}
SSH = "ssh -o BatchMode=yes -o ConnectTimeout=10"


@dataclass(frozen=True)
class Package:
    """A dbt package, at one revision.

    Attributes:
        name: as dbt knows it.
        git: public address, which git may replace by a mirror's (`url.<mirror>.insteadOf`).
        revision: 40 hexadecimal digits.
    """

    name: str
    git: str
    revision: str


def locked_packages(overlay: Path) -> list[Package]:
    """Reads package-lock.yml.

    Args:
        overlay: folder of the overlay project.
    """
    lock = yaml.safe_load((overlay / LOCK).read_text(encoding="utf-8"))
    return [Package(entry["name"], entry["git"], entry["revision"]) for entry in lock["packages"]]


def git_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of git when nobody answers its questions; a user's own ssh command is kept."""
    return {"GIT_SSH_COMMAND": SSH, **environment, **SILENT}


def ensure_packages(overlay: Path, deps: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Installs the locked packages, all or none, unless they are there already.

    Args:
        overlay: folder of the overlay project.
        deps: the command that runs `dbt deps` on it.
        environment: of that command and of git.

    Returns:
        True when it installed them, False when they were there: git is not called then.

    Raises:
        PlatformError: a package cannot be had, or dbt does not install it. What was there before is kept.
    """
    folder, partial = overlay / FOLDER, overlay / f"{FOLDER}_partiel"
    lock = (overlay / LOCK).read_text(encoding="utf-8")
    stamp = folder / STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == lock:
        return False
    environment = git_environment(environment)
    if problems := unreachable(locked_packages(overlay), environment):
        raise PlatformError(
            "Elementary complet a besoin de deux paquets dbt, et cette machine ne peut pas les obtenir :\n"
            + "\n".join(f"  - {problem}" for problem in problems),
            f"Donnez à git un miroir interne : {GUIDE} dit lesquels copier et comment les désigner "
            "(git config --global url.<miroir>.insteadOf <adresse>). Rien n'a été changé, et les autres "
            "rapports n'ont pas besoin de ces paquets.",
        )
    try:
        done = subprocess.run(
            deps,
            cwd=overlay,
            env={**environment, "DBT_PACKAGES_FOLDER": partial.name},
            capture_output=True,
            text=True,
            timeout=CLONE,
            check=False,
        )
        said = (done.stdout + done.stderr).strip()
        if done.returncode != 0 or any(not (partial / one.name).is_dir() for one in locked_packages(overlay)):
            raise PlatformError(
                f"dbt deps n'a pas installé les paquets d'observability/.\n{_last_lines(said)}",
                f"{LOCK} et packages.yml doivent aller ensemble (sinon dbt appelle son hub) : {GUIDE}.",
            )
        (partial / STAMP).write_text(lock, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    except subprocess.TimeoutExpired as error:
        raise PlatformError(
            f"dbt deps n'a pas fini en {CLONE} secondes.", f"Le miroir est-il lent ou injoignable ? {GUIDE}"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return True


def unreachable(packages: Sequence[Package], environment: Mapping[str, str]) -> list[str]:
    """Says in French, a line each, which packages cannot be had, and why."""
    if shutil.which("git", path=environment.get("PATH")) is None:
        return ["git n'est pas installé"]
    return [problem for package in packages if (problem := _problem(package, environment))]


def _problem(package: Package, environment: Mapping[str, str]) -> str:
    """Why a package cannot be had, in French; "" when it can."""
    title = f"{package.name} ({package.git})"
    try:
        done = subprocess.run(
            ["git", "ls-remote", package.git],
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=ANSWER,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{title} : pas de réponse en {ANSWER} secondes"
    if done.returncode != 0:
        return f"{title} : {_first_line(done.stderr)}"
    if not any(line.startswith(package.revision) for line in done.stdout.splitlines()):
        return f"{title} : répond, mais sans la révision {package.revision} : miroir à mettre à jour"
    return ""


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "git échoue sans rien dire")


def _last_lines(text: str, count: int = 6) -> str:
    return "\n".join(text.splitlines()[-count:])
