"""When a domain's run of the day begins: the decision by itself, and a thousand days of it."""

from __future__ import annotations

import inspect
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import local_zone
from donnees_au_centre.history.upstream import Publication, Reading, Upstream, beginning, day_of_work
from orchestration import gate
from orchestration.gate import BUILD, NOTHING, WAIT, Awaited, Decision, Own, decide, hours_waited, places
from tests.campaigns import WHOLE, campaign

LIMIT = timedelta(hours=3)
TODAY, YESTERDAY = date(2026, 11, 28), date(2026, 11, 27)
# Who reads whom in the delivered project.
DELIVERED = {
    "commun": (), "age": ("commun",), "ags": ("commun",), "agaj": ("commun",), "agc": (),
    "transversal": ("age", "ags", "commun"),
}  # fmt: skip
# Runs of a domain that the world looks back on: more than fail one after the other.
KEPT = 12
Deciding = Callable[..., Decision]


def at(hour: int, minute: int = 0, day: date = TODAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=local_zone())


def chosen(now: datetime, *awaited: Awaited, own: tuple[Own, ...] = (), place: int = 0) -> Decision:
    return decide(now, own, awaited, LIMIT, place)


def test_a_domain_that_reads_nobody_begins_at_the_first_hour() -> None:
    assert chosen(at(4)).what == BUILD
    # Before it, the day is the one before.
    assert chosen(at(3, 59)).day == YESTERDAY
    assert chosen(at(3, 59), own=(Own(YESTERDAY, False),)).what == NOTHING


def test_a_domain_waits_for_what_it_reads_then_says_what_is_old() -> None:
    fresh, old = Awaited("commun", TODAY, False), Awaited("age", YESTERDAY, False)
    assert chosen(at(4), fresh, old).what == WAIT
    assert "age (dernier : du 27 novembre 2026)" in chosen(at(4), fresh, old).why
    assert chosen(at(4), fresh).what == BUILD
    assert (chosen(at(6, 59), old).what, chosen(at(7), old).what) == (WAIT, BUILD)
    assert chosen(at(7), fresh, old).old == (old,)
    never = Awaited("age", None, False)
    assert "jamais publié" in chosen(at(4), never).why
    assert chosen(at(7), never).old == (never,)


def test_the_further_in_the_chain_the_later_and_one_that_runs_is_waited_for() -> None:
    old, going = Awaited("age", YESTERDAY, False), Awaited("age", YESTERDAY, True)
    assert (chosen(at(7, 9), old, place=1).what, chosen(at(7, 10), old, place=1).what) == (WAIT, BUILD)
    assert (chosen(at(7), going).what, chosen(at(9, 59), going).what) == (WAIT, WAIT)
    assert chosen(at(10), going).old == (going,)


def test_one_run_a_day_and_one_at_a_time() -> None:
    assert chosen(at(12), own=(Own(TODAY, False),)).what == NOTHING
    assert chosen(at(12), own=(Own(TODAY, True),)).what == NOTHING
    # Launched by somebody, or of the day before and not finished.
    assert chosen(at(12), own=(Own(None, True),)).what == WAIT
    assert chosen(at(12), own=(Own(YESTERDAY, True),)).what == WAIT
    assert chosen(at(12), own=(Own(YESTERDAY, False),)).what == BUILD


@pytest.mark.parametrize("changes", [date(2026, 3, 29), date(2026, 10, 25)])
def test_the_change_of_the_clocks_takes_no_day(changes: date) -> None:
    assert day_of_work(at(4, day=changes)) == changes == day_of_work(beginning(changes))
    assert day_of_work(at(3, 59, day=changes)) == changes - timedelta(days=1)
    assert beginning(changes + timedelta(days=1)) - beginning(changes) == timedelta(days=1)


def test_places_follow_the_chain_also_round_a_circle() -> None:
    def readings(graph: Mapping[str, tuple[str, ...]]) -> list[Reading]:
        return [
            Reading(f"r.{one}", one, f"m.{other}", other) for one, read in graph.items() for other in read
        ]

    assert places(readings(DELIVERED)) == {"age": 1, "ags": 1, "agaj": 1, "transversal": 2}
    assert places(readings({"a": ("b",), "b": ("a",), "c": ("a",)})) == {"a": 1, "b": 1, "c": 2}


