"""Sources that the loader fills, from the landing zone or from systems."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from donnees_au_centre.landing import gives_rows, patterns
from donnees_au_centre.project.nodes import ISSUES_SUFFIX, Manifest, Node, Source
from donnees_au_centre.project.rules.rule import Fault, rule

# The generic tests of a landed table that see a bad file come in.
LATEST = {"macro.donnees_au_centre.latest_rows", "macro.donnees_au_centre.latest_file"}
# The last file by its name, which says nothing of when it came: max(source_fichier), order by source_fichier.
LAST_BY_NAME = re.compile(
    r"\b(?:max|min)\s*\(\s*(?:\w+\.)?source_fichier\b|\border\s+by\s[^()]*\bsource_fichier\b", re.I
)
ADDED, REPLACED, RECEIPT = "s_ajoutent", "se_remplacent", "reception"
WATCHING = ("as_declared", "comparable_volume", "fully_loaded")


def landed_sources(manifest: Manifest) -> Iterator[Source]:
    """The source tables with `external:`, those the loader fills."""
    return (source for source in manifest.own_sources if source.external)


@rule(
    "source-sans-staging",
    "Ajoutez stg_<source>__<entité> et stg_<source>__<entité>_ecarts, ou la raison dans "
    'config: {meta: {sans_staging: "…"}}.',
)
def sources_have_staging(manifest: Manifest) -> Iterator[Fault]:
    """Each landed table has a staging model and its écarts, or says why not."""
    readers: dict[str, list[Node]] = defaultdict(list)
    for model in manifest.models:
        if model.layer == "staging":
            for parent in model.reads:
                readers[parent].append(model)
    for source in landed_sources(manifest):
        names = {model.name for model in readers[source.unique_id]}
        paired = any(name + ISSUES_SUFFIX in names for name in names)
        reason = str(source.meta.get("sans_staging") or "").strip()
        if not paired and not reason:
            read = f" (lue par {', '.join(sorted(names))})" if names else ""
            yield source.file, f"La source {source.label} n'a pas de paire staging et écarts{read}."


@rule("dossier-de-depot", "Écrivez location: <domaine>/<source>/<fichier>, et rangez les fichiers là.")
def sources_are_named_as_folders(manifest: Manifest) -> Iterator[Fault]:
    """The name of a source is its folder in the landing zone."""
    for source in landed_sources(manifest):
        expected = f"{source.domain}/{source.source_name}/"
        for location in _locations(source):
            if not location.startswith(expected):
                yield (
                    source.file,
                    f"La source {source.label} lit {location}, hors de son dossier {expected}.",
                )


@rule("schema-brut", "Écrivez schema: raw_<domaine> dans la source.")
def sources_have_the_raw_schema(manifest: Manifest) -> Iterator[Fault]:
    """The raw tables of a domain are in its raw schema."""
    for source in landed_sources(manifest):
        if source.schema != f"raw_{source.domain}":
            yield (
                source.file,
                f"La source {source.label} est dans le schéma {source.schema}, et non raw_{source.domain}.",
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
    for test in manifest.tests:
        played[test.tested_id].add(test.generic)
    for source in landed_sources(manifest):
        missing = [name for name in WATCHING if name not in played[source.unique_id]]
        reason = str(source.meta.get("sans_surveillance") or "").strip()
        if missing and not reason:
            yield source.file, f"La source {source.label} n'a pas {', '.join(missing)}."


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
                    source.file,
                    f"La source {source.label} ne dit pas la forme de {', '.join(bare)} dans {location}.",
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
                source.file,
                f"La source {source.label} ne dit pas ce que font ses fichiers successifs.",
            )
        elif said not in (ADDED, RECEIPT):
            forms = [patterns.captures(location).get(said, "") for location in several]
            if not all(map(patterns.is_date, forms)):
                yield (
                    source.file,
                    f"La source {source.label} date ses fichiers par « {said} », dont un emplacement ne "
                    "fait pas une date.",
                )


@rule(
    "dernier-fichier",
    "Lisez le dernier fichier par la macro latest_rows : latest_rows(ref('stg_…'), date='…').",
)
def the_latest_file_is_not_the_last_by_name(manifest: Manifest) -> Iterator[Fault]:
    """Where files replace each other, readers take the latest by its date, and nobody the last by name."""
    replaced = {
        source.unique_id for source in landed_sources(manifest) if _successive(source) not in (None, ADDED)
    }
    typed = {
        model.unique_id
        for model in manifest.models
        if not model.name.endswith(ISSUES_SUFFIX) and replaced & set(model.reads)
    }
    for model in manifest.models:
        if LAST_BY_NAME.search(model.raw_code):
            yield model.file, f"{model.name} compare des noms de fichiers pour trouver le dernier."
        read = sorted(manifest.nodes[node].label for node in typed & set(model.reads))
        if read and not LATEST & set(model.uses):
            yield (
                model.file,
                f"{model.name} lit {', '.join(read)}, dont les fichiers se remplacent, sans prendre le "
                "dernier.",
            )


def _locations(source: Source) -> list[str]:
    external = source.external
    if gives_rows(external):
        return []
    variants = (external.get("options") or {}).get("variants") or []
    return [*filter(None, [external.get("location"), *(variant.get("location") for variant in variants)])]


def _successive(source: Source) -> str | None:
    """ADDED, RECEIPT or the capture that dates the files of a source; None when it does not say."""
    said: Any = source.meta.get("fichiers")
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
