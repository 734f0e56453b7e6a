"""French labels for what the metadata say in one word: on pages, in workbooks and in messages."""

from __future__ import annotations

from collections.abc import Mapping

from donnees_au_centre.french import small, unbroken
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.datasets import Refresh, Retention
from donnees_au_centre.project.nodes import CROSSING, PLATFORM, SHARED, DataTest

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
DOMAINS = {SHARED: "Commun", CROSSING: "Transversal", PLATFORM: "Plateforme"}
_UNITS = {
    "jour": ("chaque jour", "jours"),
    "semaine": ("chaque semaine", "semaines"),
    "mois": ("chaque mois", "mois"),
    "annee": ("chaque année", "ans"),
}


def domain(name: str) -> str:
    """How people name a domain: AGE, SG, Commun."""
    return DOMAINS.get(name, name.upper())


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
    """What an entry of the declared access allows, as people write it."""
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
    said = unbroken(years, "an") if years and not rest else f"{value.months}\u00a0mois"
    since = "la réception" if value.since == words.RECEPTION else f"la date «\u00a0{value.since}\u00a0»"
    return f"{said} après {since} ; ensuite, les lignes sont {ENDS[value.end]}."


def check(test: DataTest) -> str:
    """What a test of the manifest checks: its own description, or a sentence made from its kind."""
    if said := " ".join(test.description.split()):
        return said
    match test.generic:
        case "not_null":
            return "Toujours remplie."
        case "unique":
            return "Jamais deux fois la même valeur."
        case "accepted_values":
            return f"Valeurs admises : {', '.join(map(str, test.arguments.get('values', ())))}."
        case "relationships":
            return "Chaque valeur existe dans la table à laquelle elle renvoie."
        case "unique_combination":
            return "Une seule ligne par combinaison de clés."
    return f"Contrôle {test.name}."
