"""The code locations, by name: what workspace.yaml asks for."""

from __future__ import annotations

import dagster as dg

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.keys import keep_only
from donnees_au_centre.project.nodes import domains_in
from donnees_au_centre.settings import ROOT
from orchestration import home  # noqa: F401  (tunes the history of every process that runs a location)
from orchestration.factory import build_location


def __getattr__(name: str) -> dg.Definitions:
    """Makes a domain's location when Dagster asks for it; anything else does not exist.

    Raises:
        AttributeError: no such domain.
        PlatformError: the domain's location cannot be made.
    """
    domains = domains_in(ROOT)
    if name not in domains:
        choice = f"Choisissez parmi {', '.join(domains)}."
        raise AttributeError(str(PlatformError(f"L'emplacement {name} n'existe pas.", choice)))
    # This process serves one location: it forgets the keys of the others.
    keep_only(name)
    return build_location(name)
