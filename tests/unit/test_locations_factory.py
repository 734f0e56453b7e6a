"""The code locations, made from a small manifest; nothing runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.report import FileReport, TableReport
from donnees_au_centre.project.domains import WORKSPACE
from donnees_au_centre.project.nodes import Manifest, domains_in
from donnees_au_centre.project.rules.landing import WATCHING
from donnees_au_centre.settings import ROOT, Settings
from orchestration import code_locations
from orchestration.assets import LOADED, read_assets
from orchestration.factory import build_location
from orchestration.work import _load_metadata
from tests.unit.manifests import generic, good_manifest, model, source

DOMAINS = ("age", "ags", "commun", "data_platform", "transversal")


def settings_for(root: Path, manifest: dict[str, Any]) -> Settings:
    """A checkout with these domains, and this manifest as its last parse."""
    for domain in DOMAINS:
        (root / "models" / domain).mkdir(parents=True, exist_ok=True)
    settings = replace(Settings.load({}), root=root, target_path=root / "target" / "essai")
    settings.target_path.mkdir(parents=True, exist_ok=True)
    settings.manifest_path.write_text(json.dumps(manifest), encoding="utf-8")
    return settings


def location(root: Path, domain: str, manifest: dict[str, Any] | None = None) -> dg.Definitions:
    return build_location(domain, settings_for(root, manifest or good_manifest()))


def spec(definitions: dg.Definitions, *key: str) -> dg.AssetSpec:
    return definitions.resolve_asset_graph().get(dg.AssetKey(list(key))).to_asset_spec()


def executable(definitions: dg.Definitions) -> set[str]:
    return {key.to_user_string() for key in definitions.resolve_asset_graph().executable_asset_keys}


def test_a_location_makes_the_assets_of_its_domain_only(tmp_path: Path) -> None:
    assert executable(location(tmp_path, "age")) == {
        "ecoles/ecoles",
        "stg_ecoles__ecoles",
        "stg_ecoles__ecoles_ecarts",
        "int_ecoles",
        "dim_ecole",
    }


def test_the_lineage_goes_from_the_folder_to_the_mart(tmp_path: Path) -> None:
    graph = location(tmp_path, "age").resolve_asset_graph()
    mart = dg.AssetKey("dim_ecole")
    upstream = {key.to_user_string() for key in graph.get_ancestor_asset_keys(mart)}
    assert {"landing/age/ecoles", "ecoles/ecoles", "stg_ecoles__ecoles", "int_ecoles"} <= upstream


def test_the_mart_of_another_domain_is_read_and_not_made(tmp_path: Path) -> None:
    definitions = location(tmp_path, "age")
    graph = definitions.resolve_asset_graph()
    assert dg.AssetKey("dim_commune") in graph.get(dg.AssetKey("dim_ecole")).parent_keys
    assert "dim_commune" not in executable(definitions)
    assert "dim_commune" in executable(location(tmp_path, "commun"))


def test_an_asset_says_its_domain_layer_owners_and_description(tmp_path: Path) -> None:
    definitions = location(tmp_path, "age")
    mart = spec(definitions, "dim_ecole")
    assert mart.group_name == "age"
    assert mart.tags["couche"] == "marts"
    assert list(mart.owners) == ["direction@fwb.example", "cellule.age@fwb.example"]
    assert list(spec(definitions, "int_ecoles").owners) == [
        "owner.age@fwb.example",
        "steward.age@fwb.example",
    ]
    assert mart.description == "Le modèle dim_ecole."
    assert {"dbt", "postgres"} <= mart.kinds
    assert mart.metadata["fichier"] == "models/age/marts/dim_ecole.sql"
    schema = mart.metadata["dagster/column_schema"]
    assert [(c.name, c.type, c.description) for c in schema.columns] == [("fase", "text", "La colonne fase.")]
    raw = spec(definitions, "ecoles", "ecoles")
    assert (raw.group_name, raw.tags["couche"], raw.kinds) == ("age", "raw", {"postgres", "csv"})
    folder = spec(definitions, "landing", "age", "ecoles")
    assert (folder.group_name, folder.kinds) == ("age", {"file"})


def test_an_ephemeral_model_is_no_asset_and_hides_no_lineage(tmp_path: Path) -> None:
    manifest = good_manifest()
    manifest["nodes"]["model.donnees_au_centre.int_ecoles"]["config"]["materialized"] = "ephemeral"
    definitions = location(tmp_path, "age", manifest)
    assert "int_ecoles" not in executable(definitions)
    parents = definitions.resolve_asset_graph().get(dg.AssetKey("dim_ecole")).parent_keys
    assert parents == {dg.AssetKey("stg_ecoles__ecoles"), dg.AssetKey("dim_commune")}


def test_tests_are_checks_of_what_they_are_about(tmp_path: Path) -> None:
    graph = location(tmp_path, "age").resolve_asset_graph()
    checks = {(key.asset_key.to_user_string(), key.name) for key in graph.asset_check_keys}
    assert checks == {
        ("ecoles/ecoles", LOADED),
        *(("ecoles/ecoles", f"{kind}_ecoles_table") for kind in WATCHING),
        ("stg_ecoles__ecoles", "reconciles_with_source_stg_ecoles__ecoles_table"),
        ("dim_ecole", "unique_dim_ecole_fase"),
        ("dim_ecole", "not_null_dim_ecole_fase"),
        ("dim_ecole", "une_ecole_a_une_commune"),
        ("int_ecoles", "un_cas"),
    }


def test_a_check_blocks_as_its_test_does_and_knows_all_that_it_reads(tmp_path: Path) -> None:
    manifest = good_manifest()
    warns = manifest["nodes"]["test.donnees_au_centre.not_null_dim_ecole_fase.0123456789"]
    warns["config"]["severity"] = "WARN"
    assets = location(tmp_path, "age", manifest).assets
    [build] = [one for one in assets if isinstance(one, dg.AssetsDefinition) and one.check_specs]
    found = {(check.asset_key.to_user_string(), check.name): check for check in build.check_specs}
    unblocking = {name for (_, name), check in found.items() if not check.blocking}
    assert unblocking == {"not_null_dim_ecole_fase"}
    both = found["dim_ecole", "une_ecole_a_une_commune"]
    assert {dep.asset_key for dep in both.additional_deps} == {dg.AssetKey("dim_commune")}
    three = found["stg_ecoles__ecoles", "reconciles_with_source_stg_ecoles__ecoles_table"]
    assert {dep.asset_key.to_user_string() for dep in three.additional_deps} == {
        "ecoles/ecoles",
        "stg_ecoles__ecoles_ecarts",
    }


def test_a_location_has_a_job_over_everything_and_the_sensor_that_launches_it(tmp_path: Path) -> None:
    definitions = location(tmp_path, "age")
    job = definitions.resolve_job_def("age")
    assert {key.to_user_string() for key in job.asset_layer.selected_asset_keys} == executable(definitions)
    [sensor] = definitions.sensors or ()
    assert isinstance(sensor, dg.SensorDefinition)
    assert (sensor.name, sensor.job_name) == ("age_chaque_jour", "age")
    assert sensor.default_status == dg.DefaultSensorStatus.STOPPED
    assert not definitions.schedules


def test_a_domain_with_sources_alone_is_a_location(tmp_path: Path) -> None:
    assert {"marches/marches", "fct_marche"} == executable(location(tmp_path, "ags"))
    manifest = good_manifest()
    del manifest["nodes"]["model.donnees_au_centre.fct_croise"]
    del manifest["nodes"]["model.donnees_au_centre.fct_marche"]
    assert executable(location(tmp_path, "ags", manifest)) == {"marches/marches"}


def test_a_domain_that_is_declared_and_empty_is_an_empty_location(tmp_path: Path) -> None:
    (tmp_path / "models/agx").mkdir(parents=True)
    (tmp_path / "models/agx/_agx.yml").touch()
    assert executable(location(tmp_path, "agx")) == set()
    together = read_assets(Manifest(good_manifest()), ("age", "agx"))
    assert together.selection[0] == "fqn:donnees_au_centre.age"
    assert "fqn:donnees_au_centre.agx" not in together.selection
    everywhere = sorted({node["fqn"][1] for node in good_manifest()["nodes"].values()})
    assert read_assets(Manifest(good_manifest()), everywhere).selection == ["package:donnees_au_centre"]


def test_a_domain_whose_files_give_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="ni source ni modèle pour data_platform"):
        location(tmp_path, "data_platform")


def test_an_unknown_domain_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="nulle_part n'existe pas"):
        location(tmp_path, "nulle_part")
    with pytest.raises(AttributeError, match="nulle_part n'existe pas"):
        code_locations.nulle_part  # noqa: B018


def test_a_location_without_a_manifest_says_what_to_do(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, good_manifest())
    settings.manifest_path.unlink()
    with pytest.raises(PlatformError, match="n'a pas encore été lu") as caught:
        build_location("age", settings)
    assert "make" in caught.value.advice


def test_data_platform_watches_freshness_and_undeclared_files(tmp_path: Path) -> None:
    manifest = good_manifest()
    log = source("data_platform", "plateforme", "chargements", external=None)
    reader = model("data_platform", "staging", "stg_plateforme__chargements", [log["unique_id"]])
    watched = source("age", "ecoles", "ecoles", freshness={"warn_after": {"count": 30, "period": "day"}})
    manifest["sources"] |= {node["unique_id"]: node for node in (log, watched)}
    manifest["nodes"][reader["unique_id"]] = reader
    definitions = location(tmp_path, "data_platform", manifest)
    graph = definitions.resolve_asset_graph()
    supervised = {"menage", "fichiers_non_declares", "tables_sans_modele"}
    assert executable(definitions) == {"stg_plateforme__chargements", *supervised}
    assert dg.AssetCheckKey(dg.AssetKey(["ecoles", "ecoles"]), "fraicheur") in graph.asset_check_keys
    assert spec(definitions, "plateforme", "chargements").group_name == "data_platform"
    # Names that clash are seen only when everything is loaded, as Dagster does.
    definitions.get_repository_def().load_all_definitions()
    assert {"surveillance", "purge", "suites", "bilans"} <= {
        job.name for job in definitions.resolve_all_job_defs()
    }


def test_two_tests_of_one_name_on_two_models_are_two_checks(tmp_path: Path) -> None:
    manifest = good_manifest()
    for about in ("int_ecoles", "stg_ecoles__ecoles"):
        test = generic(f"model.donnees_au_centre.{about}", "not_null", "age", "fase", name="cle_presente")
        manifest["nodes"][f"{test['unique_id']}.{about}"] = test | {
            "unique_id": f"{test['unique_id']}.{about}"
        }
    keys = location(tmp_path, "age", manifest).resolve_asset_graph().asset_check_keys
    assert len([key for key in keys if key.name == "cle_presente"]) == 2


def test_the_workspace_leads_to_the_code_locations() -> None:
    workspace = yaml.safe_load((ROOT / WORKSPACE).read_text(encoding="utf-8"))
    places = [entry["python_module"] for entry in workspace["load_from"]]
    assert {place["module_name"] for place in places} == {code_locations.__name__}
    assert [place["attribute"] for place in places] == [place["location_name"] for place in places]
    assert [place["attribute"] for place in places] == domains_in(ROOT)


def test_names_of_files_make_no_link_or_image_in_dagster() -> None:
    """Dagster draws Markdown in its own origin: an image is a request made by whoever looks."""
    name = "![x](http://mal.example/q) [y](javascript:z) <img src=x onerror=z>"
    table = TableReport("age", "essai", "essai", "echec", [FileReport(name, "", "echec", name)], gone=[name])
    for value in _load_metadata(table).values():
        said = str(getattr(value, "value", value))
        assert "](" not in said and "![" not in said and "<" not in said and "://m" not in said
