"""Secrets that a container receives as files: `PGPASSWORD_FILE` names the one that holds PGPASSWORD.

Those of connections (SOURCE_…_FILE) are read where they are used (connectors/connections.py).
"""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

from donnees_au_centre.errors import PlatformError

SUFFIX = "_FILE"
# Variables, and beginnings of variables, that may come this way.
NAMES = ("PGPASSWORD", "DAGSTER_PGPASSWORD", "PROD_PGPASSWORD")
STARTS = ("DAC_CLE_", "ALERTES_")


def take_secrets(environ: MutableMapping[str, str]) -> list[PlatformError]:
    """Puts in an environment what its `…_FILE` variables lead to, and takes these away.

    Returns:
        A fault for each that leads nowhere, or that says twice what the variable itself says.
    """
    faults = []
    for given in sorted(environ):
        name = given.removesuffix(SUFFIX)
        if name == given or not (name in NAMES or name.startswith(STARTS)):
            continue
        path = environ.pop(given)
        if environ.get(name):
            said = f"{name} et {given} sont toutes deux définies."
            faults.append(PlatformError(said, "Gardez l'une des deux.", name))
            continue
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "ce n'est pas du texte"
            faults.append(
                PlatformError(
                    f"{given} : le fichier {path} ne se lit pas ({why}).",
                    f"Donnez un fichier que ce compte lit, ou {name}.",
                    name,
                )
            )
            continue
        if value:
            environ[name] = value
        else:
            said = f"{given} : le fichier {path} est vide."
            faults.append(PlatformError(said, f"Mettez-y la valeur de {name}.", name))
    return faults
