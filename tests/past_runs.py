"""A small project and runs of it in a real history: every outcome, what vanished, what was never played."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from donnees_au_centre.history.structure import ensure_history
from donnees_au_centre.project.nodes import Manifest
from tests.unit.manifests import PROJECT, column, generic, model, seed, singular, source

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
OWNER, STEWARD = "direction@fwb.example", "cellule.age@fwb.example"
ECOLES, BATIMENTS = f"source.{PROJECT}.ecoles.ecoles", f"source.{PROJECT}.batiments.batiments"
MART, STAGING = f"model.{PROJECT}.fct_ecole", f"model.{PROJECT}.stg_ecoles__ecoles"
CROSSING, SNAPSHOT = f"model.{PROJECT}.fct_carte", f"snapshot.{PROJECT}.ecoles_suivies"
SEED, EXPOSURE = f"seed.{PROJECT}.types", f"exposure.{PROJECT}.carte"
FOREIGN = "model.elementary.dbt_models"
FAILING_TEXT = "Chaque école a un numéro FASE de quatre chiffres."
FAILING_MESSAGE = "Got 7 results, configured to fail if != 0"
ERROR_MESSAGE = "Database Error : la colonne … n'existe pas [SQLSTATE 42703]"


def project() -> Manifest:
    """The manifest."""
    places = {"database": "essai", "schema": "age"}
    person = column("directeur", config={"meta": {"donnee_personnelle": "identite"}})
    nodes = [
        seed("commun", "types"),
        model("age", "staging", "stg_ecoles__ecoles", [ECOLES], **places, columns={"nom": person}),
        model("age", "marts", "fct_ecole", [STAGING, SEED, "model.disparu.x"], **places),
        model("transversal", "marts", "fct_carte", [MART], **places, description="La carte."),
        {
            **model("age", "marts", "ecoles_suivies", [MART], **places),
            "unique_id": SNAPSHOT,
            "resource_type": "snapshot",
            "fqn": [PROJECT, "age", "ecoles_suivies"],
            "original_file_path": "snapshots/age/ecoles_suivies.yml",
        },
        {**model("age", "marts", "dbt_models", []), "unique_id": FOREIGN, "package_name": "elementary"},
        generic(MART, "not_null", "age", "fase", compiled_code="select 1 from age.fct_ecole"),
        generic(MART, "fase_valide", "age", "fase", description=FAILING_TEXT, tags=["cles"]),
        generic(MART, "unique", "age", "fase"),
        generic(MART, "accepted_values", "age", "fase", config={"severity": "WARN", "meta": {}}),
        generic(STAGING, "not_null", "age", "nom", compiled_code="select nom from age.stg where nom = 'X'"),
        generic(STAGING, "unique", "age", "nom"),
        generic(CROSSING, "not_null", "transversal", "fase"),
        generic(CROSSING, "unique", "transversal", "fase"),
        generic(ECOLES, "not_null", "age", "fase", attached_node=None),
        singular("ecoles_toutes_sur_la_carte", [CROSSING], {}),
        {**singular("regles_de_typage", [], {}), "group": "commun"},
    ]
    limit = {"count": 40, "period": "day"}
    group = {"owner": {"name": "Bureau", "email": "bureau@fwb.example"}, "config": {"meta": {}}}
    return Manifest(
        {
            "metadata": {"project_name": PROJECT},
            "nodes": {node["unique_id"]: node for node in nodes},
            "sources": {
                node["unique_id"]: node
                for node in (
                    source("age", "ecoles", "ecoles", freshness={"warn_after": limit}),
                    source("age", "batiments", "batiments", freshness={"error_after": limit}),
                )
            },
            "exposures": {
                EXPOSURE: {
                    "unique_id": EXPOSURE,
                    "resource_type": "exposure",
                    "name": "carte",
                    "label": "Carte des écoles",
                    "package_name": PROJECT,
                    "fqn": [PROJECT, "transversal", "carte"],
                    "original_file_path": "models/transversal/marts/_exposures.yml",
                    "type": "dashboard",
                    "owner": {"name": "Direction", "email": "carte@fwb.example"},
                    "depends_on": {"nodes": [CROSSING]},
                    "description": "La carte en ligne.",
                }
            },
            "unit_tests": {},
            "groups": {
                "g1": {**group, "name": "commun"},
                "g2": {**group, "name": "age"},
                "g3": {**group, "name": "transversal"},
            },
        }
    )


def test_id(name: str) -> str:
    """The unique id of one of the generic tests above."""
    return f"test.{PROJECT}.{name}.0123456789"


WARNED, FAILED = test_id("accepted_values_fct_ecole_fase"), test_id("fase_valide_fct_ecole_fase")
FEW, BROKEN = test_id("unique_fct_ecole_fase"), test_id("not_null_stg_ecoles__ecoles_nom")
GOOD, SKIPPED = test_id("not_null_fct_ecole_fase"), test_id("unique_stg_ecoles__ecoles_nom")
OLD, NEVER = test_id("not_null_fct_carte_fase"), test_id("unique_fct_carte_fase")
OF_SOURCE, CARDS = test_id("not_null_ecoles_fase"), f"test.{PROJECT}.ecoles_toutes_sur_la_carte"
TYPING, VANISHED = f"test.{PROJECT}.regles_de_typage", test_id("disparu")


def make_history(conninfo: str) -> None:
    """Makes the schema, as an installation does."""
    with psycopg.connect(conninfo) as connection:
        ensure_history(connection)


def result(unique_id: str, status: str, **more: Any) -> dict[str, Any]:
    """One result, as the history takes it."""
    return {"unique_id": unique_id, "statut": status, "debut_ms": 1000, "duree_ms": 2500, **more}


def note(
    connection: psycopg.Connection,
    begun: datetime,
    results: Iterable[Mapping[str, Any]],
    freshness: Iterable[Mapping[str, Any]] = (),
    launcher: str = "dagster age",
) -> str:
    """Notes one run; returns its key."""
    execution = {
        "cle": str(uuid.uuid4()),
        "commencee_le": begun.isoformat(),
        "terminee_le": (begun + timedelta(minutes=2)).isoformat(),
        "commande": "build",
        "lanceur": launcher,
        "portee": "tout",
        "cible": "dev",
        "revision": "abc",
        "manifeste": "def",
        "version_dbt": "1.11.16",
        "issue": "reussi",
    }
    connection.execute(
        "select historique.noter(%s, %s, %s, %s)",
        [Jsonb(execution), Jsonb(list(results)), Jsonb(list(freshness)), Jsonb([])],
    )
    return execution["cle"]


def note_runs(conninfo: str) -> None:
    """Three runs: sixty days, three days and half an hour before NOW."""
    failing = {"fautes": 7, "message": FAILING_MESSAGE}
    with psycopg.connect(conninfo) as connection:
        note(connection, NOW - timedelta(days=60), [result(OLD, "echec", fautes=9, message="Got 9 results")])
        note(
            connection,
            NOW - timedelta(days=3),
            [
                *(result(one, "reussi") for one in (MART, STAGING, SEED, SNAPSHOT, GOOD, FAILED, SKIPPED)),
                result(VANISHED, "echec", fautes=8, message="Got 8 results"),
                result(FOREIGN, "reussi"),
                result(f"unit_test.{PROJECT}.fct_ecole.un_cas", "echec"),
            ],
            [
                {
                    "unique_id": ECOLES,
                    "recu_le": (NOW - timedelta(days=5)).isoformat(),
                    "statut": "reussi",
                }
            ],
        )
        note(
            connection,
            NOW - timedelta(minutes=30),
            [
                *(result(one, "reussi") for one in (MART, SEED, GOOD, OF_SOURCE, TYPING)),
                result(STAGING, "erreur", message=ERROR_MESSAGE),
                result(CROSSING, "saute"),
                result(SKIPPED, "saute"),
                result(WARNED, "averti", fautes=12, message="Got 12 results, configured to warn if != 0"),
                result(FAILED, "echec", **failing),
                result(FEW, "echec", fautes=3, message="Got 3 results, configured to fail if != 0"),
                result(BROKEN, "erreur", message=ERROR_MESSAGE),
                result(CARDS, "echec", fautes=6, message="Got 6 results, configured to fail if != 0"),
            ],
            [
                {
                    "unique_id": ECOLES,
                    "recu_le": (NOW - timedelta(days=50)).isoformat(),
                    "statut": "averti",
                },
                {
                    "unique_id": BATIMENTS,
                    "recu_le": None,
                    "statut": "echec",
                    "message": "Rien n'est arrivé.",
                },
            ],
        )
