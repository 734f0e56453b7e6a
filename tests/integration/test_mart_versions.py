"""Two versions of a mart live side by side: each has its readers, its rights and its page, until its day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from donnees_au_centre.access import declare, read_entries
from donnees_au_centre.access.declaration import check_entries, entries_on
from donnees_au_centre.building.dbt_run import DbtRun
from donnees_au_centre.building.results import NodeResult
from donnees_au_centre.cli.lineage import lineage_of
from donnees_au_centre.cli.project import show
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.project import ParseResult, check_manifest, parse
from donnees_au_centre.project.checks import check_contracts
from donnees_au_centre.project.contracts import FOLDER, write_contracts
from donnees_au_centre.project.datasets import read_datasets
from orchestration.assets import read_assets
from tests.small_project import SmallProject, borrowing_macros, small_project

OURS = borrowing_macros().replace(
    "marts: {+materialized: table,", "marts: {+materialized: table, +contract: {enforced: true},"
)
MARTS = "models/age/marts"
PLAIN = """
models:
  - name: {name}
    columns:
      - {{name: fase, data_type: text, constraints: [{{type: not_null}}], data_tests: [unique]}}
      - {{name: nom, data_type: text}}
"""
VERSIONS = """    latest_version: 2
    versions:
      - {{v: 1, defined_in: dim_ecoles, deprecation_date: {end}, config: {{alias: dim_ecoles}}}}
      - v: 2
        columns:
          - {{include: all, exclude: [nom]}}
          - {{name: nom_complet, data_type: text, data_tests: [unique]}}
"""
ACCESS = """
acces:
  - {{role: lecteur, ag: age, jeu_de_donnees: dim_ecoles_v2, actions: [lecture],
     justification: "Lire la nouvelle version du mart.", approbateur: "Direction", revue: {end}}}
