"""The summary, over a small database that holds every case."""

from __future__ import annotations

import json
import re
from dataclasses import asdict

import psycopg
import pytest

from donnees_au_centre.landing.audit import REFUSED
from donnees_au_centre.landing.rejects import MOTIFS, OUT_OF_TABLE
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import ROOT
from donnees_au_centre.summary import Run, render, summarise

CONNECTION = {
    "host": "127.0.0.1",
    "port": "54321",
    "database": "essai",
    "user": "donnees",
    "password_file": "/secret/mot_de_passe",
}
SECRET = "0470 99 88 77"


def source(name: str, domain: str = "age") -> dict:
    return {
        "fqn": ["donnees_au_centre", domain, "staging", name, name, name],
        "source_name": name,
        "name": name,
        "schema": f"raw_{domain}",
        "identifier": name,
        "external": {"location": f"{domain}/{name}/*.csv", "file_format": "csv"},
        "columns": {"fase": {"name": "fase"}},
    }


def model(name: str, domain: str, *reads: str) -> dict:
    return {
        "resource_type": "model",
        "name": name,
        "alias": name,
        "schema": f"{domain}_staging",
        "depends_on": {"nodes": list(reads)},
    }


MANIFEST = Manifest(
    {
        "sources": {
            "source.p.ecoles.ecoles": source("ecoles"),
            "source.p.lieux.lieux": source("lieux"),
            "source.p.journal.journal": {**source("journal"), "external": None},
        },
        "nodes": {
            "model.p.stg_ecoles": model("stg_ecoles", "age", "source.p.ecoles.ecoles"),
            "model.p.stg_ecoles_ecarts": model("stg_ecoles_ecarts", "age", "source.p.ecoles.ecoles"),
            "model.p.stg_lieux_ecarts": model("stg_lieux_ecarts", "age", "source.p.lieux.lieux"),
            "seed.p.communes": {"resource_type": "seed", "name": "communes", "depends_on": {"nodes": []}},
            "test.p.cle_unique.abc": {
                "resource_type": "test",
                "name": "cle_unique",
                "depends_on": {"nodes": []},
            },
        },
        "unit_tests": {"unit_test.p.stg_ecoles.oui_non": {}},
    }
)


@pytest.fixture
def filled(database: str) -> str:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            f"""
            create schema plateforme;
            create schema raw_age;
            create schema age_staging;
            create table plateforme.chargements (
                chargement_id int, domaine text, source_nom text, table_nom text, fichier text, statut text,
                recu_le timestamptz default '2025-06-14 08:00:00+02',
                charge_le timestamptz default '2025-06-14 08:00:00+02'
            );
            insert into plateforme.chargements values
                (1, 'age', 'ecoles', 'ecoles', 'a.csv', 'charge'),
                (2, 'age', 'ecoles', 'ecoles', 'a.csv', 'identique'),
                (3, 'age', 'ecoles', 'ecoles', 'b.csv', 'remplace'),
                (4, 'age', 'ecoles', 'ecoles', 'c.csv', 'echec'),
                (5, 'agc', 'ecoles', 'ecoles', 'z.csv', 'charge');
            create table raw_age.ecoles (source_fichier text, source_ligne bigint);
            insert into raw_age.ecoles select 'a.csv', generate_series(1, 1500);
            create table raw_age.rejets_chargement (
                source_nom text, table_nom text, motif text, texte text
            );
            insert into raw_age.rejets_chargement values
                ('ecoles', 'ecoles', 'champs en trop', '{SECRET}'),
                ('ecoles', 'ecoles', 'champs en trop', 'x'), ('lieux', 'lieux', 'octets', 'x');
            create table age_staging.stg_ecoles_ecarts (
                source_fichier text, source_ligne bigint,
                nature text, colonne text, valeur_brute text, motif text
            );
            insert into age_staging.stg_ecoles_ecarts values
                ('a.csv', 2, 'rejet', 'fase', '{SECRET}', 'illisible'),
                ('a.csv', 2, 'rejet', 'nom', '', 'absent'),
                ('a.csv', 3, 'exclusion', 'fase', 'Total', 'ligne de total'),
                ('a.csv', 4, 'anomalie', 'pmr', '2 et 3', 'ni Oui ni Non'),
                ('a.csv', 5, 'anomalie', 'pmr', 'x', 'ni Oui ni Non');
            """
        )
    return database


