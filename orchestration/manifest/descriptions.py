"""What a column that no YAML describes is: what it is where it comes from.

A staging model made by the macro `staging` says in its configuration which received column each of its columns
reads; elsewhere a column without a description is the one of the same name in what the model reads. dbt itself
knows nothing of it: the comments in PostgreSQL follow the same order (macros/staging/descriptions.sql).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# Keys of config.meta that the macros write: the columns that every model of a kind has, with their descriptions,
# and those that it declares.
STANDARD, DECLARED = "colonnes", "lecture"


def inherit_descriptions(manifest: dict[str, Any]) -> None:
    """Gives the columns of staging models to their nodes, and to each column without a description its origin's.

    Args:
        manifest: the content of manifest.json; changed in place.
    """
    nodes = manifest["nodes"]
    for node in nodes.values():
        if node["resource_type"] == "model":
            _add_declared_columns(node)
    for node in nodes.values():
        if node["resource_type"] == "model":
            for name, column in node["columns"].items():
                if not _said(column):
                    column["description"] = _inherited(manifest, node, name)


def _add_declared_columns(node: dict[str, Any]) -> None:
    """Lists all columns of a model whose macro declares them, in its order."""
    meta = node["config"].get("meta") or {}
    if STANDARD not in meta:
        return
    written = node["columns"]
    names = [*meta[STANDARD], *(name for one in meta.get(DECLARED, ()) for name in one["noms"])]
    node["columns"] = {name: written.get(name) or _column(name) for name in dict.fromkeys([*names, *written])}


def _column(name: str) -> dict[str, Any]:
    config = {"meta": {}, "tags": []}
    return {"name": name, "description": "", "meta": {}, "data_type": None, "tags": [], "config": config}


def _inherited(manifest: Mapping[str, Any], node: Mapping[str, Any], name: str) -> str:
    """The description of a column's origin; empty when there is none, or when two say different things."""
    meta = node["config"].get("meta") or {}
    if name in meta.get(STANDARD, {}):
        return meta[STANDARD][name]
    parents = node.get("depends_on", {}).get("nodes", [])
    if DECLARED in meta:
        received = [one.get("colonne") for one in meta[DECLARED] if name in one["noms"]]
        columns = [
            manifest["sources"][parent]["columns"].get(column) or {}
            for parent in parents
            if parent in manifest["sources"]
            for column in received
        ]
        return next((column["description"] for column in columns if _said(column)), "")
    seen: set[str] = set()
    while parents:
        seen.update(parents)
        texts = set(_texts(manifest, parents, name))
        if texts:
            return texts.pop() if len(texts) == 1 else ""
        parents = [
            above
            for parent in parents
            for above in manifest["nodes"].get(parent, {}).get("depends_on", {}).get("nodes", [])
            if above not in seen
        ]
    return ""


def _texts(manifest: Mapping[str, Any], parents: list[str], name: str) -> Iterator[str]:
    """What the models and seeds among some nodes say of their column of a name."""
    for parent in parents:
        node = manifest["nodes"].get(parent)
        column = node["columns"].get(name) if node else None
        if node is None or column is None:
            continue
        text = (column.get("description") or "").strip()
        meta = node["config"].get("meta") or {}
        if not text and (STANDARD in meta or DECLARED in meta):
            text = _inherited(manifest, node, name)
        if text:
            yield text


def _said(column: Mapping[str, Any]) -> bool:
    return bool((column.get("description") or "").strip())
