"""The flags of dbt_project.yml: dbt passes over those that it does not know, without a word."""

from __future__ import annotations

import difflib
from dataclasses import fields
from pathlib import Path

import yaml

from donnees_au_centre.project.checks import Violation

FILE = "dbt_project.yml"


def check_flags(root: Path) -> list[Violation]:
    """Names the flags that dbt does not have.

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
