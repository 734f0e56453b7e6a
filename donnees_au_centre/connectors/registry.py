"""The kinds of sources, found by their file in `kinds/`: adding one is adding a file."""

from __future__ import annotations

import pkgutil
from difflib import get_close_matches
from importlib import import_module

from donnees_au_centre.connectors import kinds as folder
from donnees_au_centre.connectors.interface import Source
from donnees_au_centre.errors import PlatformError


def kinds() -> list[str]:
    """The names of the kinds, in order; none of them is imported."""
    return sorted(module.name for module in pkgutil.iter_modules(folder.__path__))


def kind_named(name: str) -> type[Source]:
    """The class that reads a kind of sources.

    Raises:
        PlatformError: no kind has this name.
    """
    known = kinds()
    if name not in known:
        near = get_close_matches(name, known, 1)
        others = ", ".join([*near, *(one for one in known if one not in near)])
        raise PlatformError(f"Le genre de source « {name} » n'existe pas.", f"Choisissez : {others}.")
    found: type[Source] = import_module(f"{folder.__name__}.{name}").KIND
    return found
