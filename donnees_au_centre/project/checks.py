"""The rules that keep the layers, the names and the descriptions of the dbt project honest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.rules import (
    auditing,
    casting,
    conforming,
    describing,
    governing,
    joining,
    landing,
    offering,
    reading,
)

RULES = (
    *reading.RULES,
    *offering.RULES,
    *describing.RULES,
    *conforming.RULES,
    *landing.RULES,
    *casting.RULES,
    *joining.RULES,
    *governing.RULES,
    *auditing.RULES,
)


@dataclass(frozen=True, order=True)
class Violation:
    """One rule not followed.

    Attributes:
        file: below the checkout.
        rule: the rule's id.
        message: what is wrong, in French.
        advice: what to do, in French.
    """

    file: str
    rule: str
    message: str
    advice: str

    def __str__(self) -> str:
        """The violation on one line."""
        return f"{self.file} [{self.rule}] {self.message} Que faire : {self.advice}"


def check_manifest(manifest: Manifest) -> list[Violation]:
    """Applies every rule.

    Args:
        manifest: the content of manifest.json.

    Returns:
        The violations, by file; none when the project follows the rules.
    """
    return sorted(
        Violation(file, rule.id, message, rule.advice)
        for rule in RULES
        for file, message in rule.find(manifest)
    )


def shown(violations: Iterable[Violation]) -> str:
    """Violations by file, for a terminal; those of one file stand together."""
    lines = []
    for file, group in groupby(violations, key=lambda violation: violation.file):
        lines.append(file)
        for violation in group:
            lines.append(f"  [{violation.rule}] {violation.message}\n      Que faire : {violation.advice}")
    return "\n".join(lines)
