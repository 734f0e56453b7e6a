"""What the lock files say, read as text: nothing but Python is there yet when the set-up reads them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from pathlib import Path

from donnees_au_centre.errors import PlatformError

DRIVERS = "requirements-drivers.txt"

# Name, pin with markers and hashes, then the comments that say who asks for it.
_BLOCK = re.compile(
    r"^([\w.-]+)((?:\[[^\]]*\])?==(?:.*\\\n)*.*\n)((?:[ ]+#.*\n)*)",
    re.MULTILINE,
)


def canonical(asked: str) -> str:
    """The name in a requirement, as registries compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", asked)[0]).lower()


def read_groups(root: Path) -> dict[str, tuple[str, ...]]:
    """The packages that each group of drivers asks for, as pyproject.toml says."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {group: tuple(asked) for group, asked in project.get("optional-dependencies", {}).items()}


def requirement(name: str, lock: str) -> str:
    """Takes one package, with its version and hashes, out of a lock file's text.

    Raises:
        PlatformError: the lock does not pin that package.
    """
    for found, pin, _ in _BLOCK.findall(lock):
        if canonical(found) == canonical(name):
            return f"{found}{pin}"
    raise PlatformError(
        f"requirements.txt ne fixe pas la version de {name}.",
        "Rendez à requirements.txt sa version enregistrée : git checkout requirements.txt",
    )


def requirements_of(packages: Collection[str], lock: str, present: str = "") -> str:
    """Takes packages and all that they need out of a lock file's text.

    Args:
        packages: their names.
        lock: text that names, below each package, those that ask for it.
        present: text of another lock, whose packages are left out: they are installed.
    """
    blocks = _BLOCK.findall(lock)
    askers = {name: set(re.findall(r"^ +#(?: via)? +(\S+)$", comments, re.M)) for name, _, comments in blocks}
    chosen: set[str] = set()
    wanted = set(map(canonical, packages))
    found = {name for name in askers if canonical(name) in wanted}
    while found:
        chosen |= found
        found = {name for name in askers.keys() - chosen if askers[name] & chosen}
    others = {canonical(name) for name, _, _ in _BLOCK.findall(present)}
    return "".join(
        f"{name}{pin}" for name, pin, _ in blocks if name in chosen and canonical(name) not in others
    )


def version_of(package: str, lock: str) -> str:
    """The version that a lock file's text gives to a package, "" when it does not name it."""
    pins = {canonical(name): pin for name, pin, _ in _BLOCK.findall(lock)}
    return re.split(r"\s", pins.get(canonical(package), "").partition("==")[2])[0]
