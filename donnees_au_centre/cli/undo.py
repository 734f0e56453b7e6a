"""`undo`: takes back what the last `new-*` command wrote."""

from __future__ import annotations

from collections.abc import Mapping

from donnees_au_centre.cli.confirmation import is_set
from donnees_au_centre.cli.writings import forget_last, last_entry, obstacles, take_back
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import Settings


def undo(settings: Settings, options: Mapping[str, str]) -> int:
    """Shows what the last `new-*` command wrote and is not undone yet; with CONFIRMER, takes it back.

    Raises:
        PlatformError: there is nothing to undo, or it is not safe: a file changed since, is on the main
            branch, or is used by others; each is named.
    """
    root = settings.root
    entry = last_entry(root)
    if entry is None:
        raise PlatformError(
            "Rien à défaire : le journal des make new-… de ce clone est vide.",
            "git status montre ce qui n'est pas enregistré ; git restore <fichier> en rend un.",
        )
    print(f"Écrit par make {entry.command}, le {entry.moment.replace('T', ' à ')[:21]} :")
    for one in entry.files:
        print(f"  {one.path} : {'serait effacé' if one.before is None else 'retrouverait son texte'}")
    for sentence in entry.left:
        print(sentence)
    if found := obstacles(root, entry):
        raise PlatformError(
            "\n".join(
                ["Rien n'a été touché : cela ne se défait pas sans risque.", *(f"  {one}" for one in found)]
            ),
            "Ce qui a changé : gardez-en ce qui compte, puis git restore, ou effacez à la main. Ce qui s'en "
            "sert : retirez-le d'abord. Ce que la branche principale a : une demande de fusion le retire.",
        )
    if not is_set(options.get("CONFIRMER")):
        print("Rien n'a été touché : make undo CONFIRMER=1 le fait.")
        return 0
    take_back(root, entry)
    forget_last(root)
    before = last_entry(root)
    print("Défait." + (f" make undo montrerait maintenant make {before.command}." if before else ""))
    return 0
