"""`new-indicator` and `new-publication`: what they write of a mart, what they refuse, and what they ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from donnees_au_centre.administration import OpenData, ours
from donnees_au_centre.catalogue.dcat import open_catalogue
from donnees_au_centre.cli import answers as asking
from donnees_au_centre.cli import new_indicator, new_model, new_publication
from donnees_au_centre.cli.answers import Answers
from donnees_au_centre.cli.writings import last_entry
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.consumers import Consumer, incomplete_publications, read_consumers
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.reviewed import checked
from tests.small_project import settings_of
from tests.unit.manifests import generic, good_manifest, governance, model

ECOLE = "model.donnees_au_centre.dim_ecole"
Run = Callable[..., int]
TITLE = "Les écoles, une par une"
NO_THEME = "une publication sans thème : un portail ne sait où la ranger."


def manifest(**said: Any) -> dict[str, Any]:
    """The small project, in which dim_ecole has columns of every kind and is public."""
    made = good_manifest()
    ecole = made["nodes"][ECOLE]
    ecole["columns"] |= {
        name: {
            "name": name,
            "description": "Année." if name == "annee" else f"Ce qu'est {name}.",
            "data_type": data_type,
            **more,
        }
        for name, data_type, more in [
            ("annee", "integer", {"constraints": [{"type": "not_null"}]}),
            ("places", "integer", {"constraints": [{"type": "not_null"}]}),
            ("montant", "numeric(16, 2)", {}),
            ("part", "double precision", {}),
            ("jour", "date", {}),
        ]
    }
    ecole["config"]["meta"] = {"gouvernance": governance(classification="public", **said)}
    return made


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a checkout of the small project; dbt is not asked."""
    for domain in ("age", "ags", "commun", "transversal"):
        (tmp_path / "models" / domain).mkdir(parents=True)
    (tmp_path / "models/age/_age.yml").write_text("version: 2\n", encoding="utf-8")
    (tmp_path / "dbt_project.yml").write_text("name: essai\n", encoding="utf-8")
    monkeypatch.setattr(asking, "sys", SimpleNamespace(stdin=None))
    monkeypatch.setattr(new_indicator, "readers_of_marts", lambda *_: None)

    def command(module: Any = new_indicator, made: dict[str, Any] | None = None, **options: str) -> int:
        found = SimpleNamespace(manifest=Manifest(made or manifest()))
        for one in (new_indicator, new_publication):
            monkeypatch.setattr(one, "parse_or_fail", lambda _session: found)
        name = module.__name__.rpartition(".")[2]
        return int(getattr(module, name)(settings_of(tmp_path), options))

    return command


def written(folder: Path, name: str) -> tuple[str, dict[str, Any]]:
    path = folder / "models/age/marts" / name
    text = path.with_suffix(".yml").read_text("utf-8")
    assert max(map(len, text.splitlines())) <= new_model.WIDTH
    return path.with_suffix(".sql").read_text("utf-8"), yaml.safe_load(text)


@pytest.mark.parametrize(
    ("measure", "column", "data_type", "expression", "made"),
    [
        ("lignes", "nombre_lignes", "bigint", "count(*)", 2),
        ("total places", "total_places", "bigint", "cast(sum(places) as {{ dbt.type_bigint() }})", 5),
        ("total montant", "total_montant", "numeric(38, 2)", "{{ cast_decimal('sum(montant)', 38, 2) }}", 5),
        ("total part", "part", "double precision", "sum(part)", 5),
        ("moyenne places", "moyenne_places", "numeric(38, 2)", "{{ cast_decimal('avg(places)', 38, 2) }}", 3),
        ("distinctes jour", "nombre_jour", "bigint", "count(distinct jour)", 1),
        (
            "part_remplie jour",
            "part_jour",
            "numeric(5, 4)",
            "case when jour is null then 0.0 else 1.0 end",
            0.5,
        ),
    ],
)
def test_a_measure_is_written_with_its_type_and_its_test(
    run: Run, tmp_path: Path, measure: str, column: str, data_type: str, expression: str, made: float
) -> None:
    assert run(MART="dim_ecole", MESURE=measure, PAR="annee fase", NAME="fct_essai") == 0
    sql, content = written(tmp_path, "fct_essai")
    assert expression in sql and f" as {column}\n" in sql and "group by annee, fase" in sql
    (mart,) = content["models"]
    described = {one["name"]: one for one in mart["columns"]}
    assert [*described] == ["annee", "fase", column]
    assert described[column]["data_type"] == data_type
    assert described["annee"]["constraints"] == [{"type": "not_null"}]
    assert "constraints" not in described["fase"]
    (followed,) = described[column]["data_tests"]
    assert followed["stable_measure"]["arguments"]["measure"] in ("total", "moyenne")
    (key,) = mart["data_tests"]
    assert key["unique_combination"]["arguments"] == {"columns": ["annee", "fase"]}
    (unit,) = content["unit_tests"]
    assert len(unit["given"][0]["rows"]) == 2
    assert unit["expect"]["rows"][0][column] == made