def test_sources_are_counted_by_reason_and_by_row(filled: str) -> None:
    summary = summarise(filled, MANIFEST, Run("landing", "dev", {}, CONNECTION, ["age/inconnu.csv"]))
    ecoles, lieux = summary.sources
    assert (ecoles.label, ecoles.files, ecoles.rows) == ("age.ecoles.ecoles", 2, 1500)
    assert ecoles.unreadable == {"champs en trop": 2}
    assert ecoles.rejected == {"fase : illisible": 1, "nom : absent": 1}
    assert (ecoles.rejected_rows, ecoles.excluded_rows) == (1, 1)
    assert ecoles.anomalies == {"pmr : ni Oui ni Non": 2}
    # Neither a raw table nor its écarts exist: nothing was received, and that is no error.
    assert (lieux.never_received, lieux.rows, lieux.rejected) == (True, 0, {})
    assert lieux.unreadable == {"octets": 1}
    assert summary.succeeded


def test_results_are_counted_and_failures_named_without_values(filled: str) -> None:
    results = [
        {"unique_id": "model.p.stg_ecoles", "status": "success", "message": "CREATE VIEW"},
        {
            "unique_id": "model.p.stg_ecoles_ecarts",
            "status": "error",
            "message": f"Database Error\n  «{SECRET}»",
        },
        {"unique_id": "seed.p.communes", "status": "success", "message": "INSERT 3"},
        {"unique_id": "test.p.cle_unique.abc", "status": "fail", "message": "Got 2 results"},
        {"unique_id": "unit_test.p.stg_ecoles.oui_non", "status": "pass", "message": None},
    ]
    summary = summarise(filled, MANIFEST, Run("landing", "dev", {"dbt": 1.5}, CONNECTION, results=results))
    assert summary.models == {"success": 1, "error": 1}
    assert summary.seeds == {"success": 1}
    assert summary.tests == {"failure": 1}
    assert summary.unit_tests == {"success": 1}
    assert not summary.succeeded
    assert [failure["name"] for failure in summary.failures] == ["stg_ecoles_ecarts", "cle_unique"]
    text = render(summary)
    built = text.splitlines()[text.splitlines().index("Construit") + 1 :][:4]
    assert built == [
        "  Modèles : 1 réussi, 1 en erreur",
        "  Tables de référence : 1 réussie",
        "  Tests : 1 en échec",
        "  Tests unitaires : 1 réussi",
    ]
    assert SECRET not in json.dumps(asdict(summary)) + text


def test_outcomes_agree_in_number_and_gender(filled: str) -> None:
    results = [
        {"unique_id": f"{kind}.p.x{rank}", "status": status, "message": None}
        for kind in ("seed", "model")
        for rank, status in enumerate(("success", "success", "skipped", "skipped", "error"))
    ]
    text = render(summarise(filled, MANIFEST, Run("landing", "dev", {}, CONNECTION, results=results)))
    assert "  Modèles : 2 réussis, 1 en erreur, 2 non exécutés\n" in text
    assert "  Tables de référence : 2 réussies, 1 en erreur, 2 non exécutées\n" in text
    assert "Tests" not in text


def test_a_source_that_is_not_typed_shows_no_ecarts(filled: str) -> None:
    summary = summarise(filled, MANIFEST, Run("landing", "dev", {}, CONNECTION))
    assert [source["typed"] for source in asdict(summary)["sources"]] == [True, False]
    lines = render(summary).splitlines()
    assert [line.split()[-4:] for line in lines if line.startswith("  age  ")] == [
        ["2", "1", "1", "2"],
        ["1", "–", "–", "–"],
    ]
    assert next(line for line in lines if line.split()[:1] == ["total"]).split()[-3:] == ["1", "1", "2"]


def test_rows_loaded_after_they_were_typed_are_not_typed_yet(filled: str) -> None:
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute("analyze age_staging.stg_ecoles_ecarts")
        connection.execute("update plateforme.chargements set charge_le = now()")
    summary = summarise(filled, MANIFEST, Run("landing", "dev", {}, CONNECTION))
    assert [source["typed"] for source in asdict(summary)["sources"]] == [False, False]
    text = render(summary)
    assert "Cellules illisibles" not in text
    assert "– : lignes pas encore typées" in text
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute("analyze age_staging.stg_ecoles_ecarts")
    summary = summarise(filled, MANIFEST, Run("landing", "dev", {}, CONNECTION))
    assert [source["typed"] for source in asdict(summary)["sources"]] == [True, False]


