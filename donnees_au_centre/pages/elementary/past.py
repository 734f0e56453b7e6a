"""What the history says of the nodes of a project, brought down to what one page can show.

Reads schema `historique` alone, which the role `rapport` may.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from donnees_au_centre.quality.reading import MEMORY

# Elementary makes several Python objects of each result: this many keep its page under 5 s.
BUDGET = 6_000
FEWEST, MOST = 5, 60
# Runs can be noted late, when the database was away: the time they began orders them, as it does in
# donnees_au_centre.quality.results.
_RUNS = """
select e.execution_id, e.cle::text, e.commencee_le, e.commande, e.lanceur, e.portee
from historique.executions as e
where e.commencee_le >= %(since)s and e.commencee_le <= %(now)s
order by e.commencee_le, e.execution_id
"""
# What was played, by node and slice of the period: how often, the newest run, the worst result and its newest
# run in one number. A test that was skipped says nothing of the data; so « saute » is told apart.
_SLICES = """
with tranches as (
    select * from unnest(%(runs)s::integer[], %(slices)s::integer[]) with ordinality
        as t (execution_id, tranche, rang)
),
joues as (
    select r.noeud_id, r.execution_id, r.statut from historique.resultats as r
    where r.execution_id between %(first)s and %(last)s
    union all
    select f.noeud_id, f.execution_id, f.statut from historique.fraicheurs as f
    where f.execution_id between %(first)s and %(last)s
)
select
    j.noeud_id,
    j.statut = 'saute' as saute,
    count(*) as nombre,
    max(t.rang) as dernier,
    max(
        case j.statut when 'erreur' then 3 when 'echec' then 2 when 'averti' then 1 else 0 end * 100000000
        + t.rang
    ) as pire
from joues as j
inner join tranches as t on j.execution_id = t.execution_id
group by j.noeud_id, j.statut = 'saute', t.tranche
"""
_DETAILS = """
with voulus as (
    select * from unnest(%(nodes)s::integer[], %(of)s::integer[]) as v (noeud_id, execution_id)
)
select r.noeud_id, r.execution_id, r.statut, r.debut_ms, r.duree_ms, r.fautes, null as recu_le
from historique.resultats as r
inner join voulus as v on r.execution_id = v.execution_id and r.noeud_id = v.noeud_id
where r.execution_id between %(first)s and %(last)s
union all
select f.noeud_id, f.execution_id, f.statut, 0, 0, null, f.recu_le
from historique.fraicheurs as f
inner join voulus as v on f.execution_id = v.execution_id and f.noeud_id = v.noeud_id
where f.execution_id between %(first)s and %(last)s
"""
# Of a node that was played seldom, everything.
_WHOLE = """
select r.noeud_id, r.execution_id, r.statut, r.debut_ms, r.duree_ms, r.fautes, null as recu_le
from historique.resultats as r
where r.execution_id between %(first)s and %(last)s and r.noeud_id = any(%(whole)s)
union all
select f.noeud_id, f.execution_id, f.statut, 0, 0, null, f.recu_le
from historique.fraicheurs as f
where f.execution_id between %(first)s and %(last)s and f.noeud_id = any(%(whole)s)
"""
_MESSAGES = """
select m.noeud_id, m.execution_id, m.message
from historique.messages as m
inner join unnest(%(nodes)s::integer[], %(of)s::integer[]) as v (noeud_id, execution_id)
    on m.execution_id = v.execution_id and m.noeud_id = v.noeud_id
