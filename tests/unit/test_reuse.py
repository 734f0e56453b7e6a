"""What the code of a node is made of, and what of a run is good enough to be kept."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from donnees_au_centre.building.codes import EVERYWHERE, Codes
from donnees_au_centre.building.reuse import made_of_good
from donnees_au_centre.settings import ROOT

NODE = "model.essai.table_a"
# A macro or a generic test of this project in its file.
OURS = re.compile(r"({%-? *(macro|test) +(\w+)\(.*?{%-? *end\2)", re.DOTALL)
MACROS = {
    "direct": "{% macro direct() %}1{% endmacro %}",
    "outer": "{% macro outer() %}{{ inner() }}{% endmacro %}",
    "inner": "{% macro inner() %}1{% endmacro %}",
    "dispatched": "{% macro dispatched() %}{{ adapter.dispatch('dispatched')() }}{% endmacro %}",
    "default__dispatched": "{% macro default__dispatched() %}1{% endmacro %}",
    "postgres__dispatched": "{% macro postgres__dispatched() %}1{% endmacro %}",
    "hook": "{% macro hook() %}1{% endmacro %}",
    "by_string": "{% macro by_string() %}1{% endmacro %}",
    "in_argument": "{% macro in_argument() %}1{% endmacro %}",
    "test_ours": "{% test ours(model) %}1{% endtest %}",
    "postgres__get_where_subquery": "{% macro postgres__get_where_subquery() %}1{% endmacro %}",
    "everywhere": "{% macro everywhere() %}{{ below_everywhere() }}{% endmacro %}",
    "below_everywhere": "{% macro below_everywhere() %}1{% endmacro %}",
    "materialization_own_default": "{% materialization own, default %}1{% endmaterialization %}",
    "unrelated": "{% macro unrelated() %}1{% endmacro %}",
    "looks": "{% macro looks() %}{{ graph.nodes.values() }}{% endmacro %}",
    "clock": "{% macro clock() %}current_date{% endmacro %}",
    "through_clock": "{% macro through_clock() %}{{ clock() }}{% endmacro %}",
}


def node(unique_id: str = NODE, **more: Any) -> dict[str, Any]:
    return {
        "unique_id": unique_id, "resource_type": unique_id.split(".")[0],
        "fqn": ["essai", "age", "marts", "a"],
        "schema": "age", "alias": "a", "raw_code": "", "config": {"materialized": "table"}, "columns": {},
        "depends_on": {"nodes": [], "macros": []}, **more,
    }  # fmt: skip


def codes(
    tmp_path: Path,
    *nodes: dict[str, Any],
    macros: dict[str, str] | None = None,
    sources: dict[str, Any] | None = None,
    unit_tests: dict[str, Any] | None = None,
    target: dict[str, Any] | None = None,
    variables: dict[str, Any] | None = None,
    project: str = "name: essai",
) -> Codes:
    (tmp_path / "dbt_project.yml").write_text(project, "utf-8")

    def macro(name: str, text: str, package: str = "essai") -> SimpleNamespace:
        folder = "publication" if name == "everywhere" else "autre"
        return SimpleNamespace(
            name=name, macro_sql=text, package_name=package, original_file_path=f"macros/{folder}/{name}.sql"
        )

    found = {f"macro.essai.{name}": macro(name, text) for name, text in {**MACROS, **(macros or {})}.items()}
    found["macro.dbt.get_where_subquery"] = macro("get_where_subquery", "", "dbt")
    manifest = SimpleNamespace(
        flat_graph={"nodes": {one["unique_id"]: one for one in nodes}, "sources": sources or {}},
        macros=found,
        metadata=SimpleNamespace(project_name="essai"),
        unit_tests=unit_tests or {},
    )
    return Codes(manifest, variables or {}, tmp_path / "dbt_project.yml", target or {"name": "dev"})


@pytest.mark.parametrize(
    ("said", "macro"),
    [
        ({"raw_code": "{{ direct() }}"}, "direct"),
        ({"raw_code": "{{ outer() }}"}, "inner"),
        ({"raw_code": "{{ dispatched() }}"}, "default__dispatched"),
        ({"raw_code": "{{ dispatched() }}"}, "postgres__dispatched"),
        ({"raw_code": "{{ context['by_string']() }}"}, "by_string"),
        ({"config": {"materialized": "table", "post-hook": [{"sql": "{{ hook() }}"}]}}, "hook"),
        ({"test_metadata": {"name": "ours", "kwargs": {"at": "{{ in_argument() }}"}}}, "in_argument"),
        ({"depends_on": {"nodes": [], "macros": ["macro.essai.test_ours"]}}, "test_ours"),
        ({"config": {"materialized": "own"}}, "materialization_own_default"),
        # dbt calls it, and no code names it.
        ({}, "postgres__get_where_subquery"),
        ({}, "everywhere"),
        ({}, "below_everywhere"),
    ],
)
def test_a_macro_that_is_reached_is_part_of_the_code(
    tmp_path: Path, said: dict[str, Any], macro: str
) -> None:
    before = codes(tmp_path, node(**said)).of(NODE)
    changed = {macro: MACROS[macro].replace("1", "2").replace("}{{ below", "} {{ below")}
    assert codes(tmp_path, node(**said), macros=changed).of(NODE) != before
    assert codes(tmp_path, node(**said), macros={"unrelated": "2"}).of(NODE) == before


def test_what_dbt_writes_anew_each_time_is_no_part_of_the_code(tmp_path: Path) -> None:
    before = codes(tmp_path, node(created_at=1, compiled_code="x", build_path="a")).of(NODE)
    assert codes(tmp_path, node(created_at=2, compiled_code="y", build_path="b")).of(NODE) == before


@pytest.mark.parametrize(
    "more",
    [
        {"raw_code": "select 2"}, {"columns": {"a": {"data_type": "text"}}}, {"alias": "b"},
        {"config": {"materialized": "table", "contract": {"enforced": True}}}, {"group": "age"},
        {"tags": ["b"]}, {"access": "public"}, {"description": "Une table"},
    ],
)  # fmt: skip
def test_every_word_of_a_node_is_part_of_its_code(tmp_path: Path, more: dict[str, Any]) -> None:
    assert codes(tmp_path, node(**more)).of(NODE) != codes(tmp_path, node()).of(NODE)


def test_the_project_its_variables_and_the_target_are_part_of_every_code(tmp_path: Path) -> None:
    before = codes(tmp_path, node()).of(NODE)
    assert codes(tmp_path, node(), variables={"a": 1}).of(NODE) != before
    assert codes(tmp_path, node(), project="name: essai # b").of(NODE) != before
    assert codes(tmp_path, node(), target={"name": "prod"}).of(NODE) != before
    # Who builds matters to those who ask alone; never their password.
    assert codes(tmp_path, node(), target={"name": "dev", "user": "b"}).of(NODE) == before
    asks = node(raw_code="{{ target.user }}")
    here, there, secret = (
        codes(tmp_path, asks, target={"name": "dev", "user": "a", **more}).of(NODE)
        for more in ({}, {"user": "b"}, {"password": "b", "threads": 2})
    )
    assert here != there
    assert here == secret


def test_a_variable_of_the_environment_is_part_of_what_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = node(raw_code="{{ env_var ('ESSAI', '') }}{{ env_var('ACCEPTER_BAISSE', '') }}")
    before, other = codes(tmp_path, said).of(NODE), codes(tmp_path, node()).of(NODE)
    monkeypatch.setenv("ACCEPTER_BAISSE", "1")
    assert codes(tmp_path, said).of(NODE) == before
    monkeypatch.setenv("ESSAI", "1")
    assert codes(tmp_path, said).of(NODE) != before
    assert codes(tmp_path, node()).of(NODE) == other


def test_the_keys_of_pseudonyms_are_part_of_what_pseudonymises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = node(raw_code="{{ pseudonymise('nom', 'age', 'suivi') }}")
    before, other = codes(tmp_path, said).of(NODE), codes(tmp_path, node()).of(NODE)
    monkeypatch.setenv("PGOPTIONS", "-c dac.i_age_suivi=00")
    assert codes(tmp_path, said).of(NODE) != before
    assert codes(tmp_path, node()).of(NODE) == other


def test_the_declaration_of_a_source_is_part_of_what_reads_it(tmp_path: Path) -> None:
    said = node(depends_on={"nodes": ["source.essai.a.a"], "macros": []})

    def source(**more: Any) -> dict[str, Any]:
        return {"source.essai.a.a": node("source.essai.a.a", **more)}

    before = codes(tmp_path, said, sources=source()).of(NODE)
    assert codes(tmp_path, said, sources=source(columns={"a": {"description": "b"}})).of(NODE) != before
    assert codes(tmp_path, node(), sources=source(columns={"a": 1})).of(NODE) == codes(tmp_path, node()).of(
        NODE
    )


def test_the_words_of_a_column_are_part_of_all_that_comes_of_it(tmp_path: Path) -> None:
    def code(told: str) -> str:
        """Of a table that reads a view that reads a view that says what a column is."""
        low = node("model.essai.low", columns={"a": {"description": told}})
        middle = node("model.essai.middle", depends_on={"nodes": ["model.essai.low"]})
        top = node(depends_on={"nodes": ["model.essai.middle"]})
        return codes(tmp_path, top, middle, low).of(NODE)

    assert code("un") == code("un") != code("deux")


def test_who_looks_into_the_graph_is_made_of_what_is_there(tmp_path: Path) -> None:
    """The écarts of a source are made of what its staging model declares, which they do not read."""
    macro, itself = node(raw_code="{{ looks() }}"), node(raw_code="{{ graph.nodes }}")

    def code(said: dict[str, Any], domain: str, **more: Any) -> str:
        return codes(tmp_path, said, node("model.essai.b", fqn=["essai", domain, "b"], **more)).of(NODE)

    meta = {"config": {"meta": {"lecture": ["b"]}}}
    assert code(macro, "age", **meta) != code(macro, "age")
    assert code(macro, "sg", **meta) == code(macro, "sg")
    assert code(itself, "sg", **meta) != code(itself, "sg")


def test_a_seed_is_made_of_its_file(tmp_path: Path) -> None:
    said = node("seed.essai.s", original_file_path="s.csv", root_path=str(tmp_path))
    (tmp_path / "s.csv").write_text("a\n1\n")
    before = codes(tmp_path, said).of("seed.essai.s")
    (tmp_path / "s.csv").write_text("a\n2\n")
    assert codes(tmp_path, said).of("seed.essai.s") != before


def test_a_unit_test_is_made_of_its_words_its_model_and_what_this_reads(tmp_path: Path) -> None:
    def code(given: int = 1, above: str = "", **more: Any) -> str:
        test = SimpleNamespace(
            depends_on=SimpleNamespace(nodes=[NODE]), to_dict=lambda: {"given": given, "created_at": object()}
        )
        below = node("model.essai.b", raw_code=above)
        said = node(depends_on={"nodes": ["model.essai.b"], "macros": []}, **more)
        return codes(tmp_path, said, below, unit_tests={"unit_test.essai.u": test}).of_unit_test(
            "unit_test.essai.u"
        )

    assert code() == code()
    assert len({code(), code(given=2), code(above="select 2"), code(raw_code="select 2")}) == 4


@pytest.mark.parametrize(
    "said",
    [
        {"raw_code": "select current_date"}, {"raw_code": "{{ through_clock() }}"},
        {"raw_code": "select now ()"}, {"raw_code": "select localtimestamp"},
        {"raw_code": "cast('today' as date)"},
        {"raw_code": "select age(ne_le)"}, {"raw_code": "order by random()"},
        {"raw_code": "{{ run_started_at }}"},
        {"raw_code": "{{ modules.datetime.date.today() }}"}, {"raw_code": "{{ invocation_id }}"},
        {"raw_code": "select * from historique.resultats"}, {"raw_code": "select gen_random_uuid()"},
        {"raw_code": "select current_user"}, {"raw_code": "from information_schema.tables"},
        # Names that only a run knows.
        {"raw_code": "{{ env_var(name) }}"}, {"raw_code": "{{ env_var('A' ~ b) }}"},
        {"raw_code": "{{ context[name]() }}"}, {"raw_code": "{{ adapter.dispatch('a_' ~ b)() }}"},
        {"raw_code": "{{ env_var (name) }}"}, {"raw_code": "{{ donnees_au_centre['a_' ~ b]() }}"},
        {"raw_code": "{{ ['a', 'b'] | random }}"}, {"raw_code": "{{ modules['datetime'] }}"},
        {"raw_code": "{{ flags['FULL_REFRESH'] }}"}, {"raw_code": "{{ thread_id }}"},
        {"raw_code": "select * from dblink('x', 'select 1')"},
        {"raw_code": "{{ adapter.get_relation(a, b, c) }}"}, {"raw_code": "{{ api.Relation.create() }}"},
        {"config": {"where": "jour < current_date"}}, {"test_metadata": {"kwargs": {"max": "current_date"}}},
        {"columns": {"a": {"constraints": [{"expression": "a < now()"}]}}},
    ],
)  # fmt: skip
def test_what_may_change_by_itself_is_told(tmp_path: Path, said: dict[str, Any]) -> None:
    found = codes(tmp_path, node(**said))
    assert found.is_changing(NODE)
    test = SimpleNamespace(depends_on=SimpleNamespace(nodes=[NODE]))
    assert codes(tmp_path, node(**said), unit_tests={"unit_test.u": test}).is_changing("unit_test.u")


CLOCK = {
    "current_timestamp_local": "{% macro current_timestamp_local() %}{{ return(adapter.dispatch("
    "'current_timestamp_local')()) }}{% endmacro %}",
    "default__current_timestamp_local": "{% macro default__current_timestamp_local() %}"
    "current_timestamp at time zone 'Europe/Brussels'{% endmacro %}",
    "past": "{% macro past() %}jour < cast({{ current_timestamp_local() }} as date){% endmacro %}",
    "by_the_hour": "{% macro by_the_hour() %}{{ past() }} {{ current_timestamp_local() }}{% endmacro %}",
}


@pytest.mark.parametrize(
    ("said", "of_day", "changing"),
    [
        ({"raw_code": "select 1"}, False, False),
        ({"raw_code": "{{ past() }}"}, True, False),
        # dbt says that it calls the clock, and no more: in doubt it is made.
        ({"raw_code": "cast({{ current_timestamp_local() }} as date)"}, True, True),
        ({"raw_code": "cast(current_timestamp at time zone 'Europe/Brussels' as date)"}, True, False),
        ({"raw_code": "((CURRENT_TIMESTAMP AT TIME ZONE 'Europe/Brussels'::text))::date"}, True, False),
        ({"raw_code": "{{ by_the_hour() }}"}, True, True),
        ({"raw_code": "{{ past() }} and {{ current_timestamp_local() }} > a"}, True, True),
        ({"raw_code": "cast({{ current_timestamp_local() }} as timestamp)"}, False, True),
        ({"raw_code": "cast(current_timestamp at time zone 'Asia/Tokyo' as date)"}, False, True),
    ],
)
def test_the_day_is_no_change_until_it_ends(
    tmp_path: Path, said: dict[str, Any], of_day: bool, changing: bool
) -> None:
    test = SimpleNamespace(depends_on=SimpleNamespace(nodes=[NODE]))
    found = codes(tmp_path, node(**said), macros=CLOCK, unit_tests={"unit_test.u": test})
    assert [(found.is_of_day(one), found.is_changing(one)) for one in (NODE, "unit_test.u")] == 2 * [
        (of_day, changing)
    ]
    # The clock that a day is read from is part of the code all the same.
    other = {**CLOCK, "default__current_timestamp_local": CLOCK["default__current_timestamp_local"] + " "}
    assert (codes(tmp_path, node(**said), macros=other).of(NODE) != found.of(NODE)) == ("{{" in str(said))


@pytest.mark.parametrize(
    "code",
    [
        "select age.nom from age.dim_x as age", "select age(a, b)", "{{ env_var('A', 'b') }}", "select known",
        "{{ env_var ( 'A', 'b') }}", "{{ context['direct']() }}", "{{ donnees_au_centre['direct']() }}",
        "{{ adapter.dispatch('direct', 'essai')() }}", "select cast(a as uuid)",
    ],
)  # fmt: skip
def test_what_stays_is_not_taken_for_what_changes(tmp_path: Path, code: str) -> None:
    assert not codes(tmp_path, node(raw_code=code)).is_changing(NODE)


def test_none_of_our_tests_may_change_by_itself(tmp_path: Path) -> None:
    """A macro of theirs that asks the catalogue would have each of them played in every run."""
    found = {
        f"test_{name}" if kind == "test" else name: text
        for folder in ("macros", "tests/generic")
        for file in sorted((ROOT / folder).rglob("*.sql"))
        if not file.relative_to(ROOT).as_posix().startswith(EVERYWHERE)
        for text, kind, name in OURS.findall(file.read_text("utf-8"))
    }
    tests = [name for name in found if name.startswith("test_")]
    played = [
        node(f"test.essai.{name}", raw_code=f"{{{{ {name}(**_dbt_generic_test_kwargs) }}}}") for name in tests
    ]
    ours = codes(tmp_path, *played, macros=found)
    assert len(tests) > 10
    assert [name for name in tests if ours.is_changing(f"test.essai.{name}")] == []


def result(unique_id: str, status: str = "success", *reads: str) -> SimpleNamespace:
    return SimpleNamespace(
        node=SimpleNamespace(
            unique_id=unique_id, resource_type=unique_id.split(".")[0], depends_on_nodes=list(reads)
        ),
        status=status,
    )


def test_what_was_made_of_what_failed_is_not_good() -> None:
    results = [
        result("seed.s"),
        result("model.a", "error", "seed.s"),
        result("model.b", "success", "model.a"),
        result("model.c", "success", "model.b"),
        result("model.d", "success", "seed.s"),
        result("test.c", "pass", "model.c"),
        result("test.d", "pass", "model.d"),
        # Its rows are its own.
        result("unit_test.c", "pass", "model.c"),
    ]
    assert made_of_good(results) == {"seed.s", "model.d", "test.d", "unit_test.c"}


def test_a_test_that_warns_or_fails_spoils_itself_alone() -> None:
    results = [
        result("model.a"),
        result("test.a", "warn", "model.a"),
        result("test.b", "fail", "model.a"),
        result("test.c", "pass", "model.a"),
        result("model.b", "success", "model.a"),
        result("model.held", "skipped"),
        result("test.held", "pass", "model.held", "model.a"),
    ]
    assert made_of_good(results) == {"model.a", "test.c", "model.b"}
