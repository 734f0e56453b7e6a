"""The governance metadata as the YAML writes them, level by level: what the rules and the readers share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.nodes import Group, Manifest, Node, Source


def dataset_nodes(manifest: Manifest) -> Iterator[Node]:
    """The nodes that are data sets: source tables, and models of the marts layer."""
    for node in manifest.of_type("source", "model"):
        if node.kind == "source" or node.is_mart:
            yield node


def governance_of(manifest: Manifest, node: Node) -> dict[str, Any]:
    """The governance of a node, key by key: its own values, then its source's, folder's and group's."""
    return {key: value for _, values in governance_levels(manifest, node) for key, value in values.items()}


def governance_levels(manifest: Manifest, node: Node) -> list[tuple[str, Mapping[str, Any]]]:
    """What each level says of a data set, the farthest first, each with its French name.

    The group's owner and steward, whom dbt and Dagster know, are the farthest default.
    """
    group, meta = manifest.groups.get(node.domain, Group({})), node.meta
    people = {"proprietaire": group.owner, "gestionnaire": group.steward}
    known = {
        role: {"fonction": person.get("name"), "courriel": person.get("email")}
        for role, person in people.items()
        if person
    }
    levels = (
        ("du groupe", known),
        ("du groupe", group.meta.get(words.DEFAULTS)),
        ("du dossier", meta.get(words.FOLDER_DEFAULTS)),
        ("de la source ou du dossier", meta.get(words.DEFAULTS)),
        ("du jeu de données", meta.get(words.OWN)),
    )
    return [(name, values) for name, values in levels if isinstance(values, Mapping)]


def own_governance_of(node: Node) -> Mapping[str, Any]:
    """What the YAML of a data set says itself; empty when it says nothing.

    dbt gives a table without such a key that of its source, which is not its own.
    """
    own = node.meta.get(words.OWN)
    inherited = node.source_meta.get(words.OWN) if isinstance(node, Source) else None
    return own if isinstance(own, Mapping) and own != inherited else {}
