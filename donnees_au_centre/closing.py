"""What other accounts of the machine may not read: everything that the platform writes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from donnees_au_centre.errors import PlatformError

# Of every command: what it makes, its account alone reads.
UMASK = 0o077


def close(folder: Path, passable: bool = False) -> None:
    """Takes a folder of the platform away from other accounts, as an older version may have left it open.

    Args:
        folder: nothing is done when there is none.
        passable: True for what root's server must pass through, since it runs as another account; nobody
            else can list it for that.

    Raises:
        PlatformError: it is another account's, or cannot be closed.
    """
    try:
        found = folder.stat()
    except FileNotFoundError:
        return
    if os.geteuid() not in (0, found.st_uid):
        raise PlatformError(
            f"Le dossier {folder} appartient à un autre compte, qui lirait et changerait ce qui s'y écrit.",
            "Relancez avec ce compte, ou faites-lui effacer ce dossier.",
        )
    wanted = 0o711 if passable and os.geteuid() == 0 else 0o700
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077 == wanted & 0o077:
        return
    try:
        folder.chmod(mode & 0o7700 | wanted)
    except OSError as error:
        raise PlatformError(
            f"Le dossier {folder} reste ouvert à d'autres comptes : {error.strerror}.",
            f"Fermez-le avec le compte à qui il est : chmod go-rwx {folder}",
        ) from error
