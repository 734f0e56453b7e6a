"""What the data sets say of themselves, and what they have from their source, folder and group."""

from __future__ import annotations

from typing import Any

import pytest

from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.datasets import (
    Dataset,
    Refresh,
    Responsible,
    Retention,
    read_datasets,
    refresh,
    responsible,
)
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.reviewed import checked
from tests.unit import manifests
from tests.unit.manifests import column, good_manifest

OWNER = {"fonction": "Direction du sport", "courriel": "sport@fwb.example"}


def bare_manifest() -> dict[str, Any]:
    """One source table and one mart, in the same domain, that say nothing."""
    manifest = good_manifest()
    source = manifests.source("ags", "marches", "marches")
    mart = manifests.model("ags", "marts", "fct_marche", [source["unique_id"]])
    manifest["sources"] = {source["unique_id"]: source}
    manifest["nodes"] = {mart["unique_id"]: mart}
    for node in (source, mart):
        node["config"]["meta"] = {}
    for group in manifest["groups"].values():
        group["config"]["meta"] = {}
        group["owner"] = None
    return manifest


def only(manifest: dict[str, Any], kind: str) -> Dataset:
    return next(one for one in read_datasets(Manifest(manifest)) if one.kind == kind)


def meta(manifest: dict[str, Any], section: str) -> dict[str, Any]:
    return next(iter(manifest[section].values()))["config"]["meta"]


def group_meta(manifest: dict[str, Any]) -> dict[str, Any]:
    return next(g for g in manifest["groups"].values() if g["name"] == "ags")["config"]["meta"]


def test_sources_and_marts_are_data_sets_and_nothing_else_is() -> None:
    names = {(one.domain, one.kind, one.name) for one in read_datasets(Manifest(good_manifest()))}
    assert names == {
        ("age", "source", "ecoles.ecoles"),
        ("age", "mart", "dim_ecole"),
        ("ags", "source", "marches.marches"),
        ("ags", "mart", "fct_marche"),
        ("commun", "mart", "dim_commune"),
        ("transversal", "mart", "fct_croise"),
    }


def test_where_a_data_set_stands() -> None:
    manifest = bare_manifest()
    source, mart = only(manifest, "source"), only(manifest, "mart")
    assert (source.schema, source.identifier) == ("raw_ags", "marches")
    assert source.file == "models/ags/staging/marches/_marches__sources.yml"
    assert (mart.identifier, mart.file) == ("fct_marche", "models/ags/marts/fct_marche.yml")


def test_a_data_set_that_says_nothing_has_nothing() -> None:
    found = only(bare_manifest(), "mart")
    assert found.owner is found.steward is found.classification is found.purpose is None
    assert found.retention is found.refresh is found.authority is found.legal_basis is None
    assert not found.strategic
    assert not found.has_personal_data
    assert found.synonyms == ()


@pytest.mark.parametrize("section", ["sources", "nodes"])
def test_the_nearest_value_wins_key_by_key(section: str) -> None:
    manifest = bare_manifest()
    group_meta(manifest)[words.DEFAULTS] = dict.fromkeys(
        ("finalite", "base_legale", "source_authentique", "mesures"), "groupe"
    )
    meta(manifest, section)[words.FOLDER_DEFAULTS] = dict.fromkeys(
        ("base_legale", "source_authentique", "mesures"), "dossier"
    )
    meta(manifest, section)[words.DEFAULTS] = dict.fromkeys(("source_authentique", "mesures"), "source")
    meta(manifest, section)[words.OWN] = {"mesures": "jeu"}
    found = only(manifest, "source" if section == "sources" else "mart")
    assert (found.purpose, found.legal_basis, found.authority, found.measures) == (
        "groupe",
        "dossier",
        "source",
        "jeu",
    )


@pytest.mark.parametrize("level", ["group", words.FOLDER_DEFAULTS, words.DEFAULTS])
def test_an_inherited_owner_is_known_but_not_assigned(level: str) -> None:
    manifest = bare_manifest()
    defaults = {"proprietaire": OWNER, "gestionnaire": OWNER}
    if level == "group":
        group_meta(manifest)[words.DEFAULTS] = defaults
    else:
        meta(manifest, "nodes")[level] = defaults
    found = only(manifest, "mart")
    assert (
        found.owner
        == found.steward
        == Responsible(fonction="Direction du sport", courriel="sport@fwb.example")
    )
    assert not found.owner_assigned
    assert not found.steward_assigned


