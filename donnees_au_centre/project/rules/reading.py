"""Who may read what: layers in order, one way between domains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from donnees_au_centre.project.nodes import (
    CROSSING,
    ISSUES_SUFFIX,
    PLATFORM,
    SHARED,
    Manifest,
    Node,
)
from donnees_au_centre.project.rules.rule import Fault, rule

# What a layer may read in its own domain; of another domain, only marts, and never from staging.
OWN_READS = {
    "staging": {"source", "seed", "ecarts"},
    "intermediate": {"staging", "ecarts", "intermediate", "seed"},
    "marts": {"staging", "ecarts", "intermediate", "marts", "seed"},
}
NAMES = {
    "source": "une source",
    "seed": "un seed",
    "staging": "un modèle de staging",
    "ecarts": "un modèle d'écarts",
    "intermediate": "un modèle intermédiaire",
    "marts": "un mart",
    "autre": "un nœud hors des couches",
}
SURVIVING = ("table", "incremental")


def readings(manifest: Manifest) -> Iterator[tuple[Node, Node]]:
    """Each model with each of what it reads."""
    for model in manifest.of_type("model"):
        for parent in manifest.parents(model):
            yield model, parent


@rule(
    "source-hors-staging",
    "Lisez la source dans un modèle stg_ de son domaine, puis lisez ce modèle (ou le mart qui en vient).",
)
def sources_in_staging(manifest: Manifest) -> Iterator[Fault]:
    """A source is read by the staging of its own domain, and nowhere else."""
    for model, parent in readings(manifest):
        if parent.kind != "source":
            continue
        if model.layer != "staging":
            yield model.file, f"{model.name} lit la source {parent.label} hors du staging."
        elif parent.domain != model.domain:
            yield (
                model.file,
                f"{model.name} ({model.domain}) lit la source {parent.label} du domaine {parent.domain}.",
            )


@rule(
    "couche-sautee",
    "Suivez les couches : source → staging → intermediate → marts ; d'un autre domaine, lisez ses marts.",
)
def layers_in_order(manifest: Manifest) -> Iterator[Fault]:
    """A model reads its own domain by layers."""
    for model, parent in readings(manifest):
        layer = model.layer
        if layer is None or model.domain != parent.domain:
            continue
        kind = _kind(parent)
        # A source out of place has a rule, and so a message, of its own.
        if kind != "source" and kind not in OWN_READS[layer]:
            yield (
                model.file,
                f"{model.name} ({layer}) lit {NAMES[kind]}, {parent.label}.",
            )


@rule(
    "domaine-prive",
    "Demandez un mart public à l'autre domaine, et lisez-le depuis intermediate ou marts.",
)
def only_public_marts(manifest: Manifest) -> Iterator[Fault]:
    """Of another domain, only public marts are read, and not from staging."""
    for model, parent in readings(manifest):
        if model.domain == parent.domain or parent.kind == "source":
            continue
        if parent.layer != "marts" or parent.access != "public":
            yield (
                model.file,
                f"{model.name} ({model.domain}) lit {parent.label}, "
                f"qui n'est pas un mart public de {parent.domain}.",
            )
        elif model.layer == "staging":
            yield (
                model.file,
                f"{model.name} (staging de {model.domain}) lit le mart {parent.label} de {parent.domain}.",
            )


@rule(
    "sens-des-domaines",
    "Le sens est commun → administrations → transversal ; data_platform est à part. "
    "Déplacez le modèle ou le test dans le domaine qui a le droit de lire les deux.",
)
def one_way(manifest: Manifest) -> Iterator[Fault]:
    """`commun` reads no other domain, `transversal` is read by none, `data_platform` stands alone."""
    for (reader, read), (node, parent) in sorted(_domain_links(manifest).items(), key=lambda link: link[0]):
        if reader == SHARED or read == CROSSING or PLATFORM in (reader, read):
            yield (
                node.file,
                f"{node.name} fait lire le domaine {read} ({parent.label}) par le domaine {reader}.",
            )


@rule(
    "cycle-de-domaines",
    "Coupez le cercle : ce qui est partagé va dans commun, ce qui croise des domaines dans transversal.",
)
def no_domain_cycle(manifest: Manifest) -> Iterator[Fault]:
    """The graph of domains has no cycle; each one found is printed as a path."""
    links = _domain_links(manifest)
    reads: dict[str, set[str]] = defaultdict(set)
    for reader, read in links:
        reads[reader].add(read)
    told: set[frozenset[str]] = set()
    for start in sorted(reads):
        path = _way_back(reads, start)
        if path and frozenset(path) not in told:
            told.add(frozenset(path))
            steps = [
                f"{reader} lit {read} ({links[reader, read][0].name} → {links[reader, read][1].label})"
                for reader, read in pairwise(path)
            ]
            yield links[path[0], path[1]][0].file, f"Cycle {' → '.join(path)} : {' ; '.join(steps)}."


@rule(
    "lecteur-fragile",
    "Ajoutez {{ config(materialized='table') }} : reconstruire le mart lu supprimerait cette vue en silence.",
)
def first_readers_survive(manifest: Manifest) -> Iterator[Fault]:
    """PostgreSQL drops the views that read a table with it: who reads another domain's mart is no view."""
    for model, parent in readings(manifest):
        materialized = model.config["materialized"]
        if model.domain != parent.domain and parent.layer == "marts" and materialized not in SURVIVING:
            yield (
                model.file,
                f"{model.name} ({materialized}) lit le mart {parent.label} de {parent.domain} "
                "sans être une table.",
            )


def _kind(node: Node) -> str:
    if node.kind in ("source", "seed"):
        return node.kind
    layer = node.layer
    if layer == "staging" and node.name.endswith(ISSUES_SUFFIX):
        return "ecarts"
    return layer or "autre"


def _domain_links(manifest: Manifest) -> dict[tuple[str, str], tuple[Node, Node]]:
    """Which domain reads which, with one example; tests count, for they run with their domain."""
    links: dict[tuple[str, str], tuple[Node, Node]] = {}
    for node in manifest.of_type("model", "test", "unit_test"):
        reader = manifest.domain_of(node)
        for parent in manifest.parents(node):
            if reader is not None and reader != parent.domain:
                links.setdefault((reader, parent.domain), (node, parent))
    return links


def _way_back(reads: dict[str, set[str]], start: str) -> list[str] | None:
    """The shortest path from a domain back to itself."""
    paths = [[start]]
    seen: set[str] = set()
    while paths:
        path = paths.pop(0)
        for following in sorted(reads.get(path[-1], ())):
            if following == start:
                return [*path, start]
            if following not in seen:
                seen.add(following)
                paths.append([*path, following])
    return None


RULES = (
    sources_in_staging,
    layers_in_order,
    only_public_marts,
    one_way,
    no_domain_cycle,
    first_readers_survive,
)
