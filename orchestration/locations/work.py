"""The work of one Dagster step: load the landing zone, build and test with dbt, say what failed."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from orchestration.audit.runs import NAMES_KEPT, build_details, load_details, note_run, trace_after_build
from orchestration.errors import PlatformError
from orchestration.governance.keys import pgoptions, session_keys
from orchestration.history.recording import OUTCOMES, NodeOutcome, Recording, message_kept
from orchestration.landing import LoadReport, load_landing, read_declarations
from orchestration.landing.report import TableReport
from orchestration.locations.catalogue import LOADED, Catalogue
from orchestration.locations.dbt_run import DbtRun, NodeResult
from orchestration.locations.freshness import note_freshness
from orchestration.manifest import ParseResult, parse
from orchestration.manifest.nodes import Manifest, domain_of, file_of, label_of, node_of
from orchestration.settings import Settings

Event = dg.MaterializeResult | dg.AssetCheckResult
# dbt's word for a test that only warns.
WARNING = "warn"


@dataclass
class Journal:
    """What happened, for whoever summarises the run.

    Attributes:
        load: the loader's report; None when nothing was to be loaded, or the load failed as a whole.
        nodes: dbt's results, in the order they came.
        seconds: duration of each part.
        errors: what failed, in French, one entry a cause.
        notices: what went wrong beside the work and fails nothing, in French.
    """

    load: LoadReport | None = None
    nodes: list[NodeResult] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

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
        catalogue: what the step may be asked for.
        launcher: what started it, for the history: make demo, dagster ags.
        parsed: the project, when it has just been parsed; else it is parsed when the step begins, so that a
            model changed since Dagster started runs as it is now.
        progress: told each line of progress, in French.
        watch: told each dbt result.
    """

    settings: Settings
    name: str
    catalogue: Catalogue
    launcher: str
    parsed: ParseResult | None = None
    progress: Callable[[str], None] | None = None
    watch: Callable[[NodeResult], None] | None = None

    def run(
        self, assets: Collection[dg.AssetKey], checks: Collection[dg.AssetCheckKey], journal: Journal
    ) -> Iterator[Event]:
        """Does the work and yields what was made and checked.

        Raises:
            dagster.Failure: at the end, when something failed; everything else was done.
        """
        parsed = self.parsed
        if parsed is None:
            with journal.timed("lecture"):
                parsed = parse(self.settings)
        if parsed.notice:
            journal.errors.append(parsed.notice)
        domains = self._domains(parsed.manifest)
        try:
            # Read now: without its keys a step loads nothing that it could not build.
            pgoptions(domains, self.settings)
        except PlatformError as error:
            journal.errors.append(str(error))
            raise dg.Failure(str(error), allow_retries=False) from None
        tables = [self.catalogue.tables[key] for key in assets if key in self.catalogue.tables]
        if tables:
            noted = self._noted("chargement", journal, lambda: load_details(journal.load))
            with journal.timed("chargement"), noted:
                yield from self._load(parsed.manifest, set(tables), journal)
        selection = self._selection(parsed.manifest, assets, checks)
        if selection:
            noted = self._noted("construction", journal, lambda: self._built(selection, journal))
            with journal.timed("dbt"), noted, session_keys(domains, self.settings):
                yield from self._build(parsed, selection, assets, checks, journal)
            journal.errors.extend(trace_after_build("", parsed.manifest))
        if tables:
            with journal.timed("fraîcheur"):
                chosen = [unique_id for unique_id in tables if unique_id in parsed.manifest["sources"]]
                journal.notices.extend(
                    note_freshness(self.settings, self.name, parsed, chosen, self.launcher).notices
                )
        if journal.errors:
            raise dg.Failure("\n\n".join(journal.errors), allow_retries=False)

    @contextmanager
    def _noted(self, action: str, journal: Journal, details: Callable[[], dict[str, Any]]) -> Iterator[None]:
        """Notes one event in the audit journal when the part ends, well, badly or interrupted.

        What was done stays done when the event cannot be noted; the step fails at its end.
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
                note_run(self.settings, "", action, self.name, event)
            except PlatformError as error:
                journal.errors.append(str(error))

    def _built(self, selection: list[str], journal: Journal) -> dict[str, Any]:
        found = build_details((node.unique_id, node.status) for node in journal.nodes)
        return {"selection": selection[:NAMES_KEPT], "selectionnes": len(selection), **found}

    def _load(self, manifest: Manifest, wanted: set[str], journal: Journal) -> Iterator[Event]:
        keys, sources = {}, {}
        for key, unique_id in self.catalogue.tables.items():
            if unique_id in wanted and (source := manifest["sources"].get(unique_id)):
                keys[domain_of(source), source["source_name"], source["name"]] = key
                sources[unique_id] = source
        faults: list[PlatformError] = []
        declared = read_declarations({"sources": sources}, faults)
        journal.errors.extend(f"Chargement : {fault}" for fault in faults)
        try:
            journal.load = load_landing("", self.settings.landing, declared, progress=self.progress)
        except PlatformError as error:
            journal.errors.append(f"Chargement : {error}")
            return
        for table in journal.load.tables:
            key = keys[table.domain, table.source, table.table]
            metadata, reasons = _load_metadata(table), _reasons(table)
            if reasons:
                name = f"{table.domain}.{table.source}.{table.table}"
                journal.errors.append(f"Chargement de {name} : {reasons}")
            else:
                yield dg.MaterializeResult(asset_key=key, metadata=metadata)
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=LOADED,
                passed=not reasons,
                description=reasons or None,
                metadata=metadata,
            )

    def _build(
        self,
        parsed: ParseResult,
        selection: list[str],
        assets: Collection[dg.AssetKey],
        checks: Collection[dg.AssetCheckKey],
        journal: Journal,
    ) -> Iterator[Event]:
        made = {unique_id: key for key, unique_id in self.catalogue.models.items() if key in assets}
        tested = {unique_id: key for key, unique_id in self.catalogue.tests.items() if key in checks}
        # Tests are chosen by the folder of their file, like models: no test of a domain that is built later.
        arguments = ["build", "--select", *selection, "--indirect-selection", "empty"]
        say = self.progress or dg.get_dagster_logger().info
        run = DbtRun(self.settings, self.name, parsed.project, arguments, say)
        for result in self._recorded(run, parsed.manifest, journal):
            journal.nodes.append(result)
            if self.watch:
                self.watch(result)
            if result.bad:
                journal.errors.append(_explain(parsed.manifest, result))
            if result.good and result.unique_id in made:
                yield dg.MaterializeResult(asset_key=made[result.unique_id], metadata=_metadata(result))
            elif result.unique_id in tested and (result.good or result.bad or result.status == WARNING):
                check = tested[result.unique_id]
                yield dg.AssetCheckResult(
                    asset_key=check.asset_key,
                    check_name=check.name,
                    passed=result.good,
                    severity=_severity(result),
                    description=result.message or None,
                    metadata=_metadata(result),
                )
        if run.error:
            journal.errors.append(f"dbt n'a pas pu travailler : {run.error}")

    def _recorded(self, run: DbtRun, manifest: Manifest, journal: Journal) -> Iterator[NodeResult]:
        """The results of dbt, each noted in the history on its way."""
        recording = Recording(self.settings, "", manifest, "build", self.launcher, self.name)
        issue: str | None = "interrompu"
        try:
            for result in run.results():
                if not result.unique_id.startswith("exposure."):
                    recording.note(_outcome(result))
                yield result
            issue = "echec" if run.error else None
        finally:
            if notice := recording.end(issue, run.kept("run_results.json")):
                journal.notices.append(notice)

    def _domains(self, manifest: Manifest) -> set[str]:
        """The domains of this location, whose keys its sessions have."""
        models = (manifest["nodes"].get(unique_id) for unique_id in self.catalogue.models.values())
        return {domain_of(model) for model in models if model}

    def _selection(
        self, manifest: Manifest, assets: Collection[dg.AssetKey], checks: Collection[dg.AssetCheckKey]
    ) -> list[str]:
        """The dbt selection: the whole set by its folders, a part of it node by node."""
        wanted = {self.catalogue.models[key] for key in assets if key in self.catalogue.models}
        wanted |= {self.catalogue.tests[key] for key in checks if key in self.catalogue.tests}
        if len(wanted) == len(self.catalogue.models) + len(self.catalogue.tests):
            return self.catalogue.selection if wanted else []
        nodes = []
        for unique_id in sorted(wanted):
            try:
                nodes.append(f"fqn:{'.'.join(node_of(manifest, unique_id)['fqn'])}")
            except KeyError:
                # Gone since Dagster read the manifest: dbt has nothing to run.
                continue
        return nodes


def _outcome(result: NodeResult) -> NodeOutcome:
    """A result as the history has it, until dbt's own file says more."""
    status = OUTCOMES.get(result.status, "erreur")
    return NodeOutcome(
        unique_id=result.unique_id,
        status=status,
        begun=datetime.now(UTC) - timedelta(seconds=result.seconds),
        seconds=result.seconds,
        rows=result.rows,
        failures=result.failures,
        message="" if status == "reussi" else message_kept(result.message),
    )


