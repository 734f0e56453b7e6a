"""The exercises as reviewed files, and whose rows the pages may show."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from donnees_au_centre.cli.schemas import schema_texts
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.learning import engine
from donnees_au_centre.learning.exercises import FOLDER, IDEAS, read_courses, read_ideas
from donnees_au_centre.learning.sample import Column, Table, check_sample, marts_named, statements
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import ROOT, Settings
from tests.unit.manifests import good_manifest

READING = "1-lire.yml"


@pytest.fixture
def harm(tmp_path: Path) -> Callable[[str, str], Path]:
    """Copies the exercises, one text of the first file replaced."""

    def harmed(old: str, new: str) -> Path:
        shutil.copytree(ROOT / FOLDER, tmp_path / FOLDER)
        file = tmp_path / FOLDER / READING
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")
        return tmp_path

    return harmed


def test_the_reviewed_files_are_five_paths_of_six_and_follow_their_schemas() -> None:
    courses = read_courses(ROOT)
    assert [len(course.exercises) for course in courses.values()] == [6, 6, 6, 6, 6]
    for path in (ROOT / FOLDER).glob("*.yml"):
        name = "idees-fausses" if path.name == IDEAS else "parcours"
        text = path.read_text("utf-8")
        assert text.startswith(f"# yaml-language-server: $schema=../../../policies/schemas/{name}.json\n")
        validator = Draft202012Validator(json.loads(schema_texts()[name]))
        assert [error.json_path for error in validator.iter_errors(yaml.safe_load(text))] == []


def test_every_kind_of_mistaken_idea_is_met() -> None:
    assert {idea.kind for idea in read_ideas(ROOT).values()} == {
        "autre_cours",
        "generalisation",
        "langue",
        "modele_mental",
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    titre: Choisir des lignes\n", "", "exercices 2 titre : cette clé manque."),
        ("indice: virgule", "indice: virgle", "communes : l'indice virgle n'est pas dans idees-fausses.yml."),
        ("id: wallonnes", "id: communes", "communes : deux exercices de ce nom."),
        ("ordre: [nom]", "ordr: [nom]", "Vouliez-vous « ordre » ?"),
        ("id: wallonnes", "id: Wallonnes !", "id attend des minuscules"),
        ("but: ", "but: [", "1-lire.yml : "),
    ],
)
def test_what_cannot_be_followed_is_told_with_its_place(
    harm: Callable[[str, str], Path], old: str, new: str, said: str
) -> None:
    root = harm(old, new)
    with pytest.raises(PlatformError) as raised:
        read_courses(root)
    assert said in raised.value.message and str(FOLDER / READING) in raised.value.message
    assert "docs/apprendre/README.md" in raised.value.advice


@pytest.mark.parametrize(
    "other", [{"landing": Path("/ailleurs")}, {"target": "ci"}, {"target": "prod"}], ids=str
)
def test_rows_of_no_other_base_than_the_sample_are_shown(other: dict) -> None:
    check_sample(Settings.load({}))
    with pytest.raises(PlatformError, match="l'échantillon inventé"):
        check_sample(replace(Settings.load({}), **other))


def test_a_mart_that_is_not_for_everybody_is_refused() -> None:
    content = good_manifest()
    mart = next(node for node in content["nodes"].values() if node["name"] == "dim_ecole")
    for node in content["nodes"].values():
        node.setdefault("schema", node["fqn"][1])
    name = f"{mart['schema']}.dim_ecole"
    mart["config"]["meta"]["gouvernance"]["classification"] = "public"
    for column in mart["columns"].values():
        column.get("config", {}).get("meta", {}).pop("donnee_personnelle", None)
    assert [one.name for one in marts_named(Manifest(content), [name])] == ["dim_ecole"]
    mart["config"]["meta"]["gouvernance"]["classification"] = "confidentiel"
    with pytest.raises(PlatformError) as raised:
        marts_named(Manifest(content), [name, "age.stg_ecoles__ecoles"])
    assert f"{name} n'est pas pour tous : classification confidentiel" in raised.value.message
    assert "age.stg_ecoles__ecoles n'est pas un mart public." in raised.value.message


def test_the_tables_are_written_as_sql_whatever_their_words() -> None:
    columns = (Column("nom", "text", 'L\'école, « ou » "autre".'), Column("ordre", "numeric(9,6)", ""))
    made = statements([Table("m", "age.t", "Une table d'essai.", columns, 1, b"a\t1\n")])
    assert made == (
        'create schema "age";\n'
        'create table "age"."t" (\n    "nom" text,\n    "ordre" numeric(9,6)\n);\n'
        "comment on table \"age\".\"t\" is 'Une table d''essai.';\n"
        'comment on column "age"."t"."nom" is \'L\'\'école, « ou » "autre".\';\n'
    )


def test_without_npm_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.shutil, "which", lambda _: None)
    monkeypatch.setattr(engine, "find_spec", lambda _: None)
    with pytest.raises(PlatformError, match="npm n'est pas installé") as raised:
        engine.npm()
    assert engine.NODE in raised.value.advice
    assert engine.NODE in (ROOT / ".gitlab/ci/main.yml").read_text("utf-8")


def test_the_lock_names_no_address() -> None:
    lock = (Path(engine.__file__).parent / "package-lock.json").read_text("utf-8")
    assert "resolved" not in lock and "://" not in lock
