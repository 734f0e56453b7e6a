"""The governance metadata as the YAML writes them, level by level: what the rules and the readers share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.nodes import Manifest, Node, domain_of, file_of, layer_of, of_type, yaml_of


def dataset_nodes(manifest: Manifest) -> Iterator[Node]:
    """The nodes that are data sets: source tables, and models of the marts layer."""
    for node in of_type(manifest, "source", "model"):
        if node["resource_type"] == "source" or layer_of(node) == "marts":
            yield node


def governance_of(manifest: Manifest, node: Node) -> dict[str, Any]:
    """The governance of a node, key by key: its own values, then its source's, folder's and group's."""
    return {key: value for _, values in governance_levels(manifest, node) for key, value in values.items()}


def governance_levels(manifest: Manifest, node: Node) -> list[tuple[str, Mapping[str, Any]]]:
    """What each level says of a data set, the farthest first, each with its French name.

    The group's owner and steward, whom dbt and Dagster know, are the farthest default.
    """
    group = next((one for one in manifest.get("groups", {}).values() if one["name"] == domain_of(node)), {})
    meta = meta_of(node)
    people = {"proprietaire": group.get("owner"), "gestionnaire": meta_of(group).get("steward")}
    known = {
        role: {"fonction": person.get("name"), "courriel": person.get("email")}
        for role, person in people.items()
        if isinstance(person, Mapping)
    }
    levels = (
        ("du groupe", known),
        ("du groupe", meta_of(group).get(words.DEFAULTS)),
        ("du dossier", meta.get(words.FOLDER_DEFAULTS)),
        ("de la source ou du dossier", meta.get(words.DEFAULTS)),
        ("du jeu de données", meta.get(words.OWN)),
    )
    return [(name, values) for name, values in levels if isinstance(values, Mapping)]


def own_governance_of(node: Node) -> Mapping[str, Any]:
    """What the YAML of a data set says itself; empty when it says nothing.

    dbt gives a table without such a key that of its source, which is not its own.
    """
    own = meta_of(node).get(words.OWN)
    inherited = (node.get("source_meta") or {}).get(words.OWN)
    return own if isinstance(own, Mapping) and own != inherited else {}


def meta_of(thing: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `config.meta` of a node, group or column; of an old-style column, its `meta`."""
    return (thing.get("config") or {}).get("meta") or thing.get("meta") or {}


def yaml_file_of(node: Node) -> str:
    """The YAML file where the governance of a data set is written, below the checkout."""
    return yaml_of(node) or file_of(node)


def is_count(value: Any) -> bool:
    """True for a whole number of at least 1; YAML's `true` is none."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
