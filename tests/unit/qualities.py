"""Qualities written by hand: what the pages and the workbooks say is known beforehand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from donnees_au_centre.project.datasets import Responsible
from donnees_au_centre.quality.facts import (
    BROKEN,
    FAILED,
    FRESHNESS,
    GOOD,
    TEST,
    WARNED,
    Affected,
    Broken,
    Control,
    Coverage,
    Day,
    Quality,
    Received,
    Run,
)

NOW = datetime(2026, 11, 26, 11, 30, tzinfo=UTC)
PROJECT = "donnees_au_centre"
STEWARD = Responsible(fonction="Cellule Données de l'AGE", courriel="data-steward.age@fwb.example")
OWNER = Responsible(fonction="Direction des écoles", courriel="data-owner.age@fwb.example")
OTHER = Responsible(fonction="Cellule Données de l'AGS", courriel="data-steward.ags@fwb.example")


def control(name: str, outcome: str = GOOD, **said: Any) -> Control:
    """A test of `age.dim_ecole`, bad for three days when it is bad."""
    bad = outcome != GOOD
    made = Control(
        unique_id=f"test.{PROJECT}.{name}.0123456789",
        kind=TEST,
        domain="age",
        name=name,
        text=f"Question posée par {name}.",
        advice="Faites corriger le fichier à la source.",
        dataset=f"model.{PROJECT}.dim_ecole",
        label="dim_ecole",
        column="fase",
        file="models/age/marts/dim_ecole.yml",
        outcome=outcome,
        rows=7 if outcome in (WARNED, FAILED) else None if outcome == BROKEN else 0,
        message=f"Got {said.get('rows', 7)} results, configured to fail if != 0" if bad else "",
        at=NOW - timedelta(hours=1),
        since=NOW - timedelta(days=3) if bad else None,
        former=None,
        mended=None,
        owner=OWNER,
        steward=STEWARD,
        affected=(),
        personal=False,
    )
    return replace(made, **said)


def broken(name: str, **said: Any) -> Broken:
    """A mart of `age` that cannot be built since yesterday."""
    made = Broken(
        unique_id=f"model.{PROJECT}.{name}",
        domain="age",
        name=name,
        file=f"models/age/marts/{name}.sql",
        text="Les inscriptions.",
        message="colonne « x » absente [SQLSTATE 42703]",
        at=NOW - timedelta(hours=1),
        since=NOW - timedelta(days=1),
        owner=OWNER,
        steward=STEWARD,
        affected=(),
    )
    return replace(made, **said)


def received(label: str, **said: Any) -> Received:
    """A source of `age`, on time, with nothing put aside."""
    made = Received(
        unique_id=f"source.{PROJECT}.{label}.{label}",
        domain="age",
        label=label,
        text="Ce que l'administration dépose.",
        files=2,
        rows=1234,
        last=NOW - timedelta(days=20),
        promise="tous les 3 mois",
        due=date(2027, 2, 6),
        late=False,
        failure="",
        unreadable={},
        rejected={},
        excluded={},
        anomalies={},
        former={},
        owner=OWNER,
        steward=STEWARD,
        personal=False,
    )
    return replace(made, **said)


def run(number: int = 1, at: datetime = NOW - timedelta(hours=1)) -> Run:
    return Run(
        number=number,
        key=f"00000000-0000-0000-0000-{number:012}",
        begun=at - timedelta(minutes=3),
        ended=at,
        command="build",
        launcher="make build",
        scope="tout",
        outcome="echec",
        revision="abc",
        digest="0" * 64,
        counts={GOOD: 3},
    )


def quality(**said: Any) -> Quality:
    """Two administrations, and whatever a test says."""
    made = Quality(
        made_at=NOW,
        period=30,
        domains={"age": "AGE", "ags": "AGS"},
        controls=(),
        unplayed=(),
        broken=(),
        sources=(),
        coverage={"age": Coverage(10, 10, 9, 100, 97, 4, 4, 3), "ags": Coverage(3, 3, 3, 30, 30, 2, 2, 2)},
        days={"": (), "age": (), "ags": ()},
        runs=(run(),),
    )
    return replace(made, **said)


def rich(faulty: int = 2, refused: int = 3) -> Quality:
    """A bit of everything: each gravity, each state of freshness, small counts, a month of history.

    Args:
        faulty: rows of one failed test, 1 to 4.
        refused: lines refused for one of two reasons, 1 to 4.
    """
    mart = Affected(f"model.{PROJECT}.fct_inscription", "mart", "fct_inscription", "age", OWNER)
    board = Affected(f"exposure.{PROJECT}.tableau", "tableau_de_bord", "Rentrée scolaire", None, OWNER)
    controls = [
        *(control(f"bon_{number}") for number in range(31)),
        control("cle_unique", FAILED, rows=faulty, affected=(mart, board), strategic=True),
        control("cle_presente", FAILED, rows=1234, since=NOW - timedelta(days=12), column=None),
        control("statut_connu", WARNED, rows=58, since=NOW - timedelta(hours=2)),
        control("requete", BROKEN, message="relation « age.rien » introuvable [SQLSTATE 42P01]"),
        control("promesse", WARNED, kind=FRESHNESS, rows=None, column=None, label="effectifs", dataset=None),
        control("repare", former=FAILED, mended=NOW - timedelta(days=2)),
        *(control(f"sport_{n}", domain="ags", steward=OTHER, label="fct_marche") for n in range(12)),
        control("sport_bad", WARNED, domain="ags", steward=None, label="fct_marche", rows=5),
    ]
    sources = (
        received(
            "ecoles",
            rejected={"fase : numéro absent": 103, "nom : nom absent": refused},
            anomalies={"date : date illisible": 41},
            former={"rejected": 240, "unreadable": 0, "anomalies": 12},
        ),
        received("effectifs", late=True, due=date(2026, 11, 14), last=NOW - timedelta(days=100)),
        received("batiments", last=None, due=None, files=0, rows=0),
        received(
            "classes", failure="le classeur n'a pas de feuille « 2026 »", unreadable={"nombre_de_champs": 12}
        ),
        received(
            "marches", domain="ags", steward=OTHER, promise="", due=None, excluded={"ligne de total": 6}
        ),
    )
    days = {
        "": [(40 + n % 3, 50) for n in range(29)],
        "age": [(28 + n % 4, 37) for n in range(29)],
        "ags": [(13, 13) for _ in range(29)],
    }
    return quality(
        controls=tuple(controls),
        broken=(broken("fct_inscription", affected=(board,)),),
        sources=sources,
        unplayed=("test.a", "test.b"),
        days={
            domain: tuple(
                Day(date(2026, 10, 28) + timedelta(days=n), good, played)
                for n, (good, played) in enumerate(found)
            )
            for domain, found in days.items()
        },
    )
