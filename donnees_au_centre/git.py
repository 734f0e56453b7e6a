"""git, asked about a checkout."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from pathlib import Path

from donnees_au_centre.errors import PlatformError


def git(place: Path, *arguments: str, problem: str, advice: str) -> bytes:
    """What git answers.

    Args:
        place: a folder of the checkout.
        arguments: of git.
        problem: what it means when git refuses, in French; git's own words follow.
        advice: what to do then.

    Raises:
        PlatformError: git refuses, or is not installed.
    """
    try:
        done = subprocess.run(["git", *arguments], cwd=place, capture_output=True)
    except FileNotFoundError:
        raise PlatformError("git n'est pas installé.", "Installez-le, puis relancez.") from None
    if done.returncode:
        said = f"{problem} : {done.stderr.decode(errors='replace').strip() or 'sans un mot'}"
        raise PlatformError(discreet(said), advice)
    return done.stdout


def unpack(archive: bytes, folder: Path) -> None:
    """Writes what `git archive --format=tar` gave below a folder that exists."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="tar")


def discreet(text: str) -> str:
    """Words, or an address, without the account and the token that an address may have."""
    return re.sub(r"://[^/\s@]*@", "://…@", text)
