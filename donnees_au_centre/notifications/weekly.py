"""The weekly digest of a domain: one page of French that a manager can forward."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from donnees_au_centre import french
from donnees_au_centre.catalogue import labels
from donnees_au_centre.french import score
from donnees_au_centre.notifications.declaration import Declaration
from donnees_au_centre.notifications.faults import LATE, Fault, find_faults
from donnees_au_centre.notifications.letter import Item, Letter, Section
from donnees_au_centre.notifications.wording import MARKS, moment, place
from donnees_au_centre.quality.facts import FRESHNESS, Day, Quality

DAYS = 7
# Things named in one section; the rest is counted.
NAMED = 10
# Things to do in one week.
TASKS = 5
CLOSING = (
    "Bilan automatique du lundi, à transmettre librement : il ne contient ni ligne ni donnée personnelle."
)


def week_of(now: datetime) -> str:
    """`2026-W48`: the ISO week in local time."""
    year, week, _ = french.day_of(now).isocalendar()
    return f"{year}-W{week:02}"


def compose_weekly(
    quality: Quality, domain: str, declaration: Declaration, strategic: Collection[str] = ()
) -> Letter:
    """Writes the digest of a domain.

    Args:
        quality: what is known now.
        domain: of it.
        declaration: where the pages are.
        strategic: unique ids of strategic data sets.
    """
    now = quality.made_at
    start = now - timedelta(days=DAYS)
    faults = [fault for fault in find_faults(quality, strategic) if fault.domain == domain]
    late = [fault for fault in faults if _is_late(fault, quality)]
    others = [fault for fault in faults if fault not in late]
    mended = [
        control
        for control in quality.of(domain)
        if not control.bad and control.mended is not None and control.mended >= start
    ]
    broke = [fault for fault in others if fault.since >= start]
    lasting = [fault for fault in others if fault.since < start]
    cured = [Item(f"{control.label}\u00a0: {control.text}") for control in mended]
    sections = [
        Section("À faire cette semaine", *_tasks(faults)),
        _section("Ce qui s'est cassé cette semaine", broke),
        _section("Ce qui dure depuis plus longtemps", lasting),
        _section("Ce qui est en retard", late),
        Section("Ce qui a été réparé", *_capped(cured)),
    ]
    short = labels.domain(domain)
    return Letter(
        subject=f"{short}\u00a0: la qualité des données au {french.day(french.day_of(now))}",
        intro=_trend(quality.days.get(domain, ())),
        sections=tuple(section for section in sections if section.items),
        page=declaration.page_of(domain),
        closing=CLOSING,
    )


def _is_late(fault: Fault, quality: Quality) -> bool:
    if fault.key.startswith(f"{LATE}:"):
        return True
    stale = {control.unique_id for control in quality.controls if control.kind == FRESHNESS}
    return fault.key.partition(":")[2] in stale


def _trend(days: Sequence[Day]) -> str:
    """The score and where it goes, in a sentence or two."""
    if not days or days[-1].score is None:
        return "Aucun contrôle n'a encore été joué."
    today = days[-1]
    played = f"{french.unbroken(today.good, 'contrôle')} sur {french.number(today.played)}"
    if today.good == today.played:
        said = f"Tous les contrôles sont bons ({french.number(today.played)})"
    else:
        be = "est bon" if today.good == 1 else "sont bons"
        said = f"{played} {be}, soit un score de {score(today.good, today.played)} sur 100"
    before = next((day for day in reversed(days[: -DAYS or None]) if day.score is not None), None)
    if before is None:
        return f"{said}. Pas encore de semaine précédente à comparer."
    change = (today.score or 0) - (before.score or 0)
    if abs(change) < 0.05:
        return f"{said}, comme la semaine passée."
    word = "en hausse" if change > 0 else "en baisse"
    return f"{said}, {word} par rapport à la semaine passée ({score(before.good, before.played)})."


def _tasks(faults: Sequence[Fault]) -> tuple[tuple[Item, ...], str]:
    """The first things to do, each piece of advice once, and a word on the rest."""
    if not faults:
        return (Item("Rien : aucun contrôle n'est en faute et rien n'est en retard."),), ""
    tasks: dict[str, list[Fault]] = {}
    for fault in faults:
        tasks.setdefault(fault.advice or "Ouvrir la page du domaine.", []).append(fault)
    items = [
        Item(
            advice,
            lines=(("Pour", ", ".join(dict.fromkeys(fault.label for fault in about))),),
            more=_who(about),
        )
        for advice, about in tasks.items()
    ]
    left = len(items) - TASKS
    said = f"et {french.unbroken(left, 'autre')}, quand ces points seront réglés." if left > 0 else ""
    return tuple(items[:TASKS]), said


def _who(faults: Sequence[Fault]) -> tuple[tuple[str, str], ...]:
    who = dict.fromkeys(f"{one.steward.function} ({one.steward.email})" for one in faults if one.steward)
    return (("Qui agit", ", ".join(who)),) if who else ()


def _section(title: str, faults: Sequence[Fault]) -> Section:
    items = []
    for fault in faults:
        lines = [("Où", place(fault)), ("Depuis", f"le {moment(fault.since)}")]
        if fault.rows:
            lines.append(("Concerne", fault.rows))
        items.append(Item(fault.text, MARKS[fault.severity], fault.severity, tuple(lines)))
    return Section(title, *_capped(items))


def _capped(items: Sequence[Item]) -> tuple[tuple[Item, ...], str]:
    left = len(items) - NAMED
    return tuple(
        items[:NAMED]
    ), f"et {french.unbroken(left, 'autre')}, sur la page du domaine." if left > 0 else ""
