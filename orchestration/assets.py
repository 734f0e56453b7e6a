"""What a set of domains holds: the assets, the checks, and which dbt node each one is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import dagster as dg

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.nodes import DataTest, Manifest, Source
from orchestration.promises import mart_policy, origin_policy
from orchestration.translator import Translator

LOADED = "chargement"


@dataclass(frozen=True)
class Assets:
    """The assets and checks of some domains.

    Attributes:
        specs: raw tables that the loader fills, then dbt's models and seeds.
        checks: one a raw table for its load, then dbt's tests, unit tests included.
        outside: assets shown and never made here: landing folders, systems, raw tables of other writers.
        tables: unique id of the dbt source by asset key, for raw tables.
        models: unique id by asset key, for models and seeds.
        tests: unique id by check key.
        selection: what dbt must be told to select to build and test all of it, and nothing else.
    """

    specs: list[dg.AssetSpec]
    checks: list[dg.AssetCheckSpec]
    outside: list[dg.AssetSpec]
    tables: dict[dg.AssetKey, str]
    models: dict[dg.AssetKey, str]
    tests: dict[dg.AssetCheckKey, str]
    selection: list[str]


def read_assets(manifest: Manifest, domains: Collection[str]) -> Assets:
    """Reads the assets of some domains from the manifest.

    Raises:
        PlatformError: these domains hold nothing.
    """
    translator = Translator(manifest)
    project = manifest.project_name
    # dbt warns of a selection of nothing, as a new domain is.
    held = {node.domain for node in manifest.of_type("source", "model", "seed", "snapshot")}
    selection = [f"fqn:{project}.{domain}" for domain in domains if domain in held]
    whole = held <= {*domains}
    found = Assets([], [], [], {}, {}, {}, selection)
    landed: dict[dg.AssetKey, list[Source]] = {}
    keys: dict[str, dg.AssetKey] = {}
    for source in manifest.own_sources:
        if source.domain not in domains:
            continue
        spec = translator.raw_table(manifest, source)
        keys[source.unique_id] = spec.key
        if source.external:
            found.specs.append(spec)
            found.tables[spec.key] = source.unique_id
            description = "Le dernier chargement de la table s'est fait sans erreur."
            # Blocking, like a failed test: a run resumed from its failure plays it again.
            found.checks.append(
                dg.AssetCheckSpec(LOADED, asset=spec.key, description=description, blocking=True)
            )
            landed.setdefault(translator.origin_key(source), []).append(source)
        else:
            found.outside.append(spec)
    outside = {spec.key for spec in found.outside}
    for sources in landed.values():
        policy = origin_policy(manifest, sources)
        found.outside.append(translator.origin(sources[0]).replace_attributes(freshness_policy=policy))
    for node in manifest.of_type("model", "seed", "snapshot"):
        if node.domain in domains and not node.is_ephemeral:
            spec = translator.spec(manifest, node)
            if node.layer == "marts":
                spec = spec.replace_attributes(freshness_policy=mart_policy(manifest, node))
            keys[node.unique_id] = spec.key
            found.specs.append(spec)
            found.models[spec.key] = node.unique_id
    for test in (*manifest.tests, *manifest.own_unit_tests):
        about = keys.get(test.tested_id or "")
        if manifest.domain_of_test(test) not in domains:
            whole = False
            continue
        if test.is_singular:
            found.selection.append(f"fqn:{'.'.join(test.fqn)}")
        if about is not None and about not in outside:
            check = dg.AssetCheckSpec(
                test.name,
                asset=about,
                description=test.description or None,
                additional_deps=_others_read(manifest, test, translator) - {about},
                # dbt holds back what reads the tested model until the test passes.
                blocking=test.severity == "error",
            )
            found.checks.append(check)
            found.tests[check.key] = test.unique_id
    if whole:
        # The same nodes: dbt would compare each folder with every node of the project.
        found.selection[:] = [f"package:{project}"]
    if not found.specs:
        raise PlatformError(
            f"Rien à construire : ni source ni modèle pour {', '.join(sorted(domains))}.",
            "Déclarez une source dans models/<domaine>/staging/, ou retirez le domaine de models/ ; "
            "s'il en a, un de ses fichiers ne se lit pas : make lint le nomme.",
        )
    return found


def _others_read(manifest: Manifest, test: DataTest, translator: Translator) -> set[dg.AssetKey]:
    """The assets that a test reads, those of other domains too."""
    return {
        translator.spec(manifest, parent).key for parent in manifest.parents(test) if not parent.is_ephemeral
    }
