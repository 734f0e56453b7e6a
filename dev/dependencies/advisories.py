"""Known advisories, from a file in the OSV format, compared with what is installed; no network."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from dev.dependencies.packages import Package
from donnees_au_centre.errors import PlatformError

ADVICE = (
    "Donnez l'export OSV de l'écosystème PyPI : son archive all.zip, une de ses fiches .json, ou un fichier "
    "d'une fiche JSON par ligne."
)


@dataclass(frozen=True)
class Advisories:
    """What a file of advisories holds for Python packages.

    Attributes:
        by_package: canonical name -> records, withdrawn ones left out.
        latest: when the newest record was modified; None when no record says so.
        count: records on Python packages.
        unreadable: records that could not be read.
    """

    by_package: Mapping[str, tuple[Mapping[str, Any], ...]]
    latest: datetime | None
    count: int
    unreadable: int


@dataclass(frozen=True)
class Finding:
    """An installed package that an advisory is about.

    Attributes:
        package: name and version.
        advisory: id, and the CVE when there is one.
        summary: what the advisory says in a line, in its language; "" when it has none.
        mended: lowest version that is mended, above the installed one; "" when none is known.
    """

    package: str
    advisory: str
    summary: str
    mended: str


def read_advisories(file: Path) -> Advisories:
    """Reads a file of OSV records: a zip of .json files, one .json, or one record a line.

    Raises:
        PlatformError: no such file, or no record on a Python package in it.
    """
    if not file.is_file():
        raise PlatformError(f"Le fichier d'avis {file} n'existe pas.", ADVICE)
    by_package: dict[str, list[Mapping[str, Any]]] = {}
    latest: datetime | None = None
    count = unreadable = 0
    try:
        for text in _texts(file):
            try:
                record = json.loads(text)
                names = {
                    canonicalize_name(one["package"]["name"])
                    for one in record.get("affected", [])
                    if one.get("package", {}).get("ecosystem") == "PyPI"
                }
                when = datetime.fromisoformat(record["modified"])
                record["id"].strip()
            except (ValueError, KeyError, TypeError, AttributeError):
                unreadable += 1
                continue
            if not names:
                continue
            count += 1
            latest = when if latest is None else max(latest, when)
            if not record.get("withdrawn"):
                for name in names:
                    by_package.setdefault(name, []).append(record)
    except (OSError, zipfile.BadZipFile) as error:
        why = getattr(error, "strerror", None) or "ce n'est pas une archive ZIP entière"
        raise PlatformError(f"Le fichier d'avis {file} ne se lit pas : {why}.", ADVICE) from error
    if not count:
        raise PlatformError(f"Le fichier d'avis {file} n'a aucun avis sur un paquet Python.", ADVICE)
    return Advisories({name: tuple(all_) for name, all_ in by_package.items()}, latest, count, unreadable)


def find(advisories: Advisories, packages: Iterable[Package]) -> list[Finding]:
    """Lists the advisories about installed versions; a version that cannot be compared counts as affected."""
    found = []
    for package in packages:
        for record in advisories.by_package.get(package.name, ()):
            about = [
                one
                for one in record["affected"]
                if one.get("package", {}).get("ecosystem") == "PyPI"
                and canonicalize_name(one["package"]["name"]) == package.name
            ]
            if any(_affects(one, package.version) for one in about):
                alias = next((one for one in record.get("aliases", []) if one.startswith("CVE-")), "")
                found.append(
                    Finding(
                        f"{package.name} {package.version}",
                        f"{record['id']} ({alias})" if alias else record["id"],
                        str(record.get("summary", "")),
                        _mended(about, package.version),
                    )
                )
    return found


def _texts(file: Path) -> Iterator[bytes]:
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                if member.filename.endswith(".json"):
                    yield archive.read(member)
        return
    whole = file.read_bytes()
    try:
        json.loads(whole)
    except ValueError:
        yield from (line for line in whole.splitlines() if line.strip())
    else:
        yield whole


def _affects(affected: Mapping[str, Any], version: str) -> bool:
    if version in affected.get("versions", []):
        return True
    return any(_within(one.get("events", []), version) for one in _ranges(affected))


def _within(events: Iterable[Mapping[str, str]], version: str) -> bool:
    """Whether a version stands within a range of OSV: events in order, each turns it on or off."""
    try:
        installed = Version(version)
        moments = sorted(
            ((_number(value), kind) for event in events for kind, value in event.items() if kind != "limit"),
            key=lambda moment: moment[0],
        )
    except InvalidVersion:
        return True
    inside = False
    for moment, kind in moments:
        if kind == "introduced" and installed >= moment:
            inside = True
        elif (kind == "fixed" and installed >= moment) or (kind == "last_affected" and installed > moment):
            inside = False
    return inside


def _number(text: str) -> Version:
    """OSV writes "0" for before all versions, pre-releases too."""
    return Version("0.dev0" if text == "0" else text)


def _mended(about: Iterable[Mapping[str, Any]], version: str) -> str:
    fixed = []
    for one in about:
        for span in _ranges(one):
            for event in span.get("events", []):
                try:
                    if "fixed" in event and Version(event["fixed"]) > Version(version):
                        fixed.append(Version(event["fixed"]))
                except InvalidVersion:
                    continue
    return str(min(fixed)) if fixed else ""


def _ranges(affected: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in affected.get("ranges", []) if one.get("type") in ("ECOSYSTEM", "SEMVER")]
