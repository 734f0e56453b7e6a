"""The code locations as Dagster Components, for `dg list defs` and `dg check defs`: a thin shell."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from orchestration.factory import build_location


class Domain(dg.Component, dg.Model, dg.Resolvable):
    """Un domaine : ses actifs, ses contrôles, son travail et ce qui le lance."""

    domain: str

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Makes what the code location of the domain holds."""
        return build_location(self.domain)


@dg.definitions
def definitions() -> dg.Definitions:
    """All the domains, as orchestration/defs/ lists them."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