"""
END = date.today() + timedelta(days=90)


@pytest.fixture
def small(tmp_path: Path, database: str) -> Iterator[SmallProject]:
    """Marts under contract, promised to their readers."""
    files = {
        "dbt_project.yml": OURS,
        **{f"{MARTS}/{name}.yml": PLAIN.format(name=name) for name in ("dim_ecoles", "dim_batiments")},
        "models/transversal/marts/fct_tout.yml": PLAIN.format(name="fct_tout"),
    }
    with small_project(tmp_path, database, files) as project:
        write_reader(project, "select fase, nom from {{ ref('dim_ecoles') }}")
        parsed = read(project)
        load_landing(database, project.settings.landing, read_declarations(parsed.manifest.sources.values()))
        assert write_contracts(project.root, parsed.manifest, date.today()) == [
            f"{FOLDER.as_posix()}/age.yml",
            f"{FOLDER.as_posix()}/transversal.yml",
        ]
        yield project


def write_reader(project: SmallProject, sql: str) -> None:
    project.write("models/transversal/marts/fct_tout.sql", sql)


def in_two_versions(project: SmallProject) -> None:
    """The second version names a column otherwise; a mart of another domain reads both."""
    project.write(f"{MARTS}/dim_ecoles.yml", PLAIN.format(name="dim_ecoles") + VERSIONS.format(end=END))
    project.write(
        f"{MARTS}/dim_ecoles_v2.sql",
        "select fase, nom as nom_complet from {{ ref('stg_ecoles__ecoles') }}",
    )
    write_reader(
        project,
        "select v1.fase, v2.nom_complet as nom from {{ ref('dim_ecoles') }} as v2 "
        "inner join {{ ref('dim_ecoles', v=1) }} as v1 on v1.fase = v2.fase",
    )


def read(project: SmallProject) -> ParseResult:
    parsed = parse(project.settings)
    assert parsed.error is None, parsed.error
    return parsed


def told(project: SmallProject) -> list[tuple[str, str]]:
    """What the contracts and the rules on versions have against the project."""
    manifest = read(project).manifest
    found = [*check_contracts(project.root, manifest), *check_manifest(manifest)]
    rules = ("contrat-rompu", "contrat-a-ecrire", "version-sans-fin", "mart-fini", "un-yaml-par-modele")
    return [(one.rule, one.message) for one in found if one.rule in rules]


def build(project: SmallProject) -> dict[str, NodeResult]:
    settings = replace(project.settings, target="staging", target_path=project.root / "target" / "staging")
    parsed = parse(settings)
    assert parsed.error is None, parsed.error
    run = DbtRun(settings, "essai", parsed.project, ["build"])
    results = list(run.results())
    assert run.error is None, run.error
    return {one.unique_id.split(".", 2)[2]: one for one in results if not one.provisional}


def test_both_versions_are_built_read_and_known_each_by_its_name(
    small: SmallProject, capsys: pytest.CaptureFixture[str]
) -> None:
    build(small)
    in_two_versions(small)
    assert told(small) == [
        ("contrat-a-ecrire", "Ce qui y est promis ne suit pas encore dim_ecoles, dim_ecoles_v2.")
    ]
    parsed = read(small)
    write_contracts(small.root, parsed.manifest, date.today())
    assert told(small) == []
    assert {result.status for result in build(small).values()} <= {"success", "pass"}
    assert small.query("select fase, nom from age.dim_ecoles order by fase") == [("1", "Un"), ("2", "Deux")]
    assert small.query("select fase, nom_complet from age.dim_ecoles_v2 order by fase") == [
        ("1", "Un"),
        ("2", "Deux"),
    ]
    assert small.query("select count(*) from transversal.fct_tout") == [(2,)]
    names = ["dim_batiments", "dim_ecoles", "dim_ecoles_v2", "fct_tout"]
    manifest = parsed.manifest
    assert [one.name for one in read_datasets(manifest) if one.kind == "mart"] == names
    models = read_assets(manifest, ["age", "transversal"]).models
    assert {key.to_user_string() for key in models} >= set(names)
    small.write("policies/access/age.yml", ACCESS.format(end=END))
    entries, faults = read_entries(small.root, ["age", "transversal"])
    assert faults == []
    assert check_entries(entries, manifest) == []
    assert [name for name, found in entries_on(entries, manifest).items() if found] == ["dim_ecoles_v2"]
    rights = declare(entries, manifest, date.today()).content["droits"]
    assert [(one["schema"], one["relation"]) for one in rights] == [("age", "dim_ecoles_v2")]
    lineage = lineage_of(small.settings, parsed)
    column = next(one for one in lineage.columns if lineage.label(one) == "fct_tout.nom")
    assert {lineage.label(one.column) for one in lineage.upstream(column)} == {"dim_ecoles_v2.nom_complet"}
    capsys.readouterr()
    for name, column_name in (("dim_ecoles", "nom"), ("dim_ecoles_v2", "nom_complet")):
        assert show(replace(small.settings, target="ci"), {"MODEL": name}) == 0
        assert column_name in capsys.readouterr().out.split()


def test_a_fault_in_one_version_keeps_both_as_they_were_and_is_named(small: SmallProject) -> None:
    build(small)
    in_two_versions(small)
    file = small.root / MARTS / "dim_ecoles_v2.sql"
    file.write_text(file.read_text("utf-8").replace("nom as", "prenom as"), encoding="utf-8")
    found = build(small)
    assert found["dim_ecoles.v2"].bad
    for kept in ("dim_ecoles.v1", "dim_batiments"):
        assert "pas offert : à corriger d'abord : dim_ecoles_v2" in found[kept].message
    assert small.query("select to_regclass('age.dim_ecoles_v2') is null") == [(True,)]
    assert small.query("select fase, nom from age.dim_ecoles order by fase") == [("1", "Un"), ("2", "Deux")]


def test_a_column_leaves_readers_once_it_is_promised_no_more(small: SmallProject) -> None:
    build(small)
    file = small.root / MARTS / "dim_batiments.yml"
    file.write_text(file.read_text("utf-8").replace("      - {name: nom, data_type: text}\n", ""), "utf-8")
    small.write(f"{MARTS}/dim_batiments.sql", "select fase from {{ ref('stg_batiments__batiments') }}")
    (refused,) = [one for one in build(small).values() if one.bad]
    assert "age.dim_batiments n'a plus, ou plus du même type" in refused.message
    # As make fix leaves it after the day of a column that another replaces.
    contracts = small.root / FOLDER / "age.yml"
    mart, _, others = contracts.read_text("utf-8").partition("    nom: text\n")
    contracts.write_text(mart + others, encoding="utf-8")
    assert {result.status for result in build(small).values()} <= {"success", "pass"}
    assert small.query("select * from age.dim_batiments order by fase") == [("1",), ("2",)]


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        ("dim_batiments.yml", "      - {name: nom, data_type: text}\n", "", "nom (text) n'y est plus"),
        ("dim_batiments.yml", "name: nom,", "name: libelle,", "nom (text) n'y est plus"),
        (
            "dim_batiments.yml",
            "name: nom, data_type: text",
            "name: nom, data_type: integer",
            "devient integer",
        ),
        (
            "dim_batiments.yml",
            "name: dim_batiments",
            "name: dim_locaux",
            "age.dim_batiments n'est plus offert",
        ),
    ],
)
def test_what_readers_would_lose_is_refused(
    small: SmallProject, path: str, old: str, new: str, words: str
) -> None:
    file = small.root / MARTS / path
    file.write_text(file.read_text("utf-8").replace(old, new), encoding="utf-8")
    if "dim_locaux" in new:
        (small.root / MARTS / "dim_batiments.sql").rename(small.root / MARTS / "dim_locaux.sql")
    (broken,) = [said for rule, said in told(small) if rule == "contrat-rompu"]
    assert words in broken


def test_an_old_version_has_a_day_and_leaves_after_it(small: SmallProject) -> None:
    in_two_versions(small)
    file = small.root / MARTS / "dim_ecoles.yml"
    said = file.read_text("utf-8")
    file.write_text(said.replace(f"deprecation_date: {END}, ", ""), encoding="utf-8")
    assert "version-sans-fin" in [rule for rule, _ in told(small)]
    file.write_text(said.replace(str(END), str(date.today() - timedelta(days=1))), encoding="utf-8")
    assert "mart-fini" in [rule for rule, _ in told(small)]


def test_what_takes_nothing_from_readers_passes(small: SmallProject) -> None:
    file = small.root / MARTS / "dim_batiments.yml"
    said = file.read_text("utf-8").replace("{name: nom,", '{name: nom, description: "Le nom.",')
    said = said.replace("    columns:\n", "    columns:\n      - {name: ville, data_type: text}\n")
    file.write_text(said, encoding="utf-8")
    small.write(f"{MARTS}/dim_neuve.sql", "select '1' as fase, 'a' as nom")
    small.write(f"{MARTS}/dim_neuve.yml", PLAIN.format(name="dim_neuve"))
    assert [rule for rule, _ in told(small)] == ["contrat-a-ecrire"]
    write_contracts(small.root, read(small).manifest, date.today())
    assert told(small) == []
