"""What the YAML says once, said wherever it holds: descriptions of columns and tests, categories of columns.

A staging model made by the macro `staging` says in its configuration which received column each of its
columns reads; elsewhere a column without a description is the one of the same name in what the model reads.
Of a received column, what follows « Reçu : » is about the cell alone: nothing typed of it inherits that. What
SQL of its own makes of a cell (a pseudonym, the first that is filled, a part) is another thing, and inherits
nothing.
dbt itself knows nothing of it: the comments in PostgreSQL follow the same order
(macros/staging/descriptions.sql).

A test without a description is what its generic test promises: the first paragraph of its description, or
that which says what it does with one of the arguments given, « Avec copies : … ». A model without one is what
its macro says of all of its kind (écarts). A data set whose `config.meta` says `donnee_personnelle: aucune`
says so for each column that says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any

from donnees_au_centre.project import vocabulary as words

# Keys of config.meta that the macros write: what every model of a kind is, the columns that it has, with
# their descriptions, and those that it declares.
DESCRIPTION, STANDARD, DECLARED = "description", "colonnes", "lecture"
# The type, in that list, of a column whose SQL was written by hand; the name of its cell means the same.
EXPRESSION = "expression"
# Of the others: True where SQL of its own makes something else of the cell.
REWRITTEN = "reecrit"
# Of a column: what it says is said elsewhere.
INHERITED = "heritee"
# Of the description of a received column: how the cell is written.
AS_RECEIVED = " Reçu : "
# Of the description of a generic test: what it promises, and what it does with an argument.
PREFIX, WITH = "Test : ", "Avec {} : "


def inherit(manifest: dict[str, Any]) -> None:
    """Completes the manifest with all that the YAML says elsewhere.

    Args:
        manifest: the content of manifest.json; changed in place.
    """
    nodes = manifest["nodes"]
    for node in (*nodes.values(), *manifest["sources"].values()):
        if node["resource_type"] in ("model", "source"):
            _give_category(node)
        elif node["resource_type"] == "test" and not _said(node):
            node["description"] = _promise(manifest, node)
    for node in nodes.values():
        if node["resource_type"] == "model":
            if not _said(node):
                node["description"] = (node["config"].get("meta") or {}).get(DESCRIPTION, "")
            _add_declared_columns(node)
    # Origins first: what a model reads already says what it inherits.
    reads = {one: node.get("depends_on", {}).get("nodes", []) for one, node in nodes.items()}
    for one in TopologicalSorter(reads).static_order():
        node = nodes.get(one, {})
        for name, column in node["columns"].items() if node.get("resource_type") == "model" else ():
            if not _said(column):
                column["description"] = _inherited(manifest, node, name)
                column[INHERITED] = True


def _give_category(node: dict[str, Any]) -> None:
    """Says of each column of a data set what the data set says of all."""
    category = (node["config"].get("meta") or {}).get(words.CATEGORY)
    for column in node["columns"].values() if category else ():
        meta = column.setdefault("config", {}).setdefault("meta", {})
        if not {*words.COLUMN_KEYS} & {*meta, *(column.get("meta") or {})}:
            meta[words.CATEGORY] = category


def _promise(manifest: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    """What a generic test of the project promises; empty for those of dbt, and for singular tests."""
    about = test.get("test_metadata") or {}
    macro = manifest["macros"].get(f"macro.{test['package_name']}.test_{about.get('name')}") or {}
    said = (macro.get("description") or "").strip().splitlines() or [""]
    text = said[0].removeprefix(PREFIX)
    for start in (WITH.format(name) for name, value in (about.get("kwargs") or {}).items() if value):
        text = next((line.removeprefix(start) for line in said if line.startswith(start)), text)
    return " ".join((text[:1].upper() + text[1:]).split())


def _add_declared_columns(node: dict[str, Any]) -> None:
    """Lists all columns of a model whose macro declares them, in its order."""
    meta = node["config"].get("meta") or {}
    if STANDARD not in meta:
        return
    written = node["columns"]
    names = [*meta[STANDARD], *(name for one in meta.get(DECLARED, ()) for name in one["noms"])]
    node["columns"] = {name: written.get(name) or _column(name) for name in dict.fromkeys([*names, *written])}


def _column(name: str) -> dict[str, Any]:
    config: dict[str, Any] = {"meta": {}, "tags": []}
    return {"name": name, "description": "", "meta": {}, "data_type": None, "tags": [], "config": config}


def _inherited(manifest: Mapping[str, Any], node: Mapping[str, Any], name: str) -> str:
    """The description of a column's origin; empty when there is none, or when two say different things."""
    meta = node["config"].get("meta") or {}
    if name in meta.get(STANDARD, {}):
        return str(meta[STANDARD][name])
    parents = node.get("depends_on", {}).get("nodes", [])
    if DECLARED in meta:
        received = [
            one.get("colonne")
            for one in meta[DECLARED]
            if one["noms"] == [name] and not one.get(REWRITTEN)
            if one["type"] != EXPRESSION or one.get("colonne") == name
        ]
        columns = [
            manifest["sources"][parent]["columns"].get(column) or {}
            for parent in parents
            if parent in manifest["sources"]
            for column in received
        ]
        said = next((column["description"] for column in columns if _said(column)), "")
        return str(said.partition(AS_RECEIVED)[0])
    seen: set[str] = set()
    while parents:
        seen.update(parents)
        texts = set(_texts(manifest, parents, name))
        if texts:
            return texts.pop() if len(texts) == 1 else ""
        above = (manifest["nodes"].get(one, {}).get("depends_on", {}).get("nodes", []) for one in parents)
        parents = list(dict.fromkeys(one for many in above for one in many if one not in seen))
    return ""


def _texts(manifest: Mapping[str, Any], parents: list[str], name: str) -> Iterator[str]:
    """What the models and seeds among some nodes say of their column of a name."""
    for parent in parents:
        column = manifest["nodes"].get(parent, {}).get("columns", {}).get(name)
        if column and _said(column):
            yield column["description"].strip()


def _said(column: Mapping[str, Any]) -> bool:
    return bool((column.get("description") or "").strip())
