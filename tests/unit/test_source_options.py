from __future__ import annotations

import pytest

from donnees_au_centre.cli.source_options import BEGIN, END, PAGE, tables
from donnees_au_centre.connectors import kind_named, kinds
from donnees_au_centre.settings import ROOT


def test_the_page_has_the_tables_of_the_code() -> None:
    text = (ROOT / PAGE).read_text("utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0] == tables(), "make fix writes them"


@pytest.mark.parametrize("name", kinds())
def test_a_kind_says_what_it_is_and_what_it_may_be_told(name: str) -> None:
    kind = kind_named(name)
    assert kind.__doc__
    assert kind.title
    assert kind.tried
    undescribed = [
        option for option, field in kind.options_class.model_fields.items() if not field.description
    ]
    assert not undescribed