def test_a_failed_source_is_not_called_never_received(filled: str) -> None:
    failed = Run("landing", "dev", {}, CONNECTION, load_failures={"age.lieux.lieux": "fichier vide"})
    summary = summarise(filled, MANIFEST, failed)
    assert not any(source["never_received"] for source in asdict(summary)["sources"])
    text = render(summary)
    assert "Jamais reçu" not in text
    assert "Chargements en échec (1)\n  age.lieux.lieux : fichier vide" in text


def test_the_steps_add_up_to_the_total(filled: str) -> None:
    def durations(seconds: dict[str, float]) -> list[list[str]]:
        lines = render(summarise(filled, MANIFEST, Run("landing", "dev", seconds, CONNECTION))).splitlines()
        begin = lines.index("Durées") + 1
        return [re.split(r"\s{2,}", line.strip()) for line in lines[begin : lines.index("", begin)]]

    assert durations({"Chargement": 2.2, "dbt": 3.0, "Total": 7.0}) == [
        ["Chargement", "2,2 s"],
        ["dbt", "3,0 s"],
        ["Autres étapes", "1,8 s"],
        ["Total", "7,0 s"],
    ]
    assert durations({"Chargement": 2.2, "Total": 2.5}) == [["Chargement", "2,2 s"], ["Total", "2,5 s"]]


def test_every_motif_of_the_loader_has_a_french_label(filled: str) -> None:
    rooms = (ROOT / "donnees_au_centre" / name for name in ("connectors", "landing"))
    code = "".join(path.read_text("utf-8") for room in rooms for path in room.rglob("*.py"))
    # A delivery is refused with a status, a line with a motif.
    motifs = set(re.findall(r"\b_?(?:Problem|Refused|refuse)\(\s*(?:[a-z.]+,\s*)?\"([a-z_]+)\"", code))
    assert motifs - {*REFUSED} | {OUT_OF_TABLE} == set(MOTIFS)
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute("insert into raw_age.rejets_chargement values ('lieux', 'lieux', 'ligne_vide')")
    summary = summarise(filled, MANIFEST, Run("landing", "dev", {}, CONNECTION))
    assert summary.sources[1].unreadable == {"octets": 1, "ligne_vide": 1}
    text = render(summary)
    assert "ligne vide au milieu du fichier" in text
    assert "ligne_vide" not in text


def test_a_failed_load_or_a_stopped_run_is_no_success(filled: str) -> None:
    failed = Run(
        "landing", "dev", {}, CONNECTION, load_failures={"age.ecoles.ecoles": "colonne fase absente"}
    )
    stopped = Run("landing", "dev", {}, CONNECTION, problem="Le projet dbt ne se lit pas.")
    assert not summarise(filled, MANIFEST, failed).succeeded
    assert "age.ecoles.ecoles : colonne fase absente" in render(summarise(filled, MANIFEST, failed))
    assert not summarise(filled, MANIFEST, stopped).succeeded
    assert "Rien n'a été construit : Le projet dbt ne se lit pas." in render(
        summarise(filled, MANIFEST, stopped)
    )


def test_the_text_is_aligned_and_ends_with_the_connection(filled: str) -> None:
    run = Run("landing", "dev", {"Chargement": 2.25}, CONNECTION, ["age/inconnu.csv"])
    lines = render(summarise(filled, MANIFEST, run)).splitlines()
    table = [line for line in lines if line.startswith("  age ") or line.lstrip().startswith("total")]
    assert len({len(line) for line in table}) == 1
    assert "1\u202f500" in table[0]
    assert "Fichiers qu'aucune source ne déclare (1)" in lines
    assert "  age.lieux" in lines[lines.index("Jamais reçu (1)") :]
    card = lines[lines.index("Pour Power BI, Excel ou DBeaver (connexion PostgreSQL)") :]
    assert any("127.0.0.1, port 54321" in line for line in card)
    assert any("/secret/mot_de_passe" in line for line in card)
    assert "make connections" in card[-1]


def test_an_empty_database_has_a_summary(database: str) -> None:
    summary = summarise(database, MANIFEST, Run("landing", "dev", {}, CONNECTION))
    assert [source.rows for source in summary.sources] == [0, 0]
    assert "Jamais reçu (2)" in render(summary)
