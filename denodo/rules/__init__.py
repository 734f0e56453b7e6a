"""The rules by chapter of docs/analyste/regles-denodo.md and by id, each with a text that it refuses."""

from __future__ import annotations

from types import MappingProxyType

from denodo.rules import functions, names, operators, queries, reading, types
from denodo.rules.rule import Rule

_CHAPTERS = tuple(module.CHAPTER for module in (reading, names, types, operators, functions, queries))

CHAPTERS = MappingProxyType({chapter.title: tuple(chapter.rules) for chapter in _CHAPTERS})
"""The ids of the rules by chapter of the documentation."""

RULES = MappingProxyType({id: rule for chapter in _CHAPTERS for id, rule in chapter.rules.items()})
"""Every rule by its id, in the order of the documentation."""

__all__ = ["CHAPTERS", "RULES", "Rule"]
