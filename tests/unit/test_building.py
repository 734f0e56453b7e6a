"""What dbt and PostgreSQL say, in French; and which domains a selection builds."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from donnees_au_centre.building.french import differences, in_french, reason
from donnees_au_centre.building.turns import built_domains
from donnees_au_centre.cli.project import domains_named
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.refusals import in_french as refused

ENGLISH = re.compile(
    r"\b(the|does|not|exist|error|failed|got|configured|missing|definition|exceeded)\b", re.I
)


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("42P01", 'relation "raw_age.ecoles" does not exist', "La table « raw_age.ecoles » n'existe pas"),
        ("42P01", "la relation « raw_age.ecoles » n'existe pas", "La table « raw_age.ecoles » n'existe pas"),
        ("42703", 'column "nom" does not exist', "La colonne « nom » n'existe pas"),
        ("42501", "permission denied for table ecoles", "pas le droit d'agir sur « ecoles »"),
        ("42601", 'syntax error at or near "as"', "Erreur de syntaxe près de « as »"),
        ("54011", "tables can have at most 1600 columns", "1 600 au plus"),
        ("53100", 'could not extend file "base/1/2": No space left on device', "Le disque du serveur"),
        ("55P03", "canceling statement due to lock timeout", "occupée par une autre session"),
        ("40P01", "deadlock detected", "s'attendaient l'une l'autre"),
        ("22P02", 'invalid input syntax for type integer: "Zoé Dubois"', "comme integer"),
        ("22P02", 'invalid input syntax for type date: "type text: Zoé"', "comme date"),
        ("22003", 'value "Zoé Dubois" is out of range for type integer', "trop grand pour integer"),
        ("23505", 'duplicate key value violates unique constraint "x"', "revient plusieurs fois"),
    ],
)
def test_what_postgresql_refuses_is_said_in_french_without_a_value(
    code: str, message: str, said: str
) -> None:
    found = refused(code, message, {"contrainte": "cle" if code == "23505" else None})
    assert found is not None and said in found
    assert "Que faire : " in found and f"[SQLSTATE {code}" in found
    assert not re.search("Zoé|Dubois", found) and not ENGLISH.search(found)


def test_the_line_of_the_sql_is_told_and_what_is_unknown_is_left_to_others() -> None:
    whole = 'relation "a" does not exist\nLINE 12: from a\n'
    assert "ligne 12 du SQL compilé" in (refused("42P01", 'relation "a" does not exist', {}, whole) or "")
    assert refused("XX000", "cache lookup failed", {}) is None
    assert refused(None, "connection refused", {}) is None
    lost = refused(None, "server closed the connection unexpectedly\n\tThis probably means", {})
    assert lost is not None and "s'est perdue" in lost and not ENGLISH.search(lost)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Got 1 result, configured to warn if != 0", "1 ligne en faute"),
        ("Got 1200 results, configured to fail if >10", "1\u202f200 lignes en faute (le test échoue si >10)"),
        (
            "Database Error in model dim_x (a.sql)\n  La table manque.\n  compiled code at target/x.sql",
            "Erreur dans le modèle dim_x (a.sql)\n  La table manque.\n  SQL compilé : target/x.sql",
        ),
        (
            "Compilation Error in model x (a.sql)\n  Raté.\n  Que faire : ceci.\n\n  > in macro m (b.sql)\n"
            "  > called by model x (a.sql)",
            "Erreur dans le modèle x (a.sql)\n  Raté.\n  Que faire : ceci.",
        ),
        (
            "Compilation Error in model x (a.sql)\n  'nulle' is undefined. This can…\n  > in macro m (b.sql)",
            "Erreur dans le modèle x (a.sql)\n  « nulle » n'existe pas : ni macro, ni variable de ce nom.",
        ),
        (
            "Runtime Error\n  age attend.\nQue faire : attendez.",
            "Erreur\n  age attend.\nQue faire : attendez.",
        ),
    ],
)
def test_what_dbt_says_of_a_failure_is_said_in_french(message: str, said: str) -> None:
    assert in_french(message) == said


def test_a_message_told_beside_its_model_names_it_once() -> None:
    # dbt wraps what was said of the model already.
    said = "Runtime Error\n  Erreur dans le modèle x (a.sql)\n    La table manque.\n  Que faire : ceci."
    assert reason(said) == "La table manque."


def test_a_failing_unit_test_says_what_it_expected_and_what_it_got() -> None:
    expected = [{"province": "Namur", "marches": 2}, {"province": None, "marches": 1}]
    told = differences(expected, [{"province": "Namur", "marches": 1}, {"province": "Liège", "marches": 1}])
    assert told.splitlines()[:3] == [
        "Le modèle donne 2 lignes, le test unitaire en attend 2.",
        "  attendu, et pas obtenu : province=Namur, marches=2",
        "  attendu, et pas obtenu : province=null, marches=1",
    ]
    assert "expect" in told and not ENGLISH.search(told.replace("expect", ""))
    many = [{"fase": number} for number in range(9)]
    assert "donne 0 ligne," in differences(many, []) and "… et 4 autres, attendu" in differences(many, [])


def test_a_selection_names_the_domains_of_its_models() -> None:
    nodes = {
        f"model.p.{name}": {
            "resource_type": "model", "name": name, "fqn": ["p", domain, "marts", name],
            "unique_id": f"model.p.{name}",
        }
        for name, domain in (("dim_ecole", "age"), ("fct_marche", "ags"), ("dim_jour", "commun"))
    }  # fmt: skip
    manifest = Manifest({"metadata": {"project_name": "p"}, "nodes": nodes})
    for selection, named in (
        (["+dim_ecole+"], {"age"}),
        (["2+fct_marche", "commun"], {"ags", "commun"}),
        (["fqn:dim_jour"], {"commun"}),
        (["autre"], set()),
    ):
        assert domains_named(manifest, selection) == named


def node(kind: str, domain: str, materialized: str = "table") -> SimpleNamespace:
    return SimpleNamespace(
        resource_type=kind,
        fqn=["p", domain, "x"],
        schema=domain,
        config=SimpleNamespace(materialized=materialized),
    )


def test_turns_are_taken_of_what_is_built_in_one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBT_SCHEMA_PREFIX", raising=False)
    nodes = {
        "m": node("model", "sg"), "s": node("seed", "age"), "t": node("test", "ags"),
        "e": node("model", "agc", "ephemeral"), "n": node("model", "agmj"),
    }  # fmt: skip
    nodes["i"] = SimpleNamespace(**{**vars(nodes["s"]), "schema": "age_intermediate"})
    assert list(built_domains(nodes, ["m", "i", "t", "e", "unit_test.x"]).items()) == [
        ("age", "age_intermediate"), ("sg", "sg"),
    ]  # fmt: skip
    monkeypatch.setenv("DBT_SCHEMA_PREFIX", "jdupont")
    assert built_domains(nodes, ["m"]) == {"jdupont_sg": "sg"}