def _load_metadata(table: TableReport) -> dict[str, dg.MetadataValue | int | str]:
    return {
        "statut": table.status,
        "fichiers": len(table.files),
        "lignes": sum(file.rows for file in table.files),
        "rejets": sum(file.rejects for file in table.files),
        "détail": dg.MetadataValue.md(
            "\n".join(f"- {file.line()}" for file in table.files) or "aucun fichier"
        ),
    }


def _reasons(table: TableReport) -> str:
    """Why a table failed, "" when it did not."""
    files = [f"{file.path} : {file.message}" for file in table.files if file.status == "echec"]
    return "\n".join([table.message, *files]).strip()


def _metadata(result: NodeResult) -> dict[str, int | float]:
    metadata: dict[str, int | float] = {"durée (s)": result.seconds}
    if result.rows is not None and result.unique_id.startswith(("model.", "seed.", "snapshot.")):
        metadata["dagster/row_count"] = result.rows
    if result.failures:
        metadata["lignes en faute"] = result.failures
    return metadata


def _severity(result: NodeResult) -> dg.AssetCheckSeverity:
    return dg.AssetCheckSeverity.WARN if result.status == WARNING else dg.AssetCheckSeverity.ERROR


def _explain(manifest: Manifest, result: NodeResult) -> str:
    try:
        node = node_of(manifest, result.unique_id)
    except KeyError:
        return f"{result.unique_id} : {result.message}"
    kind = {"test": "Test", "unit_test": "Test unitaire", "seed": "Seed"}.get(node["resource_type"], "Modèle")
    return f"{kind} {label_of(node)} ({file_of(node)}) : {result.message or result.status}"
