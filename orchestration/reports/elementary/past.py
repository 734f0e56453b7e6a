"""What the history says of the nodes of a project, brought down to what one page can show.

Reads schema `historique` alone, which the role `rapport` may.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row, tuple_row

from orchestration.quality.reading import MEMORY

# Elementary makes several Python objects of each result: this many keep its page under 5 s.
BUDGET = 12_000
FEWEST, MOST = 10, 60
# The worst last; a power of ten above any time in milliseconds keeps one number comparable.
_RANKS = "array_position(array['saute', 'reussi', 'averti', 'echec', 'erreur'], {})::bigint * 10000000000000"

# A test that was skipped says nothing of the data: its last outcome stands. Runs can be noted late, when the
# database was away: the time they began orders them, as in orchestration.quality.results.
_PLAYED = """
with executions as materialized (
    select e.execution_id, (extract(epoch from e.commencee_le) * 1000)::bigint as ms
    from historique.executions as e
    where e.commencee_le >= %(since)s and e.commencee_le <= %(now)s
),
noeuds as materialized (
    select n.noeud_id, n.unique_id, n.unique_id like 'test.%%' as est_test
    from historique.noeuds as n
    where n.unique_id = any(%(ids)s)
),
joues as (
    select
        r.noeud_id, r.execution_id, e.ms, r.statut, r.debut_ms, r.duree_ms, r.fautes,
        null::timestamptz as recu_le
    from historique.resultats as r
    inner join executions as e on r.execution_id = e.execution_id
    inner join noeuds as n on r.noeud_id = n.noeud_id
    where r.execution_id >= (select min(p.execution_id) from executions as p)
        and r.execution_id <= (select max(p.execution_id) from executions as p)
        and (r.statut <> 'saute' or not n.est_test)
    union all
    select f.noeud_id, f.execution_id, e.ms, f.statut, 0, 0, null, f.recu_le
    from historique.fraicheurs as f
    inner join executions as e on f.execution_id = e.execution_id
    inner join noeuds as n on f.noeud_id = n.noeud_id
)
"""
_SLICES = f"""{_PLAYED}
select j.noeud_id, count(*) as nombre, max(j.ms) as dernier, max({_RANKS.format("j.statut")} + j.ms) as pire
from joues as j
group by j.noeud_id, (j.ms - %(since_ms)s) / %(width)s
"""
_DETAILS = f"""{_PLAYED}
select
    n.unique_id, j.execution_id, j.ms + j.debut_ms as ms, j.statut, j.duree_ms, j.fautes, j.recu_le,
    coalesce(m.message, '') as message
from (
    select j.* from joues as j where j.noeud_id = any(%(whole)s)
    union all
    select j.* from joues as j
    inner join unnest(%(nodes)s::integer[], %(moments)s::bigint[]) as c (noeud_id, ms)
        on j.noeud_id = c.noeud_id and j.ms = c.ms
) as j
inner join noeuds as n on j.noeud_id = n.noeud_id
left join historique.messages as m on j.execution_id = m.execution_id and j.noeud_id = m.noeud_id
order by j.ms, j.execution_id
"""
_INVOCATIONS = """
select e.execution_id, e.cle::text as key, e.commencee_le as begun, e.commande as command,
    e.lanceur as launcher, e.portee as scope
from historique.executions as e
where e.execution_id = any(%(executions)s)
"""


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
    keeps its last result before it, as far back as orchestration.quality.reading looks.

    Args:
        connection: to the database that holds the history.
        unique_ids: dbt's, of models, seeds, snapshots, tests and sources.
        now: end of the period, with a time zone.
        days: its length.

    Returns:
        unique id -> results; nothing for a node without any.
    """
    limit, since = points(len(unique_ids)), now - timedelta(days=days)
    rows = _results(connection, list(unique_ids), since, now, limit)
    known = {row["unique_id"] for row in rows}
    controls = [one for one in unique_ids if one not in known and one.startswith(("test.", "source."))]
    if controls and days < MEMORY:
        rows += _results(connection, controls, now - timedelta(days=MEMORY), since, 0)
    executions = sorted({row["execution_id"] for row in rows})
    with connection.cursor(row_factory=dict_row) as cursor:
        invocations = {
            row.pop("execution_id"): Invocation(**{**row, "begun": row["begun"].astimezone(UTC)})
            for row in cursor.execute(_INVOCATIONS, {"executions": executions}).fetchall()
        }
    found: dict[str, list[Played]] = {}
    for row in rows:
        found.setdefault(row["unique_id"], []).append(_played(row, invocations[row["execution_id"]]))
    return found


def _results(
    connection: psycopg.Connection, ids: list[str], since: datetime, now: datetime, limit: int
) -> list[dict[str, Any]]:
    """The results of a span of time, at most about `limit` of each node; with 0, the newest one only."""
    asked: dict[str, Any] = {"ids": ids, "since": since, "now": now}
    asked["since_ms"] = int(since.timestamp() * 1000)
    # A little wide, so that the end of the period is in the last slice.
    asked["width"] = int((now - since) / timedelta(milliseconds=1)) // max(limit, 1) + 1
    with connection.cursor(row_factory=tuple_row) as cursor:
        asked |= _chosen(cursor.execute(_SLICES, asked).fetchall(), limit)
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_DETAILS, asked).fetchall()


def _chosen(slices: Iterable[tuple[int, int, int, int]], limit: int) -> dict[str, list[int]]:
    """The nodes whose results are all shown, and which results of the others."""
    worst: dict[int, set[int]] = {}
    total: dict[int, int] = {}
    newest: dict[int, int] = {}
    for node, number, last, encoded in slices:
        worst.setdefault(node, set()).add(encoded % 10**13)
        total[node] = total.get(node, 0) + number
        newest[node] = max(newest.get(node, 0), last)
    whole = [node for node, number in total.items() if number <= limit]
    pairs = [
        (node, moment)
        for node, moments in worst.items()
        if total[node] > limit
        for moment in (moments if limit else set()) | {newest[node]}
    ]
    return {"whole": whole, "nodes": [node for node, _ in pairs], "moments": [at for _, at in pairs]}


def _played(row: Mapping[str, Any], invocation: Invocation) -> Played:
    received = row["recu_le"]
    return Played(
        invocation=invocation,
        at=datetime.fromtimestamp(row["ms"] / 1000, UTC),
        status=row["statut"],
        seconds=row["duree_ms"] / 1000,
        failures=row["fautes"],
        received=received.astimezone(UTC) if received else None,
        message=row["message"],
    )
