"""What people read: the findings of files on a terminal, and the page that lists the rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from denodo.checking.checker import check
from denodo.finding import WARNING, Finding
from denodo.rules import CHAPTERS, RULES

_TEMPLATE = "ce fichier contient du Jinja : make lint contrôle les modèles, compilés pour Denodo."
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_INTRODUCTION = """# Règles du SQL portable (VQL documenté de Denodo)

Un modèle s'écrit une fois et doit être juste sur PostgreSQL comme sur Denodo. `make lint` tient chaque
modèle, compilé pour Denodo, contre le VQL documenté : ce que le manuel de Denodo 7.0 décrit, et, là où elles
sont plus strictes, les règles que Denodo publie pour ses versions 8 et 9. Aucun serveur Denodo n'est
interrogé : ce qui est certifié est le VQL documenté.

Chaque constat dit où, pourquoi, et quoi écrire. `make fix` écrit lui-même la forme portable quand elle a
sûrement le même sens sur PostgreSQL. Un fichier SQL sans Jinja se contrôle aussi seul :
`python -m denodo check fichier.sql`.

Le début du nom d'une règle dit sa nature :

| Préfixe | Sens | Bloque |
|---|---|---|
| `vql-` | VQL ne le documente pas. | oui |
| `sens-` | VQL l'a, avec un autre sens que PostgreSQL. | oui, dans un texte destiné aux deux moteurs |
| `avis-` | Le manuel laisse le sens ouvert, ou une forme plus sûre existe. | non |

Cette page est produite par `python -m denodo regles`, à partir de la table que le contrôle applique.
"""

_UNSEEN = """## Ce que le contrôle ne voit pas

- Le type des colonnes lues : `fin - debut` ou `debut + 7` ne sont refusés que si le texte montre que ce sont
  des dates (littéral, `cast`, fonction, colonne d'une CTE). Entre des dates, écrivez toujours une macro.
- L'ordre des valeurs absentes dans un tri, et l'ordre des textes quand une source trie elle-même.
- L'arrondi des demis par `round`, et une division par zéro : le manuel n'en dit rien. Utilisez
  `{{ safe_divide('a', 'b') }}`.
- Un entier trop grand : Denodo ne le signale pas. Convertissez en `int8` avant de multiplier ou de sommer.
- Les colonnes que rend `*` : deux colonnes du même nom ne sont vues que si la jointure les nomme.
"""


def lines(path: str, findings: Iterable[Finding]) -> list[str]:
    """The findings of a file as they are printed: place and message, then why, then what to write."""
    printed = []
    for finding in findings:
        nature = " (avertissement)" if finding.severity == WARNING else ""
        place = f"{path}:{finding.line}:{finding.column}"
        printed += [
            f"{place} : [{finding.rule}]{nature} {finding.message}",
            f"    Pourquoi : {finding.why}",
            f"    À écrire : {finding.portable_form}",
        ]
    return printed


def check_files(paths: Iterable[str | Path], *, portable: bool = True) -> int:
    """Checks files and prints what is found.

    Returns:
        The exit code: 0, 1 when something is refused, 2 when a file cannot be read.
    """
    refused = warned = unread = 0
    for path in paths:
        try:
            sql = Path(path).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = (
                "n'est pas en UTF-8"
                if isinstance(error, UnicodeDecodeError)
                else f"illisible ({error.strerror})"
            )
            print(f"{path} : {reason}.")
            unread += 1
            continue
        if _JINJA.search(sql):
            print(f"{path} : {_TEMPLATE}")
            unread += 1
            continue
        findings = check(sql, portable=portable)
        for line in lines(str(path), findings):
            print(line)
        refused += sum(finding.is_error for finding in findings)
        warned += sum(not finding.is_error for finding in findings)
    if refused or warned:
        print(f"{_count(refused, 'erreur')}, {_count(warned, 'avertissement')}.")
    elif not unread:
        print("Rien à redire : tout est dans le VQL documenté.")
    return 2 if unread else int(refused > 0)


def rules_page() -> str:
    """The page docs/analyste/regles-denodo.md."""
    parts = [_INTRODUCTION]
    for chapter, names in CHAPTERS.items():
        rows = [f"## {chapter}", "", "| Règle | Refusé | Pourquoi | Quoi écrire |", "|---|---|---|---|"]
        for name in names:
            rule = RULES[name]
            refused = rule.refused[0].upper() + rule.refused[1:] if rule.refused[0] != "`" else rule.refused
            cells = (f"`{rule.id}`", refused, rule.why, rule.write)
            rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        parts.append("\n".join(rows) + "\n")
    parts.append(_UNSEEN)
    return "\n".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"
