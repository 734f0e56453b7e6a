"""The whole project compiled for Denodo: the SQL is dbt's own, and every character has its origin."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.portability.compilation import (
    TARGET,
    Compilation,
    CompiledNode,
    compile_for_denodo,
    use_adapter_of,
)
from donnees_au_centre.project.reader import PARTIAL_PARSE, dbt_options
from donnees_au_centre.settings import ROOT, Settings
from tests.memory import recall_nowhere
from tests.small_project import small_project

# Nobody listens there: what compiles needs no server.
NOWHERE = "host=127.0.0.1 port=1 user=personne password=rien dbname=nulle_part"


@pytest.fixture(scope="module")
def compilation() -> Compilation:
    recall_nowhere(replace(Settings.load({}), target=TARGET, target_path=ROOT / "target" / TARGET))
    return compile_for_denodo(Settings.load({}))


@pytest.fixture(scope="module")
def plain(compilation: Compilation, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `dbt compile --target denodo` makes, as a user runs it; unique_id -> SQL."""
    from dbt.cli.main import dbtRunner

    use_adapter_of(ROOT)
    target = tmp_path_factory.mktemp("target")
    settings = replace(Settings.load({}), target="denodo", target_path=target)
    # What dbt read of the project is the same for both; what it compiles is not.
    shutil.copy(ROOT / "target" / TARGET / PARTIAL_PARSE, target)
    done = dbtRunner().invoke(["compile", *dbt_options(settings, target)])
    assert done.success, done.exception
    return {result.node.unique_id: result.node.compiled_code for result in done.result.results}


def test_markers_change_nothing_in_the_whole_project(compilation: Compilation, plain: dict[str, str]) -> None:
    assert not compilation.refusals
    assert len(compilation.nodes) > 300
    for unique_id, node in compilation.nodes.items():
        assert node.sql == plain[unique_id], unique_id


def test_every_character_of_models_and_singular_tests_has_its_origin(compilation: Compilation) -> None:
    mapped = [node for node in compilation.nodes.values() if not node.generic]
    assert len(mapped) > 100
    for node in mapped:
        assert "".join(node.sql[run.start : run.end] for run in node.source.runs) == node.sql
        for run in node.source.runs:
            if run.piece.literal:
                span = node.literal_span(run.start, run.end)
                assert span is not None
                assert node.text[slice(*span)] == node.sql[run.start : run.end]


def test_a_generic_test_leads_to_its_declaration(compilation: Compilation) -> None:
    tests = [node for node in compilation.nodes.values() if node.generic]
    assert len(tests) > 100
    for node in tests:
        place = node.locate(0)
        line = (ROOT / place.file).read_text(encoding="utf-8").splitlines()[place.line - 1]
        name = place.call.split()[1]  # test <name> de <model>
        assert name in line, f"{place}: {line}"


def test_views_are_named_by_their_virtual_database(compilation: Compilation) -> None:
    relations = {
        node.relation_name for node in compilation.manifest.nodes.values() if node.kind in ("model", "seed")
    }
    assert "age.dim_etablissement" in relations
    assert "commun.chiffres" in relations
    assert all(name.count(".") == 1 and '"' not in name for name in relations)
    staging = compilation.models["model.donnees_au_centre.stg_points_verts__marches"]
    assert "from raw_ags.points_verts" in staging


FAULTY = """\
{{ config(tags=['essai']) }}

with source as (
    select * from {{ ref('dim_ecoles') }}
)

select
    fase::integer as fase,
    {% for colonne in ['nom'] -%}
    {{ colonne }} || '!' as {{ colonne }}_{{ loop.index }},
    {% endfor %}
    {{ deux_lignes('nom') }} as autre
from source
"""
MACRO = """\
{% macro deux_lignes(value) %}
    case
        when {{ value }} = 'x' then 1
    end
{%- endmacro %}
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Compilation, CompiledNode]:
    """A small project with one model that does everything, and one that refuses."""
    with small_project(tmp_path_factory.mktemp("projet") / "à l'écart", NOWHERE) as project:
        project.write("macros/deux_lignes.sql", MACRO)
        project.add_mart("fct_essai", "\n\n" + FAULTY)
        refusing = "select {{ exceptions.raise_compiler_error('Pas sur Denodo.') if execute }} as fase"
        project.add_mart("fct_refuse", refusing)
        project.add_mart("fct_refuse_aussi", refusing)
        compilation = compile_for_denodo(project.settings)
        return compilation, compilation.nodes["model.donnees_au_centre.fct_essai"]


def test_literal_text_leads_to_its_line_and_column(small: tuple[Compilation, CompiledNode]) -> None:
    _, node = small
    start = node.sql.index("::")
    place = node.locate(start)
    assert (place.file, place.line, place.column) == ("models/age/marts/fct_essai.sql", 10, 9)
    assert place.call is None
    assert node.literal_span(start, start + 2) == (node.text.index("::"), node.text.index("::") + 2)


def test_text_in_a_loop_leads_to_its_line(small: tuple[Compilation, CompiledNode]) -> None:
    _, node = small
    place = node.locate(node.sql.index("|| '!'"))
    assert (place.line, place.column, place.call) == (12, 19, None)


def test_text_of_a_macro_leads_to_its_call(small: tuple[Compilation, CompiledNode]) -> None:
    _, node = small
    place = node.locate(node.sql.index("then 1"))
    assert (place.line, place.column) == (14, 5)
    assert place.call == "{{ deux_lignes('nom') }}"


def test_every_model_that_refuses_is_named_and_the_others_compile(
    small: tuple[Compilation, CompiledNode],
) -> None:
    compilation, _ = small
    assert {Path(refusal.file).stem for refusal in compilation.refusals} == {"fct_refuse", "fct_refuse_aussi"}
    assert all("Pas sur Denodo." in refusal.message for refusal in compilation.refusals)
    assert "model.donnees_au_centre.fct_refuse" not in compilation.nodes
    assert "model.donnees_au_centre.fct_tout" in compilation.nodes


def test_a_project_that_does_not_parse_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with small_project(tmp_path, NOWHERE) as project:
        project.write("models/age/marts/dim_ecoles.sql", "select {{ rien(")
        with pytest.raises(PlatformError, match="dim_ecoles"):
            compile_for_denodo(project.settings)
