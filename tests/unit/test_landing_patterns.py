"""Where files are, what their names bring, and what is said of a name that nearly fits."""

from __future__ import annotations

import pytest

from donnees_au_centre.landing import patterns
from donnees_au_centre.landing.names import resemblance
from tests.unit.landing_sources import table


@pytest.mark.parametrize(
    ("form", "fitting", "others"),
    [
        ("yyyy", ["2024", "1999"], ["2024-brut", "24", "2024 ", "0203", "v0", "20245"]),
        ("v0|yyyy", ["v0", "2022"], ["v1", "v", "2024-brut", "V0"]),
        ("yyyy-MM", ["2025-01", "2025-12"], ["2025-13", "2025-1", "2025-00", "2025"]),
        ("yyyy-MM-dd", ["2024-02-29"], ["2023-02-29", "2024-02-30", "29-02-2024", "2024-2-9"]),
        ("ddMMyyyy", ["29022024"], ["30022024", "20240229"]),
        ("dd.MM.yyyy", ["29.02.2024"], ["29-02-2024", "29x02x2024"]),
        ("yyyy-yyyy", ["2020-2024", "2024-2024"], ["2024-2020", "2020"]),
        ("202[0-3]", ["2020", "2023"], ["2024", "202"]),
        ("*", ["2024-brut", "c67cf79"], []),
    ],
)
def test_a_capture_has_the_form_that_is_declared(form: str, fitting: list[str], others: list[str]) -> None:
    location = f"age/ise/ise_{{edition:{form}}}.csv"
    for value in fitting:
        assert patterns.match(location, f"age/ise/ise_{value}.csv") == {"edition": value}
    for value in others:
        assert patterns.match(location, f"age/ise/ise_{value}.csv") is None
        said = [f"edition « {value} » n'a pas la forme « {form} »"]
        assert list(patterns.misfits(location, f"age/ise/ise_{value}.csv")) == said


def test_only_what_differs_is_said() -> None:
    declared = [table("age/essai/{annee:yyyy}_{mois:MM}.csv")]
    assert resemblance("age/essai/2024_13.csv", declared) == (
        "ressemble à age/essai/{annee:yyyy}_{mois:MM}.csv (age.essai.essai) : "
        "mois « 13 » n'a pas la forme « MM »"
    )
    assert "forme" not in resemblance("age/essai/autre.csv", declared)


def test_another_case_of_a_name_brings_no_other_value() -> None:
    location = "age/essai/ise_{edition:v0|yyyy}.csv"
    assert patterns.match(location, "age/essai/ISE_v0.CSV", any_case=True) == {"edition": "v0"}
    assert patterns.match(location, "age/essai/ise_V0.csv", any_case=True) is None


@pytest.mark.parametrize(
    ("location", "several"),
    [("a/b/x.csv", False), ("a/b/x+(1).csv", False), ("a/b/x*.csv", True), ("a/b/{n:v0}.csv", True)],
)
def test_a_location_may_take_several_files(location: str, several: bool) -> None:
    assert patterns.takes_several_files(location) is several


@pytest.mark.parametrize(
    ("form", "is_date"),
    [
        ("yyyy", True),
        ("yyyy-MM-dd", True),
        ("yyyy-yyyy", True),
        ("v0|yyyy", False),
        ("*", False),
        ("", False),
    ],
)
def test_a_form_is_a_date(form: str, is_date: bool) -> None:
    assert patterns.is_date(form) is is_date
