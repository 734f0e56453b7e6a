"""The settings of sqlfluff: what must be refused is refused, and what our macros write is read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from donnees_au_centre.settings import ROOT

GOOD = """\
with source as (
    select * from {{ source('points_verts', 'points_verts') }}
),

final as (
    select
        {{ to_integer('id') }} as marche_id,
        {{ to_decimal('latitude', 9, 6) }} as latitude,
        {{ to_date('date') }} as date_marche
    from source
    where id <> 'x'
)

select * from final
"""
# Macros that models call by `dbt.`: ours where there is one, dbt's own otherwise.
GOOD_DBT = """\
select
    {{ dbt.dateadd('day', 1, 'debut') }} as lendemain,
    {{ dbt.concat(['nom', "'!'"]) }} as exclamation,
    {{ dbt.split_part('nom', "' '", 1) }} as premier_mot,
    {{ dbt.position("'a'", 'nom') }} as place_du_a,
    cast(n as {{ dbt.type_bigint() }}) as grand_nombre
from {{ ref('x') }}
"""
# What is wrong -> the rule that must say so, and the SQL.
BAD = {
    "upper_case": ("CP01", "SELECT id from {{ ref('x') }}\n"),
    "leading_comma": ("LT04", "select\n    a\n    , b\nfrom {{ ref('x') }}\n"),
    "tabs_or_two_spaces": ("LT02", "select\n  a,\n  b\nfrom {{ ref('x') }}\n"),
    "alias_without_as": ("AL02", "select a b from {{ ref('x') }}\n"),
    "table_alias_without_as": ("AL01", "select y.a from {{ ref('x') }} y\n"),
    "double_colon": ("CV11", "select a::date as b from {{ ref('x') }}\n"),
    "not_equal_of_c": ("CV01", "select a from {{ ref('x') }}\nwhere a != 1\n"),
    "group_by_number": ("AM06", "select\n    a,\n    count(*) as n\nfrom {{ ref('x') }}\ngroup by 1\n"),
    "bare_join": ("AM05", "select x.a from {{ ref('x') }} as x join {{ ref('y') }} as y on x.a = y.a\n"),
    "ilike": ("CV09", "select a from {{ ref('x') }}\nwhere a ilike 'b'\n"),
    "too_long": ("LT05", f"select a from {{{{ ref('x') }}}}\nwhere a = '{'é' * 110}'\n"),
    "unparsable": ("PRS", "select a from from {{ ref('x') }}\n"),
    "unknown_macro": ("TMP", "select {{ to_nothing('a') }} as a from {{ ref('x') }}\n"),
    "macro_that_refuses": ("TMP", "select {{ to_date('a', 'MM-yyyy') }} as a from {{ ref('x') }}\n"),
    "unknown_dbt_macro": ("TMP", "select {{ dbt.rien('a') }} as a from {{ ref('x') }}\n"),
    "dbt_macro_that_refuses": (
        "TMP",
        "select {{ dbt.dateadd('siecle', 1, 'a') }} as a from {{ ref('x') }}\n",
    ),
    "unknown_dispatch": ("TMP", "select {{ adapter.dispatch('rien')('a') }} as a from {{ ref('x') }}\n"),
    "template_not_closed": ("TMP", "select a from {{ ref('x') }\n"),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The codes that sqlfluff finds in each file."""
    folder = tmp_path_factory.mktemp("sql")
    (folder / "good.sql").write_text(GOOD, encoding="utf-8")
    (folder / "good_dbt.sql").write_text(GOOD_DBT, encoding="utf-8")
    for name, (_, sql) in BAD.items():
        (folder / f"{name}.sql").write_text(sql, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "sqlfluff", "lint", "--config", ".sqlfluff", "--format", "json", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    return {
        Path(file["filepath"]).stem: {violation["code"] for violation in file["violations"]}
        for file in json.loads(done.stdout)
    }


@pytest.mark.parametrize("name", ["good", "good_dbt"])
def test_sql_made_by_macros_is_clean(found: dict[str, set[str]], name: str) -> None:
    assert found[name] == set()


@pytest.mark.parametrize("name", BAD)
def test_what_must_be_refused_is_refused(found: dict[str, set[str]], name: str) -> None:
    assert BAD[name][0] in found[name]


def test_every_rule_of_the_settings_is_explained() -> None:
    lines = (ROOT / ".sqlfluff").read_text(encoding="utf-8").splitlines()
    sections = [index for index, line in enumerate(lines) if line.startswith("[sqlfluff:rules:")]
    assert len(sections) > 10
    assert all(lines[index + 1].startswith("# ") for index in sections)
    start = lines.index("exclude_rules =")
    excluded = [index for index, line in enumerate(lines) if index > start and line.startswith("    ")]
    assert all(
        lines[index - 1].strip().startswith("#")
        for index in excluded
        if not lines[index].strip().startswith("#")
    )
