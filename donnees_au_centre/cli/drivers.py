"""`drivers`: the optional drivers of sources, listed, or installed."""

from __future__ import annotations

from collections.abc import Mapping

from dev.setup.environment import Environment
from dev.setup.locks import read_groups
from donnees_au_centre.cli.session import words_of
from donnees_au_centre.drivers import GROUPS
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import meant
from donnees_au_centre.settings import Settings


def drivers(settings: Settings, options: Mapping[str, str]) -> int:
    """Installs the groups NAME at their locked versions; lists all groups without it.

    Raises:
        PlatformError: a name is no group, or a package cannot be had.
    """
    environment = Environment(settings.root)
    names = list(dict.fromkeys(words_of(options, "NAME")))
    if unknown := [name for name in names if name not in GROUPS]:
        raise PlatformError(
            f"Aucun pilote ne s'appelle {', '.join(unknown)}.",
            meant(unknown[0], GROUPS, f"Choisissez parmi : {', '.join(GROUPS)} (make drivers les explique)."),
        )
    if not names:
        print(_listing(environment))
    elif environment.add_drivers(names):
        print(f"Installé : {', '.join(names)}. Les mises à jour de l'environnement les garderont.")
    else:
        print(f"Déjà installé : {', '.join(names)}.")
    return 0


def _listing(environment: Environment) -> str:
    """A line for each group: what it is for, its packages, and whether it is here."""
    packages, here = read_groups(environment.root), environment.installed_drivers()
    lines = ["Pilotes des sources :"]
    for group, purpose in GROUPS.items():
        state = "installé" if group in here else "–"
        lines.append(f"  {group:<10} {state:<9} {purpose} ({', '.join(packages[group])})")
    return "\n".join([*lines, 'Pour en installer : make drivers NAME=sftp, ou NAME="sftp mysql".'])
