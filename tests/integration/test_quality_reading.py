"""The state of quality, worked out from a history written by hand in a real database."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from donnees_au_centre.history.structure import ensure_history
from donnees_au_centre.landing.tables import ensure_audit
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.quality.facts import Day, Quality
from donnees_au_centre.quality.reading import read_quality
from tests.unit.manifests import PROJECT, column, good_manifest

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
KEY = f"test.{PROJECT}.unique_dim_ecole_fase.0123456789"
FILLED = f"test.{PROJECT}.not_null_dim_ecole_fase.0123456789"
WALKS = f"test.{PROJECT}.unique_combination_fct_marche_table.0123456789"
SINGULAR = f"test.{PROJECT}.une_ecole_a_une_commune"
SCHOOLS = f"source.{PROJECT}.ecoles.ecoles"
MODEL = f"model.{PROJECT}.int_ecoles"


class Book:
    """A history to write runs into, and a manifest that knows their nodes."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.manifest = good_manifest()
        self.manifest["sources"][SCHOOLS]["freshness"] = {"warn_after": {"count": 1, "period": "day"}}
        self.manifest["exposures"] = {
            f"exposure.{PROJECT}.pilotage": {
                "unique_id": f"exposure.{PROJECT}.pilotage", "name": "pilotage", "label": "Pilotage",
                "fqn": [PROJECT, "age", "marts", "pilotage"], "resource_type": "exposure",
                "owner": {"name": "Cabinet", "email": "cabinet@fwb.example"},
                "depends_on": {"nodes": [f"model.{PROJECT}.dim_ecole"]},
            }
        }  # fmt: skip

    def run(
        self,
        days_ago: float,
        results: Mapping[str, str | tuple[str, int, str]] | None = None,
        ages: Mapping[str, str] | None = None,
        measures: Mapping[tuple[str, str], float] | None = None,
    ) -> None:
        begun = NOW - timedelta(days=days_ago)
        execution = {
            "cle": str(uuid.uuid4()), "commencee_le": begun.isoformat(), "terminee_le": begun.isoformat(),
            "commande": "build", "lanceur": "essai", "portee": "tout", "cible": "dev", "revision": "r",
            "manifeste": "m", "version_dbt": "1.11", "issue": "reussi",
        }  # fmt: skip
        rows = []
        for name, outcome in (results or {}).items():
            status, failures, message = outcome if isinstance(outcome, tuple) else (outcome, None, "")
            rows.append(
                {
                    "unique_id": name,
                    "debut_ms": 0,
                    "duree_ms": 10,
                    "lignes": None,
                    "fautes": failures,
                    "statut": status,
                    "message": message,
                }
            )
        self.connection.execute(
            "select historique.noter(%s, %s, %s, %s)",
            [
                Jsonb(execution),
                Jsonb(rows),
                Jsonb(
                    [
                        {"unique_id": name, "statut": status, "recu_le": None}
                        for name, status in (ages or {}).items()
                    ]
                ),
                Jsonb(
                    [
                        {"unique_id": name, "mesure": measure, "valeur": value}
                        for (name, measure), value in (measures or {}).items()
                    ]
                ),
            ],
        )

    def receive(self, days_ago: float, status: str = "charge", message: str = "", motif: str = "") -> None:
        self.connection.execute(
            "insert into plateforme.chargements (domaine, source_nom, table_nom, fichier, statut, message, "
            "motif, recu_le) values ('age', 'ecoles', 'ecoles', 'age/ecoles/e.csv', %s, %s, %s, %s)",
            [status, message, motif, NOW - timedelta(days=days_ago)],
        )

    def read(self, **more: Any) -> Quality:
        return read_quality(self.connection, Manifest(self.manifest), NOW, **more)

    def control(self, name: str) -> Any:
        return next(one for one in self.read().controls if one.unique_id == name)


@pytest.fixture
def book(database: str) -> Iterator[Book]:
    with psycopg.connect(database) as connection:
        ensure_audit(connection)
        ensure_history(connection)
        yield Book(connection)


def test_without_a_run_nothing_is_claimed(book: Book) -> None:
    found = book.read()
    assert found.controls == () and found.broken == () and found.runs == ()
    assert len(found.unplayed) == 13
    assert found.days[""][-1].score is None


