"""Small states of quality, as the history would give them, and who is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from donnees_au_centre.notifications.declaration import Declaration, read_declaration
from donnees_au_centre.project.datasets import Responsible
from donnees_au_centre.quality.facts import FAILED, GOOD, Affected, Broken, Control, Day, Quality, Received
from tests.unit import qualities

NOW = datetime(2026, 11, 26, 4, 12, tzinfo=UTC)
OWNER = Responsible(fonction="Direction de la promotion du sport", courriel="data-owner.ags@fwb.example")
STEWARD = Responsible(fonction="Cellule Données de l'AGS", courriel="data-steward.ags@fwb.example")
DOMAINS = {
    "age": "Administration générale de l'Enseignement",
    "ags": "Administration générale du Sport",
    "data_platform": "La plateforme",
}
DECLARATION = """
pages: https://donnees.fwb.example/qualite/
rappels: {jours: [1, 3, 7], ensuite: 7}
problemes_par_message: 3
canaux:
  courriel: {genre: courriel, variable: ALERTES_COURRIEL}
  teams: {genre: teams, variable: ALERTES_TEAMS}
  telephone: {genre: ntfy, variable: ALERTES_NTFY}
routes:
  defaut: {gestionnaire: [courriel], proprietaire: [courriel], hebdomadaire: [courriel]}
  age: {gestionnaire: [courriel, teams], proprietaire: [courriel, telephone]}
"""


def control(name: str, outcome: str = FAILED, **more: Any) -> Control:
    """A test of `ags.fct_marche`, bad for a minute when it is bad."""
    bad = outcome != GOOD
    said: dict[str, Any] = dict(
        unique_id=f"test.{qualities.PROJECT}.{name}",
        domain="ags",
        text="Une marche n'est annoncée qu'une fois.",
        advice="Corriger la ligne dans la base de l'ADEPS.",
        dataset=f"model.{qualities.PROJECT}.fct_marche",
        label="fct_marche",
        column="marche_id",
        file="models/ags/marts/fct_marche.yml",
        rows=12 if bad else 0,
        message="Got 12 results, configured to fail if != 0" if bad else "",
        at=NOW,
        since=NOW - timedelta(minutes=1) if bad else None,
        owner=OWNER,
        steward=STEWARD,
    )
    return qualities.control(name, outcome, **said | more)


def broken(name: str, **more: Any) -> Broken:
    """A mart of `ags` that a mart of `transversal` reads."""
    croise = Affected(f"model.{qualities.PROJECT}.fct_croise", "mart", "fct_croise", "transversal", None)
    said: dict[str, Any] = dict(
        domain="ags",
        file=f"models/ags/marts/{name}.sql",
        text="Marches des points verts.",
        message='column "marche" does not exist',
        at=NOW,
        since=NOW - timedelta(minutes=1),
        owner=OWNER,
        steward=STEWARD,
        affected=(croise,),
    )
    return qualities.broken(name, **said | more)


def received(name: str, **more: Any) -> Received:
    """A source of `ags`, on time."""
    said: dict[str, Any] = dict(
        domain="ags",
        last=NOW - timedelta(days=2),
        promise="chaque mois",
        due=date(2026, 12, 20),
        owner=OWNER,
        steward=STEWARD,
    )
    return qualities.received(name, **said | more)


def quality(*things: Control | Broken | Received, now: datetime = NOW, **more: Any) -> Quality:
    """What is known when these things are."""
    said: dict[str, Any] = dict(
        made_at=now,
        domains=DOMAINS,
        controls=tuple(one for one in things if isinstance(one, Control)),
        broken=tuple(one for one in things if isinstance(one, Broken)),
        sources=tuple(one for one in things if isinstance(one, Received)),
        days={},
        runs=(qualities.run(at=now),),
    )
    return qualities.quality(**said | more)


def days(*counts: tuple[int, int]) -> tuple[Day, ...]:
    """One Day a (good, played), the last one today."""
    return tuple(
        Day(NOW.date() - timedelta(days=len(counts) - 1 - place), good, played)
        for place, (good, played) in enumerate(counts)
    )


def declaration(root: Path, text: str = DECLARATION) -> Declaration:
    (root / "policies" / "channels").mkdir(parents=True, exist_ok=True)
    (root / "policies" / "channels" / "canaux.yml").write_text(text, encoding="utf-8")
    return read_declaration(root, DOMAINS)
