"""One code location per domain, all made the same way."""

from collections.abc import Callable, Collection, Iterator

import dagster as dg
from dagster._core.storage.tags import ASSET_RESUME_RETRY_TAG

from donnees_au_centre.building.results import NodeResult
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project import ParseResult, read_manifest
from donnees_au_centre.project.domains import is_new
from donnees_au_centre.project.nodes import PLATFORM, Manifest, domains_in
from donnees_au_centre.settings import Settings
from orchestration.assets import read_assets
from orchestration.failures import told_failures
from orchestration.gate import gate
from orchestration.promises import receipts
from orchestration.resources import resources_of
from orchestration.work import BUILT_ON, Event, Journal, Work, beside


def build_location(domain: str, settings: Settings | None = None) -> dg.Definitions:
    """Makes the code location of a domain from the manifest of the last parse.

    Args:
        domain: a folder of models/.
        settings: the environment's if None.

    Returns:
        Its assets, its job and the sensor that launches it; nothing for a domain that is declared and empty.

    Raises:
        PlatformError: unknown domain, one whose files give nothing, or no manifest yet.
    """
    settings = settings or Settings.load()
    domains = domains_in(settings.root)
    if domain not in domains:
        raise PlatformError(
            f"Le domaine {domain} n'existe pas.",
            f"Les domaines sont les dossiers de models/ : {', '.join(domains)}.",
        )
    if is_new(settings.root, domain):
        return dg.Definitions()
    manifest = read_manifest(settings)
    definitions = build_definitions(settings, manifest, [domain], name=domain)
    definitions = dg.Definitions.merge(
        definitions, dg.Definitions(sensors=[gate(settings, manifest, domain)])
    )
    if domain == PLATFORM:
        from orchestration.supervision import supervision

        definitions = dg.Definitions.merge(definitions, supervision(settings, manifest))
    return definitions


def build_definitions(
    settings: Settings,
    manifest: Manifest,
    domains: Collection[str],
    name: str,
    journal: Journal | None = None,
    parsed: ParseResult | None = None,
    progress: Callable[[str], None] | None = None,
    watch: Callable[[NodeResult], None] | None = None,
    launcher: str | None = None,
) -> dg.Definitions:
    """Makes the assets of some domains as one step, and the job that makes them all.

    One step, for a process more costs more than it brings: dbt runs its models side by side by itself, and a
    table that failed to load leaves the models of the others in the same step to go on.

    Args:
        name: of the job and of the folder of results.
        journal: filled by the step, for a caller in the same process.
        parsed, progress, watch: see Work.
        launcher: what the history says started it; dagster and the name when None.

    Raises:
        PlatformError: the domains hold nothing.
    """
    held = read_assets(manifest, domains)
    launcher = launcher or f"dagster {name}"
    work = Work(settings, name, held, launcher, parsed, progress, watch, domains)

    @dg.multi_asset(name=f"construire_{name}", specs=held.specs, check_specs=held.checks, can_subset=True)
    def build(context: dg.AssetExecutionContext) -> Iterator[Event]:
        mine = journal if journal is not None else Journal()
        resumed = ASSET_RESUME_RETRY_TAG in context.run.tags
        try:
            # Who waits for the answer launches again by hand.
            with told_failures(again=journal is None):
                yield from work.run(
                    context.selected_asset_keys, context.selected_asset_check_keys, mine, resumed
                )
        finally:
            for notice in mine.notices:
                context.log.warning(notice)
            if mine.old:
                said = " ; ".join(f"{one.domain} {one.sentence}" for one in mine.old)
                context.instance.add_run_tags(context.run.run_id, {BUILT_ON: said})
            for event in (*receipts(mine.load), *map(beside, mine.unasked)):
                context.instance.report_runless_asset_event(event)

    return dg.Definitions(
        assets=[build, *held.outside],
        jobs=[dg.define_asset_job(name, dg.AssetSelection.assets(build))],
        resources=resources_of(one for one in manifest.own_sources if one.domain in domains),
        executor=dg.in_process_executor,
    )
