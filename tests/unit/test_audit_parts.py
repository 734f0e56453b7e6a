"""The parts of the audit that need no server: messages without values, details, rules."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from donnees_au_centre.audit import actor
from donnees_au_centre.audit.discretion import discreet
from donnees_au_centre.audit.runs import build_details, load_details
from donnees_au_centre.landing import LoadReport
from donnees_au_centre.landing.report import FileReport, TableReport
from donnees_au_centre.project import check_manifest
from donnees_au_centre.project.nodes import Manifest
from tests.unit.manifests import PROJECT, good_manifest


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("22P02", 'invalid input syntax for type integer: "Zoé Dubois"'),
        ("22P02", 'invalid input syntax for type integer: "Zoé "la" Dubois"'),
        ("22P02", 'invalid input syntax for type integer: "Zoé\nDubois"'),
        ("22P02", "syntaxe en entrée invalide pour le type integer : « Zoé Dubois »"),
        ("22P02", "ungültige Eingabesyntax für Typ integer: „Zoé Dubois“"),
        ("22003", 'value "Zoé Dubois" is out of range for type integer'),
        ("22008", "date field value out of range: Zoé Dubois"),
        ("22007", 'invalid value "Zoé Dubois" for "YYYY"'),
        ("23505", 'duplicate key value violates unique constraint "Zoé Dubois"'),
        ("XX000", "could not do 'Zoé Dubois'"),
    ],
)
def test_a_message_about_a_row_loses_its_values(code: str, message: str) -> None:
    said = discreet(message, code, {"contrainte": "cle", "colonne": None})
    assert said is not None
    assert not re.search("Zoé|Dubois", said)
    assert said.endswith(f"[SQLSTATE {code} ; contrainte cle]")
    assert len(said.split("…")[0]) > 3


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("42703", 'column "nom" does not exist'),
        ("42P01", 'relation "raw_age.ecoles" does not exist'),
        ("2BP01", "cannot drop table t because other objects depend on it"),
        (None, "connection refused: 127.0.0.1"),
    ],
)
def test_a_message_about_the_project_is_kept(code: str | None, message: str) -> None:
    assert discreet(message, code, {}) is None


def test_what_the_project_says_itself_is_kept() -> None:
    assert (
        discreet("La clé manque : DAC_CLE_AGAJ.", "P0001", {})
        == "La clé manque : DAC_CLE_AGAJ. [SQLSTATE P0001]"
    )


def test_details_count_and_never_quote() -> None:
    bad = FileReport("agaj/x.csv", "", "echec", "Zoé Dubois est illisible")
    report = LoadReport([TableReport("agaj", "x", "y", "echec", [bad], message="Zoé Dubois")])
    details = load_details(report)
    assert "Zoé" not in str(details)
    assert (details["issue"], details["en_echec"]) == ("echec", ["agaj.x.y"])
    assert load_details(None)["issue"] == "echec"
    built = build_details([("model.p.a", "success"), ("test.p.b", "fail"), ("test.p.c", "warn")])
    assert built == {
        "issue": "echec",
        "noeuds": {"model": {"success": 1}, "test": {"fail": 1, "warn": 1}},
        "en_echec": ["test.p.b"],
    }


def test_the_command_is_told_without_its_arguments() -> None:
    assert actor._command(["/x/donnees_au_centre/__main__.py", "load", "Zoé"]) == "donnees_au_centre load"
    assert actor._command(["/bin/dagster", "job", "Zoé"]) == "dagster"
    assert actor._command([]) == actor.UNKNOWN


def test_the_revision_is_that_of_this_checkout_and_of_no_other(tmp_path: Path) -> None:
    assert actor.revision(tmp_path) == actor.UNKNOWN
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@fwb.example"]
    repository = tmp_path / "depot"
    repository.mkdir()
    (repository / "a").write_text("a")
    for command in (["init", "-q"], ["add", "a"], ["commit", "-q", "-m", "a"]):
        subprocess.run([*git, *command], cwd=repository, check=True)
    assert re.fullmatch("[0-9a-f]{40}", actor.revision(repository))
    (repository / "copie").mkdir()
    assert actor.revision(repository / "copie") == actor.UNKNOWN
    actor.revision.cache_clear()
    (repository / "a").write_text("b")
    assert actor.revision(repository).endswith("+modifications")


def personal_test(**config: object) -> list[str]:
    manifest = good_manifest()
    test = next(
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and len(node["depends_on"]["nodes"]) == 1
    )
    tested = manifest["nodes"][test["depends_on"]["nodes"][0]]
    test.setdefault("config", {}).update(config)
    rules = ("echecs-personnels", "mesure-personnelle")
    clean = [v.rule for v in check_manifest(Manifest(manifest)) if v.rule in rules]
    assert clean == [], "no column is personal yet"
    next(iter(tested["columns"].values()))["config"] = {"meta": {"donnee_personnelle": "identifiant_direct"}}
    return [v.rule for v in check_manifest(Manifest(manifest)) if v.rule in rules]


def test_failures_about_people_are_neither_stored_nor_shown() -> None:
    assert PROJECT
    assert personal_test() == []
    assert personal_test(store_failures=False, fail_calc="COUNT( * )") == []
    assert personal_test(store_failures=True) == ["echecs-personnels"]
    assert personal_test(store_failures_as="view") == ["echecs-personnels"]
    assert personal_test(store_failures_as="ephemeral") == []
    assert personal_test(fail_calc="max(nom)") == ["mesure-personnelle"]