def test_a_fault_lasts_since_the_first_bad_result_after_the_last_good_one(book: Book) -> None:
    book.run(10, {KEY: ("echec", 9, "")})
    book.run(9, {KEY: "reussi"})
    book.run(6, {KEY: ("averti", 2, "")})
    book.run(5, {KEY: "saute"})
    book.run(1, {KEY: ("echec", 4, "Got 4 results")})
    found = book.control(KEY)
    assert (found.outcome, found.rows, found.message) == ("echec", 4, "Got 4 results")
    assert found.since == NOW - timedelta(days=6)
    assert found.at == NOW - timedelta(days=1)
    assert found.mended is None and found.bad


def test_a_control_that_never_was_good_lasts_since_its_first_result(book: Book) -> None:
    book.run(8, {KEY: ("echec", 1, "")})
    book.run(1, {KEY: ("echec", 1, "")})
    assert book.control(KEY).since == NOW - timedelta(days=8)


def test_what_was_mended_says_when_and_from_what(book: Book) -> None:
    book.run(9, {KEY: ("echec", 3, ""), FILLED: ("averti", 1, "")})
    book.run(3, {KEY: "reussi", FILLED: "reussi"})
    book.run(1, {KEY: "reussi"})
    found = book.control(KEY)
    assert (found.former, found.mended, found.since) == ("echec", NOW - timedelta(days=3), None)
    assert book.control(FILLED).former == "averti"


def test_what_was_mended_long_ago_is_no_news(book: Book) -> None:
    book.run(60, {KEY: ("echec", 3, "")})
    book.run(50, {KEY: "reussi"})
    assert book.control(KEY).mended is None


def test_a_run_noted_late_does_not_pass_for_the_newest(book: Book) -> None:
    book.run(1, {KEY: "reussi"})
    book.run(5, {KEY: ("echec", 3, "")})
    assert book.control(KEY).outcome == "reussi"


def test_a_control_not_played_for_a_hundred_days_has_no_result(book: Book) -> None:
    book.run(101, {KEY: "reussi"})
    assert KEY in book.read().unplayed


def test_the_score_is_worked_out_by_hand(book: Book) -> None:
    book.run(2, {KEY: "reussi", FILLED: "reussi", WALKS: "reussi", SINGULAR: "reussi"})
    book.run(1, {KEY: ("echec", 1, ""), FILLED: ("averti", 1, "")}, {SCHOOLS: "reussi"})
    days = book.read(period=4).days
    assert [(one.good, one.played) for one in days["age"]] == [(0, 0), (0, 0), (3, 3), (2, 4), (2, 4)]
    assert days["ags"][-1] == Day(date(2026, 11, 26), 1, 1)
    assert days[""][-1].score == pytest.approx(60.0)


def test_a_day_ends_in_brussels(book: Book) -> None:
    # 23:30 UTC on the 24th is the 25th in Brussels.
    book.run(1 + 12.5 / 24, {KEY: "reussi"})
    by_day = {one.day: one.played for one in book.read().days["age"]}
    assert (by_day[date(2026, 11, 24)], by_day[date(2026, 11, 25)]) == (0, 1)


def test_who_must_act_and_what_is_affected(book: Book) -> None:
    book.run(1, {KEY: ("echec", 4, "")})
    found = book.control(KEY)
    assert (found.domain, found.label, found.column) == ("age", "dim_ecole", "fase")
    assert found.steward.email == "cellule.age@fwb.example"
    assert [(one.kind, one.name, one.domain) for one in found.affected] == [
        ("tableau_de_bord", "Pilotage", "age"),
        ("mart", "fct_croise", "transversal"),
    ]
    assert "doublon" in found.advice


def test_a_private_model_is_answered_for_by_the_steward_of_its_only_source(book: Book) -> None:
    source = book.manifest["sources"][SCHOOLS]["config"]["meta"]["gouvernance"]
    source["gestionnaire"] = {"fonction": "Les écoles", "courriel": "ecoles.age@fwb.example"}
    name = f"test.{PROJECT}.reconciles_with_source_stg_ecoles__ecoles_table.0123456789"
    book.run(1, {name: ("echec", 4, ""), MODEL: ("erreur", None, "no column")})
    assert book.control(name).steward.email == "ecoles.age@fwb.example"
    [broken] = book.read().broken
    assert (broken.name, broken.message, broken.steward.function) == ("int_ecoles", "no column", "Les écoles")
    assert [one.name for one in broken.affected] == ["Pilotage", "dim_ecole", "fct_croise"]


