"""What the YAML says once holds wherever it is meant: descriptions, promises, categories, contracts."""

from __future__ import annotations

from typing import Any

import pytest

from donnees_au_centre.project.inheritance import inherit
from donnees_au_centre.project.nodes import Manifest
from tests.unit import manifests
from tests.unit.manifests import good_manifest

Content = dict[str, Any]


def node(manifest: Content, name: str) -> dict[str, Any]:
    return next(one for one in manifest["nodes"].values() if one["name"] == name)


def declared(manifest: Content) -> dict[str, Any]:
    """Has the staging model of the good project declare its columns, as the macro `staging` does."""
    staging = node(manifest, "stg_ecoles__ecoles")
    manifest["sources"]["source.donnees_au_centre.ecoles.ecoles"]["columns"]["n_fase"] = {
        **manifests.column("n_fase"),
        "description": "Numéro FASE.",
    }
    staging["columns"] = {}
    staging["config"]["meta"] = {
        "colonnes": {"source_fichier": "Fichier reçu."},
        "lecture": [
            {"type": "integer", "colonne": "n_fase", "noms": ["fase"]},
            {"type": "expression", "noms": ["calculee"]},
        ],
    }
    return staging


def texts(model: dict[str, Any]) -> dict[str, str]:
    return {name: column["description"] for name, column in model["columns"].items()}


def test_a_declared_column_is_what_it_reads() -> None:
    manifest = good_manifest()
    staging = declared(manifest)
    inherit(manifest)
    assert texts(staging) == {"source_fichier": "Fichier reçu.", "fase": "Numéro FASE.", "calculee": ""}


def test_what_its_own_sql_makes_of_a_cell_is_not_what_was_received() -> None:
    manifest = good_manifest()
    staging = declared(manifest)
    staging["config"]["meta"]["lecture"] = [
        {"type": "text", "colonne": "n_fase", "noms": ["suivi"], "reecrit": True},
        {"type": "expression", "colonne": "n_fase", "noms": ["rang"]},
        {"type": "expression", "colonne": "n_fase", "noms": ["n_fase"]},
        {"type": "school_key", "colonne": "n_fase", "noms": ["etablissement_id", "implantation_id"]},
    ]
    inherit(manifest)
    said = {name: text for name, text in texts(staging).items() if text}
    assert said == {"source_fichier": "Fichier reçu.", "n_fase": "Numéro FASE."}


def test_how_a_cell_is_written_is_said_of_the_received_column_alone() -> None:
    manifest = good_manifest()
    staging = declared(manifest)
    received = manifest["sources"]["source.donnees_au_centre.ecoles.ecoles"]["columns"]["n_fase"]
    received["description"] = "Numéro FASE. Reçu : avec des zéros devant."
    inherit(manifest)
    assert texts(staging)["fase"] == "Numéro FASE."
    assert received["description"] == "Numéro FASE. Reçu : avec des zéros devant."


@pytest.mark.parametrize(("own", "found"), [("", "Des écarts."), ("Autre chose.", "Autre chose.")])
def test_a_model_is_what_its_macro_says_of_its_kind(own: str, found: str) -> None:
    manifest = good_manifest()
    issues = node(manifest, "stg_ecoles__ecoles_ecarts")
    issues["description"] = own
    issues["config"]["meta"] = {"description": "Des écarts."}
    inherit(manifest)
    assert issues["description"] == found


def test_the_yaml_of_a_column_is_better_than_its_origin() -> None:
    manifest = good_manifest()
    staging = declared(manifest)
    staging["columns"] = {"fase": {**manifests.column("fase"), "description": "Clé de l'école."}}
    inherit(manifest)
    assert texts(staging)["fase"] == "Clé de l'école."


def test_a_column_goes_on_meaning_the_same_downstream() -> None:
    manifest = good_manifest()
    declared(manifest)
    for name in ("int_ecoles", "dim_ecole"):
        node(manifest, name)["columns"]["fase"]["description"] = ""
    # Nearer than the source, but no column of that name.
    node(manifest, "dim_commune")["columns"] = {"code": manifests.column("code")}
    node(manifest, "communes")["columns"] = {"code": manifests.column("code")}
    inherit(manifest)
    assert texts(node(manifest, "int_ecoles"))["fase"] == "Numéro FASE."
    assert texts(node(manifest, "dim_ecole"))["fase"] == "Numéro FASE."


