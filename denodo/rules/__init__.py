"""The rules by chapter of docs/analyste/regles-denodo.md and by id: one function each, with an example."""

from __future__ import annotations

from types import MappingProxyType

from denodo.rules import functions, names, operators, queries, reading, types
from denodo.rules.rule import Rule

CHAPTERS = MappingProxyType(
    {
        chapter.title: tuple(chapter.rules)
        for chapter in (
            reading.CHAPTER,
            names.CHAPTER,
            types.CHAPTER,
            operators.CHAPTER,
            functions.CHAPTER,
            queries.CHAPTER,
        )
    }
)
"""The rules by chapter of the documentation."""

RULES: MappingProxyType[str, Rule] = MappingProxyType(
    {
        **reading.CHAPTER.rules,
        **names.CHAPTER.rules,
        **types.CHAPTER.rules,
        **operators.CHAPTER.rules,
        **functions.CHAPTER.rules,
        **queries.CHAPTER.rules,
    }
)
"""Every rule by its id, in the order of the documentation."""

__all__ = ["CHAPTERS", "RULES", "Rule"]
