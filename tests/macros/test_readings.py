"""The typing macros read random cells as plain Python does, on PostgreSQL (Denodo's form equals it)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.macros.bench import Bench, Form, meets
from tests.macros.casefiles import INPUT_TABLE, read_entries
from tests.macros.readings import READINGS
from tests.macros.rendering import Renderings
from tests.macros.strategies import batches


@pytest.mark.parametrize("call", READINGS)
def test_reads_as_python_does(call: str, renderings: Renderings, bench: Bench) -> None:
    entry = next(entry for entry in read_entries() if entry.call == call)
    form = Form(entry, "postgres", renderings.sql("postgres", call))
    read: set[bool] = set()

    @settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(batches(entry, 100))
    def compare(cases) -> None:
        for inputs, outcome in zip(cases, bench.evaluate(form, cases), strict=True):
            cell = inputs[INPUT_TABLE][0]["t"]
            expected = None if cell is None else READINGS[call](cell)
            read.add(expected is None)
            assert meets(outcome, expected), f"{cell!r} : attendu {expected}, obtenu {outcome}"

    compare()
    assert read == {True, False}, "des cellules lues et des cellules refusées sont attendues"
