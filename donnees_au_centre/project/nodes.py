"""Where a node of the manifest stands: domain, layer, file, and what it reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Manifest = Mapping[str, Any]
Node = Mapping[str, Any]

LAYERS = ("staging", "intermediate", "marts")
# Domains that are no administration: what everyone reads, what reads everyone, and the platform itself.
SHARED, CROSSING, PLATFORM = "commun", "transversal", "data_platform"
ISSUES_SUFFIX = "_ecarts"


def domain_of(node: Node) -> str:
    """The domain of a node: its folder below models/ or seeds/; for a singular test, see `domain_of_test`."""
    return node["fqn"][1]


def domain_of_test(manifest: Manifest, test: Node) -> str | None:
    """The domain of a test or unit test: that of its YAML file; of a singular one, its group.

    Returns:
        Without a group, the domain of what the test is about; None when it is about no model in particular.
    """
    if not is_singular(test):
        return domain_of(test)
    if test.get("group"):
        return test["group"]
    about = tested_id(test)
    return domain_of(node_of(manifest, about)) if about else None


def is_singular(test: Node) -> bool:
    """True for a test that is a SQL file of its own."""
    return test["resource_type"] == "test" and not test.get("test_metadata")


def layer_of(node: Node) -> str | None:
    """The layer of a model, one of LAYERS; None for what stands in no layer (seeds, sources of no layer)."""
    return node["fqn"][2] if len(node["fqn"]) > 3 and node["fqn"][2] in LAYERS else None


def label_of(node: Node) -> str:
    """How messages name a node."""
    if node["resource_type"] == "source":
        return f"{node['source_name']}.{node['name']}"
    return node["name"]


def file_of(node: Node) -> str:
    """The file of a node below the checkout: SQL of a model, YAML of a source."""
    return node["original_file_path"]


def yaml_of(node: Node) -> str | None:
    """The YAML file that describes a node, or None when none does."""
    patch = node.get("patch_path")
    return patch.partition("://")[2] if patch else None


def of_type(manifest: Manifest, *types: str) -> Iterator[Node]:
    """The project's own nodes of some resource types, by unique id; dbt's internal ones left out."""
    project = manifest["metadata"]["project_name"]
    for section in ("nodes", "sources", "unit_tests"):
        for _, node in sorted(manifest.get(section, {}).items()):
            if node["resource_type"] in types and node["package_name"] == project:
                yield node


def contract_checks(manifest: Manifest) -> Iterator[Node]:
    """What enforced contracts hold without a test: columns that are never null, as the tests that say so.

    They have the keys of a `not_null` test that rules and pages read. dbt does not play them: they held each
    time that their model was built.
    """
    for model in manifest["nodes"].values():
        if not (model.get("config", {}).get("contract") or {}).get("enforced"):
            continue
        for name, column in model["columns"].items():
            if any(one.get("type") == "not_null" for one in column.get("constraints") or ()):
                yield {
                    "unique_id": f"{model['unique_id']}.{name}.not_null",
                    "name": f"not_null_{model['name']}_{name}",
                    "resource_type": "test",
                    "package_name": model["package_name"],
                    "fqn": [*model["fqn"], name],
                    "original_file_path": yaml_of(model) or file_of(model),
                    "test_metadata": {"name": "not_null", "kwargs": {"column_name": name}},
                    "column_name": name,
                    "attached_node": model["unique_id"],
                    "depends_on": {"nodes": [model["unique_id"]]},
                    "description": "",
                    "config": {"severity": "error", "meta": {}},
                }


def checks(manifest: Manifest) -> Iterator[Node]:
    """The data tests, then what contracts hold as tests would."""
    yield from of_type(manifest, "test")
    yield from contract_checks(manifest)


def node_of(manifest: Manifest, unique_id: str) -> Node:
    """A model, seed, test, source or unit test by its unique id.

    Raises:
        KeyError: there is none.
    """
    for section in ("nodes", "sources", "unit_tests"):
        if found := manifest.get(section, {}).get(unique_id):
            return found
    raise KeyError(unique_id)


def parents_of(manifest: Manifest, node: Node) -> list[Node]:
    """What a node reads directly: models, seeds, snapshots and sources."""
    return [node_of(manifest, unique_id) for unique_id in node.get("depends_on", {}).get("nodes", [])]


def tested_id(test: Node) -> str | None:
    """The unique id of what a test or unit test is about.

    A singular test over several models says it itself, in `meta: {dagster: {ref: {name: ...}}}`; without
    that it is about none of them.
    """
    if test.get("attached_node"):
        return test["attached_node"]
    parents = test["depends_on"]["nodes"]
    chosen = test.get("config", {}).get("meta", {}).get("dagster", {}).get("ref", {}).get("name")
    if chosen:
        return next((parent for parent in parents if parent.rpartition(".")[2] == chosen), None)
    return parents[0] if len(parents) == 1 else None


def domains_in(root: Path) -> list[str]:
    """The domains of a checkout, in the order they are built: shared, administrations, readers."""
    folders = [path.name for path in (root / "models").iterdir() if path.is_dir()]
    last = {SHARED: 0, CROSSING: 2, PLATFORM: 3}
    return sorted(folders, key=lambda name: (last.get(name, 1), name))
