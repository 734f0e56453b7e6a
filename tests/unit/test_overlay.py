"""Elementary complet: what observability/ watches, its lock, and a machine that cannot have the packages."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from donnees_au_centre.anomalies import (
    Finding,
    ensure_packages,
    findings,
    locked_packages,
    watched_marts,
    write_models,
)
from donnees_au_centre.anomalies.installation import FOLDER, LOCK, STAMP
from donnees_au_centre.anomalies.page import offline
from donnees_au_centre.cli.elementary import OVERLAY, account
from donnees_au_centre.cli.session import dbt
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import NO_TELEMETRY, ROOT

FOLDER_OF = ROOT / OVERLAY


def mart_files() -> dict[tuple[str, str], dict[str, Any]]:
    """The marts of the project, by domain and name, as their YAML has them."""
    return {
        (file.parts[-3], model["name"]): model
        for file in (ROOT / "models").glob("*/marts/*.yml")
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", [])
    }


def checks_of(entry: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, body) for test in entry.get("data_tests", []) for name, body in test.items()]


def is_about_people(column: Mapping[str, Any]) -> bool:
    said = column.get("config", {}).get("meta", {})
    return said.get("donnee_personnelle", "aucune") != "aucune" or "protection" in said


# The lock


def lock_hash(folder: Path) -> str:
    """As `dbt deps` works it out: when the lock has another, dbt asks its hub."""
    from dbt.config.project import package_and_project_data_from_root, package_config_from_data
    from dbt.config.renderer import PackageRenderer
    from dbt.task.deps import _create_sha1_hash

    packages, _ = package_and_project_data_from_root(str(folder))
    rendered = PackageRenderer({}).render_data(packages)
    return _create_sha1_hash(package_config_from_data(rendered, packages).packages)


def test_the_lock_is_that_of_packages_yml() -> None:
    assert yaml.safe_load((FOLDER_OF / LOCK).read_text("utf-8"))["sha1_hash"] == lock_hash(FOLDER_OF)


def test_both_sides_of_elementary_have_the_same_version() -> None:
    wanted = yaml.safe_load((FOLDER_OF / "packages.yml").read_text("utf-8"))["packages"]
    versions = {entry["git"].rpartition("/")[2]: str(entry["revision"]) for entry in wanted}
    line = next(
        line
        for line in (ROOT / "requirements.in").read_text("utf-8").splitlines()
        if "elementary-data" in line
    )
    assert line.partition("==")[2].split()[0] == versions["dbt-data-reliability.git"]
    assert {package.name for package in locked_packages(FOLDER_OF)} == {"dbt_utils", "elementary"}
    assert all(len(package.revision) == 40 for package in locked_packages(FOLDER_OF))


def test_nothing_of_the_packages_is_tracked_and_the_project_does_not_read_observability() -> None:
    listed = subprocess.run(
        ["git", "ls-files", OVERLAY], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert f"{OVERLAY}/{FOLDER}" not in listed
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text("utf-8"))
    read = [path for key, paths in project.items() if key.endswith("-paths") for path in paths]
    assert OVERLAY not in {path.partition("/")[0] for path in read}
    assert not (ROOT / "packages.yml").exists() and not (ROOT / "dependencies.yml").exists()


# What is watched


def test_every_watched_mart_and_column_exists() -> None:
    marts = mart_files()
    watched = watched_marts(ROOT)
    assert watched.keys() == marts.keys()
    for place, entry in watched.items():
        columns = {column["name"] for column in marts[place]["columns"]}
        assert {column["name"] for column in entry.get("columns", [])} <= columns, place
        for _, body in checks_of(entry):
            stamp = body.get("arguments", {}).get("timestamp_column")
            assert stamp is None or stamp in columns, place


def test_every_watched_mart_has_its_volume_and_its_structure_watched() -> None:
    for place, entry in watched_marts(ROOT).items():
        kinds = [name for name, _ in checks_of(entry)]
        assert {"elementary.volume_anomalies", "elementary.schema_changes"} <= set(kinds), place


def test_every_test_has_a_name_of_its_own_and_a_description() -> None:
    names = []
    for (_, mart), entry in watched_marts(ROOT).items():
        for one in (entry, *entry.get("columns", [])):
            for _, body in checks_of(one):
                names.append(body["name"])
                assert body["name"].startswith(mart) and body["description"].endswith("."), body
    assert len(names) == len(set(names))


def test_no_column_of_a_data_set_about_people_is_measured() -> None:
    marts = mart_files()
    about_people = {place for place, mart in marts.items() if any(map(is_about_people, mart["columns"]))}
    assert about_people, "aucun mart ne dit rien des personnes : ce test ne prouve rien"
    watched = watched_marts(ROOT)
    assert about_people & watched.keys()
    for place in about_people & watched.keys():
        assert "columns" not in watched[place], place
        assert {name for name, _ in checks_of(watched[place])} <= {
            "elementary.volume_anomalies",
            "elementary.freshness_anomalies",
            "elementary.schema_changes",
        }, place


def test_measures_say_nothing_of_one_row() -> None:
    shares = {"null_percent", "average"}
    for place, entry in watched_marts(ROOT).items():
        for column in entry.get("columns", []):
            for _, body in checks_of(column):
                assert set(body["arguments"]["column_anomalies"]) <= shares, place


def test_the_overlay_keeps_no_failing_row_and_uploads_nothing_by_itself() -> None:
    project = yaml.safe_load((FOLDER_OF / "dbt_project.yml").read_text("utf-8"))
    assert project["vars"]["test_sample_row_count"] == 0
    assert project["vars"]["disable_dbt_artifacts_autoupload"] is True
    # With it, a count that never moves never alarms, whatever happens to it.
    assert "exclude_detection_period_from_training" not in project["vars"]
    macros = "".join(file.read_text("utf-8") for file in (FOLDER_OF / "macros").glob("*.sql"))
    assert "materialization test" not in macros
    assert project["data_tests"] == {"+severity": "warn", "+store_failures": False}


def test_a_source_is_what_the_group_of_the_domain_says(tmp_path: Path) -> None:
    write_models(ROOT, tmp_path)
    for file in tmp_path.glob("*.yml"):
        [source] = yaml.safe_load(file.read_text("utf-8"))["sources"]
        domain = source["name"]
        [group] = yaml.safe_load((ROOT / f"models/{domain}/_{domain}.yml").read_text("utf-8"))["groups"]
        assert file.stem == domain and source["config"]["tags"] == [domain]
        assert source["config"]["meta"]["owner"] == group["owner"]["email"]
        assert source["schema"].endswith(f"}}}}{domain}")
        assert group["description"] in source["description"]


def test_what_a_domain_adds_is_said_beside_what_every_mart_has() -> None:
    watched = watched_marts(ROOT)
    log = checks_of(watched["data_platform", "fct_chargement"])
    assert [body["name"].removeprefix("fct_chargement_") for _, body in log] == [
        *("structure", "volume", "fraicheur")
    ]
    # Its own volume instead of that of every mart.
    assert dict(log)["elementary.volume_anomalies"]["arguments"]["anomaly_direction"] == "drop"
    assert [column["name"] for column in watched["ags", "fct_marche"]["columns"]] == ["code_nis", "latitude"]


# The packages, with a real git and a real dbt


def git(*words: str | Path, folder: Path) -> str:
    identity = {"GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x@fwb.example"}
    identity |= {"GIT_COMMITTER_NAME": "x", "GIT_COMMITTER_EMAIL": "x@fwb.example"}
    return subprocess.run(
        ["git", *map(str, words)],
        cwd=folder, env={**os.environ, **identity}, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip


class Mirror:
    """An overlay project of one small package, and the mirror that has it."""

    def __init__(self, folder: Path) -> None:
        self.overlay, self.bare, work = folder / OVERLAY, folder / "miroir" / "petit.git", folder / "petit"
        self.overlay.mkdir()
        work.mkdir()
        (work / "dbt_project.yml").write_text("name: petit\nversion: '1.0'\nconfig-version: 2\n")
        git("init", "-q", "-b", "main", folder=work)
        git("add", ".", folder=work)
        git("commit", "-q", "-m", "Un paquet", folder=work)
        git("tag", "1.0.0", folder=work)
        self.revision = git("rev-parse", "HEAD", folder=work)
        git("clone", "-q", "--mirror", work, self.bare, folder=folder)
        self.address = "https://paquets.fwb.example/petit.git"
        config = folder / "gitconfig"
        config.write_text(f'[url "{self.bare}"]\n\tinsteadOf = {self.address}\n')
        self.environment = {
            **os.environ,
            **NO_TELEMETRY,
            "GIT_CONFIG_GLOBAL": str(config),
            "DBT_PROJECT_DIR": str(self.overlay),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "target"),
        }
        (self.overlay / "dbt_project.yml").write_text(
            "name: essai\nversion: '1.0'\nconfig-version: 2\nprofile: essai\n"
            "packages-install-path: \"{{ env_var('DBT_PACKAGES_FOLDER', 'dbt_packages') }}\"\n"
        )
        (self.overlay / "packages.yml").write_text(
            f"packages:\n  - git: {self.address}\n    revision: 1.0.0\n"
        )
        self.lock(self.revision)

    def lock(self, revision: str) -> None:
        entry = {"git": self.address, "name": "petit", "revision": revision}
        lock = {"packages": [entry], "sha1_hash": lock_hash(self.overlay)}
        (self.overlay / LOCK).write_text(yaml.safe_dump(lock))

    def ensure(self) -> bool:
        return ensure_packages(self.overlay, dbt("deps"), self.environment)

    def left(self) -> set[str]:
        return {path.name for path in self.overlay.iterdir()} - {"dbt_project.yml", "packages.yml", LOCK}


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path)


def test_packages_come_from_the_mirror_once_then_no_mirror_is_needed(mirror: Mirror) -> None:
    assert mirror.ensure() is True
    assert (mirror.overlay / FOLDER / "petit" / "dbt_project.yml").is_file()
    assert mirror.left() == {FOLDER}
    mirror.bare.rename(mirror.bare.with_name("parti.git"))
    assert mirror.ensure() is False
    # An interrupted installation has no stamp, and counts for nothing.
    (mirror.overlay / FOLDER / STAMP).unlink()
    with pytest.raises(PlatformError, match="petit"):
        mirror.ensure()


def test_a_machine_without_the_packages_is_told_so_and_nothing_is_left(mirror: Mirror) -> None:
    mirror.bare.rename(mirror.bare.with_name("parti.git"))
    with pytest.raises(PlatformError) as failure:
        mirror.ensure()
    assert f"petit ({mirror.address}) : fatal:" in failure.value.message
    assert (
        "docs/exploitant/elementary-complet.md" in failure.value.advice
        and "insteadOf" in failure.value.advice
    )
    assert (ROOT / "docs/exploitant/elementary-complet.md").is_file()
    assert mirror.left() == set()


def test_a_mirror_that_lacks_the_revision_is_said_to_be_late(mirror: Mirror) -> None:
    mirror.lock("0" * 40)
    with pytest.raises(PlatformError, match="sans la révision 0000"):
        mirror.ensure()
    assert mirror.left() == set()


def test_a_machine_without_git_is_told_so(mirror: Mirror) -> None:
    mirror.environment["PATH"] = str(mirror.overlay)
    with pytest.raises(PlatformError, match="git n'est pas installé"):
        mirror.ensure()


# What is said


def test_results_tell_anomalies_from_tests_that_could_not_be_played(tmp_path: Path) -> None:
    names = {"a": "x_volume", "b": "x_structure", "c": "y_volume"}
    nodes = {
        f"test.o.{key}": {"name": name, "description": f"Promesse {key}."} for key, name in names.items()
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"nodes": nodes}))
    results = [
        {"unique_id": "test.o.a", "status": "warn", "message": "Got 1 result, configured to warn if != 0"},
        {"unique_id": "test.o.b", "status": "pass", "message": None},
        {"unique_id": "test.o.c", "status": "error", "message": "La table y manque."},
        {"unique_id": "operation.o.o-on-run-end-0", "status": "success", "message": "OK"},
    ]
    (tmp_path / "run_results.json").write_text(json.dumps({"results": results}))
    played, found = findings(tmp_path)
    assert played == 3
    assert found == [
        Finding("x_volume", "Promesse a.", error=False, message=""),
        Finding("y_volume", "Promesse c.", error=True, message="La table y manque."),
    ]
    said = account(played, found, 2, 9, Path("/x/page.html"))
    assert "3 tests joués, 1 anomalie." in said and "x_volume : Promesse a." in said
    assert "La table y manque." in said and "2 mesures sur 9 ont moins de" in said and "/x/page.html" in said
    assert "1 mesure sur 9 a moins de" in account(played, found, 1, 9, Path("/x/page.html"))


def test_the_page_fetches_nothing() -> None:
    page = offline(
        '<script>d</script><!DOCTYPE html>\n<link\n href="https://x.example/f.css" rel="s"/>\n<p>a</p>'
    )
    assert "x.example" not in page and page.endswith("<p>a</p>")
    assert page.startswith('<meta http-equiv="Content-Security-Policy" content="default-src \'none\';')
