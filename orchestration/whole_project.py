"""The whole project in one Dagster run: one asset set from the same factory, outside the workspace."""

from __future__ import annotations

import gc
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from donnees_au_centre.building.dbt_run import runs_folder
from donnees_au_centre.building.results import BAD, NodeResult
from donnees_au_centre.french import counted
from donnees_au_centre.landing import LoadReport
from donnees_au_centre.patching import patch
from donnees_au_centre.privacy.traces import forget_old
from donnees_au_centre.project import parse
from donnees_au_centre.project.nodes import (
    Manifest,
    Node,
    domains_in,
)
from donnees_au_centre.settings import Settings
from orchestration.factory import build_definitions
from orchestration.home import prepare_home
from orchestration.work import Journal

NAME = "tout"
MADE = ("model", "seed", "snapshot")
# Objects made before Python looks for those that nothing holds any more: it looks a tenth as often as usual.
SELDOM = (7_000, 10, 10)


@dataclass(frozen=True)
class Outcome:
    """What became of the whole project.

    Attributes:
        success: True when everything was loaded, built and tested without an error (warnings allowed).
        manifest: dbt's, of the project that was built.
        load: the loader's report; None when it could not work at all.
        run_results: dbt's run_results.json; None when dbt never ran.
        counts: by resource type (model, seed, test, unit_test), how many nodes ended in each dbt status;
            `skipped` counts those that did not run because of an error before them.
        seconds: by step: lecture, definitions, chargement, dbt, and total.
        errors: what failed, in French, one entry a cause.
        notices: what went wrong beside the work and fails nothing, in French.
        notice: that the project does not parse wholly, and what served instead; else None.
        run_id: of the Dagster run, to be found in the UI.
    """

    success: bool
    manifest: Manifest
    load: LoadReport | None
    run_results: Path | None
    counts: dict[str, dict[str, int]]
    seconds: dict[str, float]
    errors: list[str]
    notices: list[str]
    notice: str | None
    run_id: str


