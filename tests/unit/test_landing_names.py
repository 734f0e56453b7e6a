from __future__ import annotations

import unicodedata

import pytest

from donnees_au_centre.landing.names import owners, resemblance, twins
from tests.unit.landing_sources import table

PUPILS = table("age/essai/élèves_{annee}.csv", name="eleves")
CENTRES = table("ags/centres/centres-sportifs_*.xlsx", file_format="xlsx", name="centres", domain="ags")
TABLES = [PUPILS, CENTRES]


@pytest.mark.parametrize(
    "path",
    [
        "age/essai/élèves_2024.csv",
        unicodedata.normalize("NFD", "age/essai/élèves_2024.csv"),
        "age/essai/élèves_2024.CSV",
        unicodedata.normalize("NFD", "age/essai/ÉLÈVES_2024.Csv"),
    ],
)
def test_a_name_answers_however_it_is_written(path: str) -> None:
    [(found, variant, captured)] = owners(path, TABLES)
    assert (found.name, variant.name, captured) == ("eleves", "principal", {"annee": "2024"})


def test_another_case_answers_one_declaration_only() -> None:
    rivals = [table("age/essai/x_*.csv", name="a"), table("age/essai/X_?.csv", name="b")]
    assert [found.name for found, _, _ in owners("age/essai/X_1.csv", rivals)] == ["b"]
    assert owners("age/essai/x_1.CSV", rivals) == []
    assert "à la casse près" in resemblance("age/essai/x_1.CSV", rivals)


def test_two_files_of_one_name_are_seen() -> None:
    composed, other = "age/essai/é.csv", "age/essai/a.csv"
    decomposed = unicodedata.normalize("NFD", composed)
    assert twins([composed, other, decomposed]) == {composed: decomposed, decomposed: composed}
    assert twins([other, "age/essai/a.CSV"]) == {other: "age/essai/a.CSV", "age/essai/a.CSV": other}


@pytest.mark.parametrize(
    ("path", "location", "words"),
    [
        ("age/essai/élèves_2024.xlsx", "élèves_{annee}.csv", "l'extension diffère (.xlsx au lieu de .csv)"),
        (
            "age/essai/élèves_2024.csv.gz",
            "élèves_{annee}.csv",
            "l'extension diffère (.csv.gz au lieu de .csv)",
        ),
        ("age/autre/élèves_2024.csv", "élèves_{annee}.csv", "attendu dans le dossier age/essai/"),
        ("ags/centres/centres sportifs 2024.xlsx", "centres-sportifs_*.xlsx", "la ponctuation diffèrent"),
        ("age/essai/eleves-2024.csv", "élèves_{annee}.csv", "Les accents".lower()),
        ("ags/centres/centres-sportif_2024.xlsx", "centres-sportifs_*.xlsx", "le nom est proche"),
    ],
)
def test_an_undeclared_file_is_told_what_it_looks_like(path: str, location: str, words: str) -> None:
    said = resemblance(path, TABLES)
    assert location in said
    assert words in said


def test_a_copy_is_named() -> None:
    said = resemblance("age/essai/x (1).csv", [table("age/essai/x.csv")])
    assert "copie" in said


def test_a_file_like_nothing_is_left_alone() -> None:
    assert resemblance("age/essai/notes de réunion.txt", TABLES) == ""
