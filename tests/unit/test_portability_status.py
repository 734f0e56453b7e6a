"""The page of the portable macros says what the YAML and the case files say, and is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from donnees_au_centre.portability import status
from donnees_au_centre.settings import ROOT

YAML = """
macros:
  - name: left
    description: "Le début | d'un texte."
    config: {meta: {denodo: "SUBSTR(x, 1, n)", limites: "Pas de nombre négatif."}}
  - name: postgres__concat
    description: &concat "dbt.concat : plusieurs textes."
  - name: denodo__concat
    description: *concat
  - name: check_left
    description: "Refuse ce qui n'est pas un nombre."
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for folder in (status.MACROS, status.CASES, status.PAGE.parent):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / status.MACROS / "_textes.yml").write_text(YAML, encoding="utf-8")
    for macro, call in (("left", "{{ left('t', 3) }}"), ("concat", "{{ dbt.concat(['a']) }}")):
        text = f'- refuses: []\n- macro: "{call}"\n  cases: []\n'
        (tmp_path / status.CASES / f"{macro}.yml").write_text(text, encoding="utf-8")
    (tmp_path / status.CASES / "inconnue.yml").write_text("- refuses: []\n", encoding="utf-8")
    return tmp_path


def test_a_macro_with_cases_is_a_row(checkout: Path) -> None:
    concat, left = status.statuses(checkout)
    assert (concat.macro, concat.says, concat.denodo) == ("concat", "Plusieurs textes.", "")
    assert left.call == "{{ left('t', 3) }}"
    assert (left.denodo, left.limits) == ("SUBSTR(x, 1, n)", "Pas de nombre négatif.")


def test_the_page_is_a_table(checkout: Path) -> None:
    assert status.write_page(checkout)
    lines = (checkout / status.PAGE).read_text(encoding="utf-8").splitlines()
    assert lines[-1] == (
        "| left | `{{ left('t', 3) }}` | Le début \\| d'un texte. "
        "| certifiée : [left.yml](../../tests/macros/cases/left.yml) "
        "| VQL documenté : `SUBSTR(x, 1, n)` | Pas de nombre négatif. |"
    )
    assert not status.write_page(checkout)


def test_a_macro_that_denodo_refuses_is_said_so(checkout: Path) -> None:
    file = checkout / status.MACROS / "_textes.yml"
    text = file.read_text(encoding="utf-8").replace("SUBSTR(x, 1, n)", status.REFUSED)
    file.write_text(text, encoding="utf-8")
    assert "| refusée à la compilation |" in status.page(checkout)


def test_the_page_of_the_project_is_up_to_date() -> None:
    found = (ROOT / status.PAGE).read_text(encoding="utf-8")
    assert found == status.page(), "Lancez python -m donnees_au_centre.portability.status."


def test_every_limit_ends_like_a_sentence() -> None:
    assert [one.macro for one in status.statuses() if one.limits and not one.limits.endswith(".")] == []
