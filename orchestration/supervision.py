"""What data_platform watches for everyone: freshness, undeclared files, leftovers of killed runs."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import psycopg

from donnees_au_centre.building.dbt_run import clean_leftovers
from donnees_au_centre.building.orphans import find_orphans
from donnees_au_centre.history.structure import forget_old_runs
from donnees_au_centre.inert import markdown
from donnees_au_centre.landing import read_declarations
from donnees_au_centre.landing.zone import Zone
from donnees_au_centre.notifications.memory import forget_old_messages
from donnees_au_centre.privacy.traces import forget_old
from donnees_au_centre.project import parse
from donnees_au_centre.project.nodes import PLATFORM, Manifest
from donnees_au_centre.settings import Settings
from orchestration.failures import told_failures
from orchestration.freshness import note_freshness, watched_sources
from orchestration.messages import messages
from orchestration.retention import retention
from orchestration.translator import Translator

FRESH = "fraicheur"
SHOWN = 50


def supervision(settings: Settings, manifest: Manifest) -> dg.Definitions:
    """Makes the checks and the housekeeping, with a job of their own, run by hand."""
    translator = Translator(manifest)
    keys = {
        unique_id: translator.spec(manifest, manifest.node(unique_id)).key
        for unique_id in watched_sources(manifest)
    }
    owners = translator.owners_of(PLATFORM)

    @dg.asset(
        name="menage",
        description="Efface les restes des exécutions interrompues, et ce qui a fait son temps.",
        group_name=PLATFORM,
        owners=owners,
    )
    @told_failures()
    def housekeeping() -> dg.MaterializeResult:
        folders = settings.target_path.parent.glob("*/runs/*/")
        # Imported here: the workbooks' library is not for the start of a code location.
        from donnees_au_centre.pages.workbooks.memory import forget_old_statements

        removed = sum(map(clean_leftovers, folders))
        now = datetime.now(UTC)
        with psycopg.connect("", connect_timeout=10) as connection:
            forgotten = {
                "exécutions oubliées": forget_old_runs(connection, now),
                "messages oubliés": forget_old_messages(connection, now),
                "retours de gestionnaires oubliés": forget_old_statements(connection, now),
            }
        forgotten["exécutions de Dagster et fichiers oubliés"] = forget_old(settings, now)
        return dg.MaterializeResult(metadata={"dossiers effacés": removed, **forgotten})

    @dg.asset(
        name="fichiers_non_declares",
        description="Les fichiers de la zone de dépôt qu'aucune source ne déclare.",
        check_specs=[dg.AssetCheckSpec("tout_est_declare", asset="fichiers_non_declares")],
        group_name=PLATFORM,
        owners=owners,
    )
    @told_failures()
    def undeclared_files() -> dg.MaterializeResult:
        files = undeclared(settings, parse(settings).manifest)
        listing = dg.MetadataValue.md("\n".join(f"- `{markdown(file)}`" for file in files[:SHOWN]) or "aucun")
        check = dg.AssetCheckResult(passed=not files, severity=dg.AssetCheckSeverity.WARN)
        return dg.MaterializeResult(
            metadata={"nombre": len(files), "fichiers": listing}, check_results=[check]
        )

    @dg.asset(
        name="tables_sans_modele",
        description="Les tables de la base que plus aucun modèle, seed ou source ne nomme (make orphans).",
        check_specs=[dg.AssetCheckSpec("tout_a_un_modele", asset="tables_sans_modele")],
        group_name=PLATFORM,
        owners=owners,
    )
    @told_failures()
    def orphans() -> dg.MaterializeResult:
        with psycopg.connect("", connect_timeout=10, autocommit=True) as connection:
            found = find_orphans(connection, parse(settings, whole=True).manifest)
        listing = dg.MetadataValue.md("\n".join(f"- `{one.label}`" for one in found[:SHOWN]) or "aucune")
        check = dg.AssetCheckResult(passed=not found, severity=dg.AssetCheckSeverity.WARN)
        return dg.MaterializeResult(metadata={"nombre": len(found), "tables": listing}, check_results=[check])

    assets = [housekeeping, undeclared_files, orphans]
    definitions = dg.Definitions(assets=assets)
    selection: dg.AssetSelection = dg.AssetSelection.assets(*assets)
    if keys:
        freshness = _freshness(settings, keys)
        definitions = dg.Definitions.merge(definitions, dg.Definitions(asset_checks=[freshness]))
        selection |= dg.AssetSelection.checks(freshness)
    job = dg.define_asset_job("surveillance", selection)
    return dg.Definitions.merge(
        definitions, dg.Definitions(jobs=[job]), retention(settings), messages(settings)
    )


def undeclared(settings: Settings, manifest: Manifest) -> list[str]:
    """Files of the landing zone that no source matches, relative to it; hidden and lock files aside."""
    tables = read_declarations(manifest.sources.values(), [])
    zone = Zone.read(settings.landing, None)
    unmatched = (path for path in zone.paths if not any(table.match(path) for table in tables))
    unfit = (one.path for one in zone.unfit if not any(table.match(one.given) for table in tables))
    return sorted([*unmatched, *unfit])


def _freshness(settings: Settings, keys: dict[str, dg.AssetKey]) -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(FRESH, asset=key, description="La source a été reçue dans le délai attendu.")
        for key in keys.values()
    ]

    @dg.multi_asset_check(name="fraicheur_des_sources", specs=specs, can_subset=True)
    def freshness(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        wanted = {check.asset_key for check in context.selected_asset_check_keys}
        chosen = [unique_id for unique_id, key in keys.items() if key in wanted]
        with told_failures():
            found = note_freshness(settings, PLATFORM, parse(settings), chosen, "dagster surveillance")
        for notice in found.notices:
            context.log.warning(notice)
        if found.error:
            raise dg.Failure(f"La fraîcheur n'a pas pu être mesurée : {found.error}", allow_retries=False)
        for result in found.results:
            yield _verdict(keys[result["unique_id"]], result)

    return freshness


def _verdict(key: dg.AssetKey, result: dict[str, Any]) -> dg.AssetCheckResult:
    received = result.get("max_loaded_at") or ""
    # dbt reads « no receipt at all » as the year 1.
    never = received.startswith("0001-")
    warns = result["status"] == "warn" or never
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=FRESH,
        passed=result["status"] == "pass",
        severity=dg.AssetCheckSeverity.WARN if warns else dg.AssetCheckSeverity.ERROR,
        description=result.get("error"),
        metadata={"dernière réception": "jamais reçu" if never else received or "inconnue"},
    )
