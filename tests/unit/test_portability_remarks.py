"""Findings become remarks at their place in the project; corrections touch the models' own text only."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import pytest

from denodo.checking import Finding
from donnees_au_centre.portability import Compilation, CompiledNode, Place, Refusal
from donnees_au_centre.portability.remarks import check_compilation, correct, show
from donnees_au_centre.portability.template import SourceMap, mark, unmark

MODEL = """\
select
    a::integer as a,
    {% for c in ['b', 'c'] -%}
    {{ c }} || a::text as {{ c }}_a,
    {% endfor %}
    {{ macro('d') }}, {{ macro('e') }}
from x
"""


def checker(sql: str) -> list[Finding]:
    """Refuses `::`, which VQL does not have, and `~`, which means something else there; warns of `||`."""
    rules = {
        r"([a-z]+)::([a-z]+)": ("vql-cast", "erreur", lambda found: f"cast({found[1]} as {found[2]})"),
        r"~": ("sens-tilde", "erreur", lambda found: None),
        r"\|\|": ("avis-concat", "avertissement", lambda found: None),
    }
    findings = []
    for pattern, (rule, severity, write) in rules.items():
        for found in re.finditer(pattern, sql):
            after = write(found)
            edit = None if after is None else (found.start(), found.end(), after)
            findings.append(
                Finding(rule, severity, 1, 1, found.start(), found.end(), f"{rule}.", "Car.", "Ceci.", edit)
            )
    return findings


def compiled(template: str, path: str = "models/age/marts/x.sql") -> CompiledNode:
    marked, pieces = mark(template)
    environment = jinja2.Environment(keep_trailing_newline=True)
    rendered = environment.from_string(marked).render(
        macro=lambda name: f"{name} ~ 'x' and {name}::date", vrai=True, nul="x"
    )
    sql, source = unmark(rendered, pieces)
    return CompiledNode(path, "model", False, path, template, sql, source)


def generic(name: str, line: int) -> CompiledNode:
    declared = Place("models/age/marts/x.yml", line, 1, f"test {name} de x.a")
    return CompiledNode(
        f"{name}{line}", "test", True, declared.file, "", "select a::b ~ c", SourceMap(()), declared, name
    )


def compilation(*nodes: CompiledNode, refusals: tuple[Refusal, ...] = ()) -> Compilation:
    return Compilation({node.unique_id: node for node in nodes}, refusals, {})


def test_each_fault_is_said_once_at_its_place() -> None:
    remarks = check_compilation(compilation(compiled(MODEL)), checker)
    assert [(str(remark.place), remark.rule) for remark in remarks] == [
        ("models/age/marts/x.sql:2:5", "vql-cast"),
        ("models/age/marts/x.sql:4:13", "avis-concat"),
        ("models/age/marts/x.sql:4:16", "vql-cast"),
        ("models/age/marts/x.sql:6:5", "vql-cast"),
    ]
    assert [remark.is_error for remark in remarks] == [True, False, True, True]


def test_a_macro_may_write_what_has_another_meaning_elsewhere() -> None:
    [remark] = check_compilation(compilation(compiled("{{ macro('d') }} as d")), checker)
    assert remark.rule == "vql-cast"
    assert remark.place.call == "{{ macro('d') }}"
    literal = check_compilation(compilation(compiled("a ~ 'x' as d")), checker)
    assert [remark.rule for remark in literal] == ["sens-tilde"]


def test_a_generic_test_is_named_once_whatever_it_tests() -> None:
    remarks = check_compilation(compilation(*(generic("unique", line) for line in (9, 4, 12))), checker)
    assert [(str(remark.place), remark.others) for remark in remarks] == [("models/age/marts/x.yml:4:1", 2)]
    assert "Produit par test unique de x.a, et 2 autres déclarations de ce test." in show(remarks)


def test_a_model_that_does_not_compile_is_a_fault() -> None:
    refusal = Refusal("models/age/marts/y.sql", "left : n négatif. Que faire : …")
    [remark] = check_compilation(compilation(refusals=(refusal,)), checker)
    assert remark.is_error
    assert show([remark]) == "models/age/marts/y.sql:1:1 : [compilation] left : n négatif. Que faire : …"


def test_a_remark_says_where_what_why_and_what_to_write() -> None:
    shown = show(check_compilation(compilation(compiled("x\n  {{ macro('d') }}")), checker))
    assert shown.splitlines() == [
        "models/age/marts/x.sql:2:3 : [vql-cast] vql-cast.",
        "    Produit par {{ macro('d') }}.",
        "    Pourquoi : Car.",
        "    À écrire : Ceci.",
    ]


def test_files_are_apart_and_in_order() -> None:
    nodes = (compiled("a::b || c", f"models/{name}.sql") for name in ("z", "b"))
    lines = show(check_compilation(compilation(*nodes), checker)).splitlines()
    assert [line for line in lines if not line.startswith("    ")] == [
        "models/b.sql:1:1 : [vql-cast] vql-cast.",
        "models/b.sql:1:6 : [avis-concat, avertissement] avis-concat.",
        "",
        "models/z.sql:1:1 : [vql-cast] vql-cast.",
        "models/z.sql:1:6 : [avis-concat, avertissement] avis-concat.",
    ]


@pytest.fixture
def corrected(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[str, list[str]]:
    """The text of the parametrised model after its corrections, and what is said of them."""
    node = compiled(request.param)
    file = tmp_path / node.file
    file.parent.mkdir(parents=True)
    file.write_text(node.text, encoding="utf-8")
    said = [str(correction) for correction in correct(compilation(node), tmp_path, checker)]
    return file.read_text(encoding="utf-8"), said


@pytest.mark.parametrize("corrected", [MODEL], indirect=True)
def test_the_text_of_a_model_is_corrected_in_loops_too(corrected: tuple[str, list[str]]) -> None:
    text, said = corrected
    assert text == MODEL.replace("a::integer", "cast(a as integer)").replace("a::text", "cast(a as text)")
    assert said == [
        "models/age/marts/x.sql:2 : [vql-cast] a::integer → cast(a as integer)",
        "models/age/marts/x.sql:4 : [vql-cast] a::text → cast(a as text)",
    ]


@pytest.mark.parametrize(
    "corrected",
    [
        "select {{ nul }}::date",
        "select a::{{ nul }}",
        "{{ macro('d') }}",
        "{% set x %}a::b{% endset %}{{ x }}",
    ],
    indirect=True,
)
def test_what_a_tag_makes_is_never_touched(
    corrected: tuple[str, list[str]], request: pytest.FixtureRequest
) -> None:
    assert corrected == (request.node.callspec.params["corrected"], [])


def test_a_round_of_a_loop_that_disagrees_stops_the_correction(tmp_path: Path) -> None:
    node = compiled("{% for n in ['1', '2'] %}select {{ n }} from x where a::b {% endfor %}")
    (tmp_path / node.file).parent.mkdir(parents=True)
    (tmp_path / node.file).write_text(node.text, encoding="utf-8")
    assert correct(compilation(node), tmp_path, lambda sql: checker(sql)[:1]) == []
    assert (tmp_path / node.file).read_text(encoding="utf-8") == node.text


def test_a_file_saved_meanwhile_is_left_alone(tmp_path: Path) -> None:
    node = compiled("select a::b")
    (tmp_path / node.file).parent.mkdir(parents=True)
    (tmp_path / node.file).write_text("select c::d, a::b", encoding="utf-8")
    assert correct(compilation(node), tmp_path, checker) == []


def test_a_refusal_is_shown_with_what_to_do() -> None:
    refusal = Refusal("models/age/marts/x.sql", "Macro left : non.", "Écrivez 3.")
    assert show(check_compilation(Compilation({}, (refusal,), {}))) == (
        "models/age/marts/x.sql:1:1 : [compilation] Macro left : non.\n    Que faire : Écrivez 3."
    )
