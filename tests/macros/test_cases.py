"""Every case of every macro, on PostgreSQL and in documented VQL."""

from __future__ import annotations

import pytest

from tests.macros.bench import Bench, Form, meets, refused_vql
from tests.macros.casefiles import Entry, read_entries
from tests.macros.inventory import implementations, public_macros
from tests.macros.rendering import Renderings
from tests.macros.report import Report, differing, names, shown


def test_gives_what_is_expected(
    entry: Entry, engine: str, renderings: Renderings, bench: Bench, report: Report
) -> None:
    form = Form(entry, engine, renderings.sql(engine, entry.call))
    outcomes = bench.evaluate(form, [inputs for inputs, _ in entry.cases])
    wrong = [
        f"{shown(inputs)} : attendu {expected!r}, obtenu {outcome}"
        for (inputs, expected), outcome in zip(entry.cases, outcomes, strict=True)
        if not meets(outcome, expected, entry.separator)
    ]
    report.compared(entry, engine, len(outcomes), len(wrong))
    if wrong:
        pytest.fail(differing(entry.title, engine, form.text, wrong), pytrace=False)


def test_is_documented_vql(entry: Entry, renderings: Renderings) -> None:
    form = Form(entry, "denodo", renderings.sql("denodo", entry.call))
    if faults := refused_vql(form):
        pytest.fail(differing(entry.title, "denodo", form.text, faults), pytrace=False)


def test_fails_on_both_engines(entry: Entry, engine: str, renderings: Renderings, bench: Bench) -> None:
    form = Form(entry, engine, renderings.sql(engine, entry.call))
    outcomes = bench.evaluate(form, entry.fails)
    wrong = [
        f"{shown(inputs)} : une erreur est attendue, obtenu {outcome}"
        for inputs, outcome in zip(entry.fails, outcomes, strict=True)
        if outcome.error is None
    ]
    if wrong:
        pytest.fail(differing(entry.title, engine, form.text, wrong), pytrace=False)


def test_refuses_what_cannot_be_portable(entry: Entry, engine: str, renderings: Renderings) -> None:
    wrong = []
    for refusal in entry.refuses:
        rendered = renderings.find(engine, refusal.call)
        if engine in refusal.engines and rendered.refusal is None:
            wrong.append(f"{refusal.call} compile : {rendered.sql}")
        elif engine in refusal.engines and refusal.message.casefold() not in rendered.refusal.casefold():
            wrong.append(f"{refusal.call} : « {refusal.message} » n'est pas dans : {rendered.refusal}")
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


@pytest.mark.parametrize("macro", public_macros())
def test_every_macro_has_cases_and_both_forms(macro: str) -> None:
    entries = [entry for entry in read_entries() if names(entry.call, macro)]
    refused = [refusal for entry in read_entries() for refusal in entry.refuses if names(refusal.call, macro)]
    assert entries or refused, f"{macro} n'a pas de cas : écrivez tests/macros/cases/{macro}.yml"
    forms = implementations()[macro]
    whole = forms == {""} or "default" in forms or {"postgres", "denodo"} <= forms
    assert whole, f"{macro} n'a pas de forme pour chaque moteur : {forms}"
    if not any(any(entry.tables.values()) for entry in entries):
        return
    nulls = [
        cell
        for entry in entries
        for inputs, _ in entry.cases
        for rows in inputs.values()
        for row in rows
        for cell in row.values()
        if cell is None
    ]
    assert nulls, f"{macro} n'a aucun cas où une entrée est nulle"
