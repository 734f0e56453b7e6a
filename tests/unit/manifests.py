"""Small manifests, in the shape that dbt 1.11 writes."""

from __future__ import annotations

from typing import Any

from donnees_au_centre.project.rules.landing import WATCHING

PROJECT = "donnees_au_centre"


def governance(**more: Any) -> dict[str, Any]:
    """All that a data set must say, as YAML gives it."""
    said = {
        "proprietaire": {"fonction": "Direction", "courriel": "direction@fwb.example"},
        "gestionnaire": {"fonction": "Cellule", "courriel": "cellule.age@fwb.example"},
        "strategique": False,
        "classification": "interne",
        "finalite": "Compter.",
        "base_legale": "Un décret.",
        "conservation": {"mois": 120, "depuis": "reception", "sort": "effacement"},
        "source_authentique": "Une base.",
        "rafraichissement": {"tous_les": 1, "unite": "annee"},
    }
    return said | more


def column(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "description": f"La colonne {name}.", "data_type": "text", **more}


def model(domain: str, layer: str, name: str, reads: list[str], **more: Any) -> dict[str, Any]:
    folders = [domain, layer]
    if layer == "staging":
        folders.append(name.removeprefix("stg_").partition("__")[0])
    mart = layer == "marts"
    node = {
        "unique_id": f"model.{PROJECT}.{name}",
        "resource_type": "model",
        "name": name,
        "package_name": PROJECT,
        "fqn": [PROJECT, *folders, name],
        "original_file_path": f"models/{'/'.join(folders)}/{name}.sql",
        "patch_path": f"{PROJECT}://models/{'/'.join(folders)}/{name}.yml",
        "description": f"Le modèle {name}.",
        "columns": {"fase": column("fase")},
        "access": "public" if mart else "private",
        "group": domain,
        "raw_code": "select fase from lignes",
        "config": {
            "materialized": "table" if mart else "view",
            "contract": {"enforced": mart},
            "group": domain,
            "meta": {"gouvernance": governance()} if mart else {},
        },
        "depends_on": {"nodes": reads, "macros": []},
        "tags": [],
        "meta": {},
    }
    return node | more


