"""`ci`: the pipeline of a merge request, played here by what reads .gitlab-ci.yml as GitLab does."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from donnees_au_centre.cli.changes import ancestor
from donnees_au_centre.cli.session import Session, child_environment
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import Settings

# The last version that runs on Node.js 20.
PLAYER = "gitlab-ci-local@4.72.0"
FOLDER = Path(".cache") / "gitlab-ci-local"
# In this checkout, without containers; jobs share it, one after the other.
OPTIONS = {
    "GCL_FORCE_SHELL_EXECUTOR": "true",
    "GCL_SHELL_ISOLATION": "false",
    "GCL_ARTIFACTS_TO_SOURCE": "false",
    "GCL_IGNORE_PREDEFINED_VARS": "CI_PIPELINE_SOURCE",
    "GCL_CONCURRENCY": "1",
}
BY_HAND = "Ses commandes se jouent aussi une à une : make check, make slim, make test."


def ci(settings: Settings, options: Mapping[str, str]) -> int:
    """Plays the jobs that GitLab would run for a merge request of this branch; JOB names some of them.

    Raises:
        PlatformError: Node.js or the main branch is not there; or a job fails, whose output stands above.
    """
    session = Session(settings)
    root = settings.root
    if not _knows_main(root):
        raise PlatformError(
            "Ce dépôt ne connaît pas la branche main de son origine : GitLab y compare chaque demande.",
            f"git fetch origin main && git remote set-head origin -a, puis relancez. {BY_HAND}",
        )
    if not shutil.which("rsync"):
        raise PlatformError(
            "rsync n'est pas installé : ce qui joue .gitlab-ci.yml le demande.",
            f"Installez-le (Debian : apt install rsync). {BY_HAND}",
        )
    player = install(root)
    environment = {**child_environment(settings, None), **OPTIONS}
    with session.step("Chaîne de la demande de fusion (.gitlab-ci.yml)"):
        command = [str(player), *merge_request(ancestor(root)), *(options.get("JOB") or "").split()]
        done = subprocess.run(command, cwd=root, env=environment, check=False)
    if done.returncode:
        raise PlatformError(
            "La chaîne échoue : le travail marqué FAIL ci-dessus dit pourquoi.",
            "Corrigez, puis relancez ce seul travail : make ci JOB=<travail>.",
        )
    session.say("GitLab accepterait cette demande.")
    return 0


def merge_request(base: str, number: int = 0) -> list[str]:
    """The options that make it the pipeline of a merge request.

    Args:
        base: the revision that the branch left.
        number: of the merge request.
    """
    variables = {
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_MERGE_REQUEST_IID": str(number),
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
    }
    return [part for pair in variables.items() for part in ("--variable", "=".join(pair))]


def install(root: Path) -> Path:
    """Installs the player in .cache/, once; returns its program.

    Raises:
        PlatformError: npm is not there, or its registry is not.
    """
    folder = root / FOLDER / PLAYER.partition("@")[2]
    program = folder / "node_modules" / ".bin" / "gitlab-ci-local"
    if program.exists():
        return program
    if not (npm := shutil.which("npm")):
        raise PlatformError(
            "npm n'est pas installé : il installe ce qui joue .gitlab-ci.yml.",
            f"Installez Node.js 20 ou plus récent (Debian : apt install nodejs npm). {BY_HAND}",
        )
    folder.mkdir(parents=True, exist_ok=True)
    command: Sequence[str] = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", PLAYER]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=dict(os.environ))
    if done.returncode:
        raise PlatformError(
            f"{PLAYER} ne s'installe pas : {done.stderr.strip()[-500:]}",
            f"Vérifiez le registre npm (npm config get registry). {BY_HAND}",
        )
    return program


def _knows_main(root: Path) -> bool:
    command = ["git", "rev-parse", "--verify", "--quiet", "refs/remotes/origin/HEAD"]
    return subprocess.run(command, cwd=root, capture_output=True, check=False).returncode == 0
