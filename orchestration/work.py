"""The work of one Dagster step: load the landing zone, build and test with dbt, say what failed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import psycopg

from donnees_au_centre.audit.runs import (
    NAMES_KEPT,
    build_details,
    load_details,
    note_run,
    received_before,
    trace_after_build,
)
from donnees_au_centre.building import SHRINKING
from donnees_au_centre.building.dbt_run import DbtRun
from donnees_au_centre.building.french import without_headings
from donnees_au_centre.building.results import NodeResult, outcome_of
from donnees_au_centre.building.reuse import ALL
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.history.recording import Recording
from donnees_au_centre.history.upstream import Old, downstream, read_upstream, readings_of
from donnees_au_centre.inert import markdown
from donnees_au_centre.keys import pgoptions, session_keys
from donnees_au_centre.landing import LoadReport, load_landing, read_declarations
from donnees_au_centre.landing.report import TableReport
from donnees_au_centre.project import ParseResult, parse
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.refusals import describe_error, passes
from donnees_au_centre.settings import Settings
from orchestration.assets import LOADED, Assets
from orchestration.child_run import dbt_run
from orchestration.failures import Passing
from orchestration.freshness import note_freshness

# The last two say the same beside the outputs of the step, at a third of the cost: of what is as it was.
Event = dg.MaterializeResult | dg.AssetCheckResult | dg.AssetMaterialization | dg.AssetCheckEvaluation
# dbt's word for a test that only warns.
WARNING = "warn"
# Of a run, and of each table: the figures of other domains that were not of the day.
BUILT_ON = "construit_sur"


@dataclass
class Journal:
    """What happened, for whoever summarises the run.

    Attributes:
        load: the loader's report; None when nothing was to be loaded, or the load failed as a whole.
        nodes: dbt's results, in the order they came.
        seconds: duration of each part.
        errors: what failed, in French, one entry a cause.
        notices: what went wrong beside the work and fails nothing, in French.
        old: figures of other domains that were not of the day when the build read them.
        unasked: what was made and is no output of the step: Dagster did not ask for it, or not in that order.
    """

    load: LoadReport | None = None
    nodes: list[NodeResult] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    old: list[Old] = field(default_factory=list)
    unasked: list[Event] = field(default_factory=list)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Notes how long a part took, also when it fails."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds[part] = round(time.monotonic() - begun, 1)


@dataclass
class Work:
    """Loads, builds and tests what a Dagster step asks for.

    A table that cannot be loaded stops nothing: dbt goes on with what is there, and the step fails at its
    end with every message, so that one source never holds up another and nobody takes the run for a good one.

    Attributes:
        settings: places and database; the environment holds the PG* variables.
        name: of the location, and so of its folder of results.
        held: what the step may be asked for.
        launcher: what started it, for the history: make demo, dagster agx.
        parsed: the project, when it has just been parsed; else it is parsed when the step begins, so that a
            model changed since Dagster started runs as it is now.
        progress: told each line of progress, in French.
        watch: told each dbt result.
        domains: what the location builds: the faults of others do not fail it.
    """

    settings: Settings
    name: str
    held: Assets
    launcher: str
    parsed: ParseResult | None = None
    progress: Callable[[str], None] | None = None
    watch: Callable[[NodeResult], None] | None = None
    domains: Collection[str] = ()

    def run(
        self,
        assets: Collection[dg.AssetKey],
        checks: Collection[dg.AssetCheckKey],
        journal: Journal,
        resumed: bool = False,
    ) -> Iterator[Event]:
        """Does the work and yields what was made and checked.

        Args:
            resumed: the run takes up what failed in another one. What reads a table that was not loaded then
                was built on its old rows: it is built again, though Dagster takes it for done.

        Raises:
            dagster.Failure: at the end, when something failed; everything else was done.
            Passing: the same, where all that failed passes by itself.
        """
        asked: set[dg.AssetKey | dg.AssetCheckKey] = {*assets, *checks}
        closed: set[dg.AssetKey | dg.AssetCheckKey] = set()
        reads = {spec.key: {dep.asset_key for dep in spec.deps} for spec in self.held.specs}
        for event in self._run(assets, checks, journal, resumed):
            key = _key_of(event)
            # A model that reads less than when Dagster started may come before what it read then, and Dagster
            # refuses the latter.
            if key in asked and isinstance(event, dg.AssetMaterialization | dg.AssetCheckEvaluation):
                yield event
            elif key in asked and key not in closed:
                closed |= reads.get(key, set()) if isinstance(key, dg.AssetKey) else set()
                yield event
            else:
                journal.unasked.append(event)
        if journal.errors:
            said = "\n\n".join(journal.errors)
            raise Passing(said) if all(map(passes, journal.errors)) else dg.Failure(said, allow_retries=False)

    def _run(
        self,
        assets: Collection[dg.AssetKey],
        checks: Collection[dg.AssetCheckKey],
        journal: Journal,
        resumed: bool,
    ) -> Iterator[Event]:
        parsed = self.parsed
        if parsed is None:
            with journal.timed("lecture"):
                parsed = parse(self.settings)
        if parsed.notice:
            mine = parsed.concerns(self.domains)
            (journal.errors if mine else journal.notices).append(parsed.notice)
        journal.errors.extend(self._gone(parsed.manifest, assets, checks))
        domains = self._domains(parsed.manifest)
        try:
            # Read now: without its keys a step loads nothing that it could not build.
            pgoptions(domains, self.settings)
        except PlatformError as error:
            journal.errors.append(str(error))
            return
        tables = [self.held.tables[key] for key in assets if key in self.held.tables]
        # Before its first source a project has the loader's log all the same: the platform's marts read it.
        declared = parsed.manifest.sources.values()
        if tables or (declared and not read_declarations(declared, [])):
            before = received_before("")
            noted = self._noted("chargement", journal, lambda: load_details(journal.load), before)
            with journal.timed("chargement"), noted:
                yield from self._load(parsed.manifest, set(tables), journal)
        if resumed and tables:
            assets, checks = self._with_readers(parsed.manifest, assets, checks)
        selection = self._selection(parsed.manifest, assets, checks)
        if selection:
            self._look_upstream(parsed.manifest, assets, journal)
            noted = self._noted("construction", journal, lambda: self._built(selection, journal))
            with journal.timed("dbt"), noted, session_keys(domains, self.settings):
                yield from self._build(parsed, selection, assets, checks, journal)
            journal.errors.extend(trace_after_build("", parsed.manifest))
        if tables:
            with journal.timed("fraîcheur"):
                chosen = [unique_id for unique_id in tables if unique_id in parsed.manifest.sources]
                journal.notices.extend(
                    note_freshness(self.settings, self.name, parsed, chosen, self.launcher).notices
                )

    def _look_upstream(self, manifest: Manifest, assets: Collection[dg.AssetKey], journal: Journal) -> None:
        """Says what other domains' figures the build reads that are not of the day."""
        built = {self.held.models[key] for key in assets if key in self.held.models}
        if not any(one.reader in built and one.mart not in built for one in readings_of(manifest)):
            return
        now = datetime.now(UTC)
        try:
            with psycopg.connect("", connect_timeout=10, autocommit=True) as connection:
                upstream = read_upstream(connection, manifest, now)
        except psycopg.Error as error:
            why = describe_error(error)
            journal.notices.append(f"De quel jour sont les chiffres des autres domaines, on ne sait : {why}.")
            return
        journal.old = upstream.about_to_read(built, self.settings.target, now)
        journal.notices.extend(map(str, journal.old))

    @contextmanager
    def _noted(
        self,
        action: str,
        journal: Journal,
        details: Callable[[], dict[str, Any]],
        received: int | None = None,
    ) -> Iterator[None]:
        """Notes one event in the audit journal when the part ends, well, badly or interrupted.

        What was done stays done when the event cannot be noted; the step fails at its end.

        Args:
            received: of a load, the highest number of plateforme.chargements before it.
        """
        begun, ended = time.monotonic(), False
        try:
            yield
            ended = True
        finally:
            event = {**details(), "duree_s": round(time.monotonic() - begun, 1)}
            if not ended:
                event["issue"] = "interrompu"
            try:
                note_run(self.settings, "", action, self.name, event, since=received)
            except PlatformError as error:
                journal.errors.append(str(error))

    def _built(self, selection: list[str], journal: Journal) -> dict[str, Any]:
        found = build_details((node.unique_id, node.status) for node in journal.nodes)
        if os.environ.get(SHRINKING):
            found["baisse_acceptee"] = True
        return {"selection": selection[:NAMES_KEPT], "selectionnes": len(selection), **found}

    def _load(self, manifest: Manifest, wanted: set[str], journal: Journal) -> Iterator[Event]:
        keys, sources = {}, []
        for key, unique_id in self.held.tables.items():
            if unique_id in wanted and (source := manifest.sources.get(unique_id)):
                keys[source.domain, source.source_name, source.name] = key
                sources.append(source)
        faults: list[PlatformError] = []
        declared = read_declarations(sources, faults)
        journal.errors.extend(f"Chargement : {fault}" for fault in faults)
        try:
            journal.load = load_landing("", self.settings.landing, declared, progress=self.progress)
        except PlatformError as error:
            journal.errors.append(f"Chargement : {error}")
            return
        for table in journal.load.tables:
            key = keys[table.domain, table.source, table.table]
            metadata, reasons = _load_metadata(table), "\n".join(table.reasons())
            if reasons:
                name = f"{table.domain}.{table.source}.{table.table}"
                journal.errors.append(f"Chargement de {name} : {reasons}")
            events: list[Event] = []
            if not reasons or table.loaded:
                events.append(dg.MaterializeResult(asset_key=key, metadata=metadata))
            events.append(
                dg.AssetCheckResult(
                    asset_key=key,
                    check_name=LOADED,
                    passed=not reasons,
                    description="\n".join(map(markdown, table.reasons())) or None,
                    metadata=metadata,
                )
            )
            yield from events if reasons or table.loaded else map(beside, events)

    def _build(
        self,
        parsed: ParseResult,
        selection: list[str],
        assets: Collection[dg.AssetKey],
        checks: Collection[dg.AssetCheckKey],
        journal: Journal,
    ) -> Iterator[Event]:
        made = {unique_id: key for key, unique_id in self.held.models.items() if key in assets}
        built_on = downstream(parsed.manifest, journal.old)
        tested = {unique_id: key for key, unique_id in self.held.tests.items() if key in checks}
        # Tests are chosen by the folder of their file, like models: no test of a domain that is built later.
        arguments = ["build", "--select", *selection, "--indirect-selection", "empty"]
        say = self.progress or dg.get_dagster_logger().info
        # Who asks for a part wants that part made.
        reuse = selection == self.held.selection and not os.environ.get(ALL)
        run = dbt_run(self.settings, self.name, parsed.project, arguments, say, reuse)
        # In the order in which they were made, from the first mart that waits to be offered: Dagster refuses
        # a table after what reads it.
        waiting: dict[str, Event | None] = {}
        for result in self._recorded(run, parsed.manifest, journal):
            if self.watch:
                self.watch(result)
            if result.provisional:
                waiting[result.unique_id] = None
                continue
            journal.nodes.append(result)
            if result.bad:
                journal.errors.append(_explain(parsed.manifest, result))
            if result.good and result.unique_id in made:
                metadata = _metadata(result)
                if result.unique_id in built_on:
                    metadata[BUILT_ON] = built_on[result.unique_id]
                event: Event = dg.MaterializeResult(asset_key=made[result.unique_id], metadata=metadata)
                if result.reused:
                    yield beside(event)
                elif waiting:
                    waiting[result.unique_id] = event
                else:
                    yield event
            elif (
                result.unique_id in tested
                and not result.reused
                and (result.good or result.bad or result.status == WARNING)
            ):
                check = tested[result.unique_id]
                yield dg.AssetCheckResult(
                    asset_key=check.asset_key,
                    check_name=check.name,
                    passed=result.good,
                    severity=_severity(result),
                    description=result.message or None,
                    metadata=_metadata(result),
                )
        yield from filter(None, waiting.values())
        if run.error:
            journal.errors.append(f"dbt n'a pas pu travailler : {run.error}")

    def _recorded(self, run: DbtRun, manifest: Manifest, journal: Journal) -> Iterator[NodeResult]:
        """The results of dbt, each noted in the history on its way."""
        recording = Recording(self.settings, "", manifest, "build", self.launcher, self.name)
        issue: str | None = "interrompu"
        try:
            for result in run.results():
                if not result.provisional and not result.unique_id.startswith("exposure."):
                    recording.note(outcome_of(result))
                yield result
            issue = "echec" if run.error else None
        finally:
            if notice := recording.end(issue, run.kept("run_results.json")):
                journal.notices.append(notice)

    def _domains(self, manifest: Manifest) -> set[str]:
        """The domains of this location, whose keys its sessions have."""
        models = (manifest.nodes.get(unique_id) for unique_id in self.held.models.values())
        return {model.domain for model in models if model}

    def _gone(
        self, manifest: Manifest, assets: Collection[dg.AssetKey], checks: Collection[dg.AssetCheckKey]
    ) -> list[str]:
        """What was asked for and is in the project no more, in a sentence."""
        tables, models, tests = self.held.tables, self.held.models, self.held.tests
        known = {key: one for key, one in {**tables, **models}.items() if key in assets}
        known |= {key: one for key, one in tests.items() if key in checks and key.asset_key not in known}
        gone = [key for key, unique_id in known.items() if not manifest.find(unique_id)]
        if not gone:
            return []
        names = ", ".join(sorted(_name_of(key) for key in gone)[:NAMES_KEPT])
        return [
            f"Demandé et absent du projet d'aujourd'hui : {names}. Rien n'en a été fait.\nQue faire : "
            f"s'il est renommé ou retiré, rechargez l'emplacement {self.name} dans Dagster (Deployment, "
            "Reload), qui montrera le nouveau nom, puis relancez."
        ]

    def _with_readers(
        self, manifest: Manifest, assets: Collection[dg.AssetKey], checks: Collection[dg.AssetCheckKey]
    ) -> tuple[set[dg.AssetKey], set[dg.AssetCheckKey]]:
        """These, what reads them in this location, directly or not, and the tests of it."""
        reached = {*assets}
        here = {**self.held.tables, **self.held.models}
        made = {unique_id: key for key, unique_id in here.items()}
        left = [unique_id for unique_id, key in made.items() if key in reached]
        while left:
            for child in manifest.readers(left.pop()):
                if child in made and made[child] not in reached:
                    reached.add(made[child])
                    left.append(child)
        tests = {key for key in self.held.tests if key.asset_key in reached - {*assets}}
        return reached, {*checks, *tests}

    def _selection(
        self, manifest: Manifest, assets: Collection[dg.AssetKey], checks: Collection[dg.AssetCheckKey]
    ) -> list[str]:
        """The dbt selection: the whole set by its folders, a part of it node by node."""
        wanted = {self.held.models[key] for key in assets if key in self.held.models}
        wanted |= {self.held.tests[key] for key in checks if key in self.held.tests}
        if len(wanted) == len(self.held.models) + len(self.held.tests):
            return self.held.selection if wanted else []
        # What is gone since Dagster read the manifest is left out: dbt has nothing to run.
        nodes = (manifest.find(unique_id) for unique_id in sorted(wanted))
        return [f"fqn:{'.'.join(node.fqn)}" for node in nodes if node]


