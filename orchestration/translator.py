"""How dbt's nodes look in Dagster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.datasets import responsible
from donnees_au_centre.project.metadata import own_governance_of
from donnees_au_centre.project.nodes import Manifest, Node, domain_of, file_of, layer_of

LANDING = "landing"


class Translator(DagsterDbtTranslator):
    """Dagster group = dbt group = domain; the layer is a tag; the owners are the data set's, or the group's.

    Asset keys are dagster-dbt's own: a model's name, and source and table for a raw table.
    """

    def __init__(self, manifest: Manifest) -> None:
        """Reads the owners of the domains."""
        super().__init__()
        self._owners: dict[str, list[str]] = {}
        for group in manifest.get("groups", {}).values():
            people = (group.get("owner"), group.get("config", {}).get("meta", {}).get("steward"))
            emails = [person["email"] for person in people if person and person.get("email")]
            self._owners[group["name"]] = list(dict.fromkeys(emails))

    def get_group_name(self, dbt_resource_props: Node) -> str:
        """The domain."""
        return domain_of(dbt_resource_props)

    def get_owners(self, dbt_resource_props: Node) -> Sequence[str]:
        """E-mail addresses of the owner, then the steward: of the data set itself, else of its domain."""
        own = own_governance_of(dbt_resource_props)
        people = [responsible(own.get(role)) for role in words.RESPONSIBLES]
        emails = [person.email for person in people if person]
        return list(dict.fromkeys(emails)) or self.owners_of(domain_of(dbt_resource_props))

    def owners_of(self, domain: str) -> list[str]:
        """E-mail addresses of a domain's owner, then steward."""
        return self._owners.get(domain, [])

    def get_description(self, dbt_resource_props: Node) -> str:
        """The French description alone, without the SQL."""
        return dbt_resource_props["description"]

    def get_metadata(self, dbt_resource_props: Node) -> Mapping[str, Any]:
        """dagster-dbt's own, columns included, and the file to open."""
        return {**super().get_metadata(dbt_resource_props), "fichier": file_of(dbt_resource_props)}

    def get_tags(self, dbt_resource_props: Node) -> Mapping[str, str]:
        """The layer: raw, seed, staging, intermediate or marts."""
        kinds = {"source": "raw", "seed": "seed"}
        layer = kinds.get(dbt_resource_props["resource_type"]) or layer_of(dbt_resource_props)
        return {"couche": layer} if layer else {}

    def raw_table(self, manifest: Manifest, source: Node) -> dg.AssetSpec:
        """The asset of a raw table; that of a landed one comes from its folder."""
        spec = self.get_asset_spec(manifest, source["unique_id"], None)
        if not source.get("external"):
            return spec.replace_attributes(kinds={"postgres"})
        return spec.replace_attributes(
            deps=[self.folder_key(source)], kinds={"postgres", source["external"]["file_format"]}
        )

    def folder(self, source: Node) -> dg.AssetSpec:
        """The asset of the folder where a source's files land; nothing here materialises it."""
        return dg.AssetSpec(
            self.folder_key(source),
            description=source.get("source_description") or None,
            group_name=domain_of(source),
            owners=self.owners_of(domain_of(source)),
            tags={"couche": LANDING},
            kinds={"file"},
        )

    def folder_key(self, source: Mapping[str, Any]) -> dg.AssetKey:
        """landing/<domain>/<source>."""
        return dg.AssetKey([LANDING, domain_of(source), source["source_name"]])
