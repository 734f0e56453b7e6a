"""How dbt's nodes look in Dagster."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import dagster as dg

from donnees_au_centre.connectors import kind_named
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.patching import alone
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.datasets import responsible
from donnees_au_centre.project.metadata import own_governance_of
from donnees_au_centre.project.nodes import Manifest, Node, Source

# dagster-dbt imports dbt when it is installed, and does as well without: a location that waits for its next
# run takes less memory so, and begins sooner. The run itself imports dbt. And nobody needs its clients of dbt
# Cloud, gRPC and SQLGlot.
_ABSENT = "dbt.version" not in sys.modules
if _ABSENT:
    sys.modules["dbt.version"] = None  # type: ignore[assignment]
try:
    with alone("dagster_dbt"):
        from dagster_dbt.dagster_dbt_translator import DagsterDbtTranslator
finally:
    if _ABSENT:
        del sys.modules["dbt.version"]

LANDING = "landing"


class Translator(DagsterDbtTranslator):
    """Dagster group = dbt group = domain; the layer is a tag; the owners are the data set's, or the group's.

    Asset keys are dagster-dbt's own: a model's name, and source and table for a raw table.
    """

    def __init__(self, manifest: Manifest) -> None:
        """Reads the owners of the domains."""
        super().__init__()
        self._owners: dict[str, list[str]] = {}
        for group in manifest.groups.values():
            people = (group.owner, group.steward)
            emails = [person["email"] for person in people if person.get("email")]
            self._owners[group.name] = list(dict.fromkeys(emails))

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The domain."""
        return Node(dbt_resource_props).domain

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:
        """E-mail addresses of the owner, then the steward: of the data set itself, else of its domain."""
        own = own_governance_of(Node(dbt_resource_props))
        people = [responsible(own.get(role)) for role in words.RESPONSIBLES]
        emails = [person.email for person in people if person]
        return list(dict.fromkeys(emails)) or self.owners_of(Node(dbt_resource_props).domain)

    def owners_of(self, domain: str) -> list[str]:
        """E-mail addresses of a domain's owner, then steward."""
        return self._owners.get(domain, [])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The French description alone, without the SQL."""
        return Node(dbt_resource_props).description

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """dagster-dbt's own, columns included, and the file to open."""
        return {**super().get_metadata(dbt_resource_props), "fichier": Node(dbt_resource_props).file}

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        """The layer: raw, seed, staging, intermediate or marts."""
        node, kinds = Node(dbt_resource_props), {"source": "raw", "seed": "seed"}
        layer = kinds.get(node.kind) or node.layer
        return {"couche": layer} if layer else {}

    def spec(self, manifest: Manifest, node: Node) -> dg.AssetSpec:
        """The asset of a node; dagster-dbt wants the manifest as dbt writes it."""
        return self.get_asset_spec(manifest.content, node.unique_id, None)

    def raw_table(self, manifest: Manifest, source: Source) -> dg.AssetSpec:
        """The asset of a raw table; that of one that the loader fills comes from where its rows come from."""
        spec = self.spec(manifest, source)
        if not source.external:
            return spec.replace_attributes(kinds={"postgres"})
        held = source.external.get("file_format") or source.external.get("kind")
        return spec.replace_attributes(
            deps=[self.origin_key(source)], kinds={"postgres", *([str(held)] if held else [])}
        )

    def origin(self, source: Source) -> dg.AssetSpec:
        """The asset of where rows come from, a folder or a system; nothing here materialises it."""
        said = [source.source_description]
        kind = source.external.get("kind")
        if kind:
            # What its kind does, for whoever looks at the graph; make lint names one that does not exist.
            with suppress(PlatformError):
                said.append(inspect.getdoc(kind_named(str(kind))) or "")
        return dg.AssetSpec(
            self.origin_key(source),
            description="\n\n".join(filter(None, said)) or None,
            group_name=source.domain,
            owners=self.owners_of(source.domain),
            tags={"couche": LANDING},
            kinds={str(kind) if kind else "file"},
        )

    def origin_key(self, source: Source) -> dg.AssetKey:
        """landing/<domain>/<source>, or <kind>/<domain>/<source> for a system."""
        return origin_key(source.domain, source.source_name, source.external.get("kind"))


def origin_key(domain: str, source: str, kind: str | None) -> dg.AssetKey:
    """The asset of where the rows of a source come from.

    Args:
        domain: who receives them.
        source: the dbt source.
        kind: of the system, as `postgresql`; None for the landing zone alone.
    """
    return dg.AssetKey([kind or LANDING, domain, source])
