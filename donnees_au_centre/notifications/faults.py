"""What is wrong now, one fault a thing to look at, from what is known of quality."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, time

from donnees_au_centre import french
from donnees_au_centre.catalogue import labels
from donnees_au_centre.french import local_zone
from donnees_au_centre.project.datasets import Responsible
from donnees_au_centre.quality.advice import in_fault, verdict
from donnees_au_centre.quality.facts import (
    BROKEN,
    FAILED,
    FRESHNESS,
    OUTDATED,
    WARNED,
    Affected,
    Broken,
    Control,
    Quality,
    Received,
)

# The gravest last.
SEVERITIES = (WARNED, FAILED, BROKEN)
FILE = "fichier"
CONTROL, MODEL, LOAD, LATE = "controle", "modele", "chargement", "retard"
# Characters of an error message kept: the rest is in the run's log.
KEPT = 300


@dataclass(frozen=True)
class Fault:
    """Something wrong in the data, in the words of who must look at it.

    Attributes:
        key: what tells it from another, from run to run: `controle:<unique id>`.
        domain: that answers for it.
        severity: one of SEVERITIES.
        label: short name of what it is about: `fct_marche`.
        column: or "".
        text: what is wrong, one French sentence.
        file: where it is written, or "".
        since: UTC.
        rows: what is in fault, in words, without a small count of rows; "" when it is about no row.
        detail: the error, cut, without any value; "" for a test.
        affected: what reads it, in words.
        advice: what to do, in French.
        owner, steward: None when nobody is named.
        copied: True when the owner is told too.
    """

    key: str
    domain: str
    severity: str
    label: str
    column: str
    text: str
    file: str
    since: datetime
    rows: str
    detail: str
    affected: tuple[str, ...]
    advice: str
    owner: Responsible | None
    steward: Responsible | None
    copied: bool


def find_faults(quality: Quality, strategic: Collection[str] = ()) -> list[Fault]:
    """Everything wrong now, the gravest first, then the oldest.

    Args:
        quality: what is known.
        strategic: unique ids of strategic data sets: their owner is told of everything, also of what is wrong
            upstream of them.
    """
    found = [
        *_controls(quality, strategic),
        *_broken(quality),
        *_troubles(quality),
        *_sources(quality, strategic),
    ]
    return sorted(found, key=lambda one: (-SEVERITIES.index(one.severity), one.since, one.key))


def _controls(quality: Quality, strategic: Collection[str]) -> Iterator[Fault]:
    # A load that fails is told with its reason, and not a second time by the control that saw it.
    unloaded = {source.unique_id for source in quality.sources if source.failure}
    for control in quality.controls:
        if control.bad and not (control.counted == FILE and control.dataset in unloaded):
            yield Fault(
                key=key_of(control),
                domain=control.domain,
                severity=control.outcome,
                label=control.label or control.name,
                column=control.column or "",
                text=verdict(control.text, control.outcome),
                file=control.file,
                since=control.since or control.at,
                rows=in_fault(control.rows, control.counted) if control.rows else "",
                # dbt's message of a failed test is its count, which may be small.
                detail=_cut(control.message) if control.outcome == BROKEN else "",
                affected=_affected(control.affected),
                advice=control.advice,
                owner=control.owner,
                steward=control.steward,
                copied=control.outcome == BROKEN or _concerns(control.dataset, control.affected, strategic),
            )


def _broken(quality: Quality) -> Iterator[Fault]:
    for model in quality.broken:
        yield Fault(
            key=key_of(model),
            domain=model.domain,
            severity=BROKEN,
            label=model.name,
            column="",
            text=f"Le mart n'est pas offert. {model.reason}"
            if model.held
            else f"La table n'a pas pu être construite : on y lit les données d'avant. {model.text}".strip(),
            file=model.file,
            since=model.since,
            rows="",
            detail=_cut(model.message),
            affected=_affected(model.affected),
            advice="Corriger ce qui est nommé ; la construction suivante offrira le mart."
            if model.held
            else "Prévenir l'équipe Plateforme, qui corrige le modèle ou ce qu'il lit.",
            owner=model.owner,
            steward=model.steward,
            copied=True,
        )


def _troubles(quality: Quality) -> Iterator[Fault]:
    for one in quality.troubles:
        yield Fault(
            key=f"{one.kind}:{one.domain}:{one.name}",
            domain=one.domain,
            severity=WARNED if one.kind == OUTDATED else BROKEN,
            label=one.name,
            column="",
            text=one.text,
            file="",
            since=one.since,
            rows="",
            detail="",
            affected=(),
            advice=one.advice,
            owner=one.owner,
            steward=one.steward,
            # Who answers for these figures is told too, and not only who acts.
            copied=True,
        )


def _sources(quality: Quality, strategic: Collection[str]) -> Iterator[Fault]:
    # A source whose freshness is bad is told once.
    stale = {control.unique_id for control in quality.controls if control.kind == FRESHNESS and control.bad}
    for source in quality.sources:
        if source.failure:
            yield Fault(
                key=f"{LOAD}:{source.unique_id}",
                severity=BROKEN,
                text="Le dernier fichier reçu n'a pas pu être chargé ; les données d'avant restent en place.",
                since=source.failed_at or source.last or quality.made_at,
                detail=_cut(source.failure),
                advice=(
                    "Corriger le fichier ou le redemander à qui l'envoie, puis le redéposer ; s'il attend un "
                    "accord et qu'il est juste, demander à l'équipe Plateforme de le charger (make accept)."
                ),
                copied=True,
                domain=source.domain,
                label=source.label,
                column="",
                file="",
                rows="",
                affected=(),
                owner=source.owner,
                steward=source.steward,
            )
        if source.late and source.due and source.unique_id not in stale:
            yield Fault(
                key=f"{LATE}:{source.unique_id}",
                severity=WARNED,
                text=f"Données promises {source.promise}, attendues le {french.day(source.due)}, pas reçues.",
                since=datetime.combine(source.due, time.min, tzinfo=local_zone()),
                detail="",
                advice="Demander les données à qui les envoie, ou corriger la promesse (rafraichissement).",
                copied=source.unique_id in strategic,
                domain=source.domain,
                label=source.label,
                column="",
                file="",
                rows="",
                affected=(),
                owner=source.owner,
                steward=source.steward,
            )


def key_of(thing: Control | Broken | Received) -> str:
    """What tells a fault of a control or a model from another, from run to run."""
    return f"{MODEL if isinstance(thing, Broken) else CONTROL}:{thing.unique_id}"


def _concerns(dataset: str | None, affected: Collection[Affected], strategic: Collection[str]) -> bool:
    return dataset in strategic or any(one.unique_id in strategic for one in affected)


def _affected(affected: Collection[Affected]) -> tuple[str, ...]:
    words = []
    for one in affected:
        place = "tableau de bord" if one.kind == "tableau_de_bord" else labels.domain(one.domain or "")
        words.append(f"{one.name} ({place})" if place else one.name)
    return tuple(words)


def _cut(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= KEPT else f"{line[: KEPT - 1].rstrip()}…"
