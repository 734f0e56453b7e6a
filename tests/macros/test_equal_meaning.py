"""Random inputs mean the same on PostgreSQL and, through the dialect, in documented VQL.

The inputs are the same from one run to the next; `--hypothesis-seed=<number>` draws others.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.macros.bench import Bench, Form, same
from tests.macros.casefiles import Entry, read_entries
from tests.macros.rendering import Renderings
from tests.macros.report import Report, shown
from tests.macros.strategies import batches

# Batches of inputs, and inputs of a batch. A relation takes a query for each of its inputs.
EXAMPLES = 12
FEW = 4
MOST = {"expression": 60, "condition": 60, "aggregate": 15, "relation": 15}
# Where inputs may fail, they are asked for one by one.
MOST_THAT_FAIL = 20


class Difference(Exception):
    """Inputs for which the two forms differ."""


@pytest.mark.parametrize("examples", [FEW, pytest.param(EXAMPLES, marks=pytest.mark.long)])
def test_random_inputs_mean_the_same(
    examples: int, renderings: Renderings, bench: Bench, report: Report, request: pytest.FixtureRequest
) -> None:
    differences = []
    for entry in read_entries():
        if not (entry.call and entry.random and any(entry.tables.values())):
            continue
        try:
            drawn = compare_at_random(
                entry,
                Form(entry, "postgres", renderings.sql("postgres", entry.call)),
                Form(entry, "denodo", renderings.sql("denodo", entry.call)),
                bench,
                examples,
                seeded=request.config.getoption("--hypothesis-seed") is not None,
            )
            report.drew(entry, drawn)
        except Difference as difference:
            differences.append(str(difference))
    if differences:
        pytest.fail("\n".join(differences), pytrace=False)


def compare_at_random(
    entry: Entry, one: Form, other: Form, bench: Bench, examples: int = EXAMPLES, seeded: bool = False
) -> int:
    """Tries both forms on random inputs, so many batches of them; returns how many inputs.

    Raises:
        Difference: inputs for which they differ, the simplest ones that were found.
    """
    drawn = 0
    told = False

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=not seeded,
        print_blob=False,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(batches(entry, MOST_THAT_FAIL if entry.fails else MOST[entry.kind]))
    def compare(cases) -> None:
        nonlocal drawn, told
        outcomes = list(zip(cases, bench.evaluate(one, cases), bench.evaluate(other, cases), strict=True))
        for inputs, mine, theirs in outcomes:
            if not same(mine, theirs, entry.separator, may_fail=bool(entry.fails)):
                raise Difference(
                    f"{entry.title}\n  entrées : {shown(inputs)}\n"
                    f"  {one.engine} : {mine}\n      {one.shown}\n"
                    f"  {other.engine} : {theirs}\n      {other.shown}"
                )
        drawn += len(outcomes)
        told |= any(cell is not None for _, mine, _ in outcomes for row in mine.rows for cell in row)

    compare()
    if not told and examples < EXAMPLES:
        # A few batches may hold, by chance, nothing that a narrow form reads.
        return drawn + compare_at_random(entry, one, other, bench, EXAMPLES, seeded)
    if not told:
        raise Difference(f"{entry.title} : aucune entrée tirée au hasard n'a donné autre chose que null.")
    return drawn
