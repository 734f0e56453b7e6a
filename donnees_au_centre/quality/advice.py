"""The French words of quality that pages, workbooks and messages share."""

from __future__ import annotations

from donnees_au_centre.french import LEAST, small, unbroken
from donnees_au_centre.project.nodes import DataTest
from donnees_au_centre.quality.facts import BROKEN

_TWICE = "Retirer le doublon du fichier d'origine, ou dire ce qui distingue les deux lignes."
# Kind of a dbt test -> what to do when rows fail it; a test's own `meta: {que_faire: …}` says better.
ADVICE = {
    "not_null": "Compléter la colonne dans le fichier d'origine, puis le déposer à nouveau.",
    "unique": _TWICE,
    "unique_combination": _TWICE,
    "accepted_values": (
        "Corriger la valeur dans le fichier d'origine ; si elle est nouvelle et juste, demander à l'équipe "
        "Plateforme de l'admettre."
    ),
    "relationships": "Corriger le code, ou ajouter ce qu'il désigne à la table de référence.",
    "mostly_related": "Comparer les dates des deux fichiers : l'un est peut-être plus ancien que l'autre.",
    "mostly_filled": "Comparer avec le fichier précédent : une colonne a pu se vider ou se décaler.",
    "within_range": "Vérifier l'unité et la virgule de la mesure dans le fichier d'origine.",
    "reconciles_with_source": "Prévenir l'équipe Plateforme : des lignes se perdent ou se répètent.",
    "comparable_volume": (
        "Voir dans la feuille « À corriger » du classeur quel fichier, ses lignes et celles qu'on "
        "attendait : il est peut-être vide, coupé, ou répété. S'il est juste, le dire à l'équipe Plateforme, "
        "qui charge un fichier en attente par make accept FICHIER=…"
    ),
    "as_declared": (
        "Voir dans la feuille « À corriger » du classeur quel fichier et quelle colonne nouvelle ; si c'est "
        "un chargement qui échoue ou qui attend un accord, la raison est sous « Fraîcheur », sur la page du "
        "domaine. Demander un nouveau fichier, ou faire déclarer la colonne."
    ),
    "fully_loaded": (
        "Demander le fichier entier, dans l'encodage déclaré ; si un contenu est venu sous deux noms, ôter "
        "celui de trop de la zone de dépôt, puis make withdraw FICHIER=… ; si la table a été touchée à la "
        "main, redéposer le fichier."
    ),
    "few_set_aside": (
        "Ouvrir la feuille « Écarts » du classeur : une colonne est sans doute décalée, ou écrite sous une "
        "autre forme."
    ),
    "stable_measure": (
        "Vérifier l'unité, les cases vides et les catégories du dernier fichier ; si le changement est réel, "
        "le dire à l'équipe Plateforme, qui l'admettra."
    ),
    "k_anonymity": "Prévenir l'équipe Plateforme avant toute diffusion : un groupe est trop petit.",
}
OTHERWISE = "Ouvrir la feuille « À corriger » du classeur, puis corriger le fichier d'origine."
LATE = "Demander le fichier à qui le fournit, ou corriger le rythme promis s'il n'est plus le bon."
# Kind of a dbt test -> what one of its rows is, when it is no row of data: their number tells nothing of
# anybody.
COUNTED = {
    "comparable_volume": "fichier",
    "as_declared": "fichier",
    "fully_loaded": "fichier",
    "few_set_aside": "colonne",
    "stable_measure": "mesure",
}
CASE = "cas"


def advice(test: DataTest) -> str:
    """What to do when a test of the manifest fails, in French."""
    own = test.meta.get("que_faire")
    if isinstance(own, str) and own.strip():
        return " ".join(own.split())
    return ADVICE.get(test.generic, OTHERWISE)


def unit_of(test: DataTest) -> str:
    """What the rows that a test gives are, in French, in the singular."""
    return COUNTED.get(test.generic, CASE)


def in_fault(rows: int, what: str) -> str:
    """`1 204 cas`, `moins de 5 cas`, `1 fichier`: rows of data are not counted when they are few."""
    if what == CASE and small(rows):
        return f"moins de {LEAST}\u00a0{CASE}"
    return unbroken(rows, what, CASE if what == CASE else "")


def verdict(text: str, outcome: str) -> str:
    """What a bad control says: its text holds where all is well, and is announced as a rule."""
    return f"{'Impossible à vérifier' if outcome == BROKEN else 'Règle non respectée'}\u00a0: {text}"
