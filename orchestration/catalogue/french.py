"""The French words of the pages for what the metadata say in one word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from orchestration.governance import vocabulary as words
from orchestration.governance.datasets import Refresh, Retention

KINDS = {"source": "Table source", "mart": "Mart"}
CLASSIFICATIONS = {
    "public": "Public",
    "interne": "Interne",
    "confidentiel": "Confidentiel",
    "sensible": "Sensible",
}
CATEGORIES = {
    "identifiant_direct": "Identifiant direct",
    "identifiant_indirect": "Identifiant indirect",
    "pseudonyme": "Pseudonyme",
    "sensible": "Donnée sensible",
    "professionnel": "Contact professionnel",
    "financier": "Donnée financière",
    "aucune": "Aucune",
}
PROTECTIONS = {
    "pseudonymise": "pseudonymisée",
    "masque": "masquée",
    "generalise": "généralisée",
    "supprime": "petits effectifs supprimés",
    "agrege": "agrégée",
}
ENDS = {"effacement": "effacées", "archivage": "archivées"}
DOMAINS = {"commun": "Commun", "transversal": "Transversal", "data_platform": "Plateforme"}
# Statistical secrecy: a count of rows below this one is never told to whoever may read no row.
LEAST = 5
SMALL = f"moins de\u00a0{LEAST}"
_MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
_UNITS = {
    "jour": ("chaque jour", "jours"),
    "semaine": ("chaque semaine", "semaines"),
    "mois": ("chaque mois", "mois"),
    "annee": ("chaque année", "ans"),
}


def domain(name: str) -> str:
    """How people name a domain: AGE, SG, Commun."""
    return DOMAINS.get(name, name.upper())


def day(value: date) -> str:
    """`1er mars 2026`."""
    return f"{'1er' if value.day == 1 else value.day} {_MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime) -> str:
    """`1er mars 2026 à 14:05`, in the time zone of this machine."""
    local = value.astimezone()
    return f"{day(local.date())} à {local:%H:%M}"


def number(value: int) -> str:
    """`12 168`, with a space that does not break."""
    return f"{value:,}".replace(",", "\u202f")


def count(value: int, one: str, many: str = "") -> str:
    """`1 ligne`, `2 lignes`."""
    return f"{number(value)}\u00a0{one if value < 2 else many or one + 's'}"


def small(value: int) -> bool:
    """True for a count that is not told."""
    return 0 < value < LEAST


def few(value: int) -> str:
    """A count of rows alone, in a cell: `12 168`, `0`, `moins de 5`."""
    return SMALL if small(value) else number(value)


def total(parts: Iterable[int]) -> str:
    """The sum of counts that stand beside it; only a floor when one of them is not told.

    A sum would tell by subtraction what the part does not.
    """
    parts = list(parts)
    hidden = sum(small(part) for part in parts)
    if not hidden:
        return number(sum(parts))
    told = sum(part for part in parts if not small(part))
    if not told:
        return SMALL if hidden == 1 else "quelques-unes"
    return f"plus de\u00a0{number(told)}"


def by_number(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """(reason, rows), the most frequent first; counts that are not told do not show in the order either."""
    return sorted(
        counts.items(),
        key=lambda pair: (small(pair[1]), 0 if small(pair[1]) else -pair[1], pair[0]),
    )


def full_name(name: str, description: str) -> str:
    """`AGS, Administration générale du Sport`; the name alone for a domain that is no administration.

    Args:
        name: of the domain.
        description: of its dbt group, whose first words are the name, before what stands in brackets.
    """
    said = " ".join(description.split()).partition(" (")[0].rstrip(".")
    return f"{domain(name)}, {said}" if said and name not in DOMAINS else domain(name)


def action(name: str) -> str:
    """What an entry of access/ allows, as people write it."""
    return "création" if name == "creation" else name


def refresh(value: Refresh) -> str:
    """`chaque mois`, `tous les 3 mois`."""
    each, many = _UNITS[value.unit]
    if value.every == 1:
        return each
    return f"{'toutes' if value.unit == 'semaine' else 'tous'} les {value.every} {many}"


def retention(value: Retention) -> str:
    """How long, from when and what comes then, as one sentence."""
    if value.months is None:
        return f"Sans limite. {value.reason or ''}".strip()
    years, rest = divmod(value.months, 12)
    said = count(years, "an") if years and not rest else f"{value.months}\u00a0mois"
    since = "la réception" if value.since == words.RECEPTION else f"la date «\u00a0{value.since}\u00a0»"
    return f"{said} après {since} ; ensuite, les lignes sont {ENDS[value.end]}."


def check(test: Mapping[str, Any]) -> str:
    """What a test of the manifest checks: its own description, or a sentence made from its kind."""
    if said := " ".join((test.get("description") or "").split()):
        return said
    about = test.get("test_metadata") or {}
    kind, given = about.get("name", ""), about.get("kwargs") or {}
    match kind:
        case "not_null":
            return "Toujours remplie."
        case "unique":
            return "Jamais deux fois la même valeur."
        case "accepted_values":
            return f"Valeurs admises : {', '.join(map(str, given.get('values', ())))}."
        case "relationships":
            return "Chaque valeur existe dans la table à laquelle elle renvoie."
        case "unique_combination":
            return "Une seule ligne par combinaison de clés."
    return f"Contrôle {test['name']}."
