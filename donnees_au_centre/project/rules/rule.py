"""What a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from donnees_au_centre.project.nodes import Manifest

# File below the checkout, and what is wrong there, in French.
Fault = tuple[str, str]


@dataclass(frozen=True)
class Rule:
    """One rule over the manifest.

    Attributes:
        id: short French name, printed with each violation.
        advice: what to do, in French.
        find: yields the faults.
    """

    id: str
    advice: str
    find: Callable[[Manifest], Iterator[Fault]]


def rule(rule_id: str, advice: str) -> Callable[[Callable[[Manifest], Iterator[Fault]]], Rule]:
    """Makes a Rule of the function that finds its faults."""
    return lambda find: Rule(rule_id, advice, find)
