"""What is served to an assistant: an allow list, and answers without what was asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest

from donnees_au_centre.assistance import TOOLS, Knowledge, Refusal, answer, gather
from donnees_au_centre.assistance.knowledge import folded
from donnees_au_centre.project.checks import RULES
from donnees_au_centre.project.lineage import ColumnId, Lineage
from donnees_au_centre.project.lineage.graph import Flow, Origin, Relation
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import ROOT
from tests.unit.manifests import PROJECT, column, generic, good_manifest

MART = f"model.{PROJECT}.dim_ecole"
POISON = "Canari-Dupont-85.07.30"


def poisoned() -> dict[str, Any]:
    """A manifest with a value wherever dbt lets one stand, but in the texts written to be read."""
    manifest = good_manifest()
    everywhere = {"commentaire": POISON, "exemples": [POISON], "sans_test_unitaire": POISON}
    for node in (*manifest["nodes"].values(), *manifest["sources"].values()):
        node.setdefault("schema", node["fqn"][1])
        node |= {"raw_code": POISON, "compiled_code": POISON, "relation_name": POISON, "loader": POISON}
        node["tags"] = [POISON]
        node["meta"] = {**node.get("meta", {}), **everywhere}
        node["config"] = {**node["config"], "where": POISON, "pre-hook": [{"sql": POISON}]}
        node["config"]["meta"] = {**node["config"].get("meta", {}), **everywhere}
        if node.get("test_metadata"):
            node["test_metadata"]["kwargs"] = {"values": [POISON], "where": POISON, "lowest": POISON}
        for one in node.get("columns", {}).values():
            one |= {"config": {"meta": everywhere}, "tags": [POISON], "constraints": [{"expression": POISON}]}
    for one in manifest["sources"].values():
        one["external"] = {**one["external"], "options": {"valeurs": [POISON]}, "location": POISON}
        one["loaded_at_field"] = POISON
    test = generic(MART, "accepted_values", "age", "fase")
    test["test_metadata"]["kwargs"] = {"values": [POISON], "column_name": "fase"}
    manifest["nodes"][test["unique_id"]] = test
    for one in manifest.get("unit_tests", {}).values():
        one |= {"given": [{"input": "x", "rows": [{"nom": POISON}]}], "expect": {"rows": [{"nom": POISON}]}}
    return manifest


def untraced() -> NoReturn:
    raise AssertionError("Lineage was worked out for a name that does not exist.")


@pytest.fixture(scope="module")
def known() -> Knowledge:
    return gather(ROOT, Manifest(poisoned()), True, untraced)


def test_nothing_is_served_but_what_is_written_to_be_read(known: Knowledge) -> None:
    assert POISON in str(poisoned())
    assert any(item.name == "dim_ecole" for item in known.items)
    for item in known.items:
        assert POISON not in f"{item.name}{item.summary}{item.text}{item.others}", item.name


def test_a_card_says_who_answers_and_what_is_in_it() -> None:
    manifest = good_manifest()
    for node in manifest["nodes"].values():
        node.setdefault("schema", node["fqn"][1])
    said = column("nom", config={"meta": {"donnee_personnelle": "identifiant_direct"}})
    manifest["nodes"][MART]["columns"]["nom"] = said
    card = answer(gather(ROOT, Manifest(manifest), True, untraced), "jeu_de_donnees", {"nom": "DIM_ECOLE"})
    for text in (
        "- Propriétaire : Direction (direction@fwb.example)",
        "- Classification : interne",
        "- `nom` (text, donnée personnelle : identifiant direct) : La colonne nom.",
        "jamais deux fois la même valeur",
    ):
        assert text in card


def test_admitted_values_are_counted_as_a_test_and_not_said(known: Knowledge) -> None:
    assert "une liste fermée de valeurs" in answer(known, "jeu_de_donnees", {"nom": "dim_ecole"})


@pytest.mark.parametrize(
    ("tool", "asked", "said"),
    [
        ("chercher", {"mots": "école"}, "dim_ecole"),
        ("chercher", {"mots": "ecart", "genre": "terme"}, "**écart**"),
        ("regle", {"nom": "[mart-cle]"}, "unique_combination"),
        ("regle", {"nom": "vql-ilike"}, "Quoi écrire"),
        ("commande", {"nom": "make purge CONFIRMER=1"}, "n'ajoute jamais CONFIRMER=1"),
        ("page", {"nom": "ecarts"}, "Les écarts"),
        ("page", {"nom": "docs/analyste/regles-denodo.md", "partie": "2"}, "[partie 2 de"),
    ],
)
def test_each_tool_answers(known: Knowledge, tool: str, asked: dict[str, str], said: str) -> None:
    assert said in answer(known, tool, asked)


@pytest.mark.parametrize(
    ("tool", "asked", "said"),
    [
        (POISON, {}, "choisissez parmi chercher"),
        ("chercher", None, "Il manque mots"),
        ("chercher", [POISON], "ne prend que : mots, genre"),
        ("chercher", {"mots": POISON, POISON: ""}, "ne prend que : mots, genre"),
        ("chercher", {"mots": ["x"]}, "attend un texte"),
        ("chercher", {"mots": POISON * 100}, "attend un texte de 200 signes au plus"),
        ("chercher", {"mots": "école", "genre": POISON}, "genre attend l'un de : jeu"),
        ("chercher", {"mots": "Zyxwv"}, "Rien ne répond"),
        ("jeu_de_donnees", {"nom": POISON}, "cherchez-le d'abord"),
        ("jeu_de_donnees", {"nom": "dim_ecoles"}, "voyez dim_ecole"),
        ("lignage", {"jeu": POISON, "colonne": "x"}, "Aucun jeu de données"),
        ("page", {"nom": "../.env"}, "Aucune page"),
        ("page", {"nom": "ecarts", "partie": "²"}, "donnez un nombre de 1 à"),
        ("page", {"nom": "ecarts", "partie": "9" * 100}, "donnez un nombre de 1 à"),
    ],
)
def test_a_refusal_says_what_to_do_and_not_what_was_asked(
    known: Knowledge, tool: str, asked: Any, said: str
) -> None:
    with pytest.raises(Refusal) as refused:
        answer(known, tool, asked)
    assert said in str(refused.value) and POISON not in str(refused.value)


def test_lineage_names_columns_and_operations() -> None:
    manifest = good_manifest()
    for node in manifest["nodes"].values():
        node.setdefault("schema", node["fqn"][1])
    up, down = f"source.{PROJECT}.ecoles.ecoles", MART
    flow = Flow(frozenset({Origin(ColumnId(up, "fase"), "copie", frozenset())}))
    lineage = Lineage(
        {
            up: Relation(up, "source", "raw_age.ecoles", "x.yml"),
            down: Relation(down, "model", "dim_ecole", "y.yml"),
        },
        {ColumnId(up, "fase"): Flow(), ColumnId(down, "fase"): flow},
    )
    known = gather(ROOT, Manifest(manifest), True, lambda: lineage)
    assert "raw_age.ecoles.fase (copie)" in answer(known, "lignage", {"jeu": "dim_ecole", "colonne": "fase"})
    assert "dim_ecole.fase (copie)" in answer(known, "lignage", {"jeu": "ecoles.ecoles", "colonne": "fase"})
    with pytest.raises(Refusal, match="choisissez parmi fase"):
        answer(known, "lignage", {"jeu": "dim_ecole", "colonne": "nom"})


def test_pages_are_files_of_the_checkout_and_never_links(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "Makefile").write_text("build: ## Construit\n")
    (tmp_path / "ailleurs.md").write_text(POISON)
    (tmp_path / "docs/lien.md").symlink_to(tmp_path / "ailleurs.md")
    (tmp_path / "docs/dossier").symlink_to(tmp_path)
    (tmp_path / "docs/page.md").write_text("# Une page\n")
    (tmp_path / "docs/lignes.csv").write_text(POISON)
    known = gather(tmp_path, Manifest({"metadata": {"project_name": PROJECT}}), True, untraced)
    assert [item.name for item in known.items if item.kind == "page"] == ["docs/page.md"]
    assert POISON not in str(known.items)


def test_what_could_not_be_read_is_said_first() -> None:
    known = gather(ROOT, Manifest({"metadata": {"project_name": PROJECT}}), False, untraced)
    assert answer(known, "page", {"nom": "ecarts"}).startswith("Attention : une partie du projet")


def test_controls_of_a_terminal_do_not_come_through(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "Makefile").touch()
    (tmp_path / "docs/page.md").write_text("# Une page\x1b[2J\u202e\n")
    known = gather(tmp_path, Manifest({"metadata": {"project_name": PROJECT}}), True, untraced)
    assert answer(known, "page", {"nom": "page"}) == "# Une page\\x1b[2J\\u202e\n"


def test_every_rule_and_command_is_explained(known: Knowledge) -> None:
    for rule in RULES:
        assert rule.advice in answer(known, "regle", {"nom": rule.id})
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert makefile.count(": ## ") == sum(item.kind == "commande" for item in known.items)


def test_schemas_close_what_tools_take() -> None:
    for tool in TOOLS.values():
        assert tool.schema["additionalProperties"] is False
        assert set(tool.schema["required"]) <= set(tool.schema["properties"])


def test_words_are_found_without_accents_plurals_or_small_words() -> None:
    assert folded("Les Écoles de l'année") == ["ecole", "annee"]
