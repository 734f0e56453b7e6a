"""`test-macros`: the portable macros, on PostgreSQL and in documented VQL."""

from __future__ import annotations

import os
from collections.abc import Mapping

from donnees_au_centre.cli.quality import test_environment
from donnees_au_centre.cli.session import python_tool, run_tool, words_of
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import Settings


def test_macros(settings: Settings, options: Mapping[str, str]) -> int:
    """Runs the cases and the random comparisons of the macros, on a server of their own; PYTEST_ARGS too.

    Raises:
        PlatformError: a macro gives something else than expected; its cases are named above.
    """
    command = [
        *python_tool("pytest", "tests/macros", "-q", "--no-header", "-rN"),
        *words_of(options, "PYTEST_ARGS"),
    ]
    if run_tool(command, test_environment(os.environ), settings.root) != 0:
        raise PlatformError(
            "Des macros ne donnent pas ce qui est attendu ; leurs cas sont nommés ci-dessus.",
            "Corrigez la macro (macros/portability) ou le cas (tests/macros/cases), puis relancez. "
            "Une seule macro : make test-macros PYTEST_ARGS='-k dateadd'",
        )
    return 0