def test_a_test_says_itself_what_to_do(book: Book) -> None:
    book.manifest["nodes"][KEY]["config"]["meta"]["que_faire"] = "Téléphoner à l'école."
    book.run(1, {KEY: ("echec", 4, "")})
    assert book.control(KEY).advice == "Téléphoner à l'école."


def test_freshness_is_a_control_of_its_source(book: Book) -> None:
    book.run(2, ages={SCHOOLS: "reussi"})
    book.run(1, ages={SCHOOLS: "averti"})
    found = book.control(SCHOOLS)
    assert (found.kind, found.domain, found.outcome) == ("fraicheur", "age", "averti")
    assert found.since == NOW - timedelta(days=1)


def test_a_source_tells_what_came_and_what_was_put_aside(book: Book) -> None:
    def counts(rejects: int) -> dict[tuple[str, str], float]:
        return {
            (SCHOOLS, "fichiers"): 2, (SCHOOLS, "lignes"): 500, (SCHOOLS, "rejets"): rejects,
            (SCHOOLS, "rejets : fase : absent"): rejects, (SCHOOLS, "illisibles"): 0,
        }  # fmt: skip

    book.run(40, measures=counts(30))
    book.run(1, measures=counts(7))
    book.receive(400)
    [found] = [one for one in book.read().sources if one.unique_id == SCHOOLS]
    assert (found.files, found.rows, found.rejected) == (2, 500, {"fase : absent": 7})
    assert found.former["rejets"] == 30
    assert (found.promise, found.due, found.late) == ("chaque année", date(2026, 10, 22), True)


def test_a_file_that_could_not_be_loaded_is_told_until_it_comes_again(book: Book) -> None:
    book.receive(3)
    book.receive(2, "echec", "La colonne fase manque.")
    [found] = [one for one in book.read().sources if one.unique_id == SCHOOLS]
    assert found.failure == "age/ecoles/e.csv : La colonne fase manque."
    book.receive(1)
    [found] = [one for one in book.read().sources if one.unique_id == SCHOOLS]
    assert found.failure == ""


def test_the_words_of_the_loader_are_not_told_of_a_source_about_persons(book: Book) -> None:
    book.manifest["sources"][SCHOOLS]["columns"]["nom"] = column(
        "nom", config={"meta": {"donnee_personnelle": "identifiant_direct"}}
    )
    book.receive(2, "echec", "Ligne 3 : « Dupont ».")
    [found] = [one for one in book.read().sources if one.unique_id == SCHOOLS]
    assert found.personal and "Dupont" not in found.failure and found.failure
    # Those that only count are told.
    book.receive(1, "attente", "En attente d'un accord : 8 lignes.", "chute")
    [found] = [one for one in book.read().sources if one.unique_id == SCHOOLS]
    assert found.failure == "age/ecoles/e.csv : En attente d'un accord : 8 lignes."
    assert (found.last, found.failed_at) == (None, NOW - timedelta(days=1))


def test_nodes_that_left_the_project_are_left_out(book: Book) -> None:
    gone = f"test.{PROJECT}.parti"
    book.run(1, {gone: ("echec", 3, ""), f"model.{PROJECT}.parti": ("erreur", None, ""), KEY: "reussi"})
    found = book.read()
    assert [one.unique_id for one in found.controls] == [KEY]
    assert found.broken == ()


def test_coverage_counts_models_and_data_sets(book: Book) -> None:
    book.manifest["nodes"][MODEL]["description"] = ""
    found = book.read().coverage["age"]
    assert (found.models, found.described, found.tested) == (4, 3, 2)
    assert (found.datasets, found.owned, found.stewarded) == (2, 2, 2)


def test_runs_come_newest_first_with_their_counts(book: Book) -> None:
    book.run(40, {KEY: "reussi"})
    book.run(2, {KEY: "reussi", FILLED: ("echec", 1, "")})
    book.run(1, {KEY: "reussi"})
    assert [one.counts for one in book.read().runs] == [{"reussi": 1}, {"reussi": 1, "echec": 1}]
