"""Sources that the landing zone feeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from orchestration.manifest.nodes import (
    ISSUES_SUFFIX,
    Manifest,
    Node,
    domain_of,
    file_of,
    label_of,
    layer_of,
    of_type,
    tested_id,
)
from orchestration.manifest.rules.rule import Fault, rule

# The generic tests of a landed table that see a bad file come in.
WATCHING = ("as_declared", "comparable_volume", "fully_loaded")


def landed_sources(manifest: Manifest) -> Iterator[Node]:
    """The source tables with `external:`, those the loader fills."""
    return (source for source in of_type(manifest, "source") if source.get("external"))


@rule(
    "source-sans-staging",
    "Ajoutez stg_<source>__<entité> et stg_<source>__<entité>_ecarts, ou la raison dans "
    'config: {meta: {sans_staging: "…"}}.',
)
def sources_have_staging(manifest: Manifest) -> Iterator[Fault]:
    """Each landed table has a staging model and its écarts, or says why not."""
    readers: dict[str, list[Node]] = defaultdict(list)
    for model in of_type(manifest, "model"):
        if layer_of(model) == "staging":
            for parent in model["depends_on"]["nodes"]:
                readers[parent].append(model)
    for source in landed_sources(manifest):
        names = {model["name"] for model in readers[source["unique_id"]]}
        paired = any(name + ISSUES_SUFFIX in names for name in names)
        reason = str(source["config"].get("meta", {}).get("sans_staging") or "").strip()
        if not paired and not reason:
            read = f" (lue par {', '.join(sorted(names))})" if names else ""
            yield file_of(source), f"La source {label_of(source)} n'a pas de paire staging et écarts{read}."


@rule("dossier-de-depot", "Écrivez location: <domaine>/<source>/<fichier>, et rangez les fichiers là.")
def sources_are_named_as_folders(manifest: Manifest) -> Iterator[Fault]:
    """The name of a source is its folder in the landing zone."""
    for source in landed_sources(manifest):
        external = source["external"]
        expected = f"{domain_of(source)}/{source['source_name']}/"
        variants = (external.get("options") or {}).get("variants") or []
        locations = [external.get("location"), *(variant.get("location") for variant in variants)]
        for location in filter(None, locations):
            if not location.startswith(expected):
                yield (
                    file_of(source),
                    f"La source {label_of(source)} lit {location}, hors de son dossier {expected}.",
                )


@rule("schema-brut", "Écrivez schema: raw_<domaine> dans la source.")
def sources_have_the_raw_schema(manifest: Manifest) -> Iterator[Fault]:
    """The raw tables of a domain are in its raw schema."""
    for source in landed_sources(manifest):
        if source["schema"] != f"raw_{domain_of(source)}":
            yield (
                file_of(source),
                f"La source {label_of(source)} est dans le schéma {source['schema']}, "
                f"et non raw_{domain_of(source)}.",
            )


@rule(
    "source-surveillee",
    "Ajoutez ces tests sous data_tests: (docs/zone-de-depot.md en donne le texte), ou la raison dans "
    'config: {meta: {sans_surveillance: "…"}}.',
)
def sources_are_watched(manifest: Manifest) -> Iterator[Fault]:
    """What arrives is compared with what came before, or the source says why not."""
    played: dict[str | None, set[str]] = defaultdict(set)
    for test in of_type(manifest, "test"):
        if test.get("test_metadata"):
            played[tested_id(test)].add(test["test_metadata"]["name"])
    for source in landed_sources(manifest):
        missing = [name for name in WATCHING if name not in played[source["unique_id"]]]
        reason = str(source["config"].get("meta", {}).get("sans_surveillance") or "").strip()
        if missing and not reason:
            yield file_of(source), f"La source {label_of(source)} n'a pas {', '.join(missing)}."


RULES = (
    sources_have_staging,
    sources_are_named_as_folders,
    sources_have_the_raw_schema,
    sources_are_watched,
)
