"""How dbt's nodes look in Dagster.

Made from the manifest alone: dagster-dbt would bring dbt into each of the code servers, which never run it,
and double the time they take to start. Asset keys are those it gives.
"""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from orchestration.manifest.nodes import Manifest, Node, domain_of, file_of, layer_of, parents_of

LANDING = "landing"


class Specs:
    """Dagster group = dbt group = domain; the layer is a tag; the owners are those of the dbt group.

    Args:
        manifest: the content of manifest.json.
    """

    def __init__(self, manifest: Manifest) -> None:
        """Reads the owners of the domains."""
        self._manifest = manifest
        self._owners: dict[str, list[str]] = {}
        for group in manifest.get("groups", {}).values():
            people = (group.get("owner"), group.get("config", {}).get("meta", {}).get("steward"))
            emails = [person["email"] for person in people if person and person.get("email")]
            self._owners[group["name"]] = list(dict.fromkeys(emails))

    def owners(self, domain: str) -> list[str]:
        """E-mail addresses of a domain's owner, then steward."""
        return self._owners.get(domain, [])

    def model(self, node: Node) -> dg.AssetSpec:
        """The asset of a model, seed or snapshot."""
        parents = sorted({asset_key(parent) for parent in self._visible_parents(node)})
        kinds = {"dbt", self._manifest["metadata"]["adapter_type"], node["config"]["materialized"]}
        return self._spec(node, parents, layer_of(node) or node["resource_type"], kinds)

    def raw_table(self, source: Node) -> dg.AssetSpec:
        """The asset of a raw table; that of a landed one comes from its folder."""
        external = source.get("external")
        kinds = {self._manifest["metadata"]["adapter_type"], *([external["file_format"]] if external else [])}
        return self._spec(source, [folder_key(source)] if external else [], "raw", kinds)

    def folder(self, source: Node) -> dg.AssetSpec:
        """The asset of the folder where a source's files land; nothing here materialises it."""
        return dg.AssetSpec(
            folder_key(source),
            description=source.get("source_description") or None,
            group_name=domain_of(source),
            owners=self.owners(domain_of(source)),
            tags={"couche": LANDING},
            kinds={"file"},
        )

    def _spec(self, node: Node, parents: list[dg.AssetKey], layer: str, kinds: set[str]) -> dg.AssetSpec:
        columns = [
            dg.TableColumn(name, column.get("data_type") or "text", column.get("description") or None)
            for name, column in node["columns"].items()
        ]
        return dg.AssetSpec(
            asset_key(node),
            deps=parents,
            description=node["description"] or None,
            group_name=domain_of(node),
            owners=self.owners(domain_of(node)),
            tags={"couche": layer},
            kinds=kinds,
            metadata={"fichier": file_of(node), "dagster/column_schema": dg.TableSchema(columns)},
            code_version=node.get("checksum", {}).get("checksum"),
            # A node that dbt does not run, or a table that cannot be loaded, is no asset made.
            skippable=True,
        )

    def _visible_parents(self, node: Node) -> Iterator[Node]:
        """What a node reads, through the ephemeral models, which are no assets."""
        for parent in parents_of(self._manifest, node):
            if parent["config"].get("materialized") == "ephemeral":
                yield from self._visible_parents(parent)
            else:
                yield parent


def asset_key(node: Node) -> dg.AssetKey:
    """The name of a model or seed; source and table for a raw table."""
    if node["resource_type"] == "source":
        return dg.AssetKey([node["source_name"], node["name"]])
    return dg.AssetKey(node["name"])


def folder_key(source: Node) -> dg.AssetKey:
    """landing/<domain>/<source>."""
    return dg.AssetKey([LANDING, domain_of(source), source["source_name"]])
