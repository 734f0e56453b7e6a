"""Markers that travel through Jinja: they change nothing, and tell where everything comes from."""

from __future__ import annotations

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from donnees_au_centre.portability.template import FIRST_MARKER, SourceMap, mark, split, unmark

CONTEXT = {
    "colonnes": ["a", "b"],
    "vrai": True,
    "deux": lambda *arguments: "f(x)\n  + g(y)",
    "ref": lambda name: f"age.{name}",
    "longueur": lambda text: str(len(text)),
}


def render(template: str) -> str:
    return jinja2.Environment(keep_trailing_newline=True).from_string(template).render(CONTEXT)


def compiled(template: str) -> tuple[str, SourceMap]:
    marked, pieces = mark(template)
    return unmark(render(marked), pieces)


TEMPLATES = {
    "plain": "select a\nfrom b\n",
    "output": "select {{ deux() }} as x, a from {{ ref('y') }}",
    "trimmed": "select\n  {%- for c in colonnes %}\n  {{ c }},\n  {%- endfor %}\n  1 as un\n",
    "trimmed_both": "a  {{- 'b' -}}  c\n{%- if vrai -%}\n  d  \n{%- endif -%}\n\n e",
    "only_space": "a {%- if vrai -%}   {%- endif -%} b",
    "comments": "a {#- {{ rien }} -#} b {# 'c #} d",
    "strings": "{{ '}}' ~ \"%}\" ~ '{{' }} et {% if '%}' == '%}' %}oui{% endif %}",
    "dictionary": "{{ {'a': {'b': 1}}['a']['b'] }}}} reste",
    "raw": "a {% raw -%}  {{ pas un tag }} {% fin %}{%- endraw %} b",
    "assignment": "{% set x = 'a=b' %}{{ x }} {% set y, z = 1, 2 %}{{ z }}",
    "block_set": "{% set x %} a, {{ 1 + 1 }} {% endset %}select {{ longueur(x) }}, {{ x }} from y",
    "call": "{% macro m() %}<{{ caller() }}>{% endmacro %}a {% call m() %} b {% endcall %} c",
    "filter": "a {% filter upper %} b {{ ref('c') }}{% endfilter %} d",
    "escaped": "{{ 'l\\'école }}' }} x",
    "accents": "select 'é€𝄞' as é, {{ ref('où') }} -- ça",
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_result_is_that_of_the_plain_template(name: str) -> None:
    template = TEMPLATES[name]
    assert compiled(template)[0] == render(template)


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_pieces_make_the_template_and_keep_its_lines(name: str) -> None:
    template = TEMPLATES[name]
    assert "".join(piece.text for piece in split(template)) == template
    assert all(template[piece.start : piece.end] == piece.text for piece in split(template))
    marked, _ = mark(template)
    assert marked.count("\n") == template.count("\n"), "dbt's errors name the line of the file"


@pytest.mark.parametrize("name", TEMPLATES)
def test_literal_text_leads_back_to_itself(name: str) -> None:
    template = TEMPLATES[name]
    sql, source = compiled(template)
    for run in source.runs:
        assert template[run.piece.start : run.piece.end] == run.piece.text
        if run.piece.literal:
            assert sql[run.start : run.end] == run.piece.text
            assert source.literal_span(run.start, run.end) == (run.piece.start, run.piece.end)
    covered = sum(run.end - run.start for run in source.runs)
    assert covered == len(sql), "every character has its origin"


PARTS = st.sampled_from(
    [
        *(
            "a",
            " ",
            "\n",
            "  \n ",
            "{{ 1 }}",
            "{{- 'x' -}}",
            "{{ ' ' -}}",
            "{% if vrai -%}y{%- endif %}",
            "{#- c -#}",
        ),
        *(
            "{% for c in colonnes -%} {{ c }},\n {%- endfor %}",
            "{%- set z = 3 -%}",
            "{% raw %}{{{% endraw %}",
            "}}",
        ),
        *("{%- set q %} q {{ 1 }} {%- endset -%}{{ longueur(q) }}", "'", '"', "%}", "é"),
    ]
)


@given(st.lists(PARTS, max_size=12).map("".join))
def test_any_template_is_rendered_as_if_it_had_no_markers(template: str) -> None:
    assert compiled(template)[0] == render(template)


def test_a_loop_leads_to_its_one_line() -> None:
    template = "select\n{% for c in colonnes %}\n    x ilike {{ c }},\n{% endfor %}\n1"
    sql, source = compiled(template)
    first, second = sql.index("ilike"), sql.rindex("ilike")
    assert first != second
    assert source.source_offset(first) == source.source_offset(second) == template.index("ilike")
    made = source.run_at(sql.index("b,"))
    assert made is not None
    assert made.piece.text == "{{ c }}"


def test_the_output_of_a_tag_leads_to_the_tag() -> None:
    template = "select a, {{ deux('é', 1) }} as b"
    sql, source = compiled(template)
    assert source.source_offset(sql.index("g(y)")) == template.index("{{")
    assert source.literal_span(sql.index("g(y)"), sql.index("g(y)") + 4) is None


def test_a_span_over_a_tag_is_not_literal() -> None:
    template = "select a::{{ 'int' }} as b"
    sql, source = compiled(template)
    start = sql.index("::")
    assert source.literal_span(start, start + 2) == (template.index("::"), template.index("::") + 2)
    assert source.literal_span(start, start + 3) is None


def test_text_captured_for_a_macro_carries_no_marker() -> None:
    sql, source = compiled(TEMPLATES["block_set"])
    assert sql.startswith("select 6,")
    made = source.run_at(sql.index("a, 2"))
    assert made is not None
    assert made.piece.text == "{{ x }}"


def test_a_text_without_origin_says_so() -> None:
    sql, source = unmark("plain", [])
    assert sql == "plain"
    assert source.run_at(0) is source.source_offset(3) is source.literal_span(0, 2) is None


def test_a_template_with_markers_of_its_own_is_refused() -> None:
    with pytest.raises(ValueError, match="markers"):
        mark(f"select '{chr(FIRST_MARKER)}'")