def test_two_origins_that_differ_leave_the_word_to_the_yaml() -> None:
    manifest = good_manifest()
    node(manifest, "fct_croise")["columns"]["fase"]["description"] = ""
    node(manifest, "fct_marche")["columns"]["fase"]["description"] = "Autre chose."
    inherit(manifest)
    assert texts(node(manifest, "fct_croise"))["fase"] == ""


def test_a_test_promises_what_its_generic_test_does() -> None:
    manifest = good_manifest()
    made = manifests.macro("test_reconciles_with_source", "{% test x(model) %} x {% endtest %}", [])
    made["description"] = "Test : rien ne se perd.\nDétail pour qui l'écrit."
    manifest["macros"][made["unique_id"]] = made
    test = next(one for one in manifest["nodes"].values() if "reconciles" in one["name"])
    test["description"] = ""
    inherit(manifest)
    assert test["description"] == "Rien ne se perd."


@pytest.mark.parametrize(
    ("arguments", "promise"),
    [
        ({}, "Chacun une fois."),
        ({"copies": False}, "Chacun une fois."),
        ({"copies": True}, "Plusieurs fois."),
    ],
)
def test_an_argument_may_change_the_promise(arguments: dict[str, bool], promise: str) -> None:
    manifest = good_manifest()
    made = manifests.macro("test_fully_loaded", "{% test x(model) %} x {% endtest %}", [])
    made["description"] = "Test : chacun une fois.\nAvec copies : plusieurs fois.\nDétail."
    manifest["macros"][made["unique_id"]] = made
    test = next(one for one in manifest["nodes"].values() if "fully_loaded" in one["name"])
    test["description"] = ""
    test["test_metadata"]["kwargs"] |= arguments
    inherit(manifest)
    assert test["description"] == promise


@pytest.mark.parametrize(
    ("own", "found"),
    [
        ({}, {"donnee_personnelle": "aucune"}),
        ({"donnee_personnelle": "financier"}, {"donnee_personnelle": "financier"}),
        ({"protection": "masque"}, {"protection": "masque"}),
    ],
)
def test_a_data_set_says_once_that_nothing_in_it_is_about_persons(
    own: dict[str, str], found: dict[str, str]
) -> None:
    manifest = good_manifest()
    mart = node(manifest, "dim_ecole")
    mart["config"]["meta"]["donnee_personnelle"] = "aucune"
    mart["columns"]["fase"]["config"] = {"meta": dict(own)}
    inherit(manifest)
    assert mart["columns"]["fase"]["config"]["meta"] == found


def test_a_contract_is_a_check() -> None:
    manifest = good_manifest()
    before = [test.unique_id for test in Manifest(manifest).checks]
    assert Manifest(manifest).contract_checks == []
    node(manifest, "dim_ecole")["columns"]["fase"]["constraints"] = [{"type": "not_null"}]
    node(manifest, "int_ecoles")["columns"]["fase"]["constraints"] = [{"type": "not_null"}]
    (held,) = Manifest(manifest).contract_checks
    assert (held.tested_id, held.column_name) == (node(manifest, "dim_ecole")["unique_id"], "fase")
    assert held.generic == "not_null"
    assert [test.unique_id for test in Manifest(manifest).checks] == [*before, held.unique_id]


def test_columns_that_nobody_describes_are_looked_for_once() -> None:
    """Each model reads the two before it, as joins do: the ways up double at every step."""
    manifest = good_manifest()
    mart = node(manifest, "dim_ecole")
    above = list(mart["depends_on"]["nodes"])
    for step in range(60):
        name = f"model.donnees_au_centre.int_{step}"
        manifest["nodes"][name] = {
            **mart,
            "unique_id": name,
            "name": f"int_{step}",
            "columns": {"muette": {**manifests.column("muette"), "description": ""}},
            "depends_on": {"nodes": above[-2:], "macros": []},
        }
        above.append(name)
    inherit(manifest)
    assert texts(node(manifest, "int_59")) == {"muette": ""}
