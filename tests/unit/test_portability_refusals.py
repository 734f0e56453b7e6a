"""What dbt says of a model that does not compile, made short and French; no dbt, no database."""

from __future__ import annotations

from pathlib import Path

import pytest

from donnees_au_centre.portability.refusals import Refusal, read_refusal, refusal_in

FILE = "models/agc/marts/fct_subvention.sql"
NEGATIVE = (
    "Macro left : le nombre de caractères -1 est négatif. Que faire : écrivez un nombre positif ; "
    "sinon, substr(x, 1, 3)."
)
CALLS = """
  > in macro refuse_argument (macros/arguments/refuse_argument.sql)
  > called by macro left (macros/portability/left.sql)
  > called by model fct_subvention (models/agc/marts/fct_subvention.sql)"""
UNDEFINED = "'{}' is undefined. This can happen when calling a macro that does not exist. Check for typos."


def said(message: str, calls: str = "") -> str:
    return (
        f"Encountered an error:\nCompilation Error in model fct_subvention ({FILE})\n  {message}\n  {calls}"
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / FILE).parent.mkdir(parents=True)
    return tmp_path


def test_a_macro_that_refuses_at_parse_is_named_without_dbt_s_words(root: Path) -> None:
    refusal = refusal_in(said(NEGATIVE, CALLS), root)
    assert refusal is not None
    assert str(refusal.error()) == (
        f"{FILE} : Macro left : le nombre de caractères -1 est négatif.\n"
        "Que faire : Écrivez un nombre positif ; sinon, substr(x, 1, 3)."
    )


def test_a_macro_that_refuses_at_compilation_is_named_alike(root: Path) -> None:
    message = said(NEGATIVE, CALLS).partition("\n")[2]
    assert read_refusal(FILE, message, root) == refusal_in(said(NEGATIVE, CALLS), root)


def test_another_fault_of_the_project_stays_dbt_s(root: Path) -> None:
    assert refusal_in(said("unexpected '}'"), root) is None
    assert refusal_in("Parsing Error\n  x.yml is not valid", root) is None
    assert read_refusal(FILE, "Pas sur\n  Denodo.", root) == Refusal(FILE, "Pas sur Denodo.")


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        (
            "{{ left(marches.statut, 3) }}",
            "marches n'est pas entre apostrophes : écrivez {{ left('marches.statut', 3) }}.",
        ),
        (
            "{{ dbt.concat(['marches.a',\n    marches.b, \"marches\"]) }}",
            "marches n'est pas entre apostrophes : "
            "écrivez {{ dbt.concat(['marches.a', 'marches.b', \"marches\"]) }}.",
        ),
        (
            "{% set x = right(length=3, value=marches.b) %}",
            "marches n'est pas entre apostrophes : écrivez {% set x = right(length=3, value='marches.b') %}.",
        ),
        ("{{ marches('a') }}", "La macro marches n'existe pas."),
        ("{{ marches.statut }}", "marches n'est le nom ni d'une macro, ni d'une variable."),
    ],
)
def test_an_unknown_name_is_a_column_without_quotes_a_macro_or_neither(
    root: Path, tag: str, message: str
) -> None:
    text = f"select marches.id, {tag} as x, {{{{ left('marches.statut', 3) }}}} as y from marches"
    (root / FILE).write_text(text, encoding="utf-8")
    refusal = refusal_in(said(UNDEFINED.format("marches")), root)
    assert refusal is not None
    assert (refusal.file, refusal.message) == (FILE, message)
    assert refusal.advice
