"""What the figures of a domain were made from: when the marts that it reads elsewhere were last published.

Nothing is noted for it: the history of runs says when each model was last built well, and the manifest what
it reads. A mart that failed, or was built and not offered, is not there; one that was taken as it was, is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import psycopg

from donnees_au_centre import french
from donnees_au_centre.french import local_zone
from donnees_au_centre.project.nodes import Manifest, Node
from donnees_au_centre.settings import SERVING

# A day of work begins at this hour, in local time. Not between 2 and 3, which one night a year does not have.
FIRST_HOUR = 4
# Days in which a publication is looked for.
MEMORY = 60
# What an analyst types for a part: where nobody else reads, it says nothing of the age of the rest.
BY_HAND = "make build"


def day_of_work(at: datetime) -> date:
    """The day that a moment belongs to: what runs past midnight is still of the day before."""
    local = at.astimezone(local_zone())
    return local.date() - timedelta(days=local.hour < FIRST_HOUR)


def beginning(day: date) -> datetime:
    """When a day of work begins, in UTC."""
    return datetime.combine(day, time(FIRST_HOUR), local_zone()).astimezone(UTC)


@dataclass(frozen=True)
class Reading:
    """A model that reads a mart of another domain.

    Attributes:
        reader: its unique id.
        domain: its own.
        mart: unique id of what it reads.
        upstream: the domain of that.
    """

    reader: str
    domain: str
    mart: str
    upstream: str


@dataclass(frozen=True, order=True)
class Publication:
    """A run in which a model was built well, and offered where it is a mart.

    Attributes:
        begun, ended: of the run, in UTC.
        run: its number.
        target: of dbt.
        launcher: what started it.
    """

    begun: datetime
    ended: datetime
    run: int
    target: str
    launcher: str

    @property
    def told(self) -> bool:
        """False for what somebody builds by hand where nobody else reads."""
        return tells(self.target, self.launcher)


@dataclass(frozen=True)
class Old:
    """Figures of another domain that were not of the day when a domain was built on them.

    Attributes:
        domain: that was built.
        upstream: whose figures are old.
        day: of the build.
        published: day of the last good publication of what it reads there; None when there is none in MEMORY
            days.
        through: the domain between the two, for what is not read directly; "" else.
        readers: unique ids of the models that read it.
    """

    domain: str
    upstream: str
    day: date
    published: date | None
    through: str = ""
    readers: frozenset[str] = frozenset()

    @property
    def sentence(self) -> str:
        """« construit sur les chiffres d'age du 27 novembre : ceux du 28 ne sont pas arrivés »."""
        whose = of(self.upstream)
        if self.published is None:
            said = f"construit sans que les chiffres {whose} aient été publiés depuis {MEMORY} jours"
        else:
            before, after = french.span(self.published, self.day)
            said = f"construit sur les chiffres {whose} du {before} : ceux du {after} ne sont pas arrivés"
        return f"{said} (par ceux {of(self.through)})" if self.through else said

    @property
    def advice(self) -> str:
        """Who does what, in French."""
        return (
            f"La page de qualité {of(self.upstream)} dit ce qui l'arrête ; quand ses chiffres sont là, "
            f"relancer {self.domain}."
        )

    @property
    def since(self) -> datetime | None:
        """When the first figures that are missing were due."""
        return beginning(self.published + timedelta(days=1)) if self.published else None

    def __str__(self) -> str:
        """All of it, for a log or a terminal."""
        return f"{self.domain} : {self.sentence}.\nQue faire : {self.advice}"


def of(domain: str) -> str:
    """« d'age », « de commun »."""
    return f"d'{domain}" if domain[0] in "aeiouy" else f"de {domain}"


def tells(target: str, launcher: str) -> bool:
    """Whether a build on old figures says so: everywhere, but for a part built by hand where nobody reads."""
    return target in SERVING or launcher != BY_HAND


# Domain, upstream and what is between -> day of the build, day of the publication, reader.
_Found = dict[tuple[str, str, str], list[tuple[date, date | None, str]]]


class Upstream:
    """What domains read of each other, and when it was published.

    Args:
        readings: from `readings_of`.
        inner: model -> models of its own domain that it is made of, itself included.
        runs: unique id -> the runs in which it was built well, the oldest first.
    """

    def __init__(
        self,
        readings: Collection[Reading],
        inner: Mapping[str, Collection[str]],
        runs: Mapping[str, Sequence[Publication]],
    ) -> None:
        """Keeps them."""
        self.readings, self._inner, self._runs = readings, inner, runs
        self._begun = {name: [one.begun for one in found] for name, found in runs.items()}

    def published(self, domain: str, target: str, at: datetime) -> dict[str, date | None]:
        """Upstream domain -> day of the last good publication of all that a domain reads there.

        Args:
            target: dbt's, of those publications.
            at: only those that had ended then.
        """
        found: dict[str, list[date | None]] = {}
        for one in self.readings:
            if one.domain == domain:
                last = self._last(one.mart, target, at)
                found.setdefault(one.upstream, []).append(_day(last))
        return {upstream: _oldest(days) for upstream, days in found.items()}

    def about_to_read(self, built: Collection[str], target: str, at: datetime) -> list[Old]:
        """What is old of what a build that begins now will read.

        Args:
            built: unique ids of what it builds: that is not old.
            target: dbt's.
            at: when it begins.
        """
        found: _Found = {}
        for one in self.readings:
            if one.reader in built and one.mart not in built:
                self._look(found, one, target, at, None)
        return _gathered(found)

    def standing(self) -> list[Old]:
        """What is old of what the domains, as they stand, were built on; by domain and upstream."""
        found: _Found = {}
        for one in self.readings:
            runs = self._runs.get(one.reader)
            if runs and runs[-1].told:
                self._look(found, one, runs[-1].target, runs[-1].begun, runs[-1].run)
        return _gathered(found)

    def _look(self, found: _Found, reading: Reading, target: str, at: datetime, run: int | None) -> None:
        """Adds what is old of what a model reads at a moment: the mart, or what this was made from."""
        day = day_of_work(at)
        waiting = [(reading.mart, reading.upstream, "", at, run)]
        seen = set()
        while waiting:
            mart, upstream, through, at, run = waiting.pop()
            if mart in seen:
                continue
            seen.add(mart)
            last = self._last(mart, target, at, run)
            if last is None or day_of_work(last.begun) < day:
                said = (day, _day(last), reading.reader)
                found.setdefault((reading.domain, upstream, through), []).append(said)
                continue
            made_of = self._inner.get(mart, ())
            waiting += [
                (one.mart, one.upstream, through or upstream, last.begun, last.run)
                for one in self.readings
                if one.reader in made_of and one.upstream != reading.domain
            ]

    def _last(self, name: str, target: str, at: datetime, run: int | None = None) -> Publication | None:
        """The last publication that had ended at a moment, or is of the same run."""
        runs = self._runs.get(name, ())
        for one in reversed(runs[: bisect_right(self._begun.get(name, ()), at)]):
            if one.target == target and (one.run == run or one.ended <= at):
                return one
        return None


