"""When a domain's run of the day begins: once the marts that it reads are of the day, or its limit is past.

Each domain has its sensor. What it looks at are facts, the runs of Dagster and the history of the database:
a daemon that was away for a night knows as much as one that was not.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import psycopg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.tags import MAX_RETRIES_TAG, RETRY_STRATEGY_TAG

from donnees_au_centre import french
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.history.upstream import (
    FIRST_HOUR,
    Reading,
    beginning,
    day_of_work,
    read_upstream,
    readings_of,
)
from donnees_au_centre.project.nodes import PLATFORM, Manifest
from donnees_au_centre.settings import Settings

# The variable that says how many hours a domain waits for those that it reads, and what it is without it.
WAITING, HOURS = "ATTENTE_AMONT_HEURES", 3.0
MOST_HOURS = 10.0
# What a domain waits beyond its limit for each place that it has in the chain: those before it, whose limit
# is the same, have then begun, and one that runs is waited for.
BY_PLACE = timedelta(minutes=10)
# Tags of a run: the day that it is of; the domains that it did not wait for.
DAY, UNAWAITED = "journee", "sans_attendre"
# Times that a run whose process died is launched again.
RELAUNCHED = 2
NOTHING, WAIT, BUILD = "rien", "attendre", "construire"


@dataclass(frozen=True)
class Own:
    """A run of the domain itself.

    Attributes:
        day: that it is of; None for one that somebody launched.
        going: True when it waits in the queue or runs.
    """

    day: date | None
    going: bool


@dataclass(frozen=True)
class Awaited:
    """A domain whose marts are read.

    Attributes:
        domain: its name.
        published: the day of the last good publication of what is read there; None without one.
        going: True when a run of it waits in the queue or runs.
    """

    domain: str
    published: date | None
    going: bool


@dataclass(frozen=True)
class Decision:
    """What a domain does now.

    Attributes:
        what: NOTHING, WAIT or BUILD.
        day: that it is about.
        why: in French.
        old: of BUILD, what is built on, and is not of the day.
    """

    what: str
    day: date
    why: str
    old: tuple[Awaited, ...] = ()


def decide(
    now: datetime, own: Collection[Own], awaited: Collection[Awaited], limit: timedelta, place: int
) -> Decision:
    """Whether a domain builds now, waits, or has nothing to do.

    Args:
        now: with its time zone.
        own: the runs of the domain that go on, and those of this day.
        awaited: the domains that it reads.
        limit: for how long from the first hour it waits for them; for one that runs, twice as long.
        place: how many domains stand one behind the other before it.
    """
    day = day_of_work(now)
    if any(run.day == day for run in own):
        return Decision(NOTHING, day, f"L'exécution du {french.day(day)} est partie.")
    if any(run.going for run in own):
        return Decision(WAIT, day, "Une exécution de ce domaine n'est pas finie.")
    late = tuple(one for one in awaited if one.published is None or one.published < day)
    if not late:
        return Decision(BUILD, day, "Tout ce qui est lu est du jour.")
    begun, places = beginning(day), place * BY_PLACE
    going = [one for one in late if one.going]
    last = begun + (2 * limit if going else limit) + places
    if now < last:
        said = french.listed(_said(one) for one in late)
        return Decision(WAIT, day, f"Attend {said}, jusqu'au {french.moment(last)} au plus.")
    return Decision(BUILD, day, f"La limite est passée sans {french.listed(map(_said, late))}.", late)


def _said(one: Awaited) -> str:
    since = f"du {french.day(one.published)}" if one.published else "jamais publié"
    return f"{one.domain} (dernier : {since}{', en cours' if one.going else ''})"


def places(readings: Iterable[Reading]) -> Mapping[str, int]:
    """Domain -> how many domains stand one behind the other before it; one that reads nobody is not there."""
    before: dict[str, set[str]] = {}
    for one in readings:
        before.setdefault(one.domain, set()).add(one.upstream)

    def place(domain: str, below: frozenset[str]) -> int:
        # Two domains may read each other, by different marts.
        reads = before.get(domain, set()) - below
        return max((1 + place(one, below | {domain}) for one in reads), default=0)

    return {domain: place(domain, frozenset({domain})) for domain in before}


def hours_waited(environ: Mapping[str, str] = os.environ) -> timedelta:
    """How long domains wait for those that they read.

    Args:
        environ: where the variable is.

    Raises:
        PlatformError: the variable is no number of hours, or more than MOST_HOURS.
    """
    said = environ.get(WAITING) or str(HOURS)
    try:
        hours = float(said.replace(",", "."))
    except ValueError:
        hours = -1.0
    if not 0 <= hours <= MOST_HOURS:
        raise PlatformError(
            f"{WAITING} vaut « {said} ».",
            f"Donnez un nombre d'heures, de 0 (ne pas attendre) à {MOST_HOURS:.0f}.",
        )
    return timedelta(hours=hours)


def gate(settings: Settings, manifest: Manifest, domain: str) -> dg.SensorDefinition:
    """Makes the sensor that launches the run of the day of a domain.

    Raises:
        PlatformError: the variable of the limit says no number of hours.
    """
    limit = hours_waited()
    readings = readings_of(manifest)
    place = places(readings).get(domain, 0)
    # Of what the loader noted of everyone, the platform's marts speak: it comes after all that have a job.
    everyone = {node.domain for node in manifest.of_type("model", "seed", "snapshot")} | {
        source.domain for source in manifest.own_sources
    }
    if domain == PLATFORM:
        place = 1 + max(places(readings).values(), default=0)

    @dg.sensor(
        name=f"{domain}_chaque_jour",
        job_name=domain,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=f"Chaque jour dès {FIRST_HOUR} h : charge et construit {domain}, une fois publiés les "
        "marts qu'il lit, ou sa limite passée.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        at = now()
        day = day_of_work(at)
        own = _own_runs(context.instance, domain, day)
        awaited: Sequence[Awaited] = ()
        # What needs no look at the database costs none, all day long.
        if not own and domain == PLATFORM:
            awaited = [_tried(context.instance, one, day) for one in sorted(everyone - {domain})]
        elif not own and place:
            awaited = _awaited(context.instance, settings, manifest, domain, at)
        decision = decide(at, own, awaited, limit, place)
        if decision.what != BUILD:
            return dg.SkipReason(decision.why)
        context.log.info(decision.why)
        tags = {DAY: day.isoformat(), MAX_RETRIES_TAG: str(RELAUNCHED), RETRY_STRATEGY_TAG: "ALL_STEPS"}
        if decision.old:
            tags[UNAWAITED] = ", ".join(one.domain for one in decision.old)
        return dg.RunRequest(run_key=day.isoformat(), tags=tags)

    return sensor


def now() -> datetime:
    """The moment."""
    return datetime.now(UTC)


def _own_runs(instance: dg.DagsterInstance, domain: str, day: date) -> list[Own]:
    of_day = instance.get_runs(dg.RunsFilter(job_name=domain, tags={DAY: day.isoformat()}), limit=1)
    found = [Own(day, not run.is_finished) for run in of_day]
    return found or ([Own(None, True)] if _is_going(instance, domain) else [])


def _is_going(instance: dg.DagsterInstance, domain: str) -> bool:
    going = dg.RunsFilter(job_name=domain, statuses=NOT_FINISHED_STATUSES)
    return bool(instance.get_run_ids(going, limit=1))


def _awaited(
    instance: dg.DagsterInstance, settings: Settings, manifest: Manifest, domain: str, at: datetime
) -> list[Awaited]:
    """The domains that one reads; of a database that does not answer, nothing is of the day."""
    try:
        with psycopg.connect("", connect_timeout=10, autocommit=True) as connection:
            published = read_upstream(connection, manifest, at).published(domain, settings.target, at)
    except psycopg.Error:
        published = dict.fromkeys(
            (one.upstream for one in readings_of(manifest) if one.domain == domain), None
        )
    return [Awaited(one, last, _is_going(instance, one)) for one, last in sorted(published.items())]


def _tried(instance: dg.DagsterInstance, domain: str, day: date) -> Awaited:
    """A domain whose run of the day has ended, well or not, or is still to come."""
    runs = instance.get_runs(dg.RunsFilter(job_name=domain, tags={DAY: day.isoformat()}), limit=1)
    ended = bool(runs) and all(run.is_finished for run in runs)
    return Awaited(domain, day if ended else None, bool(runs) and not ended)
