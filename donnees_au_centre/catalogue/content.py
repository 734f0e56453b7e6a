"""What the pages show: each data set with who may see it, where it comes from, its quality and its gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from donnees_au_centre.access import Entry, read_entries
from donnees_au_centre.access.declaration import check_entries, entries_on, review_faults
from donnees_au_centre.catalogue import labels
from donnees_au_centre.catalogue.gaps import Gap, access_gaps, gaps_of, rule_gaps
from donnees_au_centre.catalogue.last_runs import Knowledge, Received, Result, due
from donnees_au_centre.catalogue.origins import Origins, origins
from donnees_au_centre.project.datasets import Dataset, read_datasets
from donnees_au_centre.project.nodes import Manifest, domains_in
from donnees_au_centre.settings import Settings

# The state of a data set -> what its badge says; the worst first.
STATES = {
    "defaut": "En défaut",
    "surveiller": "À surveiller",
    "bon": "Bon état",
    "inconnu": "Pas encore construit",
}
# Freshness, likewise.
FRESHNESS = {
    "retard": "En retard",
    "jour": "À jour",
    "attente": "Jamais reçu",
    "inconnu": "Fraîcheur inconnue",
}


@dataclass(frozen=True)
class Check:
    """A test, and its newest result.

    Attributes:
        column: what it is about; None for the whole table.
        text: what it checks, in French.
        result: None when it was never run.
    """

    column: str | None
    text: str
    result: Result | None


@dataclass(frozen=True)
class Page:
    """A data set, with all that its page shows.

    Attributes:
        dataset: its metadata.
        address: of its page, below the site.
        entries: who may see it, as declared; past reviews included.
        origins: its neighbours.
        checks: its tests.
        built: result of the mart itself; None for a source, or when it was never built.
        received: content of a source table; None for a mart, or when nothing is known.
        last: last receipt: its own for a source, the newest of its sources for a mart; None when unknown.
        late_sources: unique ids of the source tables, of a mart, that are late.
        state: key of STATES.
        freshness: key of FRESHNESS.
        due: the day by which the next data are promised; None without a promise or a last receipt.
        gaps: what its metadata miss.
    """

    dataset: Dataset
    address: str
    entries: tuple[Entry, ...]
    origins: Origins
    checks: tuple[Check, ...]
    built: Result | None
    received: Received | None
    last: datetime | None
    late_sources: tuple[str, ...]
    state: str
    freshness: str
    due: date | None
    gaps: tuple[Gap, ...]

    @property
    def summary(self) -> str:
        """The first sentence of the description."""
        text = " ".join(self.dataset.description.split())
        first, dot, _ = text.partition(". ")
        return first + dot.strip()

    def count(self, *outcomes: str) -> int:
        """How many tests ended so."""
        return sum(one.result is not None and one.result.outcome in outcomes for one in self.checks)

    @property
    def personal(self) -> list[str]:
        """Categories of personal data in its columns, each once, in the order of the vocabulary."""
        held = {column.personal for column in self.dataset.columns if column.is_personal}
        return [category for category in labels.CATEGORIES if category in held]


@dataclass(frozen=True)
class Catalogue:
    """All the pages, and what concerns none of them in particular.

    Attributes:
        pages: marts first, strategic ones before the others, by domain and name.
        domains: domain -> its description, for those that have data sets.
        gaps: what the declared access and the rules of governance find elsewhere.
        made_at: now.
        knowledge: of the last runs.
    """

    pages: tuple[Page, ...]
    domains: Mapping[str, str]
    gaps: tuple[Gap, ...]
    made_at: datetime
    knowledge: Knowledge


def describe(settings: Settings, manifest: Manifest, knowledge: Knowledge, now: datetime) -> Catalogue:
    """Puts together what is known of every data set.

    Args:
        settings: of the checkout, whose access files are read.
        knowledge: of the last runs.
        now: with its time zone; freshness and reviews are judged on that day.
    """
    datasets = read_datasets(manifest)
    entries, faults = read_entries(settings.root, domains_in(settings.root))
    faults = [*faults, *check_entries(entries, manifest)]
    granted = entries_on(entries, manifest)
    neighbours = origins(manifest, {one.unique_id for one in datasets})
    checks = _checks(manifest, knowledge)
    broken = rule_gaps(manifest)
    today = now.date()
    sources = {
        one.unique_id: knowledge.received.get(f"{one.domain}.{one.name}")
        for one in datasets
        if one.kind == "source"
    }
    late = {
        one.unique_id
        for one in datasets
        if (held := sources.get(one.unique_id))
        and held.at
        and one.refresh
        and due(held.at.date(), one.refresh) < today
    }
    pages = []
    for dataset in datasets:
        around = neighbours[dataset.unique_id]
        received = sources.get(dataset.unique_id)
        built = knowledge.results.get(dataset.unique_id)
        last, promised = _last(dataset, around, sources, built), None
        if last and dataset.refresh:
            promised = due(last.date(), dataset.refresh)
        late_sources = tuple(one for one in around.all_sources if one in late)
        own_checks = tuple(checks.get(dataset.unique_id, ()))
        known = bool(built or received)
        freshness = _freshness(received, promised, today, bool(late_sources))
        pages.append(
            Page(
                dataset=dataset,
                address=f"jeux/{dataset.domain}.{dataset.name}.html",
                entries=tuple(granted.get(dataset.name, ())),
                origins=around,
                checks=own_checks,
                built=built,
                received=received,
                last=last,
                late_sources=late_sources,
                state=_state(built, received, own_checks) if known else "inconnu",
                freshness=freshness,
                due=promised,
                gaps=(*gaps_of(dataset, own_checks), *broken.pop(dataset.unique_id, ())),
            )
        )
    pages.sort(key=_order)
    past, soon = review_faults(entries, today)
    groups = {name: group.description for name, group in manifest.groups.items()}
    return Catalogue(
        pages=tuple(pages),
        domains={name: groups.get(name, "") for name in sorted({one.domain for one in datasets}, key=_rank)},
        gaps=(*access_gaps(faults, past, soon), *(gap for gaps in broken.values() for gap in gaps)),
        made_at=now,
        knowledge=knowledge,
    )


def _checks(manifest: Manifest, knowledge: Knowledge) -> dict[str, list[Check]]:
    """The tests by data set; one over several data sets is shown with each."""
    found: dict[str, list[Check]] = {}
    promised = manifest.contract_checks
    for test in (*manifest.tests, *promised):
        about = test.tested_id
        for one in [about] if about else test.reads:
            result = knowledge.results.get(test.unique_id)
            if test in promised and (built := knowledge.results.get(one)) and built.outcome == "reussi":
                result = built
            check = Check(test.column_name, labels.check(test), result)
            found.setdefault(one, []).append(check)
    return found


def _last(
    dataset: Dataset, around: Origins, sources: Mapping[str, Received | None], built: Result | None
) -> datetime | None:
    if dataset.kind == "source":
        held = sources.get(dataset.unique_id)
        return held.at if held else None
    if not built:
        return None
    came = [held.at for one in around.all_sources if (held := sources.get(one)) and held.at]
    # A mart of the project's own tables is as new as its build.
    return max(came) if came else None if around.all_sources else built.at


def _freshness(received: Received | None, promised: date | None, today: date, late_sources: bool) -> str:
    if promised:
        return "retard" if promised < today or late_sources else "jour"
    return "attente" if received and received.files == 0 else "inconnu"


def _state(built: Result | None, received: Received | None, checks: Sequence[Check]) -> str:
    outcomes = {check.result.outcome for check in checks if check.result}
    outcomes |= {built.outcome} if built else set()
    if outcomes & {"echec", "erreur", "saute"} or (received and received.failure):
        return "defaut"
    if "averti" in outcomes or (received and (received.aside or received.anomalies)):
        return "surveiller"
    return "bon"


def _order(page: Page) -> tuple[Any, ...]:
    one = page.dataset
    return one.kind != "mart", not one.strategic, _rank(one.domain), one.name


def _rank(domain: str) -> tuple[bool, str]:
    """Administrations first, by name."""
    return domain in labels.DOMAINS, domain
