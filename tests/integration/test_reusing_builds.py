"""A build that takes what has not changed gives what a whole one gives, whatever has happened in between."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest

from donnees_au_centre.building import standing
from donnees_au_centre.building.dbt_run import DbtRun
from donnees_au_centre.building.results import NodeResult
from donnees_au_centre.history.structure import ensure_history
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.project import parse
from donnees_au_centre.settings import ROOT
from tests.campaigns import long
from tests.haste import haste
from tests.memory import recall
from tests.small_project import PROJECT, SOURCE, SmallProject, small_project

# Changes of the long form.
CHANGES = int(os.environ.get("CHANGEMENTS", "400"))
# Where they begin: another number, other changes.
SEEDS = [int(seed) for seed in os.environ.get("GRAINE", "11,12").split(",")]
# Those of the platform that this project reaches: the fewer there are, the less each node costs.
MACROS = (
    "access/*", "arguments/*", "materialization/*", "naming/*", "publication/*", "staging/descriptions",
    "portability/current_timestamp", "row_issues/row_issues",
)  # fmt: skip
OURS = (
    PROJECT.replace(
        "flags: {send_anonymous_usage_stats: false}",
        "flags: {send_anonymous_usage_stats: false}\n"
        "vars: {patience_verrou: 2, essai: @variable@}\n"
        "seeds: {donnees_au_centre: {age: {+group: age}}}",
    ).replace(
        "staging: {+materialized: view, +access: private}",
        "staging: {+materialized: view, +access: private}\n"
        "      intermediate: {+materialized: table, +access: private, +persist_docs: {columns: false}}",
    )
    + "    +persist_docs: {relation: true, columns: true}\n"
    + '    +post-hook: ["{{ essai_hook() }}"]\n'
)
NOTHING = "version: 2\n"
DESCRIBED = "version: 2\nmodels: [{{name: {name}, columns: [{{name: nom{told}}}]}}]\n"
# Each way in which a node reaches what it is made of; the words between @ change.
FILES = {
    "dbt_project.yml": OURS,
    "macros/essai.sql": """
{% macro essai_hook() %}comment on column {{ this }}.fase is '@hook@'{% endmacro %}
{% macro essai_label() %}{{ return(adapter.dispatch('essai_label', 'donnees_au_centre')()) }}{% endmacro %}
{% macro default__essai_label() %}'@dispatched@'{% endmacro %}
{% macro essai_outer() %}{{ essai_inner() }}{% endmacro %}
{% macro essai_inner() %}'@inner@'{% endmacro %}
{% macro essai_hidden() %}'@hidden@'{% endmacro %}
{% macro essai_columns(relation) %}
{{- declared_columns(relation) | map(attribute='description') | join -}}
{% endmacro %}
{% macro essai_alone() %}'@unrelated@'{% endmacro %}
{% macro essai_name() %}{{ return('essai_' ~ 'found') }}{% endmacro %}
{% macro essai_found() %}'@found@'{% endmacro %}
{% macro postgres__create_table_as(temporary, relation, sql) %}
create {{ 'temporary ' if temporary }}table {{ relation }} as select * from ({{ sql }}) as t limit @limit@
{% endmacro %}
{% materialization essai, default %}
{{ drop_relation_if_exists(load_cached_relation(this)) }}
{% call statement('main') %}create table {{ this }} as {{ sql }} limit @material@{% endcall %}
{{ run_hooks(post_hooks) }}
{% do persist_docs(this, model) %}
{{ adapter.commit() }}
{{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
{% test essai_at_most(model, column_name, number) %}
select * from {{ model }} where length({{ column_name }}) > {{ number }}
{% endtest %}
""",
    "models/age/staging/ecoles/_ecoles__sources.yml": SOURCE.format(name="ecoles").replace(
        "{name: nom}",
        "{name: nom, description: '@source@', data_tests: [{not_null: {config: {where: @where@}}}]}",
    ),
    "models/age/staging/ecoles/stg_ecoles__deux.sql": (
        "{{ config(materialized='@kind@') }} "
        "select fase, nom from {{ ref('stg_ecoles__ecoles') }} where fase <> '@second@'"
    ),
    # One test of a kind will do.
    "models/age/staging/batiments/stg_batiments__batiments.yml": DESCRIBED.format(
        name="stg_batiments__batiments", told=", description: '@inherited@'"
    ),
    "models/age/marts/dim_batiments.yml": DESCRIBED.format(name="dim_batiments", told=""),
    "models/transversal/marts/fct_tout.yml": NOTHING,
    "models/age/intermediate/int_noms.sql": (
        "select fase, nom, {{ essai_label() }} as a, {{ essai_outer() }} as b, "
        "{{ context['essai_hidden']() }} as c from {{ ref('stg_ecoles__deux') }}"
    ),
    "models/age/intermediate/int_dit.sql": (
        "select fase, '{{ essai_columns(source('ecoles', 'ecoles')) }}' as dit, "
        "{{ context[essai_name()]() }} as trouve from {{ source('ecoles', 'ecoles') }}"
    ),
    "models/age/intermediate/int_essai.sql": (
        "{{ config(materialized='essai') }} select fase, '{{ essai_columns(source('ecoles', 'ecoles')) }}' "
        "as dit from {{ source('ecoles', 'ecoles') }}"
    ),
    "models/age/intermediate/int_reglages.sql": (
        "{{ config(enabled=@enabled@) }} "
        "select '1' as fase, '{{ env_var('ESSAI_SQL', '') }}' as a, {{ var('essai') }} as b, "
        "'{{ target.name }}' as c, '{{ env_var ('ESSAI_ESPACE', '') }}' as d,"
        "cast(cast('01/02/2026' as date) as text) as e"
    ),
    "models/age/intermediate/int_ailleurs.sql": "select fase, nom from raw_age.batiments",
    "models/age/intermediate/int_heure.sql": "select '1' as fase, clock_timestamp() as heure",
    "models/age/marts/dim_ecoles.sql": (
        "select n.fase, n.nom, n.a, n.b, n.c, s.libelle from {{ ref('int_noms') }} as n "
        "left join {{ ref('codes') }} as s on s.code::text = n.fase"
    ),
    "models/age/marts/dim_ecoles.yml": """
version: 2
models:
  - name: dim_ecoles
    description: "@description@"
    columns:
      - name: fase
        data_tests: [not_null, unique]
      - name: nom
        description: "{{ doc('essai') }}"
        data_tests:
          - relationships:
              arguments: {to: ref('@to@'), field: @field@}
              config: {severity: warn}
          - essai_at_most:
              arguments: {number: "{{ env_var('ESSAI_YAML', '40') }}"}
              config: {severity: @severity@}
          - essai_at_most:
              name: noms_courts
              arguments: {number: @number@}
              config: {where: "fase <> '@without@'", severity: warn}
unit_tests:
  - name: dim_ecoles_dit
    model: dim_ecoles
    given:
      - {input: ref('int_noms'), rows: [{fase: '1', nom: x}]}
      - {input: ref('codes'), format: csv, fixture: essai_codes}
    expect: {rows: [{nom: '@expected@', libelle: un}]}
""",
    "models/age/_essai.md": "{% docs essai %}@words@{% enddocs %}",
    "tests/fixtures/essai_codes.csv": "code,libelle\n1,@given@\n",
    "seeds/age/codes.csv": "code,libelle\n1,@seed@\n2,deux\n",
    "seeds/age/_codes.yml": "version: 2\nseeds: [{name: codes, config: {column_types: {code: @type@}}}]\n",
    "tests/singular/age/deux.sql": (
        "select a.fase from {{ ref('dim_ecoles') }} as a inner join {{ ref('dim_batiments') }} as b "
        "on a.fase = b.fase where a.nom = '@bad@'"
    ),
}
# Of which nobody knows what they read, or what they call, before they are made.
UNTOLD = {
    "int_voisin": "select fase, nom from RAW_AGE . batiments",
    "int_demande": (
        "{% if execute %}{% set found = run_query('select count(*) from raw_age.batiments') %}{% endif %}"
        "select '1' as fase, {{ found.rows[0][0] if execute }} as lignes"
    ),
    "int_crochet": (
        "{{ config(post_hook='insert into {{ this }} select fase, nom from raw_age.batiments') }} "
        "select fase, nom from {{ ref('stg_ecoles__deux') }}"
    ),
    "int_lointain": "select '1' as fase, {{ donnees_au_centre['essai_' ~ 'inner']() }} as a",
    # Tables without a schema.
    "int_nu": "select '1' as fase, 'x' as nom from (temoin cross join generate_series(1, 1) as s (n))",
    "int_dit_nu": "select '1' as fase, 'x' as nom from /* là */ temoin",
    "int_demande_nu": (
        "{% if execute %}{% set found = run_query('select count(*) from temoin') %}{% endif %}"
        "select '1' as fase, {{ found.rows[0][0] if execute }} as lignes"
    ),
}
BEGUN = {
    "variable": "1", "hook": "un", "dispatched": "a", "inner": "b", "hidden": "c", "unrelated": "d",
    "found": "e", "source": "Le nom", "where": "\"fase <> '0'\"", "second": "0", "description": "Des écoles",
    "severity": "warn", "number": "20", "without": "0", "given": "un", "expected": "x", "seed": "un",
    "type": "integer", "bad": "rien", "limit": "100", "material": "100", "kind": "view",
    "enabled": "true", "to": "stg_ecoles__ecoles", "field": "nom", "words": "Le mot",
    "inherited": "un",
}  # fmt: skip
# Another value, good or bad, of each of them.
OTHERS = {
    "variable": ["1", "2"], "type": ["integer", "text", "bigint"], "severity": ["warn", "error"],
    "number": ["1", "20", "30"], "without": ["0", "1"], "given": ["un", "un", "deux"],
    "expected": ["x", "x", "y"], "bad": ["rien", "rien", "Un"], "second": ["0", "1", "2"],
    "limit": ["100", "1"], "material": ["100", "1"], "kind": ["view", "table"], "enabled": ["true", "false"],
    "field": ["fase", "nom"],
    "to": ["stg_ecoles__ecoles", "dim_batiments", "int_noms", "int_dit"],
    "where": ["\"fase <> '0'\"", "\"fase <> '3'\"", '"current_date is null"'],
}  # fmt: skip
VARIABLES = {
    **dict.fromkeys(("ESSAI_SQL", "ESSAI_YAML", "ESSAI_ESPACE"), ("2", "40")),
    "ACCEPTER_BAISSE": ("1", "1", ""), "VERSIONS_GARDEES": ("0", "2"),
}  # fmt: skip
# By hand, to what was received.
RECEIVED = (
    "update raw_age.ecoles set nom = 'Rectifié' where fase = '1'",
    "delete from raw_age.ecoles where fase = '2'",
    "truncate raw_age.batiments",
)


@dataclass
class Story:
    """A project to which things happen.

    Attributes:
        changes, compared, taken, made: how many there were.
    """

    project: SmallProject
    patch: pytest.MonkeyPatch
    chance: random.Random
    words: dict[str, str] = field(default_factory=lambda: dict(BEGUN))
    target: str = "staging"
    known: list[object] = field(default_factory=list)
    changes: int = 0
    compared: int = 0
    taken: int = 0
    made: int = 0
    told: list[str] = field(default_factory=list)

    def write(self) -> None:
        for path, text in FILES.items():
            for word, value in self.words.items():
                text = text.replace(f"@{word}@", value)
            self.project.write(path, text)

    def read(self) -> None:
        settings = replace(
            self.project.settings, target=self.target, target_path=self.project.root / "target" / self.target
        )
        self.settings = settings
        # Of the same files a location of Dagster reads once, and `make build` every time.
        if self.texts() != self.known or self.chance.random() < 0.2:
            if not settings.target_path.exists():
                recall(settings)
            self.known = self.texts()
            self.parsed = parse(settings)
            assert self.parsed.error is None, self.parsed.error
        self.load()

    def load(self) -> None:
        sources = read_declarations(self.parsed.manifest.sources.values())
        load_landing(self.project.conninfo, self.settings.landing, sources)

    def texts(self) -> list[object]:
        """All that dbt reads."""
        root = self.project.root
        folders = [root / name for name in ("macros", "models", "seeds", "tests")]
        files = [root / "dbt_project.yml", *(path for one in folders for path in one.rglob("*.*"))]
        names = [name for name in os.environ if name.startswith("ESSAI_")]
        return [
            self.target,
            {path: path.read_bytes() for path in files},
            [(name, os.environ[name]) for name in names],
        ]

    def build(self, reuse: bool, *arguments: str) -> list[NodeResult]:
        run = self.run(reuse, *arguments)
        results = [result for result in run.results() if not result.provisional]
        assert run.error is None, run.error
        return results

    def run(self, reuse: bool, *arguments: str) -> DbtRun:
        return DbtRun(self.settings, "essai", self.parsed.project, arguments or ["build"], reuse=reuse)

    def sql(self, text: str) -> None:
        """Done by hand, where it may be done."""
        with psycopg.connect(self.project.conninfo, autocommit=True) as connection:
            try:
                connection.execute(text)
            except psycopg.Error:
                self.told.append("(refused)")

    def standing(self) -> list[tuple[object, ...]]:
        """Every relation: its rows, its columns with their types, its comments."""
        with psycopg.connect(self.project.conninfo, autocommit=True) as connection:
            relations = connection.execute(
                "select format('%I.%I', nspname, relname) from pg_class as c "
                "inner join pg_namespace as n on n.oid = c.relnamespace where relkind in ('r', 'v') "
                "and nspname ~ '^(age|transversal)' and nspname !~ '_versions$' "
                "and relname <> 'int_heure' order by 1"
            ).fetchall()
            # Where nothing stands, `union all` of nothing would be no query.
            return connection.execute(
                " union all ".join(
                    f"select '{name}', array(select t::text from {name} as t order by 1), "
                    "array(select concat_ws(' ', attname, format_type(atttypid, atttypmod), "
                    "col_description(attrelid, attnum)) from pg_attribute where attnum > 0 "
                    f"and not attisdropped and attrelid = '{name}'::regclass order by attnum), "
                    f"obj_description('{name}'::regclass, 'pg_class')"
                    for (name,) in relations
                )
                or "select"
            ).fetchall()

    def compare(self) -> None:
        """Has everything made again in the same place, and looks whether anything of it is another."""
        results = self.build(True)
        self.compared += 1
        self.taken += sum(result.reused for result in results)
        self.made += sum(not result.reused for result in results)
        mine = [*self.standing(), *outcomes(results)]
        again = self.build(False)
        whole = [*self.standing(), *outcomes(again)]
        wrong = [one for one in mine if one not in whole], [one for one in whole if one not in mine]
        failed = [(one.unique_id, one.message) for one in (*results, *again) if not one.good]
        assert wrong == ([], []), f"{self.told[-12:]}\n{wrong[0]}\n{wrong[1]}\n{failed}"


def outcomes(results: list[NodeResult]) -> list[tuple[object, ...]]:
    """What became of each test, how much it found, and which models are wrong."""
    tests = ("test.", "unit_test.")
    return [
        (one.unique_id, one.status, one.failures)
        for one in results
        # A mart that stays is good; made again, it may have to wait for the others of its domain.
        if one.unique_id.startswith(tests) or one.status == "error"
    ]


def other_words(story: Story) -> str:
    word = story.chance.choice(sorted(BEGUN))
    story.words[word] = story.chance.choice(OTHERS.get(word, ["un", "deux", "trois"]))
    return f"{word} = {story.words[word]}"


def same_words(story: Story) -> str:
    story.words = dict(BEGUN)
    for name in VARIABLES:
        story.patch.delenv(name, raising=False)
    story.patch.setenv("ACCEPTER_BAISSE", "1")
    for path in (
        "macros/place.sql",
        "models/age/intermediate/int_noms.yml",
        "models/age/intermediate/int_dit.yml",
    ):
        (story.project.root / path).unlink(missing_ok=True)
    return "as at the beginning"


def another_file(story: Story) -> str:
    name, number = story.chance.choice(["ecoles", "batiments"]), story.chance.randrange(4)
    rows = "".join(f"{one},{story.chance.choice(['Un', 'Deux', 'Trois'])}\n" for one in range(1, 2 + number))
    path = story.chance.choice([f"landing/age/{name}/{name}.csv", f"landing/age/{name}/autre.csv"])
    if path.endswith("autre.csv"):
        if not story.chance.randrange(4):
            (story.project.root / path).unlink(missing_ok=True)
            return f"{path} is gone"
        rows = rows.replace("1,", "11,").replace("2,", "12,")
    story.project.write(path, f"fase,nom\n{rows}")
    return f"{path}: {rows!r}"


def another_variable(story: Story) -> str:
    name = story.chance.choice(list(VARIABLES))
    value = story.chance.choice(VARIABLES[name])
    story.patch.setenv(name, value)
    return f"{name} = {value}"


def by_hand(story: Story) -> str:
    versions = [
        name for (name,) in story.project.query(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname ~ '_versions$' "
            "and tablename ~ '__v' order by 1"
        )
    ]  # fmt: skip
    text = story.chance.choice(
        [
            "truncate age_intermediate.int_noms", "drop table age_intermediate.int_dit",
            "delete from age_intermediate.int_noms where fase = '1'", "truncate age_reference.codes",
            "update age_reference.codes set libelle = 'main'", "drop view transversal.fct_tout",
            "create or replace view age_staging.stg_batiments__batiments as "
            "select fase, upper(nom) as nom from raw_age.batiments",
            *RECEIVED,
            "alter table age_intermediate.int_noms add column main text",
            "alter table age_intermediate.int_noms rename column c to main",
            "alter table age_reference.codes alter column libelle type varchar",
            *(
                "do $$ begin execute format('alter database %I set datestyle to %L', current_database(), "
                f"'{style}'); end $$"
                for style in ("ISO, MDY", "ISO, DMY")
            ),
            *(f"truncate {name}" for name in versions), *(f"delete from {name}" for name in versions),
            # What make rollback does.
            *(
                f"create or replace view {name.split('_versions')[0]}.{name.split('.')[1].split('__v')[0]} "
                f"as select * from {name}"
                for name in versions
            ),
        ]
    )  # fmt: skip
    story.sql(text)
    return text


def a_part(story: Story) -> str:
    """Some command of dbt on the project as it is."""
    arguments = story.chance.choice(
        [
            ["run"], ["seed"], ["test"], ["build", "--select", "int_noms"], ["build", "--select", "age"],
            ["run", "--empty"], ["build", "--select", "stg_ecoles__deux", "dim_batiments"],
            ["run", "--select", "dim_ecoles"], ["build", "--select", "transversal"],
            ["run", "--select", "staging"],
            ["build", "--vars", "{essai: 7}"], ["seed", "--full-refresh"], ["build", "--empty"],
            ["build", "--exclude", "int_noms", "codes"], ["build", "--vars", "{essai: 7}", "--select", "age"],
        ]
    )  # fmt: skip
    story.write()
    story.read()
    story.build(False, *arguments)
    return " ".join(arguments)


def interrupted(story: Story) -> str:
    story.write()
    story.read()
    results = story.run(True).results()
    for _ in range(story.chance.randrange(1, 20)):
        next(results, None)
    results.close()  # type: ignore[attr-defined]
    return "interrupted"


def meanwhile(story: Story) -> str:
    """A loader comes while a build is under way, or somebody who changes what was received."""
    story.write()
    story.read()
    results = story.run(True).results()
    for _ in range(story.chance.randrange(20)):
        next(results, None)
    told = another_file(story)
    if story.chance.randrange(2):
        told = story.chance.choice(RECEIVED)
        story.sql(told)
    story.load()
    for _ in results:
        pass
    return told


def another_macro(story: Story) -> str:
    """One that takes the place of another without a word of it, or that is gone."""
    path = story.project.root / "macros" / "place.sql"
    if path.exists():
        path.unlink()
        return "gone"
    name, text = story.chance.choice(
        [
            ("postgres__essai_label()", "'placed'"),
            # Called by dbt alone.
            (
                "postgres__alter_relation_comment(relation, words)",
                "comment on {{ relation.type }} {{ relation }} is 'placed'",
            ),
        ]
    )
    story.project.write("macros/place.sql", f"{{% macro {name} %}}{text}{{% endmacro %}}")
    return name


def another_target(story: Story) -> str:
    story.target = "dev" if story.target == "staging" else "staging"
    return story.target


def another_mart(story: Story) -> str:
    """A mart takes the name of another, or a name that another had."""
    first, second = "int_noms", "int_dit"
    path = f"models/age/intermediate/{story.chance.choice([first, second])}.yml"
    alias = story.chance.choice(["", "int_nouveau", "int_reglages_bis"])
    text = f"version: 2\nmodels: [{{name: {Path(path).stem}, config: {{alias: {alias}}}}}]\n"
    story.project.write(path, text if alias else "version: 2\n")
    other = story.project.root / f"models/age/intermediate/{second if first in path else first}.yml"
    other.write_text("version: 2\n")
    return f"{path}: {alias}"


HAPPENINGS: list[tuple[Callable[[Story], str], int]] = [
    (other_words, 10), (same_words, 4), (another_file, 3), (another_variable, 2), (by_hand, 4), (a_part, 2),
    (interrupted, 1), (another_target, 1), (another_mart, 1), (meanwhile, 1), (another_macro, 1),
]  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, database: str) -> Iterator[SmallProject]:
    with small_project(tmp_path, database) as project:
        for path in MACROS:
            for file in (ROOT / "macros").glob(f"{path}.sql"):
                project.write(f"macros/{file.relative_to(ROOT / 'macros')}", file.read_text("utf-8"))
        yield project


def lived(project: SmallProject, changes: int, seed: int, at_once: Sequence[int] = (1, 1, 1, 2, 3)) -> Story:
    with pytest.MonkeyPatch.context() as patch:
        # A mart may lose rows here.
        patch.setenv("ACCEPTER_BAISSE", "1")
        story = Story(project, patch, random.Random(seed))
        story.write()
        story.read()
        assert [(one.unique_id, one.message) for one in story.build(True) if not one.good] == []
        functions, weights = zip(*HAPPENINGS, strict=True)
        while story.changes < changes:
            for _ in range(story.chance.choice(at_once)):
                (happening,) = story.chance.choices(functions, weights)
                story.told.append(f"{happening.__name__}: {happening(story)}")
                story.changes += 1
            story.write()
            story.read()
            if os.environ.get("DIRE"):
                print(story.told[-3:], story.taken, story.made, time.time())
            story.compare()
        return story


def test_what_cannot_be_told_is_made_anew_and_the_rest_is_not(project: SmallProject) -> None:
    with haste(), pytest.MonkeyPatch.context() as patch:
        story = Story(project, patch, random.Random(0))
        story.write()
        with psycopg.connect(project.conninfo) as connection:
            ensure_history(connection)
            connection.execute("create table public.temoin (a int)")
        for folder in ("tests/generic", "macros/testing"):
            shutil.copytree(ROOT / folder, project.root / folder, dirs_exist_ok=True)
        for name, text in UNTOLD.items():
            project.write(f"models/age/intermediate/{name}.sql", text)
        stable = "    data_tests: [{stable_measure: {arguments: {measure: lignes}}}]\n    columns:\n"
        mart = project.root / "models/age/marts/dim_ecoles.yml"
        mart.write_text(mart.read_text("utf-8").replace("    columns:\n", stable), "utf-8")
        story.read()

        def made() -> set[str]:
            results = story.build(True)
            return {result.unique_id.split(".")[2] for result in results if not result.reused}

        results = story.build(True)
        assert [(one.unique_id, one.status, one.message) for one in results if not one.good] == []
        # The clock, a name that only a run knows, and a relation that is not declared.
        always = {"int_heure", "int_dit", "int_ailleurs", *UNTOLD}
        assert made() == always
        story.sql("update raw_age.ecoles set nom = 'Rectifié' where fase = '1'")
        assert {"stg_ecoles__ecoles", "int_noms", "dim_ecoles", "fct_tout"} <= made()
        for command in ("seed", "run", "test"):
            story.build(False, command)
        # Every command keeps what it made.
        assert made() == always
        story.build(False, "run", "--empty")
        assert {"int_noms", "dim_ecoles", "deux", "stg_ecoles__ecoles"} <= made()
        assert story.build(True, "build", "--full-refresh", "--select", "codes")[0].reused is False
        # A loader that comes while tables are made: what was read is what stood before.
        run = DbtRun(story.settings, "essai", story.parsed.project, ["build"], reuse=False)
        for result in run.results():
            if result.unique_id.endswith(".int_noms"):
                project.write("landing/age/ecoles/autre.csv", "fase,nom\n8,Huit\n")
                sources = read_declarations(story.parsed.manifest.sources.values())
                load_landing(project.conninfo, story.settings.landing, sources)
        assert {"stg_ecoles__ecoles", "int_noms", "dim_ecoles"} <= made()
        assert ("8",) in project.query("select fase from age.dim_ecoles")


def test_what_reaches_a_node_by_a_side_way_has_it_made_anew(project: SmallProject) -> None:
    with haste(), pytest.MonkeyPatch.context() as patch:
        story = Story(project, patch, random.Random(0))
        story.write()
        story.read()
        story.build(True)
        patch.setenv("ESSAI_ESPACE", "3")
        story.words |= {"material": "1", "inherited": "deux"}
        story.write()
        story.read()
        # A view alone, of which a table has the words.
        story.build(False, "run", "--select", "stg_batiments__batiments")
        story.sql("alter table age_intermediate.int_noms rename column c to main")
        made = {one.unique_id.split(".")[2] for one in story.build(True) if not one.reused}
        assert made >= {"int_reglages", "int_essai", "dim_batiments", "int_noms", "dim_ecoles"}
        assert "stg_ecoles__ecoles" not in made


def test_what_looks_at_the_day_is_made_anew_on_another(project: SmallProject) -> None:
    with haste(), pytest.MonkeyPatch.context() as patch:
        story = Story(project, patch, random.Random(0))
        story.write()
        project.write(
            "macros/jour.sql",
            "{% macro essai_jour() %}cast({{ current_timestamp_local() }} as date){% endmacro %}",
        )
        project.write(
            "models/age/staging/ecoles/stg_ecoles__jour.sql",
            "select fase, {{ essai_jour() }} as jour from {{ ref('stg_ecoles__ecoles') }}",
        )
        project.write("models/age/intermediate/int_jour.sql", "select * from {{ ref('stg_ecoles__jour') }}")
        story.read()
        asked = []

        def made(day: str) -> set[str]:
            def read(_: object) -> str:
                asked.append(day)
                return day

            patch.setattr(standing, "_read_day", read)
            results = story.build(True)
            return {result.unique_id.split(".")[2] for result in results if not result.reused}

        daily = {"stg_ecoles__jour", "int_jour"}
        assert daily <= made("2026-03-28")
        assert daily.isdisjoint(made("2026-03-28"))
        assert daily <= made("2026-03-29")
        assert daily.isdisjoint(made("2026-03-29"))
        # Asked once, before anything is made: what ends after midnight is of the day before.
        assert asked == ["2026-03-28", "2026-03-28", "2026-03-29", "2026-03-29"]


@pytest.mark.parametrize("seed", [3])
def test_what_is_taken_as_it_was_is_what_a_whole_build_makes(project: SmallProject, seed: int) -> None:
    story = lived(project, 12, seed, at_once=[3])
    assert story.taken > 20


@long
@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_over_a_long_life(project: SmallProject, seed: int) -> None:
    with haste():
        story = lived(project, CHANGES, seed)
    told = f"{story.changes} changes, {story.compared} times compared"
    print(f"{told}, {story.taken} taken, {story.made} made, 0 wrong")
    assert story.taken > story.changes
