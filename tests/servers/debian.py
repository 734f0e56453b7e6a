"""Servers out of Debian's packages, unpacked without installing them: nothing of the machine is changed."""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
from pathlib import Path

import pytest

_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
# Kept between runs, and between pipelines.
KEPT = Path(__file__).parents[2] / ".cache" / "servers"


def unpacked(name: str, packages: tuple[str, ...]) -> Path:
    """The folder in which packages, and what they need beyond this machine, lie unpacked.

    Args:
        name: of the folder; it is made once.
        packages: as Debian names them.

    Raises:
        pytest.skip.Exception: they cannot be had here; with the reason.
    """
    place = KEPT / name
    KEPT.mkdir(parents=True, exist_ok=True)
    with open(KEPT / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if place.exists():
            return place
        if not all(map(shutil.which, ("apt-get", "dpkg"))):
            pytest.skip(f"{name} comes from Debian's packages, which this machine does not have")
        making = KEPT / f"{name}.making"
        shutil.rmtree(making, ignore_errors=True)
        fetched = making / "packages"
        fetched.mkdir(parents=True)
        try:
            _run(["apt-get", "download", "-q", *_needed(packages, making)], fetched)
            for file in fetched.glob("*.deb"):
                _run(["dpkg", "-x", str(file), str(making / "root")], making)
        except (subprocess.SubprocessError, OSError) as error:
            said = getattr(error, "stderr", None) or str(error)
            pytest.skip(f"{name} cannot be fetched from Debian: {said.strip().splitlines()[-1]}")
        (making / "root").rename(place)
        shutil.rmtree(making)
    return place


def _needed(packages: tuple[str, ...], making: Path) -> list[str]:
    asked = ["apt-get", "install", "-s", "-q", "--no-install-recommends", *packages]
    try:
        said = _run(asked, making)
    except subprocess.CalledProcessError:
        # An image without lists of packages: some of our own, that need no rights.
        (making / "lists" / "partial").mkdir(parents=True)
        own = ["-o", f"Dir::State::lists={making / 'lists'}"]
        _run(["apt-get", "update", "-q", *own], making)
        said = _run([*asked, *own], making)
    return re.findall(r"^Inst (\S+)", said, re.MULTILINE)


def _run(command: list[str], cwd: Path) -> str:
    return subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env=_ENVIRONMENT,
    ).stdout