def test_the_owner_and_the_steward_of_the_group_are_the_last_default() -> None:
    found = next(one for one in read_datasets(Manifest(good_manifest())) if one.name == "dim_commune")
    manifest = good_manifest()
    manifest["nodes"][found.unique_id]["config"]["meta"] = {}
    found = next(one for one in read_datasets(Manifest(manifest)) if one.name == "dim_commune")
    assert found.owner == Responsible(fonction="Direction", courriel="owner.commun@fwb.example")
    assert found.steward == Responsible(fonction="Cellule", courriel="steward.commun@fwb.example")
    assert not found.owner_assigned
    assert not found.steward_assigned


def test_an_owner_of_its_own_is_assigned() -> None:
    manifest = bare_manifest()
    meta(manifest, "nodes")[words.OWN] = {"proprietaire": OWNER}
    found = only(manifest, "mart")
    assert found.owner_assigned
    assert not found.steward_assigned


def test_an_owner_that_dbt_copies_from_the_source_is_not_assigned() -> None:
    manifest = bare_manifest()
    [source] = manifest["sources"].values()
    # What the source says under the key of its tables, as dbt gives it to a table that does not have the key.
    said = {words.OWN: {"proprietaire": OWNER, "gestionnaire": OWNER}}
    source["source_meta"] = source["config"]["meta"] = said
    found = only(manifest, "source")
    assert found.owner is not None
    assert not found.owner_assigned and not found.steward_assigned


def test_everything_is_read() -> None:
    manifest = bare_manifest()
    meta(manifest, "nodes")[words.OWN] = {
        "proprietaire": OWNER,
        "gestionnaire": OWNER,
        "strategique": True,
        "classification": "interne",
        "finalite": "Montrer\n  les marches.",
        "base_legale": "Décret",
        "conservation": {"mois": 24, "depuis": "fase", "sort": "archivage"},
        "source_authentique": "ADEPS",
        "rafraichissement": {"tous_les": 1, "unite": "semaine"},
        "synonymes": ["marche", "randonnée"],
        "personnes_concernees": "Organisateurs",
        "destinataires": "AGS",
        "transferts": "Aucun",
        "mesures": "Accès restreint",
    }
    found = only(manifest, "mart")
    assert found.strategic
    assert found.classification == "interne"
    assert found.purpose == "Montrer les marches."
    assert found.retention == Retention(mois=24, depuis="fase", sort="archivage")
    assert found.refresh == Refresh(tous_les=1, unite="semaine")
    assert found.synonyms == ("marche", "randonnée")
    assert (found.subjects, found.recipients, found.transfers, found.measures) == (
        "Organisateurs",
        "AGS",
        "Aucun",
        "Accès restreint",
    )


@pytest.mark.parametrize(
    ("said", "personal", "holds"),
    [
        ({}, None, False),
        ({"donnee_personnelle": "aucune"}, "aucune", False),
        ({"donnee_personnelle": "pseudonyme"}, "pseudonyme", True),
        ({"donnee_personnelle": "professionnel"}, "professionnel", True),
        ({"donnee_personnelle": "inconnue"}, None, False),
        ({"protection": "agrege"}, None, False),
    ],
)
def test_columns_say_what_they_hold(said: dict[str, str], personal: str | None, holds: bool) -> None:
    manifest = bare_manifest()
    node = next(iter(manifest["nodes"].values()))
    node["columns"] = {"fase": column("fase", config={"meta": said})}
    found = only(manifest, "mart")
    assert found.columns[0].personal == personal
    assert found.columns[0].protection == said.get("protection")
    assert found.has_personal_data is holds


@pytest.mark.parametrize("value", [None, "sport@fwb.example", {"fonction": "A"}, {"courriel": "a@b"}, {}])
def test_half_a_responsible_is_none(value: object) -> None:
    assert responsible(value) is None


@pytest.mark.parametrize("value", [None, 12, {"mois": 0}, {"mois": "12"}, {"mois": True}, {"mois": -1}, {}])
def test_what_is_no_retention_is_none(value: object) -> None:
    assert checked(Retention, value)[0] is None


def test_a_retention_without_end() -> None:
    said = {"mois": "illimitee", "sort": "archivage", "motif": "Référence publique."}
    assert checked(Retention, said)[0] == Retention(
        mois="illimitee", depuis="reception", sort="archivage", motif="Référence publique."
    )


@pytest.mark.parametrize(
    "value", [None, {"tous_les": 1, "unite": "siècle"}, {"tous_les": 0, "unite": "mois"}]
)
def test_what_is_no_refresh_is_none(value: object) -> None:
    assert refresh(value) is None
