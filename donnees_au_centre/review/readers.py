"""Who reads what changes, and whom to ask: domains, dashboards, public data sets, owners and stewards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from donnees_au_centre.project.datasets import responsible
from donnees_au_centre.project.metadata import governance_of
from donnees_au_centre.project.nodes import Manifest, Node
from donnees_au_centre.review.changes import downstream

PUBLIC = "public"
OWNER, STEWARD = "propriétaire", "gestionnaire"


@dataclass(frozen=True)
class Reader:
    """Somebody's work that is made of what changes.

    Attributes:
        name: of a domain, of a dashboard.
        reads: the names of the marts that change and that it reads, directly or not.
        who, email: who answers for it.
        url: of a dashboard; empty when nobody gives it.
    """

    name: str
    reads: tuple[str, ...]
    who: str
    email: str
    url: str = ""


@dataclass(frozen=True)
class Person:
    """A function to ask; never a person's name.

    Attributes:
        name, email: of the function.
        role: OWNER or STEWARD.
        about: the data sets for which it answers.
    """

    name: str
    email: str
    role: str
    about: tuple[str, ...]


@dataclass(frozen=True)
class Readers:
    """All who read what changes.

    Attributes:
        domains: other domains than those that change.
        dashboards: the exposures.
        published: names of the data sets that everyone may read.
        people: who answers for what changes, and for what is made of it.
    """

    domains: tuple[Reader, ...]
    dashboards: tuple[Reader, ...]
    published: tuple[str, ...]
    people: tuple[Person, ...]


def find_readers(base: Manifest, head: Manifest, changed: Collection[str]) -> Readers:
    """Who reads some nodes, in what is there now and in what would be.

    Args:
        base: now.
        head: what would be.
        changed: unique ids of models, seeds and sources; what is not in a manifest is read there by nobody.
    """
    reached = {one: downstream(manifest, changed) for one, manifest in (("base", base), ("head", head))}
    ids = reached["base"] | reached["head"]
    nodes = {one: node for one in sorted(ids) if (node := head.find(one) or base.find(one))}
    own = {nodes[one].domain for one in changed if one in nodes}
    marts = {one: node for one, node in nodes.items() if node.is_mart}
    return Readers(
        tuple(_domains(base, head, nodes, own)),
        tuple(_dashboards(base, head, ids, marts)),
        tuple(
            sorted(
                node.name
                for node in marts.values()
                if governance_of(_side(base, head, node), node).get("classification") == PUBLIC
            )
        ),
        tuple(_people(base, head, nodes, changed)),
    )


def _side(base: Manifest, head: Manifest, node: Node) -> Manifest:
    return head if head.find(node.unique_id) else base


def _domains(base: Manifest, head: Manifest, nodes: dict[str, Node], own: set[str]) -> Iterator[Reader]:
    """The domains that read across, each with the marts of others that it reads."""
    reads: dict[str, set[str]] = defaultdict(set)
    for node in nodes.values():
        for parent in node.reads:
            origin = nodes.get(parent)
            if origin and origin.domain != node.domain and node.domain not in own:
                reads[node.domain].add(origin.name)
    for domain, names in sorted(reads.items()):
        group = head.groups.get(domain) or base.groups.get(domain)
        said = (group.steward or group.owner) if group else {}
        yield Reader(domain, tuple(sorted(names)), str(said.get("name", "")), str(said.get("email", "")))


def _dashboards(
    base: Manifest, head: Manifest, ids: Collection[str], marts: dict[str, Node]
) -> Iterator[Reader]:
    for unique_id in sorted(one for one in ids if one in head.exposures or one in base.exposures):
        exposure = head.exposures.get(unique_id) or base.exposures[unique_id]
        both = [manifest.exposures[unique_id] for manifest in (base, head) if unique_id in manifest.exposures]
        reads = sorted({marts[one].name for side in both for one in side.reads if one in marts})
        owner = exposure.owner
        yield Reader(
            exposure.label,
            tuple(reads),
            str(owner.get("name") or ""),
            str(owner.get("email") or ""),
            exposure.url or "",
        )


def _people(
    base: Manifest, head: Manifest, nodes: dict[str, Node], changed: Collection[str]
) -> Iterator[Person]:
    """Owners and stewards of the marts, of sources that change, and of the domain of what is private."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for unique_id, node in nodes.items():
        if not node.is_mart and not (node.kind == "source" and unique_id in changed):
            continue
        said = governance_of(_side(base, head, node), node)
        for key, role in (("proprietaire", OWNER), ("gestionnaire", STEWARD)):
            if who := responsible(said.get(key)):
                found[who.email, who.function, role].append(node.label)
    own = {nodes[one].label for one in changed if one in nodes}
    order = sorted(found.items(), key=lambda one: (own.isdisjoint(one[1]), -len(one[1]), one[0]))
    for (email, name, role), about in order:
        yield Person(name, email, role, tuple(sorted(about)))
