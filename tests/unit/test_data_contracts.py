"""Data contracts of public marts: valid to the standard, the same each time, and true to what is promised."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator

from donnees_au_centre.access.files import Entry
from donnees_au_centre.catalogue.odcs import contract_texts, write_texts
from donnees_au_centre.project.consumers import Consumer
from donnees_au_centre.project.contracts import read_contracts, write_contracts
from donnees_au_centre.project.nodes import Manifest
from tests.unit import manifests
from tests.unit.manifests import PROJECT, good_manifest

TODAY = date(2026, 11, 1)
MART, OTHER = f"model.{PROJECT}.dim_ecole", f"model.{PROJECT}.fct_marche"
SCHEMA = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text("utf-8"))

Content = dict[str, Any]


def offered() -> Content:
    """A mart with all that a contract tells, and one in two versions."""
    content = good_manifest()
    nodes = content["nodes"]
    nodes[MART]["config"]["meta"]["gouvernance"] = manifests.governance(
        synonymes=["école"],
        personnes_concernees="Des élèves.",
        conservation={"mois": 24, "depuis": "vu_le", "sort": "archivage"},
    )
    nodes[MART]["columns"] |= {
        "code_nis": manifests.column("code_nis", config={"meta": {"donnee_personnelle": "pseudonyme"}}),
        "niveau": manifests.column("niveau"),
        "part": manifests.column("part", data_type="numeric(6, 2)"),
        "vu_le": manifests.column("vu_le", data_type="timestamp with time zone"),
        "nis": manifests.column(
            "nis", config={"meta": {"ancien_nom": {"remplace_par": "code_nis", "retire_le": "2027-05-01"}}}
        ),
    }
    for kind, column, arguments in (
        ("accepted_values", "niveau", {"values": ["maternel", "primaire"]}),
        ("unique_combination", None, {"columns": ["code_nis", "niveau"]}),
        ("k_anonymity", None, {"columns": ["niveau"], "weight": "part"}),
        ("within_range", "part", {"lowest": 0, "highest": 1}),
        ("mostly_filled", "part", {"at_least": 0.9}),
        ("stable_measure", "part", {"measure": "moyenne"}),
        ("relationships", "code_nis", {"to": "ref('dim_commune')", "field": "fase"}),
    ):
        test = manifests.generic(MART, kind, "age", column, test_metadata={"name": kind, "kwargs": arguments})
        test["depends_on"]["nodes"] = [f"model.{PROJECT}.dim_commune", MART][kind != "relationships" :]
        nodes[test["unique_id"]] = test
    former, latest = manifests.versions(nodes.pop(OTHER), "2027-05-01")
    nodes |= {one["unique_id"]: one for one in (former, latest)}
    nodes[f"model.{PROJECT}.fct_croise"]["depends_on"]["nodes"] = [MART, latest["unique_id"]]
    for node in nodes.values():
        node.setdefault("schema", node["fqn"][1])
    return content


def made(root: Path, content: Content) -> dict[str, str]:
    manifest = Manifest(content)
    write_contracts(root, manifest, TODAY)
    entry = Entry.model_validate(
        {
            "role": "lecteur",
            "ag": "age",
            "couche": "marts",
            "actions": ["lecture"],
            "masque": True,
            "justification": "Suivre les inscriptions de l'année.",
            "approbateur": "Direction des écoles",
            "revue": date(2027, 6, 30),
        },
        context={"domains": ["age"], "owner": "age", "file": "policies/access/age.yml", "where": "entrée 1"},
    )
    consumer = Consumer(
        nom="Atlas",
        courriel="atlas@fwb.example",
        depuis=TODAY,
        finalite="Situer.",
        marts={"age.dim_ecole": "toutes"},
    )
    return contract_texts(manifest, [entry], read_contracts(root), {"atlas.yml": consumer})


@pytest.fixture
def texts(tmp_path: Path) -> dict[str, str]:
    return made(tmp_path, offered())


def named(listed: Iterable[Content], key: str = "property") -> Content:
    return {one[key]: one for one in listed}


def test_each_public_mart_has_a_contract_that_the_standard_accepts(texts: dict[str, str]) -> None:
    assert list(texts) == [
        "age/dim_ecole.odcs.yaml",
        "ags/fct_marche.odcs.yaml",
        "ags/fct_marche_v2.odcs.yaml",
        "commun/dim_commune.odcs.yaml",
        "transversal/fct_croise.odcs.yaml",
    ]
    Draft201909Validator.check_schema(SCHEMA)
    validator = Draft201909Validator(SCHEMA)
    for name, text in texts.items():
        faults = [f"{one.json_path} : {one.message}" for one in validator.iter_errors(yaml.safe_load(text))]
        assert faults == [], name
    broken = yaml.safe_load(texts["age/dim_ecole.odcs.yaml"])
    broken["schema"][0]["properties"][0]["logicalType"] = "entier"
    assert not validator.is_valid(broken)


def test_a_contract_says_all_that_is_known(texts: dict[str, str]) -> None:
    said = yaml.safe_load(texts["age/dim_ecole.odcs.yaml"])
    assert (said["version"], said["status"], said["tags"]) == ("1.0.0", "active", ["école"])
    assert [(one["role"], one["username"]) for one in said["team"]["members"]] == [
        ("owner", "direction@fwb.example"),
        ("data steward", "cellule.age@fwb.example"),
    ]
    assert [(one["role"], one["firstLevelApprovers"]) for one in said["roles"]] == [
        ("lecteur", "Direction des écoles")
    ]
    levels = named(said["slaProperties"])
    assert (levels["frequency"]["value"], levels["frequency"]["unit"]) == (1, "y")
    assert (levels["retention"]["value"], levels["retention"]["element"]) == (24, "dim_ecole.vu_le")
    terms = {name: one["value"] for name, one in named(said["customProperties"]).items()}
    assert terms["classification"] == "interne"
    assert (terms["baseLegale"], terms["personnesConcernees"]) == ("Un décret.", "Des élèves.")
    assert terms["consommateurs"] == ["Atlas"]
    assert "Aucun compte de moins de 5" in said["description"]["limitations"]
    assert all(one["host"] == "${PGHOST}" and "user" not in one for one in said["servers"])


def test_columns_have_types_keys_and_rules(texts: dict[str, str]) -> None:
    (table,) = yaml.safe_load(texts["age/dim_ecole.odcs.yaml"])["schema"]
    columns = named(table["properties"], "name")
    assert [columns[one]["logicalType"] for one in ("fase", "part", "vu_le")] == [
        "string",
        "number",
        "timestamp",
    ]
    assert (columns["fase"]["required"], columns["fase"]["unique"]) == (True, True)
    assert [one for one, said in columns.items() if said.get("primaryKey")] == ["fase"]
    assert columns["code_nis"]["classification"] == "confidentiel"
    assert named(columns["nis"]["customProperties"])["remplaceePar"]["value"] == "code_nis"
    rules = {
        one["name"].partition("_dim_ecole")[0]: one
        for listed in (table, *table["properties"])
        for one in listed.get("quality", ())
    }
    assert rules["unique"]["metric"] == "duplicateValues"
    assert rules["unique_combination"]["arguments"] == {"properties": ["code_nis", "niveau"]}
    assert rules["accepted_values"]["arguments"] == {"validValues": ["maternel", "primaire"]}
    assert (rules["mostly_filled"]["mustBeLessOrEqualTo"], rules["mostly_filled"]["unit"]) == (10, "percent")
    assert rules["within_range"]["query"] == (
        "select count(*) from {object} where {property} < 0 or {property} > 1"
    )
    assert "having sum(part) < 5 and sum(part) > 0" in rules["k_anonymity"]["query"]
    assert "not in (select fase from commun.dim_commune where" in rules["relationships"]["query"]
    assert rules["stable_measure"]["type"] == "text"


def test_the_version_moves_with_the_promise(tmp_path: Path) -> None:
    content = offered()
    texts = made(tmp_path, content)
    assert made(tmp_path, content) == texts
    content["nodes"][MART]["columns"]["de_plus"] = manifests.column("de_plus")
    after = made(tmp_path, content)
    assert [name for name in texts if after[name] != texts[name]] == ["age/dim_ecole.odcs.yaml"]
    assert "\nversion: 1.1.0\n" in after["age/dim_ecole.odcs.yaml"]
    former, latest = (yaml.safe_load(after[f"ags/fct_marche{one}.odcs.yaml"]) for one in ("", "_v2"))
    assert (former["version"], former["status"]) == ("1.0.0", "deprecated")
    assert named(former["slaProperties"])["endOfSupport"]["value"] == "2027-05-01"
    assert named(former["customProperties"])["remplacePar"]["value"] == "fct_marche_v2"
    assert (latest["version"], latest["status"]) == ("2.0.0", "active")


def test_a_contract_that_is_no_longer_made_leaves(tmp_path: Path, texts: dict[str, str]) -> None:
    write_texts(texts, tmp_path / "build")
    (tmp_path / "build" / "age" / "dim_partie.odcs.yaml").write_text("x", encoding="utf-8")
    write_texts(texts, tmp_path / "build")
    left = {path.relative_to(tmp_path / "build").as_posix() for path in (tmp_path / "build").rglob("*.yaml")}
    assert left == set(texts)
