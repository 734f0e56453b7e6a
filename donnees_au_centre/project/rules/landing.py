"""Sources that the landing zone feeds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from donnees_au_centre.landing import patterns
from donnees_au_centre.project.nodes import (
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
from donnees_au_centre.project.rules.rule import Fault, rule

# The generic tests of a landed table that see a bad file come in.
LATEST = {"macro.donnees_au_centre.latest_rows", "macro.donnees_au_centre.latest_file"}
# The last file by its name, which says nothing of when it came: max(source_fichier), order by source_fichier.
LAST_BY_NAME = re.compile(
    r"\b(?:max|min)\s*\(\s*(?:\w+\.)?source_fichier\b|\border\s+by\s[^()]*\bsource_fichier\b", re.I
)
ADDED, REPLACED, RECEIPT = "s_ajoutent", "se_remplacent", "reception"
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
        expected = f"{domain_of(source)}/{source['source_name']}/"
        for location in _locations(source):
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
    "Ajoutez ces tests sous data_tests: (docs/analyste/zone-de-depot.md en donne le texte), ou la "
    "raison dans "
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


@rule(
    "capture-sans-forme",
    "Dites la forme de ce que le nom du fichier apporte : {annee:yyyy}, {date:yyyy-MM-dd}, "
    "{edition:v0|yyyy}, ou un motif ; {version:*} prend tout.",
)
def captures_have_a_form(manifest: Manifest) -> Iterator[Fault]:
    """What the name of a file brings is checked: « 2024-brut » must not become an edition by itself."""
    for source in landed_sources(manifest):
        for location in _locations(source):
            bare = [name for name, form in patterns.captures(location).items() if not form]
            if bare:
                yield (
                    file_of(source),
                    f"La source {label_of(source)} ne dit pas la forme de {', '.join(bare)} dans {location}.",
                )


@rule(
    "fichiers-successifs",
    "Écrivez config: {meta: {fichiers: s_ajoutent}} si chaque fichier apporte ses lignes ; "
    "{se_remplacent: <capture>} si le dernier par sa date, prise du nom, remplace les autres ; "
    "{se_remplacent: reception} si c'est le dernier reçu.",
)
def successive_files_are_declared(manifest: Manifest) -> Iterator[Fault]:
    """A source that may have several files says whether they add up, and which one is the latest."""
    for source in landed_sources(manifest):
        several = [location for location in _locations(source) if patterns.takes_several_files(location)]
        if not several:
            continue
        said = _successive(source)
        if said is None:
            yield (
                file_of(source),
                f"La source {label_of(source)} ne dit pas ce que font ses fichiers successifs.",
            )
        elif said not in (ADDED, RECEIPT):
            forms = [patterns.captures(location).get(said, "") for location in several]
            if not all(map(patterns.is_date, forms)):
                yield (
                    file_of(source),
                    f"La source {label_of(source)} date ses fichiers par « {said} », dont un emplacement ne "
                    "fait pas une date.",
                )


@rule(
    "dernier-fichier",
    "Lisez le dernier fichier par la macro latest_rows : latest_rows(ref('stg_…'), date='…').",
)
def the_latest_file_is_not_the_last_by_name(manifest: Manifest) -> Iterator[Fault]:
    """Where files replace each other, readers take the latest by its date, and nobody the last by name."""
    replaced = {
        source["unique_id"] for source in landed_sources(manifest) if _successive(source) not in (None, ADDED)
    }
    typed = {
        model["unique_id"]
        for model in of_type(manifest, "model")
        if not model["name"].endswith(ISSUES_SUFFIX) and replaced & set(model["depends_on"]["nodes"])
    }
    for model in of_type(manifest, "model"):
        if LAST_BY_NAME.search(model["raw_code"]):
            yield file_of(model), f"{model['name']} compare des noms de fichiers pour trouver le dernier."
        read = sorted(label_of(manifest["nodes"][node]) for node in typed & set(model["depends_on"]["nodes"]))
        if read and not LATEST & set(model["depends_on"].get("macros", ())):
            yield (
                file_of(model),
                f"{model['name']} lit {', '.join(read)}, dont les fichiers se remplacent, sans prendre le "
                "dernier.",
            )


def _locations(source: Node) -> list[str]:
    external = source["external"]
    variants = (external.get("options") or {}).get("variants") or []
    return [*filter(None, [external.get("location"), *(variant.get("location") for variant in variants)])]


def _successive(source: Node) -> str | None:
    """ADDED, RECEIPT or the capture that dates the files of a source; None when it does not say."""
    said: Any = (source["config"].get("meta") or {}).get("fichiers")
    if isinstance(said, dict):
        return str(said.get(REPLACED) or "") or None
    return ADDED if said == ADDED else None


RULES = (
    captures_have_a_form,
    successive_files_are_declared,
    the_latest_file_is_not_the_last_by_name,
    sources_have_staging,
    sources_are_named_as_folders,
    sources_have_the_raw_schema,
    sources_are_watched,
)
