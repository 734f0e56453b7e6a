"""One thing that can be found and read."""

from __future__ import annotations

from dataclasses import dataclass

DATASET, MODEL, TERM, RULE, PAGE, COMMAND = "jeu", "modele", "terme", "regle", "page", "commande"
# Kind -> the tool that gives the whole of it.
KINDS = {
    DATASET: "jeu_de_donnees",
    MODEL: "jeu_de_donnees",
    TERM: "chercher",
    RULE: "regle",
    PAGE: "page",
    COMMAND: "commande",
}


@dataclass(frozen=True)
class Item:
    """One thing that can be found and read.

    Attributes:
        kind: one of KINDS.
        name: by which its tool gives it.
        summary: one line, in French.
        text: the whole, in Markdown.
        others: words by which it is found as well.
    """

    kind: str
    name: str
    summary: str
    text: str
    others: tuple[str, ...] = ()
