"""The declaration of what is measured, as dbt's manifest would hold it: raw_age.mesure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from donnees_au_centre.project.nodes import Source


def declared(columns: Iterable[str], **external: Any) -> Source:
    """A source of one table.

    Args:
        columns: those it is declared with.
        external: what its `external:` says.
    """
    return Source(
        {
            "name": "mesure",
            "source_name": "mesure",
            "identifier": "mesure",
            "schema": "raw_age",
            "fqn": ["mesure", "age", "staging", "mesure", "mesure", "mesure"],
            "columns": {name: {"name": name} for name in columns},
            "external": external,
        }
    )
