"""The SQL of some models as PostgreSQL would receive it, of a project or of its manifest alone."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from donnees_au_centre.project.lineage.compilation import WITHOUT_DATABASE
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.reader import dbt_options, results_of
from donnees_au_centre.settings import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest as DbtManifest

# Without their tests: read from a manifest alone, they have lost their arguments.
_ALONE = ("--indirect-selection", "empty")


def read_dbt(path: Path) -> DbtManifest:
    """What dbt makes of a manifest.json, macros included.

    Raises:
        DbtException: it is of another version of dbt.
    """
    from dbt.artifacts.schemas.manifest import WritableManifest
    from dbt.contracts.graph.manifest import Manifest as DbtManifest

    return DbtManifest.from_writable_manifest(WritableManifest.read_and_check_versions(str(path)))


def compile_some(
    settings: Settings, project: DbtManifest, manifest: Manifest, ids: Collection[str]
) -> dict[str, str]:
    """Compiles some models in this process; no database is opened.

    Args:
        settings: of the checkout; the environment holds PG* variables, of a server that need not exist.
        project: dbt's own manifest.
        manifest: the same, as we read it.
        ids: unique ids; those of other manifests are left out.

    Returns:
        The SQL by unique id; nothing for a model that does not compile.
    """
    from dbt.cli.main import dbtRunner

    chosen = [f"fqn:{'.'.join(node.fqn)}" for one in sorted(ids) if (node := manifest.nodes.get(one))]
    if not chosen:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        options = dbt_options(settings, Path(folder))
        done = dbtRunner(manifest=project).invoke(
            ["compile", *options, "--quiet", *WITHOUT_DATABASE, *_ALONE, "--select", *chosen]
        )
    return {
        result.node.unique_id: result.node.compiled_code
        for result in results_of(done)
        if str(result.status) != "error" and result.node.compiled_code
    }
