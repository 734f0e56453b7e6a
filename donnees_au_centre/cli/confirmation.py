"""What a person says before a command destroys or changes rows: that it may, and in which database."""

from __future__ import annotations

from collections.abc import Mapping

from donnees_au_centre.cli.session import Access
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import SERVER_VARIABLES, Settings


def is_set(value: str | None) -> bool:
    """Reads a yes-or-no option."""
    return (value or "").lower() not in ("", "0", "non", "false")


def confirmed(settings: Settings, access: Access, options: Mapping[str, str], lost: str) -> bool:
    """Names the database and what cannot be undone, then reads CONFIRMER, and BASE away from this checkout's
    own server.

    Args:
        access: the database that the command would touch.
        options: of the command.
        lost: what cannot be undone, a French sentence.

    Returns:
        False when the command must touch nothing; what to type is printed.

    Raises:
        PlatformError: BASE names another database, or is missing beside CONFIRMER.
    """
    print(f"\nBase : {access.address} (cible {settings.target}, compte {access.user}).\nSans retour : {lost}")
    name = named(settings, access, options)
    if is_set(options.get("CONFIRMER")):
        if not (name or settings.embedded):
            raise unnamed(settings, access, "CONFIRMER=1 ")
        return True
    words = "CONFIRMER=1" if settings.embedded else f"CONFIRMER=1 BASE={access.address}"
    print(f"Rien n'a été touché : la même commande, avec {words}, le fait.")
    return False


def named(settings: Settings, access: Access, options: Mapping[str, str]) -> bool:
    """Tells whether BASE was given.

    Raises:
        PlatformError: it names another database.
    """
    given = (options.get("BASE") or "").strip()
    if given and given != access.address:
        raise PlatformError(
            f"BASE={given} n'est pas la base où mène l'environnement, {access.address} "
            f"(cible {settings.target}). Rien n'a été touché.",
            f"Vérifiez DBT_TARGET et {', '.join(SERVER_VARIABLES)} (dev : LANDING), ou BASE.",
        )
    return bool(given)


def unnamed(settings: Settings, access: Access, also: str = "") -> PlatformError:
    """Why a command stops that was not told the name of a database on a server shared with others."""
    return PlatformError(
        f"Cette commande change la base {access.address} (cible {settings.target}), et on ne la lui a pas "
        "nommée. Rien n'a été touché.",
        f"Si c'est bien elle, la même commande avec {also}BASE={access.address} ; sinon, vérifiez DBT_TARGET "
        f"et {', '.join(SERVER_VARIABLES)}.",
    )
