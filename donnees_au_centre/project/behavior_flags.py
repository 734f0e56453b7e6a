"""dbt's flags of behaviour, kept from costing more at each reading of a project in one process.

Each time dbt makes an adapter it adds the adapter's flags to one list of the process, then looks through
every loaded module for the name of each flag's author: tens of seconds after a hundred readings, as the tests
or a Dagster that reloads make.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from donnees_au_centre.patching import patch


@cache
def keep_flags_few() -> None:
    """Has dbt, in this process, hold each flag once, and name no author."""
    from dbt_common.behavior_flags import Behavior, BehaviorFlagRendered

    original = Behavior.__init__

    def once(self: Behavior, flags: list[Any], user_overrides: dict[str, Any]) -> None:
        flags[:] = {flag["name"]: flag for flag in flags}.values()
        original(self, flags, user_overrides)

    patch(Behavior, __init__=once)
    patch(BehaviorFlagRendered, _default_source=staticmethod(lambda: "dbt"))
