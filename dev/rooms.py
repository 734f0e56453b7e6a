"""The rooms of the code and their order: each imports those above it in this list, none below.

`tests/unit/test_rooms.py` holds it; docs/architecture.md, « Les pièces », says what is in each, and draws who
calls whom from here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PLATFORM = "donnees_au_centre"


@dataclass(frozen=True)
class Room:
    """A folder of modules that are about one thing.

    Attributes:
        folder: below the checkout; the ground floor's is that of the platform, without the folders in it.
        alone: True when it imports none of the others.
    """

    folder: str
    alone: bool = False


GROUND = Room(PLATFORM, alone=True)
ROOMS = (
    Room("denodo", alone=True),
    GROUND,
    Room("dev"),
    Room(f"{PLATFORM}/warehouse"),
    Room(f"{PLATFORM}/connectors"),
    Room(f"{PLATFORM}/landing"),
    Room(f"{PLATFORM}/discovery"),
    Room(f"{PLATFORM}/project"),
    Room(f"{PLATFORM}/access"),
    Room(f"{PLATFORM}/audit"),
    Room(f"{PLATFORM}/summary"),
    Room(f"{PLATFORM}/history"),
    Room(f"{PLATFORM}/building"),
    Room(f"{PLATFORM}/catalogue"),
    Room(f"{PLATFORM}/assistance"),
    Room(f"{PLATFORM}/quality"),
    Room(f"{PLATFORM}/review"),
    Room(f"{PLATFORM}/privacy"),
    Room(f"{PLATFORM}/pages"),
    Room(f"{PLATFORM}/learning"),
    Room(f"{PLATFORM}/notifications"),
    Room(f"{PLATFORM}/portability"),
    Room(f"{PLATFORM}/adoption"),
    Room(f"{PLATFORM}/anomalies"),
    Room(f"{PLATFORM}/serving"),
    Room(f"{PLATFORM}/delivery"),
    Room("orchestration"),
    Room(f"{PLATFORM}/cli"),
    Room("benchmarks"),
)
# Modules of the ground floor that are only the door to the command line.
DOORS = (f"{PLATFORM}.__main__",)


@dataclass(frozen=True, order=True)
class Import:
    """One import of a module of the checkout by another, at the head of the file or within a function.

    Attributes:
        importer, imported: dotted names.
        file, line: where it is written; the file below the checkout.
    """

    importer: str
    imported: str
    file: str
    line: int


def room_of(module: str) -> Room:
    """The room of a module, given by its dotted name.

    Raises:
        LookupError: it stands in a folder of the platform that is no room.
    """
    parts = module.split(".")
    named = {room.folder: room for room in ROOMS}
    for folder in ("/".join(parts[:2]), parts[0]):
        if folder in named:
            return named[folder]
    raise LookupError(module)


def modules_in(root: Path) -> dict[str, Path]:
    """The modules of the rooms, dotted name -> file."""
    found = {}
    for top in dict.fromkeys(room.folder.partition("/")[0] for room in ROOMS):
        for file in sorted((root / top).rglob("*.py")):
            parts = file.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


@cache
def imports_in(root: Path) -> tuple[Import, ...]:
    """Every import between modules of the rooms, as the files write it when they are first read."""
    return tuple(_imports_in(root))


def _imports_in(root: Path) -> Iterator[Import]:
    modules = modules_in(root)
    for module, file in modules.items():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            for name in _imported(node, modules):
                if name != module:
                    yield Import(module, name, str(file.relative_to(root)), node.lineno)


def _imported(node: ast.Import | ast.ImportFrom, modules: dict[str, Path]) -> list[str]:
    """The modules of the checkout that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names if alias.name in modules]
    package = node.module or ""
    whole = (f"{package}.{alias.name}" for alias in node.names)
    found = dict.fromkeys(name if name in modules else package for name in whole)
    return [name for name in found if name in modules]


def faults(root: Path) -> list[str]:
    """The imports that run back up, and the rings of modules; what, where and what to do."""
    found = sorted(set(imports_in(root)))
    back = [message for one in found if (message := _fault(one))]
    return back + [
        f"{' -> '.join(ring)} : these modules import one another in a ring. Move what they share to a module "
        "that imports neither."
        for ring in rings(found)
    ]


def _fault(one: Import) -> str | None:
    if one.importer in DOORS:
        return None
    lower, upper = room_of(one.importer), room_of(one.imported)
    place = f"{one.file}:{one.line} imports {one.imported}"
    if lower == upper:
        return None
    if lower.alone:
        return f"{place}: {lower.folder} imports no other room. Give it what it needs as an argument."
    if ROOMS.index(upper) > ROOMS.index(lower):
        return (
            f"{place}: {upper.folder} stands after {lower.folder} in dev/rooms.py, the import runs back up. "
            f"Move what is needed down to {lower.folder} or below it, or have the caller pass it."
        )
    return None


def rings(imports: list[Import]) -> list[list[str]]:
    """The shortest ring of imports through each module that is in one; each ring once."""
    reads: dict[str, list[str]] = {}
    for one in imports:
        reads.setdefault(one.importer, []).append(one.imported)
    found: dict[frozenset[str], list[str]] = {}
    for start in reads:
        paths, seen = [[start]], set()
        while paths:
            path = paths.pop(0)
            for step in reads.get(path[-1], ()):
                if step == start:
                    found.setdefault(frozenset(path), [*path, start])
                    paths = []
                    break
                if step not in seen:
                    seen.add(step)
                    paths.append([*path, step])
    return list(found.values())
