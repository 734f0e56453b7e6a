"""The code locations: what each loads, and where it is when `EMPLACEMENTS` says."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.load_target import WorkspaceFileTarget

from donnees_au_centre.errors import PlatformError

WORKSPACE = Path(__file__).with_name("workspace.yaml")
LOCATIONS = "EMPLACEMENTS"
_ONE = re.compile(r"([a-z][a-z0-9_]*)=([^\s:=]+):([0-9]{1,5})")


def read_targets(workspace: Path) -> dict[str, LoadableTargetOrigin]:
    """What each location of a workspace file loads, by its name."""
    return {
        origin.location_name: origin.loadable_target_origin
        for origin in WorkspaceFileTarget([str(workspace)]).create_origins()
        if isinstance(origin, ManagedGrpcPythonEnvCodeLocationOrigin)
    }


def remote_places(environ: Mapping[str, str], names: Collection[str]) -> dict[str, dict[str, Any]]:
    """Reads EMPLACEMENTS, `<location>=<host>:<port>` for each, spaces between; nothing when it is not said.

    Returns:
        location -> `host` and `port`.

    Raises:
        PlatformError: it cannot be read, or does not name each location once.
    """
    given = (environ.get(LOCATIONS) or "").split()
    if not given:
        return {}
    found = [match.groups() for match in map(_ONE.fullmatch, given) if match]
    if len(found) != len(given) or sorted(name for name, _, _ in found) != sorted(names):
        raise PlatformError(
            f"{LOCATIONS} ne donne pas une adresse à chaque emplacement : « {' '.join(given)} ».",
            f"Écrivez <emplacement>=<machine>:<port>, un par emplacement : {', '.join(names)}.",
        )
    return {name: {"host": host, "port": int(port)} for name, host, port in found}
