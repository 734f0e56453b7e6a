"""A description is written into the YAML of a column, and nothing else of the file changes."""

from __future__ import annotations

import difflib

import pytest
import yaml

from donnees_au_centre.cli.column_yaml import Said, with_columns
from donnees_au_centre.errors import PlatformError

SOURCE = """sources:
  - name: salles
    tables:
      - name: salles
        # Reçu chaque lundi.
        columns:
          - {name: code, description: "« Code » dans le fichier."}  # tel quel
          - {name: nom, config: {meta: {donnee_personnelle: identifiant_indirect}, tags: [vu]}}
          # Une par étage.
          - name: etage
            description: >-
              « Étage » dans
              le fichier.
            data_tests: [not_null]

          - name: sans
            data_tests: [unique]
      - name: autre
        description: "Une autre table."
"""
PATH = ("sources", "salles", "salles")
MODEL = """models:
  - name: int_x
    description: "Un modèle."  # rien de plus

  - name: int_y
    columns:
      - {name: a, description: "A."}
"""


def changed(text: str, done: str) -> list[str]:
    lines = difflib.unified_diff(text.splitlines(), done.splitlines(), n=0, lineterm="")
    return [one for one in lines if one[:1] in "+-" and one[:3] not in ("+++", "---")]


def test_only_the_line_of_the_description_changes() -> None:
    done = with_columns(SOURCE, PATH, {"code": Said("Code de la salle.")})
    assert changed(SOURCE, done) == [
        '-          - {name: code, description: "« Code » dans le fichier."}  # tel quel',
        '+          - {name: code, description: "Code de la salle."}  # tel quel',
    ]


def test_a_folded_text_is_replaced_whole_and_its_neighbours_stay() -> None:
    done = with_columns(SOURCE, PATH, {"etage": Said("Étage."), "sans": Said("Sans rien.")})
    assert changed(SOURCE, done) == [
        "-            description: >-",
        "-              « Étage » dans",
        "-              le fichier.",
        '+            description: "Étage."',
        '+            description: "Sans rien."',
    ]


def test_a_line_that_becomes_too_long_is_written_over_several() -> None:
    said = Said(f"Nom {'long ' * 12}de la salle.", "identifiant_direct", ("relu",))
    done = with_columns(SOURCE, PATH, {"nom": said})
    column = yaml.safe_load(done)["sources"][0]["tables"][0]["columns"][1]
    assert column["config"] == {"meta": {"donnee_personnelle": "identifiant_direct"}, "tags": ["relu", "vu"]}
    assert column["description"] == said.description
    assert max(map(len, done.splitlines())) <= 110


@pytest.mark.parametrize("category", [None, "sensible"])
def test_a_column_that_is_not_listed_comes_last(category: str | None) -> None:
    for name in ("int_x", "int_y"):
        done = with_columns(MODEL, ("models", name), {"b": Said("B.", category)})
        model = next(one for one in yaml.safe_load(done)["models"] if one["name"] == name)
        assert model["columns"][-1]["description"] == "B."
        assert not [one for one in changed(MODEL, done) if one.startswith("-")]


def test_what_is_not_declared_is_refused_with_what_to_do() -> None:
    with pytest.raises(PlatformError, match="make new-source"):
        with_columns(SOURCE, ("sources", "salles", "inconnue"), {"code": Said("Code.")})
