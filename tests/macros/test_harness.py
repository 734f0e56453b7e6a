"""The tests of the macros can fail: wrong forms, wrong cases and wrong case files are found and named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.macros.bench import Bench, Form, Outcome, meets, refused_vql, same
from tests.macros.casefiles import INPUT_TABLE, Entry, read_entries
from tests.macros.rendering import render
from tests.macros.test_equal_meaning import Difference, compare_at_random


def entry(tmp_path: Path, text: str) -> Entry:
    (tmp_path / "essai.yml").write_text(text, encoding="utf-8")
    (found,) = read_entries(tmp_path)
    return found


def text_entry(tmp_path: Path) -> Entry:
    return entry(tmp_path, "- {macro: x, columns: {t: text}, cases: [[{t: a}, a], [{t: null}, null]]}")


def number(text: str | None, family: str = "nombre exact") -> Outcome:
    return Outcome(((text,),), (family,))


def test_a_form_that_differs_is_found_with_the_simplest_input(tmp_path: Path, bench: Bench) -> None:
    texts = text_entry(tmp_path)
    right, wrong = Form(texts, "postgres", "t"), Form(texts, "postgres", "replace(t, 'é', 'e')")
    with pytest.raises(Difference, match=r"entrées : \{'t': 'é'\}") as found:
        compare_at_random(texts, right, wrong, bench)
    assert "'é' (texte)" in str(found.value)
    assert "'e' (texte)" in str(found.value)


def test_a_form_that_differs_on_null_is_found(tmp_path: Path, bench: Bench) -> None:
    texts = text_entry(tmp_path)
    with pytest.raises(Difference, match=r"entrées : \{'t': None\}"):
        compare_at_random(
            texts, Form(texts, "postgres", "t"), Form(texts, "denodo", "coalesce(t, '')"), bench
        )


def test_a_form_that_raises_for_some_rows_is_found(tmp_path: Path, bench: Bench) -> None:
    numbers = entry(tmp_path, "- {macro: x, columns: {n: integer}}")
    with pytest.raises(Difference, match=r"entrées : \{'n': 0\}"):
        compare_at_random(
            numbers, Form(numbers, "postgres", "n"), Form(numbers, "postgres", "n / n * n"), bench
        )


def test_random_inputs_that_all_give_null_prove_nothing(tmp_path: Path, bench: Bench) -> None:
    texts = text_entry(tmp_path)
    nothing = Form(texts, "postgres", "nullif(t, t)")
    with pytest.raises(Difference, match="aucune entrée"):
        compare_at_random(texts, nothing, nothing, bench)


def test_vql_runs_with_its_own_meaning(tmp_path: Path, bench: Bench) -> None:
    texts = entry(tmp_path, "- {macro: x, columns: {t: text}}")
    cases = [{INPUT_TABLE: [{"t": text}]} for text in ("Liège", None)]
    outcomes = bench.evaluate(Form(texts, "denodo", "substring(t, 1, 3)"), cases)
    assert [outcome.value for outcome in outcomes] == ["iè", None]


def test_what_vql_does_not_document_is_refused(tmp_path: Path) -> None:
    texts = text_entry(tmp_path)
    assert refused_vql(Form(texts, "denodo", "upper(t)")) == []
    for wrong in ("initcap(t)", "cast(t as string)", "coalesce(t)"):
        assert refused_vql(Form(texts, "denodo", wrong)), wrong


def test_vql_that_cannot_be_read_is_an_outcome(tmp_path: Path, bench: Bench) -> None:
    texts = text_entry(tmp_path)
    (outcome,) = bench.evaluate(Form(texts, "denodo", "upper(t"), [{INPUT_TABLE: [{"t": "a"}]}])
    assert "VQL incompris" in outcome.error


def test_one_row_that_raises_costs_the_others_nothing(tmp_path: Path, bench: Bench) -> None:
    numbers = entry(tmp_path, "- {macro: x, columns: {n: integer}}")
    cases = [{INPUT_TABLE: [{"n": n}]} for n in (1, 0, 4)]
    one, zero, four = bench.evaluate(Form(numbers, "postgres", "4 / n"), cases)
    assert (one.value, four.value) == ("4", "1")
    assert "division by zero" in zero.error


def test_conditions_keep_null_apart_from_false(tmp_path: Path, bench: Bench) -> None:
    conditions = entry(tmp_path, "- {macro: x, condition: true, columns: {n: integer}}")
    cases = [{INPUT_TABLE: [{"n": n}]} for n in (1, 2, None)]
    outcomes = bench.evaluate(Form(conditions, "postgres", "n = 1 or n = 3"), cases)
    assert [outcome.value for outcome in outcomes] == ["true", "false", None]


def test_aggregates_take_groups_and_no_row_at_all(tmp_path: Path, bench: Bench) -> None:
    aggregates = entry(
        tmp_path,
        "- {macro: x, aggregate: true, columns: {n: integer}, cases: [[[{n: 1}, {n: 2}], 3], [[], null]]}",
    )
    cases = [inputs for inputs, _ in aggregates.cases]
    two, none = bench.evaluate(Form(aggregates, "postgres", "sum(n)"), cases)
    assert meets(two, 3)
    assert meets(none, None)
    assert not meets(two, 4)


def test_relations_compare_rows_in_any_order(tmp_path: Path, bench: Bench) -> None:
    relations = entry(
        tmp_path,
        "- {macro: x, relation: true, tables: {a: {n: integer}}, cases: [[{a: [[1], [2]]}, [[2], [1]]]]}",
    )
    ((inputs, expected),) = relations.cases
    (outcome,) = bench.evaluate(Form(relations, "postgres", "select n from a"), [inputs])
    assert meets(outcome, expected)
    assert not meets(outcome, [[1]])
    assert not meets(outcome, [[1], [1]])


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (number("2.50"), number("2.5"), True),
        (number("2.5"), number("2.51"), False),
        (number("0.30000000000000004", "nombre flottant"), number("0.3"), True),
        (number("0.3001", "nombre flottant"), number("0.3"), False),
        (number("2"), number("2", "texte"), False),
        (number("2024-01-01", "date"), number("2024-01-01", "horodatage"), False),
        (number(None), number("0"), False),
        (number(None), number(None), True),
        (number("a, b", "texte"), number("b, a", "texte"), False),
        (Outcome(error="x"), Outcome(error="x"), False),
    ],
)
def test_equality_of_outcomes(one: Outcome, other: Outcome, equal: bool) -> None:
    assert same(one, other) == equal


def test_errors_are_alike_only_where_inputs_may_fail() -> None:
    error = Outcome(error="x")
    assert same(error, error, may_fail=True)
    assert not same(error, number("1"), may_fail=True)
    assert not same(error, error)


def test_parts_in_any_order() -> None:
    assert same(number("a, b, a", "texte"), number("a, a, b", "texte"), ", ")
    assert not same(number("a, b, a", "texte"), number("a, b, b", "texte"), ", ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("macro: x", "une liste"),
        ("- {macro: x, colonnes: {t: text}}", "clé inconnue : colonnes"),
        ("- {columns: {t: text}}", "« macro » manque"),
        ("- {macro: x, aggregate: true, relation: true}", "s'excluent"),
        ("- {macro: x, columns: {t: text}, cases: [[{u: a}, a]]}", "n'a pas les colonnes t"),
        (
            "- {macro: x, relation: true, tables: {a: {t: text, u: text}}, cases: [[{a: [[b]]}, []]]}",
            "n'a pas",
        ),
        ("- {macro: x, columns: {n: integer}, domain: {n: {min: 1}}}", "« why »"),
        ("- {macro: x, columns: {n: integer}, domain: {m: {min: 1, why: y}}}", "colonne inconnue : m"),
        ("- {macro: x, random: false}", "« why »"),
    ],
)
def test_a_wrong_case_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"essai.yml.*{message}"):
        entry(tmp_path, text)


def test_a_refused_call_leaves_the_others(tmp_path: Path) -> None:
    refused, fine = render(
        ["{{ exceptions.raise_compiler_error('Non, à cause de ceci.') }}", "{{ target.type }}"],
        "denodo",
        tmp_path,
    )
    assert (refused.sql, fine.sql) == (None, "denodo")
    assert "Non, à cause de ceci." in refused.refusal