def _name_of(key: dg.AssetKey | dg.AssetCheckKey) -> str:
    return key.name if isinstance(key, dg.AssetCheckKey) else key.to_user_string()


def _key_of(event: Event) -> dg.AssetKey | dg.AssetCheckKey:
    if isinstance(event, dg.AssetCheckEvaluation):
        return event.asset_check_key
    asset = dg.AssetKey.from_coercible(event.asset_key or ())
    return (
        dg.AssetCheckKey(asset, event.check_name or "") if isinstance(event, dg.AssetCheckResult) else asset
    )


def beside(event: Event) -> dg.AssetMaterialization | dg.AssetCheckEvaluation:
    """An event as Dagster takes it without an output of the step that stands for it."""
    if isinstance(event, dg.AssetMaterialization | dg.AssetCheckEvaluation):
        return event
    key = _key_of(event)
    if not isinstance(event, dg.AssetCheckResult) or isinstance(key, dg.AssetKey):
        return dg.AssetMaterialization(event.asset_key or (), metadata=event.metadata)
    return dg.AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=event.passed,
        severity=event.severity,
        description=event.description,
        metadata=event.metadata,
    )


def _load_metadata(table: TableReport) -> dict[str, dg.MetadataValue | int | str]:
    gone = {"partis de la zone, lignes gardées": ", ".join(map(markdown, table.gone))} if table.gone else {}
    return {
        **gone,
        "statut": table.status,
        "fichiers": len(table.files),
        "lignes": sum(file.rows for file in table.files),
        "rejets": sum(file.rejects for file in table.files),
        "détail": dg.MetadataValue.md(
            "\n".join(f"- {markdown(file.line())}" for file in table.files) or "aucun fichier"
        ),
    }


def _metadata(result: NodeResult) -> dict[str, int | float | str]:
    metadata: dict[str, int | float | str] = {"durée (s)": result.seconds}
    if result.rows is not None and result.unique_id.startswith(("model.", "seed.", "snapshot.")):
        metadata["dagster/row_count"] = result.rows
    if result.reused:
        metadata["repris"] = result.message
    if result.failures:
        metadata["lignes en faute"] = result.failures
    return metadata


def _severity(result: NodeResult) -> dg.AssetCheckSeverity:
    return dg.AssetCheckSeverity.WARN if result.status == WARNING else dg.AssetCheckSeverity.ERROR


def _explain(manifest: Manifest, result: NodeResult) -> str:
    node = manifest.find(result.unique_id)
    if node is None:
        return f"{result.unique_id} : {result.message}"
    kind = {"test": "Test", "unit_test": "Test unitaire", "seed": "Seed"}.get(node.kind, "Modèle")
    return f"{kind} {node.label} ({node.file}) : {without_headings(result.message) or result.status}"