def materialise(
    settings: Settings,
    progress: Callable[[str], None] = print,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> Outcome:
    """Loads the landing zone, builds and tests every model, in this process and in one Dagster run.

    The run is in DAGSTER_HOME, so that the UI shows it; Dagster's own log goes to build/dagster.log.

    Args:
        settings: places and database; the environment must hold the PG* variables.
        progress: told short French lines.
        advance: told, at each result of dbt, how many nodes are done, and of how many.

    Raises:
        PlatformError: the project does not parse and never did.
        KeyboardInterrupt: Ctrl-C; dbt's queries are cancelled.
    """
    begun = time.monotonic()
    journal = Journal()
    home = prepare_home(settings)
    with journal.timed("lecture"):
        parsed = parse(settings)
    # A tenth of the cost of a run that builds little is Python's search among the modules and the manifest.
    gc.freeze()
    gc.set_threshold(*SELDOM)
    gc.enable()
    if parsed.notice:
        # The reason is among the errors, which the caller shows.
        progress("Le projet dbt ne se lit pas en entier : la suite le dit.")
    with journal.timed("définitions"):
        tally = _Tally(parsed.manifest, progress, advance)
        domains = domains_in(settings.root)
        definitions = build_definitions(
            settings, parsed.manifest, domains, NAME, journal, parsed, progress, tally.count, "make demo"
        )
        logged = dg.Definitions(loggers={"fichier": _file_logger(settings.build / "dagster.log")})
        job = dg.Definitions.merge(definitions, logged).resolve_job_def(NAME)
    progress(f"Projet lu : {counted(tally.expected.total(), 'nœud')} à construire ou à tester.")
    results = runs_folder(settings) / NAME / "run_results.json"
    results.unlink(missing_ok=True)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        # Nobody waits to see what this process is about to do; what is taken as it was would stay "planned".
        patch(instance.run_domain, _log_asset_planned_events=lambda *_told: None)
        # raise_on_error=False: what failed is in the journal, in French.
        done = job.execute_in_process(
            instance=instance, raise_on_error=False, run_config={"loggers": {"fichier": {}}}
        )
    _raise_if_interrupted(done)
    forget_old(settings, datetime.now(UTC))
    if not done.success and not journal.errors:
        journal.errors.extend(_unforeseen(done))
    tally.end()
    journal.seconds["total"] = round(time.monotonic() - begun, 1)
    return Outcome(
        success=done.success,
        manifest=parsed.manifest,
        load=journal.load,
        run_results=results if results.exists() else None,
        counts=tally.counts(),
        seconds=journal.seconds,
        errors=journal.errors,
        notices=journal.notices,
        notice=parsed.notice,
        run_id=done.run_id,
    )


def _raise_if_interrupted(done: dg.ExecuteInProcessResult) -> None:
    """Dagster takes Ctrl-C for a failure among others; its caller must not."""
    for event in done.all_events:
        reason = event.job_failure_data.failure_reason if event.is_run_failure else None
        if reason is not None and reason.value == "UNEXPECTED_TERMINATION":
            raise KeyboardInterrupt


def _unforeseen(done: dg.ExecuteInProcessResult) -> list[str]:
    failures = [event.step_failure_data for event in done.all_events if event.is_step_failure]
    # The words of any other error than ours may quote a value.
    return [
        (failure.user_failure_data and failure.user_failure_data.description)
        or f"Erreur imprévue de Dagster : {failure.error and failure.error.cls_name}."
        for failure in failures
    ]


@dataclass
class _Tally:
    """Counts dbt's results, and says when a domain is done."""

    manifest: Manifest
    progress: Callable[[str], None]
    advance: Callable[[int, int], None]
    found: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    last: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        nodes = [node for node in self.manifest.of_type(*MADE, "test", "unit_test") if not node.is_ephemeral]
        self.expected = Counter((self._domain(node), node.kind) for node in nodes)
        self.waiting = Counter(self._domain(node) for node in nodes)

    def count(self, result: NodeResult) -> None:
        # dbt also says of an exposure that there was nothing to do.
        if result.unique_id.startswith("exposure."):
            return
        node = self.manifest.node(result.unique_id)
        domain = self._domain(node)
        counted_as = domain, node.kind, result.status
        if before := self.last.get(result.unique_id):
            # A mart, of which it is now known whether it is offered.
            self.found[before] -= 1
        self.found[counted_as] += 1
        self.last[result.unique_id] = counted_as
        if before:
            return
        self.waiting[domain] -= 1
        self.advance(self.found.total(), self.expected.total())
        if self.waiting[domain] == 0:
            self.progress(self._line(domain))

    def end(self) -> None:
        for domain, left in sorted(self.waiting.items()):
            if left > 0:
                self.progress(f"{self._line(domain)}, {left} nœuds non joués")

    def counts(self) -> dict[str, dict[str, int]]:
        counts: dict[str, Counter[str]] = {}
        for (_, kind, status), number in (+self.found).items():
            counts.setdefault(kind, Counter())[status] += number
        for kind in {kind for _, kind in self.expected}:
            total = sum(number for (_, other), number in self.expected.items() if other == kind)
            ended = counts.setdefault(kind, Counter())
            if total > ended.total():
                ended["skipped"] = total - ended.total()
        return {kind: dict(sorted(statuses.items())) for kind, statuses in sorted(counts.items())}

    def _domain(self, node: Node) -> str:
        return self.manifest.domain_of(node) or "sans domaine"

    def _line(self, domain: str) -> str:
        number: Counter[str] = Counter()
        for (other, kind, status), count in self.found.items():
            if other == domain:
                number["made" if kind in MADE else "tests"] += count
                number["failed"] += count if status in BAD else 0
        failed = f", {number['failed']} en échec" if number["failed"] else ""
        return f"{domain} : {counted(number['made'], 'modèle')}, {counted(number['tests'], 'test')}{failed}"


def _file_logger(path: Path) -> dg.LoggerDefinition:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    # Not "w": Dagster closes every handler of the process when it begins, and only this one opens again.
    handler = logging.FileHandler(path, mode="a", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.Logger("dagster_file", logging.DEBUG)
    logger.addHandler(handler)
    return dg.LoggerDefinition(lambda _: logger, description="Le journal de Dagster, hors du terminal.")