def versions(mart: dict[str, Any], end: str | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """A mart as dbt writes it when it has two versions: the one that readers know, until `end`, and the next.

    Both have the tests of their own that `generic` makes.
    """
    folder = f"models/{mart['fqn'][1]}/marts/{mart['name']}"
    former, latest = (
        {
            **mart,
            "unique_id": f"{mart['unique_id']}.v{number}",
            "fqn": [*mart["fqn"], f"v{number}"],
            "version": number,
            "latest_version": 2,
            "columns": dict(mart["columns"]),
        }
        for number in (1, 2)
    )
    former |= {"alias": mart["name"], "deprecation_date": f"{end}T00:00:00+00:00" if end else None}
    latest |= {"alias": f"{mart['name']}_v2", "original_file_path": f"{folder}_v2.sql"}
    return former, latest


def seed(domain: str, name: str) -> dict[str, Any]:
    return {
        "unique_id": f"seed.{PROJECT}.{name}",
        "resource_type": "seed",
        "name": name,
        "package_name": PROJECT,
        "fqn": [PROJECT, domain, name],
        "original_file_path": f"seeds/{domain}/{name}.csv",
        "patch_path": f"{PROJECT}://seeds/{domain}/{name}.yml",
        "description": f"Le seed {name}.",
        "columns": {"code": column("code")},
        "config": {"materialized": "seed", "meta": {}, "column_types": {"code": "text"}},
        "depends_on": {"macros": []},
        "tags": [],
        "meta": {},
    }


def source(domain: str, name: str, table: str, **more: Any) -> dict[str, Any]:
    node = {
        "unique_id": f"source.{PROJECT}.{name}.{table}",
        "resource_type": "source",
        "source_name": name,
        "name": table,
        "identifier": table,
        "schema": f"raw_{domain}",
        "package_name": PROJECT,
        "fqn": [PROJECT, domain, "staging", name, name, table],
        "original_file_path": f"models/{domain}/staging/{name}/_{name}__sources.yml",
        "patch_path": None,
        "source_description": f"La source {name}.",
        "description": f"La table {table}.",
        "columns": {"fase": column("fase")},
        "external": {"location": f"{domain}/{name}/*.csv", "file_format": "csv", "options": {}},
        "config": {"meta": {"gouvernance": governance(), "fichiers": "s_ajoutent"}},
        "tags": [],
        "meta": {},
    }
    return node | more


def generic(
    about: str, kind: str, domain: str, column_name: str | None = None, **more: Any
) -> dict[str, Any]:
    name = f"{kind}_{about.rpartition('.')[2]}_{column_name or 'table'}"
    node = {
        "unique_id": f"test.{PROJECT}.{name}.0123456789",
        "resource_type": "test",
        "name": name,
        "package_name": PROJECT,
        "fqn": [PROJECT, domain, "marts", name],
        "original_file_path": f"models/{domain}/marts/x.yml",
        "description": "",
        "attached_node": about,
        "column_name": column_name,
        "test_metadata": {"name": kind, "kwargs": {}},
        "config": {"severity": "ERROR", "meta": {}},
        "depends_on": {"nodes": [about], "macros": []},
    }
    return node | more


def singular(name: str, reads: list[str], meta: dict[str, Any]) -> dict[str, Any]:
    return {
        "unique_id": f"test.{PROJECT}.{name}",
        "resource_type": "test",
        "name": name,
        "package_name": PROJECT,
        "fqn": [PROJECT, "singular", name],
        "original_file_path": f"tests/singular/{name}.sql",
        "description": "",
        "attached_node": None,
        "test_metadata": None,
        "config": {"severity": "ERROR", "meta": meta},
        "depends_on": {"nodes": reads, "macros": []},
    }


def unit(domain: str, about: str, name: str) -> dict[str, Any]:
    return {
        "unique_id": f"unit_test.{PROJECT}.{about.rpartition('.')[2]}.{name}",
        "resource_type": "unit_test",
        "name": name,
        "package_name": PROJECT,
        "fqn": [PROJECT, domain, "intermediate", about.rpartition(".")[2], name],
        "original_file_path": f"models/{domain}/intermediate/x.yml",
        "description": "Un cas.",
        "config": {"meta": {}},
        "depends_on": {"nodes": [about], "macros": []},
    }


def macro(
    name: str, sql: str, arguments: list[str], description: str = "Ce que fait la macro."
) -> dict[str, Any]:
    return {
        "unique_id": f"macro.{PROJECT}.{name}",
        "name": name,
        "package_name": PROJECT,
        "original_file_path": f"macros/essai/{name}.sql",
        "macro_sql": sql,
        "description": description,
        "arguments": [{"name": argument, "description": "Un argument."} for argument in arguments],
    }


def group(domain: str) -> dict[str, Any]:
    return {
        "unique_id": f"group.{PROJECT}.{domain}",
        "name": domain,
        "original_file_path": f"models/{domain}/_{domain}.yml",
        "owner": {"name": "Direction", "email": f"owner.{domain}@fwb.example"},
        "config": {"meta": {"steward": {"name": "Cellule", "email": f"steward.{domain}@fwb.example"}}},
    }


def good_manifest() -> dict[str, Any]:
    """A project of four domains that follows every rule.

    commun: a seed and its mart; age: a source down to a mart that reads commun; ags: a mart;
    transversal: a mart over age and ags.
    """
    ecoles = source("age", "ecoles", "ecoles")
    ecarts = model("age", "staging", "stg_ecoles__ecoles_ecarts", [ecoles["unique_id"]])
    staging = model("age", "staging", "stg_ecoles__ecoles", [ecoles["unique_id"]])
    communes = seed("commun", "communes")
    commune = model("commun", "marts", "dim_commune", [communes["unique_id"]])
    inter = model("age", "intermediate", "int_ecoles", [staging["unique_id"]])
    ecole = model("age", "marts", "dim_ecole", [inter["unique_id"], commune["unique_id"]])
    marches = source("ags", "marches", "marches")
    marches["config"]["meta"] |= {"sans_staging": "Bientôt.", "sans_surveillance": "Bientôt."}
    marche = model("ags", "marts", "fct_marche", [])
    croise = model("transversal", "marts", "fct_croise", [ecole["unique_id"], marche["unique_id"]])
    reconciles = generic(staging["unique_id"], "reconciles_with_source", "age")
    reconciles["depends_on"]["nodes"] = [staging["unique_id"], ecoles["unique_id"], ecarts["unique_id"]]
    tests = [
        reconciles,
        *(
            generic(mart["unique_id"], kind, mart["fqn"][1], "fase")
            for mart in (commune, ecole, croise)
            for kind in ("unique", "not_null")
        ),
        generic(marche["unique_id"], "unique_combination", "ags"),
        *(generic(ecoles["unique_id"], kind, "age") for kind in WATCHING),
        singular(
            "une_ecole_a_une_commune",
            [ecole["unique_id"], commune["unique_id"]],
            {"dagster": {"ref": {"name": "dim_ecole"}}},
        ),
    ]
    models = [ecarts, staging, commune, inter, ecole, marche, croise]
    units = [unit("age", inter["unique_id"], "un_cas")]
    macros = [
        macro(
            "clean_text", "{% macro clean_text(column, width=3) -%} x {%- endmacro %}", ["column", "width"]
        ),
        macro(
            "default__clean_text",
            "{% macro default__clean_text(column, width) %} x {% endmacro %}",
            [],
            "",
        ),
        macro("denodo__concat", "{% macro denodo__concat(fields) %} x {% endmacro %}", ["fields"]),
        macro("test_within", "{% test within(model, column_name, low) %} x {% endtest %}", ["low"]),
    ]
    return {
        "metadata": {"project_name": PROJECT, "adapter_type": "postgres"},
        "nodes": {node["unique_id"]: node for node in [communes, *models, *tests]},
        "sources": {node["unique_id"]: node for node in (ecoles, marches)},
        "unit_tests": {node["unique_id"]: node for node in units},
        "macros": {node["unique_id"]: node for node in macros},
        "groups": {g["unique_id"]: g for g in map(group, ("age", "ags", "commun", "transversal"))},
    }
