"""The kinds of sources, found by their file in `kinds/`: adding one is adding a file."""

from __future__ import annotations

import os
import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from donnees_au_centre.connectors import kinds as folder
from donnees_au_centre.connectors.connections import connection_named
from donnees_au_centre.connectors.interface import FileSource, Source
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import meant
from donnees_au_centre.inert import line


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
        raise PlatformError(
            f"Le genre de source « {name} » n'existe pas.",
            meant(name, known, f"Choisissez : {', '.join(known)}."),
        )
    found: type[Source] = import_module(f"{folder.__name__}.{name}").KIND
    return found


def system_named(external: Mapping[str, Any]) -> str:
    """The system that a declaration reads: « base PostgreSQL, connexion « amont », public.eleves ».

    Args:
        external: the `external:` of its YAML.

    Returns:
        French words; "" for files that somebody deposits, or a kind that does not exist.
    """
    try:
        kind = kind_named(str(external["kind"])) if external.get("kind") else None
    except PlatformError:
        return ""
    if kind is None:
        return ""
    place = external.get("folder" if issubclass(kind, FileSource) else "location")
    named = f"connexion « {external['connection']} »" if external.get("connection") else ""
    return line(", ".join(filter(None, (kind.title, named, str(place or "")))))


def reader_of(
    kind: str, connection: str, location: str, options: Any, environ: Mapping[str, str] = os.environ
) -> Source:
    """What reads a place of a system; nothing is asked of the system yet.

    Args:
        kind: its name.
        connection: as the declaration names it.
        location: what to read there.
        options: an instance of the kind's `options_class`.
        environ: where connections are.

    Raises:
        UndefinedConnection: the environment does not give the connection.
        PlatformError: its address is not one of this kind.
    """
    of_kind = kind_named(kind)
    found = connection_named(connection, environ)
    if not of_kind.takes(found.address.scheme):
        allowed = " ou ".join(f"{scheme}://" for scheme in of_kind.schemes)
        raise PlatformError(
            f"L'adresse de la connexion « {found.shown} » ne convient pas à une source de genre « {kind} ».",
            f"Écrivez une adresse qui commence par {allowed}.",
        )
    return of_kind(found, location, options)
