"""The tools, and what each answers: French text, of bounded length, without what was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from donnees_au_centre.assistance.item import COMMAND, DATASET, KINDS, MODEL, PAGE, RULE, TERM
from donnees_au_centre.assistance.knowledge import Knowledge
from donnees_au_centre.french import cut
from donnees_au_centre.inert import text as harmless
from donnees_au_centre.project.lineage.wording import described

LONGEST_INPUT = 200
LONGEST_ANSWER = 12_000
FOUND = 12
LINES = 150
NO_CARD = "Aucun jeu de données ni modèle ne porte ce nom."
PARTIAL = (
    "Attention : une partie du projet ne se lit pas ; ce qui suit peut dater de sa dernière lecture réussie. "
    "make lint dit quoi corriger.\n\n"
)


class Refusal(Exception):
    """What cannot be answered, in French, with what to do; without what was asked."""


@dataclass(frozen=True)
class Tool:
    """One tool.

    Attributes:
        name, title: for the assistant, and for people.
        description: when to use it, in French.
        inputs: argument -> its description; the first is required.
        choices: argument -> the values that it takes, when they are few.
        run: gives the answer.
    """

    name: str
    title: str
    description: str
    inputs: Mapping[str, str]
    run: Callable[[Knowledge, Mapping[str, str]], str]
    required: tuple[str, ...]
    choices: Mapping[str, tuple[str, ...]]

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its arguments."""
        return {
            "type": "object",
            "properties": {
                name: {
                    "type": "string",
                    "maxLength": LONGEST_INPUT,
                    "description": said,
                    **({"enum": list(self.choices[name])} if name in self.choices else {}),
                }
                for name, said in self.inputs.items()
            },
            "required": list(self.required),
            "additionalProperties": False,
        }


def answer(knowledge: Knowledge, name: str, arguments: Any) -> str:
    """What a tool answers.

    Raises:
        Refusal: no such tool, bad arguments, or nothing of that name.
        PlatformError: the lineage cannot be worked out.
    """
    tool = TOOLS.get(name)
    if tool is None:
        raise Refusal(f"Aucun outil ne porte ce nom.\nQue faire : choisissez parmi {', '.join(TOOLS)}.")
    said = tool.run(knowledge, _checked(tool, arguments))
    said = harmless(said if knowledge.whole else PARTIAL + said)
    if len(said) > LONGEST_ANSWER:
        said = said[:LONGEST_ANSWER] + "\n\n[coupé ici : demandez plus précis]"
    return str(said)


def _checked(tool: Tool, arguments: Any) -> dict[str, str]:
    given = {} if arguments is None else arguments
    listed = ", ".join(tool.inputs)
    if not isinstance(given, Mapping) or not set(given) <= set(tool.inputs):
        raise Refusal(f"{tool.name} ne prend que : {listed}.\nQue faire : retirez les autres arguments.")
    for name, value in given.items():
        if not isinstance(value, str) or len(value) > LONGEST_INPUT:
            raise Refusal(
                f"{name} attend un texte de {LONGEST_INPUT} signes au plus.\nQue faire : raccourcissez-le."
            )
        if name in tool.choices and value not in tool.choices[name]:
            raise Refusal(f"{name} attend l'un de : {', '.join(tool.choices[name])}.")
    if missing := [name for name in tool.required if not given.get(name, "").strip()]:
        raise Refusal(f"Il manque {', '.join(missing)}.\nQue faire : {tool.inputs[missing[0]]}")
    return {name: value.strip() for name, value in given.items()}


def _search(knowledge: Knowledge, given: Mapping[str, str]) -> str:
    found = knowledge.search(given["mots"], given.get("genre"), FOUND)
    if not found:
        raise Refusal(
            "Rien ne répond à ces mots.\nQue faire : essayez un synonyme, ou moins de mots ; aucune ligne ni "
            "valeur des tables n'est ici, seulement les descriptions, les règles et la documentation."
        )
    lines = [
        f"- {one.kind} **{one.name}** : {cut(' '.join(one.summary.split()), 300)}"
        + ("" if one.kind == TERM else f" → {KINDS[one.kind]}")
        for one in found
    ]
    return "\n".join(lines)


def _card(knowledge: Knowledge, given: Mapping[str, str]) -> str:
    return _whole(knowledge, (DATASET, MODEL), given["nom"], NO_CARD)


def _rule(knowledge: Knowledge, given: Mapping[str, str]) -> str:
    return _whole(knowledge, (RULE,), given["nom"].strip("[]"), "Aucune règle ne porte ce nom.")


def _command(knowledge: Knowledge, given: Mapping[str, str]) -> str:
    name = given["nom"].removeprefix("make ").split("=")[0].split(" ")[0]
    return _whole(knowledge, (COMMAND,), name or given["nom"], "Aucune commande ne porte ce nom.")


def _whole(knowledge: Knowledge, kinds: tuple[str, ...], name: str, missing: str) -> str:
    if found := knowledge.named(kinds, name):
        return found.text
    raise Refusal(_missing(knowledge, kinds, name, missing))


