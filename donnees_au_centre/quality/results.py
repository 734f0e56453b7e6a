"""The newest result of each node, read from the history in a few questions over whole spans of runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from donnees_au_centre.french import day_of
from donnees_au_centre.quality import facts

# The code of an outcome, added to eight times the rank of its run: the greatest is the newest.
_CODES = {name: code for code, name in enumerate(facts.OUTCOMES)}


@dataclass(frozen=True)
class Last:
    """The newest result of a node.

    Attributes:
        outcome: its word.
        at: rank of its run.
        good, bad: rank of the newest good and bad ones; 0 without.
        days: the outcome at the end of each day that had one.
    """

    outcome: str
    at: int
    good: int
    bad: int
    days: Mapping[date, str]


class History:
    """What the history says, by the name of the node."""

    def __init__(self, connection: psycopg.Connection, now: datetime, memory: int) -> None:
        """Reads the runs of the last days and the newest result of each node in them.

        Args:
            memory: in days.
        """
        self.connection = connection
        self.since, self.now = now - timedelta(days=memory), now
        # Runs can be noted late, when the database was away: their time orders them, not their number.
        rows = connection.execute(
            "select execution_id, cle::text, commencee_le, terminee_le, commande, lanceur, portee, issue, "
            "revision, manifeste from historique.executions where commencee_le >= %s and commencee_le <= %s "
            "order by commencee_le, execution_id",
            [self.since, now],
        ).fetchall()
        self.runs = rows
        self.ranks = {row[0]: rank for rank, row in enumerate(rows, start=1)}
        self.begun = {rank: rows[rank - 1][2].astimezone(UTC) for rank in range(1, len(rows) + 1)}
        self.names: dict[int, str] = {}
        self.last: dict[str, Last] = {}
        self._numbers: dict[str, int] = {}
        self._read_last()

    def _with_runs(self) -> tuple[str, list[Any]]:
        """A CTE of the runs with their rank and day, and one of all results, freshness included."""
        numbers = [row[0] for row in self.runs]
        days = [day_of(row[2]) for row in self.runs]
        text = (
            "with runs as (select * from unnest(%s::int[], %s::date[]) with ordinality "
            "as r (execution_id, jour, rang)), issues as ("
            "select noeud_id, execution_id, statut from historique.resultats "
            "where execution_id between %s and %s union all "
            "select noeud_id, execution_id, statut from historique.fraicheurs "
            "where execution_id between %s and %s) "
        )
        bounds = [min(numbers, default=0), max(numbers, default=0)]
        return text, [numbers, days, *bounds, *bounds]

    def _read_last(self) -> None:
        text, values = self._with_runs()
        codes = " ".join(f"when '{name}' then {code}" for name, code in _CODES.items())
        rows = self.connection.execute(
            f"{text} select n.unique_id, n.noeud_id, g.jour, g.dernier, g.bon, g.mauvais from ("
            f"select i.noeud_id, r.jour, max(r.rang * 8 + case i.statut {codes} end) as dernier, "
            "coalesce(max(r.rang) filter (where i.statut = 'reussi'), 0) as bon, "
            "coalesce(max(r.rang) filter (where i.statut <> 'reussi'), 0) as mauvais "
            "from issues as i inner join runs as r on i.execution_id = r.execution_id "
            "where i.statut <> 'saute' group by i.noeud_id, r.jour) as g "
            "inner join historique.noeuds as n on g.noeud_id = n.noeud_id order by g.jour",
            values,
        ).fetchall()
        found: dict[str, list[Any]] = {}
        for name, number, day, last, good, bad in rows:
            self.names[number], self._numbers[name] = name, number
            held = found.setdefault(name, [0, 0, 0, {}])
            held[0], held[1], held[2] = max(held[0], last), max(held[1], good), max(held[2], bad)
            # One day's newest result; days come in their order.
            held[3][day] = facts.OUTCOMES[last % 8]
        self.last = {
            name: Last(facts.OUTCOMES[last % 8], last // 8, good, bad, days)
            for name, (last, good, bad, days) in found.items()
        }

    def first_after(self, after: Mapping[str, int], good: bool) -> dict[str, datetime]:
        """When each node first ended well, or badly, after a run.

        Args:
            after: node -> rank of the run.
            good: which of the two is looked for.
        """
        if not after:
            return {}
        text, values = self._with_runs()
        sign = "=" if good else "<>"
        rows = self.connection.execute(
            f"{text}, looked as (select * from unnest(%s::int[], %s::int[]) as c (noeud_id, rang)) "
            "select i.noeud_id, min(r.rang) from issues as i "
            "inner join runs as r on i.execution_id = r.execution_id "
            "inner join looked as c on i.noeud_id = c.noeud_id and r.rang > c.rang "
            f"where i.statut {sign} 'reussi' and i.statut <> 'saute' group by i.noeud_id",
            [*values, [self._numbers[name] for name in after], list(after.values())],
        ).fetchall()
        return {self.names[number]: self.begun[rank] for number, rank in rows}

    def outcomes_at(self, ranks: Mapping[str, int]) -> dict[str, tuple[str, int | None, str]]:
        """The outcome, the rows in fault and the message of each node in one run."""
        if not ranks:
            return {}
        numbers = [self._numbers[name] for name in ranks]
        runs = [self.runs[rank - 1][0] for rank in ranks.values()]
        rows = self.connection.execute(
            "with looked as (select * from unnest(%s::int[], %s::int[]) as c (noeud_id, execution_id)) "
            "select i.noeud_id, i.statut, i.fautes, coalesce(m.message, '') from ("
            "select noeud_id, execution_id, statut, fautes from historique.resultats "
            "where execution_id = any(%s) union all "
            "select noeud_id, execution_id, statut, null from historique.fraicheurs "
            "where execution_id = any(%s)) as i "
            "inner join looked as c on i.noeud_id = c.noeud_id and i.execution_id = c.execution_id "
            "left join historique.messages as m "
            "on i.noeud_id = m.noeud_id and i.execution_id = m.execution_id",
            [numbers, runs, sorted(set(runs)), sorted(set(runs))],
        ).fetchall()
        return {self.names[number]: (outcome, rows_, text) for number, outcome, rows_, text in rows}
