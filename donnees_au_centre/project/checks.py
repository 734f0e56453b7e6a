"""The rules that keep the layers, the names and the descriptions of the dbt project honest."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from itertools import groupby
from pathlib import Path

import yaml

from donnees_au_centre.project.contracts import Readers, breaches
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.rules import (
    auditing,
    casting,
    conforming,
    describing,
    ending,
    governing,
    joining,
    landing,
    offering,
    reading,
)

FILE = "dbt_project.yml"
RULES = (
    *reading.RULES,
    *offering.RULES,
    *describing.RULES,
    *conforming.RULES,
    *ending.RULES,
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

    Returns:
        The violations, by file; none when the project follows the rules.
    """
    return sorted(
        Violation(file, rule.id, message, rule.advice)
        for rule in RULES
        for file, message in rule.find(manifest)
    )


def check_flags(root: Path) -> list[Violation]:
    """Names the flags of dbt_project.yml that dbt does not have: it passes over them without a word.

    Args:
        root: of the dbt project, whose dbt_project.yml dbt can read.

    Returns:
        One violation a flag, each with the nearest one that exists.
    """
    # dbt takes seconds to import, which only those who check pay.
    from dbt.contracts.project import ProjectFlags

    known = [field.name for field in fields(ProjectFlags)]
    project = yaml.safe_load((root / FILE).read_text(encoding="utf-8")) or {}
    found = []
    for flag in project.get("flags") or {}:
        if flag not in known:
            near = difflib.get_close_matches(flag, known, n=1)
            advice = f"Écrivez {near[0]}, ou retirez-le." if near else "Retirez-le."
            found.append(Violation(FILE, "drapeau-inconnu", f"dbt n'a pas de drapeau {flag}.", advice))
    return found


def check_contracts(root: Path, manifest: Manifest, readers: Readers = None) -> list[Violation]:
    """Compares what marts offer with what policies/contracts/ says that they promise.

    Args:
        readers: unique id of a mart -> the roles that read it; None: as the files say.

    Raises:
        PlatformError: a file of contracts or of a consumer cannot be read.
    """
    return sorted(Violation(*breach) for breach in breaches(root, manifest, date.today(), readers))


def broken_rules(root: Path, manifest: Manifest, readers: Readers = None) -> list[Violation]:
    """What breaks a rule in a project: its flags first, then its manifest, then what its marts promise.

    Args:
        readers: unique id of a mart -> the roles that read it; None: as the files of contracts say.

    Raises:
        PlatformError: a file of contracts or of a consumer cannot be read.
    """
    return [*check_flags(root), *check_manifest(manifest), *check_contracts(root, manifest, readers)]


def shown(violations: Iterable[Violation]) -> str:
    """Violations by file, for a terminal; those of one file stand together."""
    lines = []
    for file, group in groupby(violations, key=lambda violation: violation.file):
        lines.append(file)
        for violation in group:
            lines.append(f"  [{violation.rule}] {violation.message}\n      Que faire : {violation.advice}")
    return "\n".join(lines)