def _missing(knowledge: Knowledge, kinds: tuple[str, ...], name: str, missing: str) -> str:
    near = knowledge.near(kinds, name) or [one.name for one in knowledge.search(name, kinds[0], 5)]
    advice = f"voyez {', '.join(near)}." if near else "cherchez-le d'abord avec l'outil chercher."
    return f"{missing}\nQue faire : {advice}"


def _page(knowledge: Knowledge, given: Mapping[str, str]) -> str:
    text = _whole(knowledge, (PAGE,), given["nom"], "Aucune page de la documentation ne porte ce nom.")
    # Ends of parts fall on ends of lines.
    parts, size = [""], LONGEST_ANSWER - 500
    for line in text.splitlines(keepends=True):
        if len(parts[-1]) + len(line) > size:
            parts.append("")
        parts[-1] += line
    asked = given.get("partie") or "1"
    if not (asked.isascii() and asked.isdigit() and len(asked) < 4 and 1 <= int(asked) <= len(parts)):
        raise Refusal(
            f"Cette page a {len(parts)} parties.\nQue faire : donnez un nombre de 1 à {len(parts)}."
        )
    more = f"\n\n[partie {asked} de {len(parts)}]" if len(parts) > 1 else ""
    return parts[int(asked) - 1] + more


def _lineage(knowledge: Knowledge, given: Mapping[str, str]) -> str:
    item = knowledge.named((DATASET, MODEL), given["jeu"])
    if item is None:
        raise Refusal(_missing(knowledge, (DATASET, MODEL), given["jeu"], NO_CARD))
    # Worked out for a name that exists alone: it takes half a minute.
    found = knowledge.lineage
    relation = next(one for one, known in found.relations.items() if known.label in (item.name, *item.others))
    columns = {one.column: one for one in found.columns_of(relation)}
    column = columns.get(given["colonne"])
    if column is None:
        raise Refusal(
            "Ce jeu n'a pas de colonne de ce nom.\nQue faire : choisissez parmi "
            f"{cut(', '.join(columns), 2000) or 'aucune : son SQL ne se lit pas, make lint dit pourquoi'}."
        )
    lines = described(found, column)
    rest = len(lines) - LINES
    return "\n".join(lines[:LINES]) + (
        f"\n… et {rest} lignes : make lineage montre tout." if rest > 0 else ""
    )


def _tool(
    name: str,
    title: str,
    description: str,
    run: Callable[[Knowledge, Mapping[str, str]], str],
    inputs: Mapping[str, str],
    required: tuple[str, ...] = (),
    choices: Mapping[str, tuple[str, ...]] | None = None,
) -> Tool:
    return Tool(name, title, description, inputs, run, required or (next(iter(inputs)),), choices or {})


TOOLS = {
    tool.name: tool
    for tool in (
        _tool(
            "chercher",
            "Chercher dans le projet",
            "Cherche dans les jeux de données, les modèles, le vocabulaire, les règles, les commandes et la "
            "documentation. À appeler d'abord. Ne contient aucune ligne ni valeur des tables.",
            _search,
            {"mots": "Quelques mots, en français.", "genre": "Pour ne chercher que ce genre."},
            choices={"genre": tuple(KINDS)},
        ),
        _tool(
            "jeu_de_donnees",
            "Fiche d'un jeu de données",
            "Donne la fiche d'un jeu de données, d'un modèle ou d'une table de référence : description, "
            "colonnes, types, propriétaire, gestionnaire, classification, conservation, voisins, contrôles.",
            _card,
            {"nom": "Son nom, par exemple fct_marche ou points_verts.points_verts."},
        ),
        _tool(
            "lignage",
            "Lignage d'une colonne",
            "Dit d'où vient une colonne, jusqu'aux sources, et quelles colonnes en sont faites. La première "
            "demande prend une demi-minute.",
            _lineage,
            {
                "jeu": "Le modèle ou la table source, par exemple fct_marche.",
                "colonne": "Le nom de la colonne.",
            },
            ("jeu", "colonne"),
        ),
        _tool(
            "regle",
            "Règle expliquée",
            "Explique une règle de make lint (mart-cle, test-unitaire…) ou du SQL portable (vql-…, sens-…, "
            "avis-…) : ce qu'elle refuse, pourquoi, quoi écrire.",
            _rule,
            {"nom": "Le nom entre crochets dans le message, par exemple mart-cle."},
        ),
        _tool(
            "page",
            "Page de la documentation",
            "Donne une page : docs/…, AGENTS.md, CONTRIBUTING.md, une marche à suivre (.agents/skills/…).",
            _page,
            {
                "nom": "Son chemin, par exemple docs/analyste/ecarts.md, ou son nom sans dossier.",
                "partie": "Le numéro de la partie, quand la page est longue.",
            },
        ),
        _tool(
            "commande",
            "Comment lancer une commande",
            "Dit ce que fait une commande make, avec quelles options, et où elle est expliquée. "
            "Ne lance rien.",
            _command,
            {"nom": "Son nom, par exemple build ou make build."},
        ),
    )
}
