"""The files of policies/access/: what is refused and in which words, and what a review date does."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from donnees_au_centre.access.declaration import check_entries, declare, review_faults
from donnees_au_centre.access.files import Entry, read_entries
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import ROOT

DOMAINS = ("age", "agaj", "data_platform")
TODAY = date(2026, 12, 1)
GOOD = {
    "role": "etude",
    "ag": "age",
    "couche": "marts",
    "actions": ["lecture"],
    "lignes": "toutes",
    "justification": "Suivre la population scolaire par bassin.",
    "approbateur": "Direction du pilotage",
    "revue": date(2027, 11, 15),
}


def node(kind: str, name: str, layer: str, schema: str, **meta: object) -> dict:
    columns = {
        column: {"name": column, "description": "", "config": {"meta": tags}}
        for column, tags in {
            "cle": {},
            "nom": {"donnee_personnelle": "identifiant_direct"},
            "po": {"donnee_personnelle": "aucune"},
        }.items()
    }
    return {
        "unique_id": f"{kind}.p.{name}",
        "resource_type": kind,
        "package_name": "p",
        "fqn": ["p", "age", layer, name, name],
        "name": name,
        "source_name": "ecoles",
        "schema": schema,
        "original_file_path": f"models/age/{layer}/{name}.yml",
        "patch_path": f"p://models/age/{layer}/{name}.yml",
        "description": "",
        "columns": columns,
        "config": {"materialized": "table", "meta": meta},
    }


def manifest(**meta: object) -> Manifest:
    nodes = [
        node("model", "dim_ecole", "marts", "age", **meta),
        node("model", "stg_ecoles", "staging", "age_staging"),
    ]
    source = node("source", "ecoles", "staging", "raw_age")
    return Manifest(
        {
            "metadata": {"project_name": "p"},
            "nodes": {one["unique_id"]: one for one in nodes},
            "sources": {source["unique_id"]: source},
        }
    )


def read(folder: Path, *entries: object, name: str = "age") -> tuple[list[Entry], list[str]]:
    (folder / "policies" / "access").mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump({"acces": list(entries)}, allow_unicode=True)
    (folder / "policies" / "access" / f"{name}.yml").write_text(text, "utf-8")
    return read_entries(folder, DOMAINS)


def test_a_good_entry_is_read_whole(tmp_path: Path) -> None:
    [entry], faults = read(tmp_path, GOOD)
    assert faults == []
    assert (entry.role, entry.layers, entry.rows, entry.review) == (
        "etude", ("marts",), "toutes", date(2027, 11, 15),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"justification": None}, "clé « justification » : un texte"),
        ({"justification": "Utile."}, "clé « justification » : dites en une phrase"),
        ({"role": "Étude"}, "clé « role » : « Étude »"),
        ({"role": "pg_read_all_data"}, "clé « role »"),
        ({"role": "donnees"}, "clé « role »"),
        ({"ag": "agx"}, "« agx » n'existe pas"),
        ({"ag": "agaj"}, "policies/access/agaj.yml"),
        ({"couche": "mart"}, "clé « couche » : « mart » n'existe pas"),
        ({"couche": None}, "soit une couche, soit un jeu_de_donnees"),
        ({"jeu_de_donnees": "dim_ecole"}, "soit une couche, soit un jeu_de_donnees"),
        ({"actions": ["lire"]}, "clé « actions » : « lire » n'existe pas"),
        ({"actions": []}, "aucune action"),
        ({"couche": None, "jeu_de_donnees": "dim_ecole", "actions": ["creation"]}, "un droit sur une couche"),
        ({"masque": True, "actions": ["lecture", "ajout"]}, "se lit seulement"),
        ({"masque": True, "couche": "brut"}, "seules les couches"),
        ({"masque": "oui"}, "clé « masque » : true ou false"),
        ({"classification": ["secret"]}, "« secret » n'existe pas"),
        ({"classification": ["public"], "couche": "staging"}, "clé « classification » : seuls les marts"),
        ({"lignes": "20"}, "clé « lignes »"),
        ({"lignes": {"pouvoir_organisateur": ["*"]}}, "clé « lignes »"),
        ({"approbateur": "prenom.nom@fwb.example"}, "clé « approbateur » : une fonction"),
        ({"revue": "2027-11-15 environ"}, "clé « revue » : une date"),
        ({"justificatif": "x"}, "clé « justificatif » : clé inconnue. Vouliez-vous « justification »"),
    ],
)
def test_a_fault_names_file_entry_and_key(tmp_path: Path, change: dict, said: str) -> None:
    entries, faults = read(tmp_path, GOOD, {**GOOD, **change})
    assert len(entries) == 1
    assert any(fault.startswith("policies/access/age.yml, entrée 2") and said in fault for fault in faults), (
        faults
    )


@pytest.mark.parametrize("key", ["role", "ag", "actions", "justification", "approbateur", "revue"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    _, faults = read(tmp_path, {name: value for name, value in GOOD.items() if name != key})
    assert any(f"clé « {key} » : elle manque" in fault for fault in faults)


def test_files_that_are_no_access_are_named(tmp_path: Path) -> None:
    read(tmp_path, GOOD, name="agx")
    (tmp_path / "policies" / "access" / "age.yml").write_text("acces:\n\t- role: x\n", "utf-8")
    (tmp_path / "policies" / "access" / "agaj.yml").write_text("droits: []", "utf-8")
    _, faults = read_entries(tmp_path, DOMAINS)
    assert [fault.partition(" : ")[0] for fault in faults if ", entrée" not in fault] == [
        "policies/access/agaj.yml",
        "policies/access/age.yml",
        "policies/access/agx.yml",
    ]
    [tab] = [fault for fault in faults if fault.startswith("policies/access/age.yml")]
    assert "à partir de la ligne 2, colonne 1 ; une tabulation" in tab and "found" not in tab


def test_the_project_is_known(tmp_path: Path) -> None:
    wrong = {**GOOD, "jeu_de_donnees": "dim_ecoles", "couche": None}
    masked = {**GOOD, "jeu_de_donnees": "ecoles.ecoles", "couche": None, "masque": True}
    entries, faults = read(tmp_path, wrong, masked)
    assert faults == []
    said = check_entries(entries, manifest())
    assert "« dim_ecoles » n'existe pas. Vouliez-vous « dim_ecole » ?" in said[0]
    assert "clé « masque » : une table brute" in said[1]


def test_a_mart_that_shares_its_rows_must_be_answered(tmp_path: Path) -> None:
    shared = manifest(acces={"filtre": "pouvoir_organisateur", "colonne": "po"})
    silent, _ = read(tmp_path, {key: value for key, value in GOOD.items() if key != "lignes"})
    assert "clé « lignes » : elle manque, et dim_ecole partage ses lignes" in check_entries(silent, shared)[0]
    other, _ = read(tmp_path, {**GOOD, "lignes": {"ag": ["age"]}})
    assert "aucun mart de cette entrée ne filtre par « ag »" in check_entries(other, shared)[0]
    right, _ = read(tmp_path, {**GOOD, "lignes": {"pouvoir_organisateur": [20]}})
    assert check_entries(right, shared) == []
    content = declare(right, shared, TODAY).content
    assert [one["valeur"] for one in content["lignes"]] == ["20"]
    # Through a view, and nothing of what comes later in the layer.
    assert [(one["schema"], one["relation"]) for one in content["droits"]] == [("age_filtre", "dim_ecole")]
    assert [(one["suffixe"], one["claires"], one["colonne"]) for one in content["restreintes"]] == [
        ("_filtre", None, "po")
    ]
    writer, _ = read(
        tmp_path, {**GOOD, "lignes": {"pouvoir_organisateur": [20]}, "actions": ["lecture", "effacement"]}
    )
    assert "clé « lignes » : qui ne voit que des lignes lit seulement" in check_entries(writer, shared)[0]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"filtre": "commune", "colonne": "po"}, "« commune » n'existe pas"),
        ({"filtre": "ag", "colonne": "pot"}, "pas de colonne « pot »"),
        ({"filtre": "ag"}, "deux clés"),
    ],
)
def test_a_wrong_filter_is_named(said: dict, fault: str) -> None:
    assert fault in check_entries([], manifest(acces=said))[0]


def test_reviews_fail_when_past_and_warn_a_month_before(tmp_path: Path) -> None:
    entries, _ = read(tmp_path, GOOD)
    assert review_faults(entries, date(2027, 10, 15)) == ([], [])
    assert [len(lines) for lines in review_faults(entries, date(2027, 10, 16))] == [0, 1]
    assert [len(lines) for lines in review_faults(entries, date(2027, 11, 15))] == [0, 1]
    [far] = review_faults(entries, date(2026, 10, 1))[1]
    assert "trop loin" in far
    past, soon = review_faults(entries, date(2027, 11, 16))
    assert (
        soon == [] and "policies/access/age.yml, entrée 1 (rôle etude)" in past[0] and "15/11/2027" in past[0]
    )
    assert declare(entries, manifest(), date(2027, 11, 15)).content["droits"]
    after = declare(entries, manifest(), date(2027, 11, 16))
    assert after.content["droits"] == [] and list(after.roles) == ["etude"]


def test_unclassified_data_are_not_given_by_class(tmp_path: Path) -> None:
    entries, _ = read(tmp_path, {**GOOD, "classification": ["public"]})
    assert declare(entries, manifest(), TODAY).content["droits"] == []
    public = manifest(gouvernance={"classification": "public"})
    assert [one["relation"] for one in declare(entries, public, TODAY).content["droits"]] == ["dim_ecole"]


def test_masked_reading_shows_described_columns_that_name_nobody(tmp_path: Path) -> None:
    entries, _ = read(tmp_path, {**GOOD, "couche": "staging", "masque": True})
    declaration = declare(entries, manifest(), TODAY)
    [mask] = declaration.content["restreintes"]
    assert mask == {
        "suffixe": "_masque", "schema": "age_staging", "relation": "stg_ecoles", "claires": ["cle", "po"],
        "colonne": None,
    }  # fmt: skip
    assert [one["schema"] for one in declaration.content["droits"]] == ["age_staging_masque"]


def test_a_role_of_each_administration_stays_at_home(tmp_path: Path) -> None:
    entries, faults = read(tmp_path, {**GOOD, "role": "lecteur_<ag>", "ag": "<ag>"}, name="plateforme")
    assert faults == []
    declaration = declare(entries, manifest(), TODAY)
    assert [(one["role"], one["schema"]) for one in declaration.content["droits"]] == [("lecteur_age", "age")]


def test_the_projects_own_files_are_right_and_hold_until_their_date() -> None:
    domains = [path.name for path in (ROOT / "models").iterdir() if path.is_dir()]
    entries, faults = read_entries(ROOT, domains)
    assert faults == []
    assert review_faults(entries, TODAY) == ([], [])
    roles = {entry.role for entry in entries}
    assert {"chargeur", "dbt_<ag>", "rapport", "bi", "agaj_donnees_brutes", "steward_agaj"} <= roles
    # Raw data and refused lines: who loads, types, answers the persons, or is entitled by the administration.
    readers = {entry.role for entry in entries if {"brut", "rejets"} & set(entry.layers)}
    assert {role for role in readers if not role.endswith("_donnees_brutes")} == {
        "chargeur",
        "dbt_<ag>",
        "droits_des_personnes",
    }
