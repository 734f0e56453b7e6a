"""What the programs of orchestration/ need before they begin: all that is wrong is said at once."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

import psycopg

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.repeated import refuse_stale
from donnees_au_centre.refusals import describe_error
from donnees_au_centre.secret_files import take_secrets
from donnees_au_centre.settings import ROOT, Settings
from orchestration import home
from orchestration.gate import hours_waited
from orchestration.places import WORKSPACE, read_targets, remote_places

# Of `exit`: the configuration is wrong, and starting again changes nothing.
WRONG = 78
PATIENCE = 5


def require(location: str | None = None) -> Settings:
    """Makes DAGSTER_HOME and returns the settings; ends the process when something is wrong.

    Args:
        location: that this process serves.
    """
    settings, faults = check(os.environ, location)
    if faults or settings is None:
        print("La configuration est en faute ; rien n'est démarré.", file=sys.stderr)
        for fault in faults:
            print(f"\n- {fault}", file=sys.stderr)
        sys.exit(WRONG)
    home.prepare_home(settings)
    return settings


def check(
    environ: MutableMapping[str, str], location: str | None = None
) -> tuple[Settings | None, list[PlatformError]]:
    """Looks at all that an environment says.

    Args:
        environ: secrets that it names the files of are read into it.
        location: that the process serves.

    Returns:
        The settings, None when they cannot be made out, and the faults.
    """
    faults, settings = take_secrets(environ), None
    missing = {fault.variable for fault in faults}
    try:
        # What its file was to say is wrong already, and not missing.
        settings = Settings.load({**dict.fromkeys(missing, "?"), **environ})
    except PlatformError as error:
        faults.append(error)
    names = list(read_targets(WORKSPACE))
    if location is not None and location not in names:
        choice = f"Choisissez parmi {', '.join(names)}."
        faults.append(PlatformError(f"L'emplacement {location} n'existe pas.", choice))
    looks = (
        lambda: refuse_stale(ROOT),
        lambda: hours_waited(environ),
        lambda: _folder(environ),
        lambda: remote_places(environ, names),
    )
    for look in looks:
        try:
            look()
        except PlatformError as error:
            faults.append(error)
    if not {"PGPASSWORD", "DAGSTER_PGPASSWORD"} & missing:
        faults.extend(_storage(environ))
    return settings, faults


def _folder(environ: MutableMapping[str, str]) -> None:
    folder = Path(environ.get("DAGSTER_HOME") or ROOT / ".dagster")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Asked of the system itself: rights say nothing of a volume that is mounted for reading.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise PlatformError(
            f"DAGSTER_HOME : rien ne s'écrit dans {folder} ({error.strerror}).",
            "Donnez un dossier qui est à ce compte.",
        ) from None


def _storage(environ: MutableMapping[str, str]) -> list[PlatformError]:
    """Dagster's own database, where one is named; and that of the marts is asked by who reads it."""
    if not environ.get(home.STORAGE_DATABASE):
        return []
    home.complete(environ)
    lacking = [name for name in home.STORAGE if not environ.get(name)]
    if lacking:
        return [
            PlatformError(
                f"L'historique de Dagster a besoin de variables absentes : {', '.join(lacking)}.",
                "Définissez-les, ou celles de PostgreSQL (PGHOST…), qui servent alors aux deux.",
            )
        ]
    try:
        psycopg.connect(home.storage_conninfo(environ), connect_timeout=PATIENCE).close()
    except psycopg.Error as error:
        host, port, _, _, database = (environ[name] for name in home.STORAGE)
        return [
            PlatformError(
                f"L'historique de Dagster ({database}@{host}:{port}) ne répond pas : {describe_error(error)}",
                f"Démarrez ce serveur, ou corrigez {', '.join(home.STORAGE)}.",
            )
        ]
    return []
