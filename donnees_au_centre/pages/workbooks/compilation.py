"""The SQL of tests, compiled by dbt in this process."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from donnees_au_centre.project import parse
from donnees_au_centre.project.reader import dbt_options, results_of
from donnees_au_centre.settings import Settings


def compile_tests(settings: Settings, wanted: Sequence[str]) -> dict[str, str]:
    """Compiles some tests; those that do not compile are left out.

    Args:
        settings: of the checkout; the environment holds the PG* variables of profiles.yml.
        wanted: unique ids.

    Returns:
        unique id -> SQL.

    Raises:
        PlatformError: the project does not parse and never did for this database.
    """
    from dbt.cli.main import dbtRunner

    parsed = parse(settings)
    nodes = [parsed.manifest.nodes[name] for name in wanted if name in parsed.manifest.nodes]
    if not nodes:
        return {}
    selected = [f"fqn:{'.'.join(node.fqn)}" for node in nodes]
    with tempfile.TemporaryDirectory() as folder:
        done = dbtRunner(manifest=parsed.project).invoke(
            [
                "compile",
                *dbt_options(settings, Path(folder)),
                "--quiet",
                "--no-write-json",
                "--select",
                *selected,
            ]
        )
    return {
        result.node.unique_id: result.node.compiled_code
        for result in results_of(done)
        if result.node.unique_id in wanted and getattr(result.node, "compiled_code", None)
    }