def test_governance_is_that_of_the_mart_that_is_read(run: Run, tmp_path: Path) -> None:
    assert run(MART="dim_ecole", MESURE="lignes", PAR="annee", NAME="fct_essai", FINALITE="Voir.") == 0
    said = written(tmp_path, "fct_essai")[1]["models"][0]["config"]["meta"]["gouvernance"]
    assert said == governance(classification="public", finalite="Voir.")


def test_a_publication_has_the_key_the_columns_and_its_reader(run: Run, tmp_path: Path) -> None:
    made = manifest()
    ecole = made["nodes"][ECOLE]
    # What dbt would read of it once it is written.
    new = model("age", "marts", "dim_ecole_ouvert", [ECOLE], config=ecole["config"], columns=ecole["columns"])
    key = generic(new["unique_id"], "unique_combination", "age")
    made["nodes"] |= {one["unique_id"]: one for one in (new, key)}
    assert (
        run(new_publication, made, MART="dim_ecole", COLONNES="fase, montant", TITRE=TITLE, THEMES="educ")
        == 0
    )
    sql, content = written(tmp_path, "dim_ecole_ouvert")
    assert "        fase,\n        montant\n    from lignes" in sql
    assert [one["name"] for one in content["models"][0]["columns"]] == ["fase", "montant"]
    reader = yaml.safe_load((tmp_path / "policies/consumers/odwb_dim_ecole_ouvert.yml").read_text("utf-8"))
    assert reader["marts"] == {"age.dim_ecole_ouvert": "toutes"}
    assert reader["courriel"] == "cellule.age@fwb.example"
    assert reader["publication"] == {"titre": TITLE, "mots_cles": ["ecole"], "themes": ["EDUC"]}
    # What a portal takes of it, by the profile of European portals.
    found = open_catalogue(Manifest(made), read_consumers(tmp_path), ours())
    assert found is not None
    (catalogue, editor, published) = found["@graph"]
    assert catalogue["dcat:dataset"] == [{"@id": published["@id"]}] == [{"@id": "#age.dim_ecole_ouvert"}]
    assert published["dct:title"]["@value"] == TITLE and published["dct:description"]["@value"]
    assert published["dct:publisher"]["@id"] == editor["@id"]
    assert [one["@id"].rpartition("/")[2] for one in published["dcat:theme"]] == ["EDUC"]
    (contact,) = published["dcat:contactPoint"]
    assert contact["vcard:hasEmail"]["@id"] == "mailto:cellule.age@fwb.example"
    (offered,) = [published["dcat:distribution"]]
    assert offered["dcat:accessURL"]["@id"] == "https://www.odwb.be"
    assert offered["dct:license"]["@id"].endswith("/licence/CC_BY_4_0")
    entry = last_entry(tmp_path)
    assert entry and {one.path for one in entry.files} >= {
        "models/age/marts/dim_ecole_ouvert.sql",
        "policies/consumers/odwb_dim_ecole_ouvert.yml",
        "policies/contracts/age.yml",
    }


def test_a_publication_without_licence_or_theme_or_of_what_is_closed_is_told() -> None:
    made = manifest()
    age = made["groups"]["group.donnees_au_centre.age"]
    age["config"]["meta"]["themes"] = ["EDUCA"]
    told = {"titre": "Les écoles", "mots_cles": ["école"]}
    reader = {
        "nom": "Portail",
        "courriel": "portail@fwb.example",
        "depuis": date(2026, 11, 30),
        "finalite": "Publier.",
        "marts": {"age.dim_ecole": "toutes"},
    }
    whole = ours().open_data

    def faults(said: dict[str, Any], open_data: OpenData | None = whole) -> list[str]:
        consumer, wrong = checked(Consumer, {**reader, "publication": said})
        assert consumer, wrong
        found = incomplete_publications({"policies/consumers/x.yml": consumer}, Manifest(made), open_data)
        return [message for _, _, message, _ in found]

    assert faults(told) == ["groupe age : themes attend une liste de codes.", f"dim_ecole est {NO_THEME}"]
    age["config"]["meta"]["themes"] = ["EDUC"]
    assert faults(told) == []
    assert "dim_ecole est une publication sans licence" in faults(told, None)[0]
    made["nodes"][ECOLE]["config"]["meta"]["gouvernance"]["classification"] = "interne"
    assert faults({**told, "themes": ["SOCI"]}) == ["dim_ecole est publié, et classé interne."]
    _, wrong = checked(Consumer, {**reader, "publication": {"titre": "x", "mots_cles": [], "themes": ["A"]}})
    assert {fault.path[:2] for fault in wrong} == {("publication", "mots_cles"), ("publication", "themes")}


