"""The values that the écarts know are those of the seeds that marts join."""

from __future__ import annotations

import csv
import re

import pytest

from donnees_au_centre.settings import ROOT


@pytest.mark.parametrize(
    ("macro", "seed"), [("school_networks", "reseau_enseignement"), ("education_types", "type_enseignement")]
)
def test_known_values_are_those_of_the_seed(macro: str, seed: str) -> None:
    text = (ROOT / "macros" / "row_issues" / "known_values.sql").read_text(encoding="utf-8")
    body = text.partition(f"macro {macro}()")[2].partition("endmacro")[0]
    with (ROOT / "seeds" / "age" / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        assert re.findall(r"'([^']*)'", body) == [row[0] for row in list(csv.reader(file))[1:]]
