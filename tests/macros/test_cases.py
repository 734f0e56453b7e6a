"""Every case of every macro, on PostgreSQL and in documented VQL."""

from __future__ import annotations

import pytest

from tests.macros.bench import Bench, Form, meets, refused_vql
from tests.macros.casefiles import Entry, read_entries
from tests.macros.inventory import implementations, public_macros
from tests.macros.rendering import Renderings
from tests.macros.report import Report, differing, names, shown


def called() -> list[Entry]:
    """The entries that call their macro."""
    return [entry for entry in read_entries() if entry.call]


def refuse(differences: list[str]) -> None:
    """Fails with every difference there is."""
    if differences:
        pytest.fail("\n".join(differences), pytrace=False)


def test_gives_what_is_expected(engine: str, renderings: Renderings, bench: Bench, report: Report) -> None:
    differences = []
    for entry in called():
        form = Form(entry, engine, renderings.sql(engine, entry.call))
        outcomes = bench.evaluate(form, [inputs for inputs, _ in entry.cases])
        wrong = [
            f"{shown(inputs)} : attendu {expected!r}, obtenu {outcome}"
            for (inputs, expected), outcome in zip(entry.cases, outcomes, strict=True)
            if not meets(outcome, expected, entry.separator)
        ]
        report.compared(entry, engine, len(outcomes), len(wrong))
        if wrong:
            differences.append(differing(entry.title, engine, form.text, wrong))
    refuse(differences)


def test_is_documented_vql(renderings: Renderings) -> None:
    differences = []
    for entry in called():
        form = Form(entry, "denodo", renderings.sql("denodo", entry.call))
        if faults := refused_vql(form):
            differences.append(differing(entry.title, "denodo", form.text, faults))
    refuse(differences)


def test_fails_on_both_engines(engine: str, renderings: Renderings, bench: Bench) -> None:
    differences = []
    for entry in read_entries():
        if not entry.fails:
            continue
        form = Form(entry, engine, renderings.sql(engine, entry.call))
        wrong = [
            f"{shown(inputs)} : une erreur est attendue, obtenu {outcome}"
            for inputs, outcome in zip(entry.fails, bench.evaluate(form, entry.fails), strict=True)
            if outcome.error is None
        ]
        if wrong:
            differences.append(differing(entry.title, engine, form.text, wrong))
    refuse(differences)


def test_refuses_what_cannot_be_portable(engine: str, renderings: Renderings) -> None:
    wrong = []
    for refusal in (refusal for entry in read_entries() for refusal in entry.refuses):
        rendered = renderings.find(engine, refusal.call)
        if engine in refusal.engines and rendered.refusal is None:
            wrong.append(f"{refusal.call} compile : {rendered.sql}")
        elif engine in refusal.engines and refusal.message.casefold() not in rendered.refusal.casefold():
            wrong.append(f"{refusal.call} : « {refusal.message} » n'est pas dans : {rendered.refusal}")
    refuse(wrong)


def test_every_macro_has_cases_and_both_forms() -> None:
    refuse([fault for macro in public_macros() if (fault := fault_of(macro))])


def fault_of(macro: str) -> str | None:
    """What a macro lacks."""
    entries = [entry for entry in read_entries() if names(entry.call, macro)]
    refused = [refusal for entry in read_entries() for refusal in entry.refuses if names(refusal.call, macro)]
    if not (entries or refused):
        return f"{macro} n'a pas de cas : écrivez tests/macros/cases/{macro}.yml"
    forms = implementations()[macro]
    if not (forms == {""} or "default" in forms or {"postgres", "denodo"} <= forms):
        return f"{macro} n'a pas de forme pour chaque moteur : {forms}"
    cells = [
        cell
        for entry in entries
        for inputs, _ in entry.cases
        for rows in inputs.values()
        for row in rows
        for cell in row.values()
    ]
    if any(any(entry.tables.values()) for entry in entries) and None not in cells:
        return f"{macro} n'a aucun cas où une entrée est nulle"
    return None