def test_the_limit_is_a_number_of_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hours_waited() == LIMIT
    monkeypatch.setenv(gate.WAITING, "1,5")
    assert hours_waited() == timedelta(hours=1.5)
    for wrong in ("trois", "-1", "11", "nan"):
        monkeypatch.setenv(gate.WAITING, wrong)
        with pytest.raises(PlatformError, match=gate.WAITING):
            hours_waited()


@dataclass
class Run:
    """One run in the simulated world; `day` is the day that it was launched for, `of` the one it began on."""

    day: date
    of: date
    asked: datetime
    begun: datetime
    ended: datetime
    good: bool


@dataclass
class World:
    """Domains that read each other, run late, fail, are off, under a daemon that is down at times.

    Attributes:
        graph: domain -> the domains that it reads.
        deciding: the decision that is tried.
        rng: seeded.
        runs: by domain, the oldest first.
        said: how many runs said that they were built on old figures.
        looks: domain -> day -> whether the daemon looked when the domain could no longer wait.
    """

    graph: Mapping[str, tuple[str, ...]]
    deciding: Deciding
    rng: random.Random
    runs: dict[str, list[Run]] = field(default_factory=lambda: defaultdict(list))
    said: int = 0
    built: int = 0
    looks: dict[str, set[date]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        self.readings = [
            Reading(f"lit.{one}.{other}", one, f"mart.{other}", other)
            for one, read in self.graph.items()
            for other in read
        ]
        self.places = places(self.readings)

    def live(self, days: int) -> None:
        """Lives through some days, then looks whether one was lost."""
        now = beginning(date(2026, 1, 1))
        end = now + timedelta(days=days)
        trouble: dict[str, tuple[date, str]] = {}
        while now < end:
            if self.rng.random() < 0.004:
                # The daemon is down, for hours or days.
                now += timedelta(hours=self.rng.choice((1, 5, 9, 20, 30, 80)))
            away = self.rng.random() < 0.02
            for domain in self.rng.sample(sorted(self.graph), len(self.graph)):
                day = day_of_work(now)
                if trouble.get(domain, (None, ""))[0] != day:
                    trouble[domain] = (day, self.rng.choices(("", "fails", "slow", "off"), (80, 8, 8, 4))[0])
                if trouble[domain][1] != "off":
                    self._look(domain, now, away, trouble[domain][1])
            now += timedelta(minutes=self.rng.choice((5, 10, 20, 40)))
        self._count(beginning(date(2026, 1, 1)), now)

    def _look(self, domain: str, now: datetime, away: bool, trouble: str) -> None:
        day, runs = day_of_work(now), self.runs[domain]
        going = [run for run in runs[-3:] if run.ended > now]
        own = [Own(run.day, run.ended > now) for run in runs[-3:] if run.day == day or run.ended > now]
        awaited = (
            []
            if any(run.day == day for run in own)
            else [
                Awaited(one, None if away else last, any(run.ended > now for run in self.runs[one][-3:]))
                for one, last in sorted(self._upstream(domain).published(domain, "prod", now).items())
            ]
        )
        place = self.places.get(domain, 0)
        if now >= beginning(day) + place * timedelta(minutes=10) + 2 * LIMIT and not going:
            self.looks[domain].add(day)
        decision = self.deciding(now, own, awaited, LIMIT, place)
        if decision.what == NOTHING:
            assert any(run.day == day for run in own), "forgets the day"
            return
        stale = {one for one in self.graph[domain] if (self._good(one, now) or date.min) < day}
        limit = beginning(day) + place * timedelta(minutes=10)
        if decision.what != BUILD:
            assert going or (stale or away) or any(run.day == day for run in runs), "waits for nothing"
            return
        assert all(run.day != decision.day for run in runs), "two runs a day"
        assert not going, "two runs at once"
        assert decision.day == day
        named = {one.domain for one in decision.old}
        assert named == (set(self.graph[domain]) if away else stale), "does not say what is old"
        assert not named or now >= limit + LIMIT, "did not wait"
        begun = now + timedelta(minutes=self.rng.choice((0, 1, 15, 90)))
        minutes = self.rng.choice((300, 600)) if trouble == "slow" else self.rng.choice((2, 10, 25))
        # What the step itself says, when it begins.
        said = {
            one.upstream
            for one in self._upstream(domain).about_to_read(
                {f"lit.{domain}.{other}" for other in self.graph[domain]}, "prod", now
            )
            if not one.through
        }
        assert said == stale, "the step does not say what is old"
        self.said += bool(stale)
        self.built += 1
        runs.append(
            Run(day, day_of_work(begun), now, begun, begun + timedelta(minutes=minutes), trouble != "fails")
        )

    def _good(self, domain: str, now: datetime) -> date | None:
        good = [run.of for run in self.runs[domain][-KEPT:] if run.good and run.ended <= now]
        return max(good, default=None)

    def _upstream(self, domain: str) -> Upstream:
        runs = {
            f"mart.{other}": [
                Publication(run.begun, run.ended, number, "prod", f"dagster {other}")
                for number, run in enumerate(self.runs[other][-KEPT:])
                if run.good
            ]
            for other in self.graph[domain]
        }
        return Upstream([one for one in self.readings if one.domain == domain], {}, runs)

    def _count(self, begun: datetime, ended: datetime) -> None:
        for domain, days in self.looks.items():
            had = {run.day for run in self.runs[domain]}
            assert days <= had, f"{domain} lost {sorted(days - had)[:3]}"
            assert len(had) == len(self.runs[domain])


def any_graph(seed: int) -> dict[str, tuple[str, ...]]:
    """A graph of domains, with two that read each other."""
    rng = random.Random(seed)
    names = [f"ag{number}" for number in range(7)]
    graph = {
        name: tuple(sorted(rng.sample(names[:place], min(place, rng.randint(0, 3)))))
        for place, name in enumerate(names)
    }
    return graph | {"rond": ("carre", "ag1"), "carre": ("rond",)}


@campaign
@pytest.mark.parametrize("graph, seed", [(DELIVERED, 1), (any_graph(7), 2)])
def test_a_thousand_days_lose_none_and_hide_nothing(graph: Mapping[str, tuple[str, ...]], seed: int) -> None:
    world = World(graph, decide, random.Random(seed))
    days = 1000 if WHOLE else 250
    world.live(days)
    assert world.built > 0.8 * days * len(graph)
    # It did happen, and not every day.
    assert days / 20 < world.said < world.built / 3


MUTANTS = {
    "believes that what was published once is of the day": (" or one.published < day", ""),
    "takes what was never published for fresh": ("one.published is None or", "one.published is not None and"),
    "runs again": ("any(run.day == day for run in own)", "False"),
    "runs beside itself": ("any(run.going for run in own)", "False"),
    "waits for nobody": ("if not late:", "if True:"),
    "waits for ever": ("if now < last:", "if True:"),
    "waits not at all": ("if now < last:", "if False:"),
    "hides what is old": (", late)\n", ")\n"),
    "hides all but one": (", late)\n", ", late[:1])\n"),
    "waits for what runs without end": ("(2 * limit if going else limit)", "(9 * limit if going else limit)"),
    "counts days from midnight": ("day = day_of_work(now)", "day = now.date()"),
    "waits when all is there": ("if not late:", "if not awaited:"),
}  # fmt: skip


@pytest.mark.parametrize("fault", MUTANTS)
def test_the_thousand_days_see_a_wrong_decision(fault: str) -> None:
    source = inspect.getsource(decide)
    right, wrong = MUTANTS[fault]
    assert right in source
    names = {**vars(gate)}
    exec(compile(source.replace(right, wrong), "mutant", "exec", dont_inherit=False), names)
    with pytest.raises(AssertionError):
        World(DELIVERED, names["decide"], random.Random(3)).live(200)


def test_who_knows_the_clock_of_summer_from_that_of_winter() -> None:
    assert beginning(date(2026, 7, 1)) == datetime(2026, 7, 1, 2, tzinfo=UTC)
    assert beginning(date(2026, 12, 1)) == datetime(2026, 12, 1, 3, tzinfo=UTC)