def readings_of(manifest: Manifest) -> list[Reading]:
    """What each domain reads of the others."""
    found = set()
    for node in manifest.of_type("model", "seed", "snapshot"):
        if not node.is_ephemeral:
            for parent in _made_of(manifest, node):
                if parent.domain != node.domain and parent.kind in ("model", "snapshot"):
                    found.add((node.unique_id, node.domain, parent.unique_id, parent.domain))
    return [Reading(*one) for one in sorted(found)]


def read_upstream(connection: psycopg.Connection, manifest: Manifest, now: datetime) -> Upstream:
    """Reads from the history when what domains read of each other was published.

    Args:
        connection: by an account that reads schema historique.
        now: with its time zone; what is noted of later is not looked at.

    Raises:
        psycopg.Error: the database cannot be read.
    """
    readings = readings_of(manifest)
    inner = {one.mart: _inner(manifest, one.mart) for one in readings}
    names = sorted({name for one in readings for name in (one.reader, one.mart)})
    runs: dict[str, list[Publication]] = {}
    known = connection.execute("select to_regclass('historique.resultats')").fetchone()
    if names and known != (None,):
        rows = connection.execute(
            "select n.unique_id, e.commencee_le, e.terminee_le, e.execution_id, e.cible, e.lanceur "
            "from historique.executions as e "
            "inner join historique.resultats as r on e.execution_id = r.execution_id "
            "inner join historique.noeuds as n on r.noeud_id = n.noeud_id "
            "where e.commencee_le > %s and e.commencee_le <= %s and e.commande = 'build' "
            "and r.statut = 'reussi' and n.unique_id = any(%s) order by e.commencee_le, e.execution_id",
            [now - timedelta(days=MEMORY), now, names],
        )
        for name, begun, ended, run, target, launcher in rows:
            made = Publication(begun.astimezone(UTC), ended.astimezone(UTC), run, target, launcher)
            runs.setdefault(name, []).append(made)
    return Upstream(readings, inner, runs)


def downstream(manifest: Manifest, old: Iterable[Old]) -> dict[str, str]:
    """What a model was built on, in French: those that read old figures, and what is made of them."""
    found: dict[str, list[str]] = {}
    for one in old:
        waiting, seen = list(one.readers), set()
        while waiting:
            name = waiting.pop()
            node = manifest.find(name)
            if name not in seen and node is not None and node.domain == one.domain:
                seen.add(name)
                waiting += manifest.readers(name)
        for name in seen:
            found.setdefault(name, []).append(one.sentence)
    return {name: " ; ".join(dict.fromkeys(said)) for name, said in found.items()}


def _made_of(manifest: Manifest, node: Node) -> Iterator[Node]:
    """What a node reads; of what is only text in it, what that reads."""
    # A domain whose files cannot be read is as it last was: it may name what is gone.
    for parent in filter(None, map(manifest.find, node.reads)):
        if parent.is_ephemeral:
            yield from _made_of(manifest, parent)
        else:
            yield parent


def _inner(manifest: Manifest, name: str) -> frozenset[str]:
    """A model and all that it is made of in its own domain."""
    found: set[str] = set()
    waiting = [manifest.node(name)]
    while waiting:
        node = waiting.pop()
        if node.unique_id not in found:
            found.add(node.unique_id)
            waiting += [one for one in _made_of(manifest, node) if one.domain == node.domain]
    return frozenset(found)


def _gathered(found: _Found) -> list[Old]:
    """One Old a domain and upstream; of what is read directly, that is enough."""
    gathered = []
    for (domain, upstream, through), said in sorted(found.items()):
        if not through or (domain, upstream, "") not in found:
            days, published, readers = zip(*said, strict=True)
            gathered.append(Old(domain, upstream, max(days), _oldest(published), through, frozenset(readers)))
    return gathered


def _day(last: Publication | None) -> date | None:
    return day_of_work(last.begun) if last else None


def _oldest(days: Iterable[date | None]) -> date | None:
    """The oldest of some days; None when one of them is unknown."""
    known = [one or date.min for one in days]
    return None if date.min in known else min(known)
