"""Projects of a few models, given as SQL, for the tests of lineage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from donnees_au_centre.project.lineage import Lineage, trace
from donnees_au_centre.project.nodes import Manifest
from tests.unit.manifests import PROJECT

SEAL = "sceau_essai_"
# One raw table: persons, each of one commune.
PERSONNES = {
    "id": {"donnee_personnelle": "identifiant_direct"},
    "nom": {"donnee_personnelle": "identifiant_direct"},
    "prenom": {"donnee_personnelle": "identifiant_direct"},
    "naissance": {"donnee_personnelle": "identifiant_indirect"},
    "salaire": {"donnee_personnelle": "financier"},
    "commune": {"donnee_personnelle": "aucune"},
    "annee": {},
}
COMMUNES = {"nis": {}, "libelle": {}}
HMAC = (
    "encode(sha256(decode(current_setting('dac.o_ag_suivi'), 'hex') || sha256("
    "decode(current_setting('dac.i_ag_suivi'), 'hex') || convert_to({}, 'UTF8'))), 'hex')"
)


def columns(metas: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    return {
        name: {"name": name, "description": "x", "config": {"meta": meta}} for name, meta in metas.items()
    }


def source(name: str, metas: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    return {
        "unique_id": f"source.{PROJECT}.{name}.{name}",
        "resource_type": "source",
        "source_name": name,
        "name": name,
        "schema": "raw",
        "identifier": name,
        "package_name": PROJECT,
        "fqn": [PROJECT, "age", "staging", name, name],
        "original_file_path": f"models/age/staging/{name}/_{name}__sources.yml",
        "external": {"location": "x"},
        "columns": columns(metas),
    }


def model(name: str, metas: Mapping[str, Mapping[str, str]], reads: list[str]) -> dict[str, Any]:
    return {
        "unique_id": f"model.{PROJECT}.{name}",
        "resource_type": "model",
        "name": name,
        "alias": name,
        "schema": "age",
        "package_name": PROJECT,
        "fqn": [PROJECT, "age", "marts", name],
        "original_file_path": f"models/age/marts/{name}.sql",
        "patch_path": f"{PROJECT}://models/age/marts/{name}.yml",
        "columns": columns(metas),
        "config": {},
        "depends_on": {"nodes": reads},
    }


def project(*models: tuple[str, str, Mapping[str, Mapping[str, str]]]) -> Lineage:
    """The lineage of models (name, SQL, meta of its columns) over raw.personnes and raw.communes."""
    nodes, compiled = {}, {}
    sources = [source("personnes", PERSONNES), source("communes", COMMUNES)]
    reads = [given["unique_id"] for given in sources]
    for name, sql, metas in models:
        node = model(name, metas, list(reads))
        nodes[node["unique_id"]] = node
        compiled[node["unique_id"]] = sql
        reads.append(node["unique_id"])
    manifest = {
        "metadata": {"project_name": PROJECT},
        "nodes": nodes,
        "sources": {given["unique_id"]: given for given in sources},
    }
    return trace(Manifest(manifest), compiled, SEAL)
