"""`locations`: what Dagster would serve of each domain, made and counted without a server."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.project.nodes import domains_in
from donnees_au_centre.settings import Settings


def locations(settings: Settings, _options: Mapping[str, str]) -> int:
    """Makes every code location and says what it holds; opens no database.

    Raises:
        PlatformError: the project does not parse, or a location cannot be made.
    """
    session = Session.without_database(settings)
    parse_or_fail(session)
    # Seconds of import, which the other commands must not pay.
    import dagster as dg

    from orchestration.factory import build_location

    failed = []
    for domain in domains_in(settings.root):
        try:
            made = build_location(domain, session.settings)
            dg.Definitions.validate_loadable(made)
        except (PlatformError, dg.DagsterError) as error:
            print(f"{domain} : {error}", file=sys.stderr)
            failed.append(domain)
            continue
        held = made.get_repository_def()
        checks = len(held.asset_graph.asset_check_keys)
        assets = len(held.asset_graph.materializable_asset_keys)
        print(
            f"  {domain:<14} {counted(assets, 'actif')}, {counted(checks, 'contrôle')}, "
            f"{counted(len(held.schedule_defs), 'horaire')}, {counted(len(held.sensor_defs), 'capteur')}"
        )
    if failed:
        raise PlatformError(
            f"Emplacements qui ne se chargent pas : {', '.join(failed)}.",
            "Le message de chacun est ci-dessus ; les autres se chargent.",
        )
    return 0
