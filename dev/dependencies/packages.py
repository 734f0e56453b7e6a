"""The packages of this environment: as installed, and as the lock wants them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dev.setup.environment import Environment as Setup
from dev.setup.locks import DRIVERS, read_groups
from donnees_au_centre.errors import PlatformError

_LOCKED = re.compile(r"^([\w.-]+)(?:\[[^\]]*\])?==(\S+)(?: ; ([^\\\n]+))?((?: \\\n    --hash=\S+)*)", re.M)


@dataclass(frozen=True)
class Package:
    """One installed package.

    Attributes:
        name: canonical (lower case, hyphens).
        version: as installed.
        licence: what its metadata say, "" when they say nothing.
        weight: bytes on disk of the files it installed.
        needs: names of the installed packages that it asks for.
        hashes: SHA-256 of the archives that the lock allows; empty when none names the package.
        lock: the file that names it, "" when none does.
    """

    name: str
    version: str
    licence: str
    weight: int
    needs: frozenset[str]
    hashes: tuple[str, ...]
    lock: str = ""


@dataclass(frozen=True)
class Environment:
    """All packages of this environment.

    Attributes:
        packages: by name, the checkout itself left out.
        wanted: names in requirements.in: what the project asks for itself.
        strangers: sentences in French: installed against the locks, or locked and not installed.
        drivers: names that the chosen groups of drivers ask for.
    """

    packages: Mapping[str, Package]
    wanted: frozenset[str]
    strangers: tuple[str, ...]
    drivers: frozenset[str] = frozenset()

    @property
    def asked(self) -> frozenset[str]:
        """Names of the installed packages that are there for themselves."""
        return (self.wanted | self.drivers) & self.packages.keys()

    def closure(self, roots: frozenset[str]) -> frozenset[str]:
        """Names of some packages and of all that they need."""
        seen: set[str] = set()
        waiting = [name for name in roots if name in self.packages]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += self.packages[name].needs
        return frozenset(seen)

    def weights(self) -> list[tuple[str, int, int]]:
        """Bytes of each wanted package: with all that it needs, and those that would go with it.

        Returns:
            Name and both weights, heaviest first.
        """
        everything = self.closure(self.asked)
        rows = []
        for name in self.asked:
            with_needs = self.closure(frozenset({name}))
            alone = everything - self.closure(self.asked - {name})
            rows.append((name, self._weigh(with_needs), self._weigh(alone)))
        return sorted(rows, key=lambda row: (-row[1], row[0]))

    def _weigh(self, names: frozenset[str]) -> int:
        return sum(self.packages[name].weight for name in names)


@cache
def read_environment(root: Path) -> Environment:
    """Reads what is installed in the running environment, and compares it with the locks.

    Args:
        root: the checkout, which holds requirements.in, pyproject.toml and both locks.

    Raises:
        PlatformError: a lock names nothing.
    """
    locked = _read_lock(root / "requirements.txt")
    either = _read_lock(root / DRIVERS) | locked
    itself = canonicalize_name("donnees-au-centre")
    found = {str(canonicalize_name(one.metadata["Name"])): one for one in distributions()}
    found.pop(itself, None)
    lines = (root / "requirements.in").read_text(encoding="utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    groups = read_groups(root)
    drivers = [Requirement(asked) for group in Setup(root).chosen() for asked in groups[group]]
    needs = _needs([*wanted, *drivers], found)
    packages = {
        name: Package(
            name=name,
            version=one.version,
            licence=_licence(one),
            weight=_weight(one),
            needs=needs[name],
            hashes=either[name].hashes if name in either and either[name].version == one.version else (),
            lock=either[name].file if name in either else "",
        )
        for name, one in sorted(found.items())
    }
    strangers = [
        f"{name} {package.version} est installé, "
        + (
            f"{package.lock} dit {either[name].version}"
            if name in either
            else f"ni requirements.txt ni {DRIVERS} ne le nomment"
        )
        for name, package in packages.items()
        if name not in either or either[name].version != package.version
    ]
    # A driver may be missing: it is optional.
    strangers += [f"{name} manque dans l'environnement" for name in sorted(locked.keys() - packages.keys())]
    return Environment(packages, _names(wanted), tuple(strangers), _names(drivers))


def _names(asked: list[Requirement]) -> frozenset[str]:
    return frozenset(str(canonicalize_name(one.name)) for one in asked)


@dataclass(frozen=True)
class _Pin:
    """What a lock file says of a package."""

    version: str
    hashes: tuple[str, ...]
    file: str


def _read_lock(file: Path) -> dict[str, _Pin]:
    """Version and hashes of each package that the lock holds for this system and this Python."""
    found = _LOCKED.findall(file.read_text(encoding="utf-8"))
    if not found:
        raise PlatformError(
            f"{file.name} ne nomme aucun paquet.", f"Rendez-lui sa version : git checkout {file.name}"
        )
    return {
        str(canonicalize_name(name)): _Pin(
            version, tuple(re.findall(r"--hash=sha256:(\w+)", hashes)), file.name
        )
        for name, version, marker, hashes in found
        if not marker or Marker(marker.strip()).evaluate()
    }


def _needs(wanted: list[Requirement], found: Mapping[str, Distribution]) -> dict[str, frozenset[str]]:
    """What each installed package asks for, with the extras that are asked of it."""
    extras: dict[str, set[str]] = {}
    needs: dict[str, set[str]] = {}
    waiting = list(wanted)
    while waiting:
        asked = waiting.pop()
        name = str(canonicalize_name(asked.name))
        if name not in found or (name in needs and asked.extras <= extras[name]):
            continue
        extras[name] = extras.get(name, set()) | asked.extras
        of_it = [
            one
            for one in map(Requirement, found[name].requires or [])
            if not one.marker or any(one.marker.evaluate({"extra": extra}) for extra in {"", *extras[name]})
        ]
        needs[name] = {str(canonicalize_name(one.name)) for one in of_it} & found.keys()
        waiting += of_it
    return {name: frozenset(needs.get(name, ())) for name in found}


def _licence(distribution: Distribution) -> str:
    about = distribution.metadata
    told = next(iter(about.get_all("License-Expression") or ()), "")
    if not told:
        # « License :: OSI Approved » alone names none.
        classes = (one for one in about.get_all("Classifier") or () if one != "License :: OSI Approved")
        told = ", ".join(one.rpartition(" :: ")[2] for one in classes if one.startswith("License ::"))
    # Some packages put the whole text there.
    return told or next(iter("".join(about.get_all("License") or ()).strip().splitlines()), "")[:100]


def _weight(distribution: Distribution) -> int:
    files = (Path(str(distribution.locate_file(file))) for file in distribution.files or [])
    return sum(file.stat().st_size for file in files if file.is_file())
