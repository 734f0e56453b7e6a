"""Whatever a cell holds, it has a pseudonym that PostgreSQL takes, and dirt is not copied as it is."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donnees_au_centre.landing.declaration import SourceTable
from donnees_au_centre.privacy import copying
from donnees_au_centre.privacy.pseudonyms import _ERROR_CELL, Pseudonyms
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.settings import ROOT
from tests.unit.landing_sources import table

MADE = Pseudonyms(b"une cle d'essai qui a 32 octets.")
# What forms are made of, besides anything that PostgreSQL keeps.
SIGNS = st.sampled_from("0123456789./- :,TZ+€%#!?@{}[]\"'\\ abcBEéß²½٣İ\u0301\u00a0\t")
KEPT = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.text(st.one_of(SIGNS, KEPT), max_size=30)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), NUMBERS, st.text(max_size=5)),
    lambda one: st.one_of(st.lists(one, max_size=3), st.dictionaries(st.text(max_size=3), one, max_size=3)),
    max_leaves=6,
)


@given(st.one_of(TEXTS, VALUES.map(lambda said: json.dumps([said]))), st.booleans())
def test_any_cell_has_one_that_copy_takes(value: str, dated: bool) -> None:
    found = MADE.of(value, dated)
    cell = copying._bytes(found)
    assert not {b"\n", b"\t"} & {cell[at : at + 1] for at in range(len(cell))}
    assert copying._text(cell) == found


@pytest.mark.parametrize(
    "value",
    [
        '{"nom": "Dupont", "taux": NaN}',
        '["Dupont", 1E400]',
        '{"nom": "\\ud800 Dupont"}',
        "#DUPONT!",
        "#DUPONT?",
    ],
)
def test_dirt_that_looks_like_a_form_is_hidden(value: str) -> None:
    assert not re.search("dupont", MADE.of(value), re.IGNORECASE)


def test_errors_of_a_cell_are_those_that_models_know() -> None:
    macro = (ROOT / "macros/typing/clean_text.sql").read_text("utf-8")
    listed = macro.partition("set names = [")[2].partition("]")[0]
    names = re.findall("'([^']+)'", listed)
    assert len(names) > 30
    assert all(_ERROR_CELL.fullmatch(f"#{name}{end}") for name in names for end in ("!", "?", " !"))


@pytest.mark.parametrize(
    ("category", "kept"), [("identifiant_indirect", {"Total"}), (words.SENSITIVE, set())]
)
def test_what_a_model_names_stays_unless_it_is_sensitive(category: str, kept: set[str]) -> None:
    column = SimpleNamespace(category=category, is_personal=True, meta={})
    node = SimpleNamespace(unique_id="source.x", columns={"mesure": column}, meta={})
    model = SimpleNamespace(reads=["source.x"], raw_code="case when mesure = 'Total' then 1 end")
    manifest = SimpleNamespace(of_type=lambda _: [model])
    declared: SourceTable = table()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copying, "governance_of", lambda *_: {})
        how = copying._how(manifest, node, declared, ("mesure",))  # type: ignore[arg-type]
    assert how.hidden == {"mesure"}
    assert set(how.kept.get("mesure", frozenset())) == kept