@pytest.mark.parametrize(
    ("module", "options", "said"),
    [
        (new_indicator, {}, "Quel mart lire"),
        (new_indicator, {"MART": "dim_ecol"}, "(?s)n'est pas un mart public.*Vouliez-vous dim_ecole"),
        (new_indicator, {"MART": "dim_ecole", "MESURE": "somme places"}, "n'est pas une mesure"),
        (new_indicator, {"MART": "dim_ecole", "MESURE": "totaal places"}, "Vouliez-vous total ?"),
        (new_indicator, {"MART": "dim_ecole", "MESURE": "lignes places"}, "n'est pas une mesure"),
        (new_indicator, {"MART": "dim_ecole", "MESURE": "total jour"}, "n'a pas de sens"),
        (new_indicator, {"MART": "dim_ecole", "MESURE": "lignes", "PAR": "x"}, "n'a pas de colonne x"),
        (
            new_indicator,
            {"MART": "dim_ecole", "MESURE": "lignes", "PAR": "jour anee"},
            "(?s)n'a pas de colonne anee.*Vouliez-vous annee ?",
        ),
        (new_indicator, {"MART": "dim_ecole", "MESURE": "total places montant"}, "plusieurs colonnes"),
        *(
            (
                new_indicator,
                {"MART": "dim_ecole", "MESURE": "lignes", "PAR": "annee", "COLONNE": column},
                "ne peut pas nommer",
            )
            for column in ("annee", "Nombre d'élèves", "n, 1 as x")
        ),
        (
            new_indicator,
            {"MART": "dim_ecole", "MESURE": "total places", "PAR": "places"},
            "ne peut pas grouper",
        ),
        (
            new_indicator,
            {"MART": "dim_ecole", "MESURE": "lignes", "PAR": "annee", "NAME": "int_x"},
            "nom de mart",
        ),
        (new_publication, {"MART": "dim_ecole", "COLONNES": "montant"}, "ne se distinguent plus"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(
    run: Run, tmp_path: Path, module: Any, options: dict[str, str], said: str
) -> None:
    with pytest.raises(PlatformError, match=said) as raised:
        run(module, **options)
    assert raised.value.advice
    assert not (tmp_path / "models/age/marts").exists()


@pytest.mark.parametrize("module", [new_indicator, new_publication])
def test_a_mart_about_people_is_refused(run: Run, module: Any) -> None:
    personal, counted = manifest(), manifest()
    personal["nodes"][ECOLE]["columns"]["fase"]["config"] = {"meta": {"donnee_personnelle": "pseudonyme"}}
    hidden = generic(ECOLE, "k_anonymity", "age")
    counted["nodes"][hidden["unique_id"]] = hidden
    for made, said in ((personal, r"parle de personnes \(fase\)"), (counted, "cache ses petits nombres")):
        with pytest.raises(PlatformError, match=said):
            run(module, made, MART="dim_ecole", MESURE="lignes", PAR="annee", NAME="fct_essai")


def test_only_what_is_public_is_published(run: Run) -> None:
    closed = manifest()
    closed["nodes"][ECOLE]["config"]["meta"]["gouvernance"]["classification"] = "interne"
    with pytest.raises(PlatformError, match="classé interne") as raised:
        run(new_publication, closed, MART="dim_ecole")
    assert "Direction" in raised.value.advice


def test_what_breaks_a_rule_is_not_left(run: Run, tmp_path: Path) -> None:
    bad = manifest()
    # What dbt would read of the new mart.
    bad["nodes"]["model.donnees_au_centre.fct_essai"] = {
        **bad["nodes"][ECOLE],
        "unique_id": "model.donnees_au_centre.fct_essai",
        "name": "fct_essai",
        "fqn": ["donnees_au_centre", "age", "marts", "fct_essai"],
        "original_file_path": "models/age/marts/fct_essai.sql",
        "description": "",
    }
    with pytest.raises(PlatformError, match="règles du projet"):
        run(new_indicator, bad, MART="dim_ecole", MESURE="lignes", PAR="annee", NAME="fct_essai")
    assert not (tmp_path / "models/age/marts").exists() and not (tmp_path / "policies").exists()


def test_a_missing_option_is_asked_for_where_somebody_is_there() -> None:
    asked: list[str] = []

    def read(question: str) -> str:
        asked.append(question)
        return "dim_ecole"

    mart = new_indicator.mart_to_read(Manifest(manifest()), Answers({}, asks=True, read=read), "")
    assert (mart.name, len(asked)) == ("dim_ecole", 1)
