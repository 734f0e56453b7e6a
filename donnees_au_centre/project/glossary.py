"""The words of docs/vocabulaire.md: what each means, what to write it for, and what `make check` refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILE = "docs/vocabulaire.md"
_ROW = re.compile(r"^\| (?!---|dites )(?P<say>.+?) \| (?P<means>.+?) \| (?P<avoid>.+?) \|$")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")


@dataclass(frozen=True)
class Term:
    """A word of the house, or several that are told together.

    Attributes:
        name: as the page writes it, without its marks: `fichier reçu, dépôt`.
        words: those in bold, each by itself: `("fichier reçu", "dépôt")`.
        means: in French.
        avoid: the words to avoid, with why where it is said; empty when there is none.
        refused: those of them that mean nothing else, in bold on the page: no text may say them.
        line: of the page, from 1.
    """

    name: str
    words: tuple[str, ...]
    means: str
    avoid: str
    refused: tuple[str, ...]
    line: int


def read_terms(text: str) -> Iterator[Term]:
    """The terms of the page, in its order.

    Args:
        text: of FILE.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        if row := _ROW.match(line):
            avoid = "" if row["avoid"] == "—" else row["avoid"]
            yield Term(
                row["say"].replace("*", ""),
                tuple(_BOLD.findall(row["say"])),
                row["means"],
                avoid.replace("*", ""),
                tuple(_BOLD.findall(avoid)),
                number,
            )


def terms_of(root: Path) -> list[Term]:
    """The terms of a checkout; none where the page is not there."""
    file = root / FILE
    return list(read_terms(file.read_text(encoding="utf-8"))) if file.is_file() else []


def mention(word: str, conjugated: bool = False) -> re.Pattern[str]:
    """What finds a word or a phrase in a text, its plural and its feminine too; acronyms keep capitals.

    Args:
        conjugated: True to find the other forms of a verb in -er as well.
    """
    spaced = r"\s+".join(_forms(part, conjugated) for part in word.split())
    return re.compile(rf"(?<![\w-]){spaced}(?![\w-])", 0 if word.isupper() else re.IGNORECASE)


def _forms(word: str, conjugated: bool) -> str:
    if word.isupper():
        return re.escape(word)
    if conjugated and word.endswith("er"):
        return f"{re.escape(word[:-2])}(?:er|e|es|ent|é|és|ée|ées|ait|ant)"
    return f"{re.escape(word)}(?:e|s|es|x)?"
