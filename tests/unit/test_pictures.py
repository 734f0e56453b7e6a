"""The pictures of docs/architecture.md say what the code is today."""

from __future__ import annotations

import pytest

from dev.pictures import PAGE, PICTURES, domains, drawn
from donnees_au_centre.settings import ROOT


def test_the_pictures_are_up_to_date() -> None:
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    assert page == drawn(page), "Run python -m dev.pictures."


def test_a_page_without_a_place_for_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="« pièces »"):
        drawn("# Architecture")


def test_every_picture_has_something_to_show() -> None:
    for draw in PICTURES.values():
        assert draw(ROOT).count("-->") >= 3
    assert "commun --> agaj & age & ags & transversal" in domains(ROOT)
