"""`make lint` names what is not portable by its file and line; `make fix` writes what is sure."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from donnees_au_centre.cli import quality
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import ROOT
from tests.memory import recall
from tests.small_project import SmallProject, small_project

# Nobody listens there: nothing here opens a database.
NOWHERE = "host=127.0.0.1 port=1 user=personne password=rien dbname=nulle_part"
FAULTY = "models/age/marts/fct_essai.sql"
# One fault in the text of line 11, one in the loop's text of line 14, one that the call of line 16 makes.
MODEL = """\
-- Essai de trois fautes.
with source as (
    select * from {{ ref('dim_ecoles') }}
),

final as (
    select
        fase,
        nom,
        {# 'a ilike b' en commentaire n'est pas une faute #}
        fase::text as texte,
        {% for lettre in ['a', 'b'] -%}
            case
                when nom ilike '{{ lettre }}%' then 1 else 0
            end as commence_par_{{ lettre }},
        {% endfor %} {{ mot_entre('nom', 'Un') }} as un
    from source
)

select * from final
"""
MACRO = """\
{# A word of a text, for an engine that knows such conditions. #}
{% macro mot_entre(value, word) %}
    case
        when {{ value }} ~* '{{ word }}' then 1 else 0
    end
{%- endmacro %}
"""
MACRO_YAML = """\
version: 2

macros:
  - name: mot_entre
    description: "Essai."
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[SmallProject]:
    """A small project with the house's macros and linters."""
    with small_project(tmp_path / "projet", NOWHERE) as small:
        shutil.copytree(ROOT / "macros", small.root / "macros")
        for name in (".gitignore", ".sqlfluff", ".yamllint"):
            shutil.copy(ROOT / name, small.root / name)
        (small.root / "dev").symlink_to(ROOT / "dev")
        for target, name in (("denodo", "denodo"), (small.settings.target, "controle")):
            recall(replace(small.settings, target=target, target_path=small.root / "target" / name))
        yield small


def with_faults(project: SmallProject) -> None:
    project.write("macros/essai.sql", MACRO)
    project.write("macros/_essai.yml", MACRO_YAML)
    project.add_mart("fct_essai", MODEL)


def places(shown: str) -> list[str]:
    """The places that a text of remarks names, in order, once each."""
    lines = [line for line in shown.splitlines() if line.startswith("models/") and " : [" in line]
    return [line.split(" : ")[0] for line in lines]


def test_a_clean_project_passes(project: SmallProject, capsys: pytest.CaptureFixture[str]) -> None:
    quality.check_portable_sql(project.settings)
    assert "[vql-" not in capsys.readouterr().out


def test_each_fault_is_named_by_file_line_and_column(
    project: SmallProject, capsys: pytest.CaptureFixture[str]
) -> None:
    with_faults(project)
    with pytest.raises(PlatformError, match="en 3 endroit"):
        quality.check_portable_sql(project.settings)
    shown = capsys.readouterr().out
    assert places(shown) == [f"{FAULTY}:11:13", f"{FAULTY}:14:26", f"{FAULTY}:16:22"]
    assert "Produit par {{ mot_entre('nom', 'Un') }}." in shown
    assert shown.count("À écrire : ") == 3


def test_lint_fails_on_portable_sql(project: SmallProject, capfd: pytest.CaptureFixture[str]) -> None:
    with_faults(project)
    with pytest.raises(PlatformError, match=r"À corriger : .*SQL portable"):
        quality.lint(project.settings, {})
    assert f"{FAULTY}:11:13 : [vql-" in capfd.readouterr().out


def test_fix_writes_the_portable_form_in_the_text_and_nothing_else(
    project: SmallProject, capfd: pytest.CaptureFixture[str]
) -> None:
    with_faults(project)
    quality.fix(project.settings, {})
    fixed = (project.root / FAULTY).read_text(encoding="utf-8")
    assert "cast(fase as text) as texte," in fixed
    assert "::" not in fixed
    assert "{{ mot_entre('nom', 'Un') }} as un" in fixed
    assert (project.root / "macros/essai.sql").read_text(encoding="utf-8") == MACRO
    said = capfd.readouterr().out
    assert f"{FAULTY}:11 : [vql-" in said
    assert f"{FAULTY}:16:" in said.partition("Reste à corriger à la main")[2]
