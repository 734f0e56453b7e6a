"""Reading the project once, and the last good reading when it does not parse. dbt opens no database here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project import UnreadableProjectError, parse, read_manifest
from donnees_au_centre.project.nodes import Manifest, domains_in
from donnees_au_centre.settings import ROOT
from tests.small_project import MODEL, SmallProject, small_project

NOWHERE = "host=127.0.0.1 port=1 user=personne password=x dbname=essai"
BROKEN = "models/age/marts/dim_ecoles.sql"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallProject]:
    with small_project(tmp_path, NOWHERE) as project:
        yield project


def models(manifest: Manifest) -> set[str]:
    return {model.name for model in manifest.models}


def test_a_good_project_is_read_from_any_folder(
    small: SmallProject, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("ailleurs")
    monkeypatch.chdir(elsewhere)
    parsed = parse(small.settings)
    assert parsed.notice is None
    assert models(parsed.manifest) == {
        "stg_ecoles__ecoles",
        "stg_batiments__batiments",
        "dim_ecoles",
        "dim_batiments",
        "fct_tout",
    }
    assert parsed.manifest == read_manifest(small.settings)
    assert list(elsewhere.iterdir()) == []
    assert not (small.root / "logs").exists()


@pytest.mark.parametrize(
    ("sql", "word"),
    [("select {% if %}", "dim_ecoles.sql"), ("select * from {{ ref('nulle_part') }}", "nulle_part")],
    ids=["jinja", "ref"],
)
def test_a_broken_project_falls_back_on_its_last_good_reading(
    small: SmallProject, sql: str, word: str
) -> None:
    good = parse(small.settings)
    small.write(BROKEN, sql)
    parsed = parse(small.settings)
    assert parsed.notice is not None
    assert "dernière lecture réussie" in parsed.notice
    assert word in parsed.notice
    assert "Que faire" in parsed.notice
    assert models(parsed.manifest) == models(good.manifest)
    assert parsed.manifest == read_manifest(small.settings)
    assert {node.name for node in parsed.project.nodes.values() if node.resource_type == "model"} == models(
        good.manifest
    )


OTHER = "models/transversal/marts/fct_neuf.sql"
FAULTS = {
    "yaml": (
        "models/age/marts/dim_ecoles.yml",
        b"models: [",
        "dim_ecoles.yml : ce n'est pas du YAML lisible, à partir de la ligne ",
    ),
    "cp1252": ("models/age/marts/dim_ecoles.sql", "select 'é' as fase".encode("cp1252"), "ligne 1 (« é »"),
    "seed": ("seeds/age/communes.csv", "nis,nom\n1,Li\xe8ge\n".encode("cp1252"), "ligne 2 (« è »"),
    "utf-16": ("models/age/marts/dim_ecoles.sql", "select 1 as fase".encode("utf-16"), "UTF-16"),
    "jinja": (BROKEN, b"select\n{% if %}", "dim_ecoles.sql, ligne 2 : "),
    "ref": (BROKEN, b"select * from {{ ref('dim_batiment') }}", "Vouliez-vous dim_batiments"),
    "twice": (
        "models/age/marts/vue/dim_ecoles.sql",
        b"select 1 as fase",
        "« dim_ecoles » est défini deux fois",
    ),
    "renamed": (
        "models/age/marts/dim_batiments.sql",
        None,
        "fct_deux.sql : lit dim_batiments, qui n'existe pas",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_fault_of_a_domain_stops_that_domain_alone(small: SmallProject, fault: str) -> None:
    small.write("models/transversal/marts/fct_deux.sql", "select fase from {{ ref('dim_batiments') }}")
    assert parse(small.settings).notice is None
    file, content, told = FAULTS[fault]
    path = small.root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink() if content is None else path.write_bytes(content)
    # What another domain changed meanwhile is taken as it is.
    small.write(OTHER, "select fase from {{ ref('dim_ecoles') }}")
    parsed = parse(small.settings)
    assert told in (parsed.notice or "")
    assert "age : sa dernière lecture réussie sert" in (parsed.notice or "")
    assert parsed.broken == {"age"}
    assert parsed.concerns(["age"]) and not parsed.concerns(["transversal"])
    assert {"dim_ecoles", "dim_batiments", "fct_tout", "fct_deux", "fct_neuf"} <= models(parsed.manifest)
    assert {model.file for model in parsed.manifest.models} >= {OTHER, BROKEN}


def test_a_domain_never_read_is_left_out_with_what_reads_it(small: SmallProject) -> None:
    small.write("models/agc/marts/dim_musee.sql", "select 1 as fase")
    small.write("models/age/marts/dim_ecoles.yml", "models: [")
    parsed = parse(small.settings)
    assert models(parsed.manifest) == {"dim_musee"}
    assert "age, transversal : laissés de côté" in (parsed.notice or "")
    assert "dim_ecoles.yml : ce n'est pas du YAML lisible" in (parsed.notice or "")
    assert parsed.broken == {"age", "transversal"}
    small.write("models/age/marts/dim_ecoles.yml", "version: 2")
    assert "dim_ecoles" in models(parse(small.settings).manifest)


def test_what_must_be_said_of_the_whole_project_accepts_no_substitute(small: SmallProject) -> None:
    parse(small.settings)
    small.write("models/age/marts/dim_ecoles.yml", "models: [")
    with pytest.raises(PlatformError, match=r"dim_ecoles\.yml : ce n'est pas du YAML"):
        parse(small.settings, whole=True)


@pytest.mark.parametrize(
    ("file", "folder"),
    [
        ("snapshots/age/x.sql", "snapshots/age/marts/"),
        ("models/age/x.sql", "models/age/staging/<source>/"),
        ("snapshots/x.sql", "snapshots/<ag>/marts/"),
        ("models/x.sql", "models/<ag>/<couche>/"),
        ("models/agx/marts/x.sql", "make new-ag AG=agx"),
    ],
)
def test_a_misplaced_file_is_led_to_its_folder(small: SmallProject, file: str, folder: str) -> None:
    naming = "macros/naming/generate_schema_name.sql"
    small.write(naming, (ROOT / naming).read_text("utf-8"))
    sql = "select * from {{ ref('dim_ecoles') }}"
    kept = (
        f"{{% snapshot garde %}}{{{{ config(unique_key='fase', strategy='check', check_cols='all') }}}}{sql}"
    )
    small.write(file, f"{kept}{{% endsnapshot %}}" if "snapshots" in file else sql)
    with pytest.raises(UnreadableProjectError) as caught:
        parse(small.settings, whole=True)
    assert file in caught.value.message
    assert folder in caught.value.advice


def test_a_group_that_no_file_declares_is_named(small: SmallProject) -> None:
    small.write("models/age/_age.yml", "version: 2")
    with pytest.raises(UnreadableProjectError, match=r"models/age/_age\.yml ne déclare pas le groupe age"):
        parse(small.settings, whole=True)


def test_a_unit_test_renamed_with_its_model_does_not_come_back(small: SmallProject) -> None:
    unit = (
        "unit_tests:\n  - {{name: {name}, model: dim_ecoles, given: [{{input: ref('stg_ecoles__ecoles'), "
        "rows: []}}], expect: {{rows: []}}}}\n"
    )
    described = MODEL.format(name="dim_ecoles").replace(
        "  - name: dim_ecoles", "  - name: dim_ecoles\n{more}", 1
    )
    for name in ("un", "deux", None):
        text = described.format(more=f"    description: {name}")
        small.write("models/age/marts/dim_ecoles.yml", text + (unit.format(name=name) if name else ""))
        parsed = parse(small.settings)
        kept = [test.name for test in parsed.manifest.own_unit_tests]
        assert (kept, parsed.healed) == ([name] if name else [], name != "un")


def test_a_singular_test_read_again_keeps_what_is_said_of_it(small: SmallProject) -> None:
    small.write("tests/singular/aucune.sql", "select * from {{ ref('dim_ecoles') }} where fase is null")
    small.write(
        "tests/singular/_x.yml", "data_tests: [{name: aucune, description: Chaque école a un numéro.}]"
    )
    parse(small.settings)
    small.write("tests/singular/aucune.sql", "select * from {{ ref('dim_ecoles') }} where fase = 0")
    parsed = parse(small.settings)
    [test] = [node for node in parsed.manifest.of_type("test") if node.name == "aucune"]
    assert (test.description, parsed.healed) == ("Chaque école a un numéro.", False)


def test_a_mended_project_is_read_again(small: SmallProject) -> None:
    parse(small.settings)
    small.write("models/age/marts/dim_neuf.sql", "select {% if %}")
    assert parse(small.settings).notice
    small.write("models/age/marts/dim_neuf.sql", "select 1 as fase")
    parsed = parse(small.settings)
    assert parsed.notice is None
    assert "dim_neuf" in models(parsed.manifest)


def test_the_last_good_reading_survives_another_manifest(small: SmallProject) -> None:
    good = parse(small.settings)
    small.write(BROKEN, "select {% if %}")
    small.settings.manifest_path.write_text("{}", encoding="utf-8")
    assert models(parse(small.settings).manifest) == models(good.manifest)
    assert models(read_manifest(small.settings)) == models(good.manifest)


def test_a_project_that_was_never_read_is_an_error(small: SmallProject) -> None:
    small.write(BROKEN, "select {% if %}")
    with pytest.raises(PlatformError, match=r"aucune lecture réussie[\s\S]*dim_ecoles\.sql") as caught:
        parse(small.settings)
    assert "git diff" in caught.value.advice


def test_a_missing_variable_is_named(small: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGHOST")
    with pytest.raises(PlatformError, match="PGHOST"):
        parse(small.settings)


def test_two_processes_read_at_once(small: SmallProject) -> None:
    code = (
        "import sys; from pathlib import Path; from dataclasses import replace\n"
        "from donnees_au_centre.project import parse; from donnees_au_centre.settings import Settings\n"
        "root = Path(sys.argv[1])\n"
        "settings = replace(Settings.load({}), root=root, target_path=root / 'target' / 'essai')\n"
        "print(parse(settings).notice)"
    )
    command = [sys.executable, "-c", code, str(small.root)]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=120)[0].strip() for process in both] == ["None", "None"]


def test_what_a_test_is_about(small: SmallProject) -> None:
    small.write(
        "tests/un_seul.sql",
        "{{ config(group='age') }} select 1 from {{ ref('dim_ecoles') }} where fase is null",
    )
    both = "select 1 from {{ ref('dim_ecoles') }}, {{ ref('stg_ecoles__ecoles') }}"
    small.write("tests/deux.sql", "{{ config(group='age') }} " + both)
    chosen = "{{ config(group='age', meta={'dagster': {'ref': {'name': 'dim_ecoles'}}}) }} "
    small.write("tests/deux_choisis.sql", chosen + both)
    manifest = parse(small.settings).manifest
    tests = {test.name: test for test in manifest.tests}
    about = "model.donnees_au_centre.dim_ecoles"
    names = ("un_seul", "deux", "deux_choisis", "unique_dim_ecoles_fase")
    assert [tests[name].tested_id for name in names] == [about, None, about, about]
    assert {manifest.domain_of_test(tests[name]) for name in names} == {"age"}


def test_domains_are_in_the_order_they_read_each_other(tmp_path: Path) -> None:
    for domain in ("transversal", "age", "data_platform", "commun", "sg"):
        (tmp_path / "models" / domain).mkdir(parents=True)
    (tmp_path / "models" / "_docs.md").touch()
    assert domains_in(tmp_path) == ["commun", "age", "sg", "transversal", "data_platform"]
