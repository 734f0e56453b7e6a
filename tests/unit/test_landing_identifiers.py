from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.identifiers import (
    MAX_LENGTH,
    RESERVED,
    joined_names,
    to_identifier,
    to_identifiers,
)


@pytest.mark.parametrize(
    ("header", "identifier"),
    [
        ("N° FASE de l'établissement", "n_fase_de_l_etablissement"),
        ("15km", "c_15km"),
        ("Œuvre, Straße & Ægir", "oeuvre_strasse_aegir"),
        ("  Montant (€) ", "montant"),
        ("", "colonne_3"),
        ("€", "colonne_3"),
        ("User", "user_champ"),
        ("base", "base_champ"),
        ("ﬁche nᵒ 2", "fiche_no_2"),
        ("_dbt", "dbt"),
        ("x" * 80, "x" * 63),
    ],
)
def test_header_becomes_identifier(header: str, identifier: str) -> None:
    assert to_identifier(header, 3) == identifier


@given(st.text(), st.integers(1, 2000))
def test_any_header_gives_a_usable_identifier(header: str, position: int) -> None:
    identifier = to_identifier(header, position)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", identifier)
    assert len(identifier) <= MAX_LENGTH
    assert identifier not in RESERVED
    assert to_identifier(identifier, position) == identifier


def test_collision_says_where_both_headers_are() -> None:
    with pytest.raises(PlatformError) as caught:
        to_identifiers(["Prénom", "Nom", "prenom"])
    assert "le même nom : les 1re et 3e." in caught.value.message
    assert "`names: position`" in caught.value.advice


def test_lines_of_a_header_are_joined_under_their_merged_titles() -> None:
    assert joined_names([["code", "", "Filles", "", "Total"], ["", "nom", "2023", "2024"]]) == [
        *("code", "code nom", "Filles 2023", "Filles 2024", "Total"),
    ]
    assert joined_names([["a ", ""]]) == ["a", ""]


def test_metadata_name_is_refused() -> None:
    with pytest.raises(PlatformError, match="se réserve"):
        to_identifiers(["a", "Source ligne"])
