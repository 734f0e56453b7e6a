"""`connections`: files that open the database in Power BI, Excel or DBeaver, without any account in them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import datetime

from donnees_au_centre.cli.session import Session
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.pages.connections import Place, write_connections
from donnees_au_centre.settings import Settings

FOLDER = "connexions"


def connections(settings: Settings, _options: Mapping[str, str]) -> int:
    """Writes build/connexions for the database of the settings.

    Raises:
        PlatformError: the embedded server cannot start, or the server is named in a way that only this
            machine understands.
    """
    page = write_connections(place_of(settings), settings.build / FOLDER, datetime.now().astimezone())
    print(
        f"\nPour Power BI, Excel et DBeaver : {page.parent}\nOuvrez {page.name} dans un navigateur : il dit "
        "quel double-clic fait quoi. Aucun fichier ne contient de compte ni de mot de passe."
    )
    return 0


def place_of(settings: Settings, environ: Mapping[str, str] = os.environ) -> Place:
    """Where the database of the settings is; the embedded server is started, a shared one is not asked.

    Raises:
        PlatformError: the embedded server cannot start, or PGHOST or PGPORT are not for another machine.
    """
    if settings.embedded:
        access = Session(settings, quiet=True).open_database()
        return Place(access.host, int(access.port), access.database, "disable", embedded=True)
    host, port = environ["PGHOST"], environ["PGPORT"]
    if not re.fullmatch(r"[\w.-]+", host) or not port.isdecimal():
        raise PlatformError(
            f"Un autre poste ne comprendrait pas le serveur PGHOST={host}, PGPORT={port}.",
            "Donnez le nom du serveur, un seul, ou son adresse IPv4, et le numéro de son port.",
        )
    sslmode = environ.get("PGSSLMODE") or "prefer"
    return Place(host, int(port), settings.database, sslmode, embedded=False)
