"""The messages in plain French."""

from __future__ import annotations

from datetime import datetime, time

from donnees_au_centre import french
from donnees_au_centre.administration import ours
from donnees_au_centre.catalogue import labels
from donnees_au_centre.french import local_zone
from donnees_au_centre.notifications.decision import (
    LASTING,
    MENDED,
    NEW,
    OPENING,
    WITHDRAWN,
    WORSE,
    Message,
    Word,
)
from donnees_au_centre.notifications.declaration import Declaration
from donnees_au_centre.notifications.faults import LATE, LOAD, MODEL, SEVERITIES, Fault
from donnees_au_centre.notifications.letter import Item, Letter, Section
from donnees_au_centre.quality.facts import BROKEN, FAILED, OUTDATED, STOPPED, WARNED

MARKS = {BROKEN: "Erreur", FAILED: "Échec", WARNED: "Avertissement"}
CLOSING = "Message automatique de la plateforme {}. Une question ? {}"
# Data sets named as affected; the rest is counted.
AFFECTED = 6
_TITLES = {
    NEW: "Nouveau",
    WORSE: "S'est aggravé",
    LASTING: "Dure toujours",
    MENDED: "N'est plus en faute",
    WITHDRAWN: "Contrôle retiré du projet",
}
# Of what is mended and is no control.
_OVER = {
    LOAD: "Le fichier se charge de nouveau.",
    LATE: "Les données promises sont arrivées.",
    MODEL: "La table se construit de nouveau.",
    STOPPED: "La construction va de nouveau à son terme.",
    OUTDATED: "Les chiffres lus sont de nouveau ceux du jour.",
}
_COUNTED = {
    NEW: ("nouveau problème", "nouveaux problèmes"),
    WORSE: ("problème aggravé", "problèmes aggravés"),
    LASTING: ("problème qui dure", "problèmes qui durent"),
    MENDED: ("problème réparé", "problèmes réparés"),
    WITHDRAWN: ("contrôle retiré", "contrôles retirés"),
}


def compose(message: Message, declaration: Declaration, now: datetime, most: int | None = None) -> Letter:
    """Writes a message.

    Args:
        message: what to say.
        declaration: where the pages are, how many faults are named.
        now: the moment it speaks of.
        most: faults named, at most; the declaration's if None.
    """
    most = declaration.most if most is None else most
    short = labels.domain(message.domain) or "Plateforme"
    kinds = [kind for kind in _TITLES if message.of(kind)]
    said = [french.unbroken(len(message.of(kind)), *_COUNTED[kind]) for kind in kinds]
    subject = f"{short}\u00a0: {', '.join(said)}"
    if len(message.words) == 1:
        subject += f" ({message.words[0].label})"
    # The gravest are named, whatever is said of them; what is over takes no room from what is wrong.
    wrong = [word for word in message.words if word.word in OPENING]
    gravest = {word.key for word in sorted(wrong, key=lambda one: -SEVERITIES.index(one.severity))[:most]}
    sections = []
    for kind in kinds:
        words = message.of(kind)
        named = [word for word in words if word.key in gravest] if kind in OPENING else words[:most]
        items = tuple(_item(word, now) for word in named)
        sections.append(Section(_TITLES[kind], items, _left(len(words) - len(named), bool(named))))
    return Letter(
        subject=subject,
        intro=f"Ce que disent les contrôles des données, le {moment(now)}.",
        sections=tuple(sections),
        page=declaration.page_of(message.domain),
        closing=CLOSING.format(ours().platform.name, ours().platform.email),
    )


def moment(value: datetime) -> str:
    """`1er mars 2026 à 14:05`, in local time; the day alone for what began with it."""
    local = value.astimezone(local_zone())
    return french.day(local.date()) + (f" à {local:%H:%M}" if local.time() > time.min else "")


def place(fault: Fault) -> str:
    """Where it is: `fct_marche, colonne statut`."""
    return f"{fault.label}, colonne {fault.column}" if fault.column else fault.label


def fault_item(fault: Fault, since: datetime, now: datetime) -> Item:
    """A fault: what, where, since when, how many rows, who is affected, what to do, who acts."""
    lines = [("Où", place(fault)), ("Depuis", f"le {moment(since)}{_age(since, now)}")]
    if fault.rows:
        lines.append(("Concerne", fault.rows))
    lines.append(("Que faire", fault.advice or "Ouvrir la page du domaine, qui montre le contrôle."))
    more = []
    if fault.detail:
        more.append(("Détail technique", fault.detail))
    if fault.affected:
        more.append(("Ce qui en dépend", french.some(fault.affected, AFFECTED, "\u00a0")))
    if fault.steward:
        more.append(("Qui agit", f"{fault.steward.function} ({fault.steward.email})"))
    if fault.owner:
        more.append(("Qui en répond", f"{fault.owner.function} ({fault.owner.email})"))
    if fault.file:
        more.append(("Pour l'équipe technique", fault.file))
    return Item(fault.text, MARKS[fault.severity], fault.severity, tuple(lines), tuple(more))


def _item(word: Word, now: datetime) -> Item:
    if word.fault:
        return fault_item(word.fault, word.since, now)
    text = word.text or (_OVER.get(word.key.partition(":")[0], "") if word.word == MENDED else "")
    said = f"{word.label}\u00a0: {text}" if text else word.label
    lines = [("Avait commencé", f"le {moment(word.since)}")]
    if word.missed:
        lines.append(("À savoir", "l'alerte n'avait pas pu partir ; ce message est le premier"))
    return Item(said, lines=tuple(lines))


def _left(count: int, some: bool) -> str:
    if not count:
        return ""
    return f"{'et ' if some else ''}{french.unbroken(count, 'autre')}, sur la page du domaine."


def _age(since: datetime, now: datetime) -> str:
    days = (french.day_of(now) - french.day_of(since)).days
    return f" ({french.unbroken(days, 'jour')})" if days else ""
