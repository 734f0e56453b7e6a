"""What the code says of itself, for pages of the site: commands of make, rules, macros."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from denodo.rules import RULES as VQL_RULES
from donnees_au_centre.assistance.texts import targets
from donnees_au_centre.pages.documentation.documents import Document, users
from donnees_au_centre.project.checks import RULES
from donnees_au_centre.project.nodes import Macro, Manifest

COMMANDS, RULES_PAGE, MACROS = (f"reference/{name}.html" for name in ("commandes", "regles", "macros"))
# Module of donnees_au_centre/project/rules -> what its rules are about.
SUBJECTS = {
    "reading": "Qui lit quoi",
    "offering": "Ce que les marts offrent",
    "describing": "Les descriptions",
    "conforming": "Les noms partagés",
    "ending": "Les versions et leur fin",
    "landing": "Les sources et la zone de dépôt",
    "casting": "Le typage",
    "joining": "Les jointures",
    "governing": "La gouvernance",
    "auditing": "L'audit",
}
# Folder of macros/ -> what its macros are for; tests/generic comes last.
INTENTIONS = {
    "staging": "Déclarer les colonnes d'une source",
    "typing": "Lire un texte reçu",
    "row_issues": "Mettre une ligne de côté",
    "portability": "Écrire pour PostgreSQL et Denodo",
    "matching": "Rapprocher des noms",
    "naming": "Nommer",
    "governance": "Protéger les personnes",
    "arguments": "Refuser un mauvais argument",
    "materialization": "Construire les tables et les vues",
    "publication": "Montrer aux lecteurs",
    "access": "Donner les droits",
    "testing": "Compter pour les tests",
    "generic": "Tests génériques",
}
_VARIANT = re.compile(r"^(?:default|postgres|denodo|materialization)_")


@dataclass(frozen=True)
class Entry:
    """One thing of a reference page.

    Attributes:
        name: as one writes it, and its anchor.
        says: in French.
        more: name -> text of its arguments, or of what to write instead.
        users: the pages that speak of it.
    """

    name: str
    says: str
    more: dict[str, str]
    users: Markup = field(default_factory=Markup)


def commands(root: Path, pages: list[Document]) -> dict[str, list[Entry]]:
    """Group of `make help` -> its commands."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for group, name, says in targets(root):
        pattern = re.compile(rf"\bmake (?:-s )?{re.escape(name)}(?![\w-])")
        found[group].append(Entry(name, says, {}, users([pattern], pages, COMMANDS)))
    return dict(found)


def rules(pages: list[Document]) -> dict[str, list[Entry]]:
    """Subject -> the rules of the project that `make lint` holds over the manifest."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for rule in RULES:
        module = rule.find.__module__.rpartition(".")[2]
        subject = SUBJECTS.get(module, module)
        pattern = re.compile(rf"(?<![\w-]){re.escape(rule.id)}(?![\w-])")
        found[subject].append(Entry(rule.id, rule.advice, {}, users([pattern], pages, RULES_PAGE)))
    return dict(found)


def portable_rules() -> int:
    """How many rules the SQL for two engines has; docs/analyste/regles-denodo.md shows them."""
    return len(VQL_RULES)


def macros(manifest: Manifest) -> dict[str, list[Entry]]:
    """Intention -> the macros of the project, without the forms that an engine alone calls."""
    found: dict[str, list[Entry]] = defaultdict(list, {title: [] for title in INTENTIONS.values()})
    for macro in sorted(_public(manifest), key=lambda one: one.name):
        folder = Path(macro.file).parent.name
        title = INTENTIONS.get(folder, folder)
        name = macro.name.removeprefix("test_") if title == INTENTIONS["generic"] else macro.name
        found[title].append(Entry(name, macro.description, dict(macro.arguments)))
    return {title: entries for title, entries in found.items() if entries}


def _public(manifest: Manifest) -> Iterator[Macro]:
    for macro in manifest.macros.values():
        if macro.package == manifest.project_name and macro.description and not _VARIANT.match(macro.name):
            yield macro