where m.execution_id between %(first)s and %(last)s
"""
_WORST = 100_000_000


@dataclass(frozen=True, slots=True)
class Invocation:
    """One dbt command.

    Attributes:
        key: dbt's invocation id.
        begun: UTC.
        command, launcher, scope: as noted (commande, lanceur, portee).
    """

    key: str
    begun: datetime
    command: str
    launcher: str
    scope: str


@dataclass(frozen=True, slots=True)
class Played:
    """One result of one node.

    Attributes:
        invocation: the command it came in.
        at: when it began, UTC.
        status: a word of the history: reussi, averti, echec, erreur, saute.
        seconds: how long it took.
        failures: rows in fault; None when there are none, or none can be counted.
        received: of a source, the last receipt, UTC.
        message: as noted; "" for what went well.
    """

    invocation: Invocation
    at: datetime
    status: str
    seconds: float
    failures: int | None
    received: datetime | None
    message: str


Past = Mapping[str, list[Played]]


def points(nodes: int) -> int:
    """How many results of one node the page shows at most, so that it stays quick whatever the project."""
    return max(FEWEST, min(MOST, BUDGET // max(nodes, 1)))


def read_past(
    connection: psycopg.Connection, unique_ids: Collection[str], now: datetime, days: int
) -> dict[str, list[Played]]:
    """Reads the results of some nodes over a period, oldest first.

    A node that was played more often than `points` says keeps, of each of that many equal slices of the
    period, its worst result, and its newest one in any case. A control that was not played in the period
    keeps its last result before it, as far back as donnees_au_centre.quality.reading looks.

    Args:
        connection: to the database that holds the history.
        unique_ids: dbt's, of models, seeds, snapshots, tests and sources.
        now: end of the period, with a time zone.
        days: its length.

    Returns:
        unique id -> results; nothing for a node without any.
    """
    since = now - timedelta(days=days)
    known = connection.execute(
        "select noeud_id, unique_id from historique.noeuds where unique_id = any(%s)", [list(unique_ids)]
    ).fetchall()
    names: dict[int, str] = dict(known)
    found = _Span(connection, since, now).results(names, points(len(unique_ids)))
    controls = {
        number: name
        for number, name in names.items()
        if name not in found and name.startswith(("test.", "source."))
    }
    if controls and days < MEMORY:
        found |= _Span(connection, now - timedelta(days=MEMORY), since).results(controls, 0)
    return found


class _Span:
    """The runs of a span of time, and the questions about them: each is one pass over their results."""

    def __init__(self, connection: psycopg.Connection, since: datetime, now: datetime) -> None:
        self._connection, self._since, self._length = connection, since, now - since
        with connection.cursor(row_factory=tuple_row) as cursor:
            rows = cursor.execute(_RUNS, {"since": since, "now": now}).fetchall()
        self._numbers: list[int] = [row[0] for row in rows]
        self._runs = {
            number: Invocation(key, begun.astimezone(UTC), command, launcher, scope)
            for number, key, begun, command, launcher, scope in rows
        }
        self._rank = {number: rank for rank, number in enumerate(self._numbers)}
        self._bounds = {"first": min(self._numbers, default=0), "last": max(self._numbers, default=0)}

    def results(self, names: Mapping[int, str], limit: int) -> dict[str, list[Played]]:
        """The results of the nodes, oldest first, at most about `limit` of each; 0 for the newest alone."""
        if not self._numbers or not names:
            return {}
        width = self._length / max(limit, 1)
        slices = [
            min(int((self._runs[one].begun - self._since) / width), max(limit, 1)) for one in self._numbers
        ]
        asked = {"runs": self._numbers, "slices": slices, **self._bounds}
        whole, pairs = self._chosen(self._ask(_SLICES, asked), names, limit)
        rows = self._ask(_WHOLE, {"whole": whole, **self._bounds}) if whole else []
        if pairs:
            wanted = {"nodes": [node for node, _ in pairs], "of": [run for _, run in pairs], **self._bounds}
            rows += self._ask(_DETAILS, wanted)
        # A run between the bounds may have begun outside the span.
        rows = [
            row
            for row in rows
            if row[1] in self._runs and (row[2] != "saute" or not names[row[0]].startswith("test."))
        ]
        bad = [row for row in rows if row[2] != "reussi"]
        of_bad = {"nodes": [row[0] for row in bad], "of": [row[1] for row in bad], **self._bounds}
        messages = {(node, run): text for node, run, text in (self._ask(_MESSAGES, of_bad) if bad else [])}
        found: dict[str, list[Played]] = {}
        for row in sorted(rows, key=lambda row: self._rank[row[1]]):
            played = self._played(row, messages.get((row[0], row[1]), ""))
            found.setdefault(names[row[0]], []).append(played)
        return found

    def _chosen(
        self, rows: Iterable[tuple[Any, ...]], names: Mapping[int, str], limit: int
    ) -> tuple[list[int], list[tuple[int, int]]]:
        """The nodes all of whose results are shown; of the others, node and run of those that are."""
        worst: dict[int, set[int]] = {}
        total: dict[int, int] = {}
        newest: dict[int, int] = {}
        for node, skipped, number, last, encoded in rows:
            if node not in names or (skipped and names[node].startswith("test.")):
                continue
            worst.setdefault(node, set()).add(encoded % _WORST)
            total[node] = total.get(node, 0) + number
            newest[node] = max(newest.get(node, 0), last)
        whole = [node for node, number in total.items() if number <= limit]
        pairs = [
            (node, self._numbers[rank - 1])
            for node, ranks in worst.items()
            if total[node] > limit
            for rank in (ranks if limit else set()) | {newest[node]}
        ]
        return whole, pairs

    def _played(self, row: tuple[Any, ...], message: str) -> Played:
        _, run, status, begun_ms, milliseconds, failures, received = row
        return Played(
            invocation=self._runs[run],
            at=self._runs[run].begun + timedelta(milliseconds=begun_ms),
            status=status,
            seconds=milliseconds / 1000,
            failures=failures,
            received=received.astimezone(UTC) if received else None,
            message=message,
        )

    def _ask(self, text: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with self._connection.cursor(row_factory=tuple_row) as cursor:
            return cursor.execute(text, values).fetchall()
