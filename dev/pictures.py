"""The pictures of docs/architecture.md, made from the code: `python -m dev.pictures` draws them again.

Each stands between two comments that name it; `tests/unit/test_pictures.py` holds that they are up to date.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from dev.rooms import GROUND, ROOMS, imports_in, room_of

ROOT = Path(__file__).parents[1]
PAGE = "docs/architecture.md"
# The source whose rows are followed: its file is refused in part, typed in part, and read by another domain.
FOLLOWED = ("ags", "points_verts")
Arrows = Mapping[str, set[str]]
_SOURCE = re.compile(r"\bsource\(\s*'(\w+)'\s*,\s*'(\w+)'\s*\)")
_REF = re.compile(r"\bref\(\s*'(\w+)'\s*[,)]")
_COMMENT = re.compile(r"\{#.*?#\}|--[^\n]*", re.DOTALL)


def rooms(root: Path) -> str:
    """Who calls whom: an arrow from each room to those right below it, those that others lead to left out."""
    # Everybody reads the ground floor, and nobody the benchmarks: an arrow would say nothing.
    shown = {room.folder: room.folder.rpartition("/")[2] for room in ROOMS if room != GROUND}
    del shown["benchmarks"]
    calls: dict[str, set[str]] = {name: set() for name in reversed(shown.values())}
    for one in imports_in(root):
        upper, lower = room_of(one.importer).folder, room_of(one.imported).folder
        if upper != lower and upper in shown and lower in shown:
            calls[shown[upper]].add(shown[lower])
    return _flowchart("TD", _straight(calls))


def domains(root: Path) -> str:
    """Which domain reads the marts of which other one."""
    models = _models(root)
    reads: dict[str, set[str]] = {path.parent.name: set() for path in sorted(root.glob("models/*/_*.yml"))}
    for path, (_, refs) in models.items():
        for name in refs:
            owner = next((other for other in models if other.stem == name), None)
            if owner and _domain(owner) != _domain(path):
                reads[_domain(owner)].add(_domain(path))
    return _flowchart("LR", reads)


def layers(root: Path) -> str:
    """Which layer reads which, within a domain and from one to another."""
    models = _models(root)
    seeds = {path.stem for path in (root / "seeds").rglob("*.csv")}
    places = {path.stem: path for path in models}
    reads: dict[str, set[str]] = {
        name: set() for name in ("source", "seeds", "staging", "intermediate", "marts")
    }
    for path, (sources, refs) in models.items():
        layer = path.parts[2]
        if sources:
            reads["source"].add(layer)
        for name in refs:
            if name in seeds:
                reads["seeds"].add(layer)
            elif (read := places.get(name)) and _domain(read) != _domain(path):
                reads.setdefault(f"{read.parts[2]} d'un autre domaine", set()).add(layer)
            elif read and read.parts[2] != layer:
                reads[read.parts[2]].add(layer)
    return _flowchart("LR", reads)


def walk(root: Path) -> str:
    """The way of a row of one source, from the file to the last mart; "" when that source is not there."""
    domain, source = FOLLOWED
    models = _models(root)
    arrows: dict[str, set[str]] = defaultdict(set)
    shapes: dict[str, str] = {}
    reached: list[str] = []
    for path, (sources, _) in models.items():
        for name, table in sources:
            if name == source:
                raw = f"raw_{domain}.{table}"
                arrows[f"landing/{domain}/{source}/"] |= {raw, f"raw_{domain}.rejets_chargement"}
                arrows[raw].add(path.stem)
                reached.append(path.stem)
                shapes[f"landing/{domain}/{source}/"] = '(["{}"])'
    while reached:
        name = reached.pop(0)
        for path, (_, refs) in models.items():
            if name in refs and path.stem not in arrows[name]:
                arrows[name].add(path.stem)
                reached.append(path.stem)
    return _flowchart("LR", arrows, shapes) if arrows else ""


PICTURES: Mapping[str, Callable[[Path], str]] = {
    "pièces": rooms,
    "domaines": domains,
    "couches": layers,
    "ligne": walk,
}


def drawn(page: str) -> str:
    """A page with its pictures as they should be.

    Args:
        page: the Markdown.

    Raises:
        ValueError: the page has no place for a picture.
    """
    for name, draw in PICTURES.items():
        begin, end = f"<!-- image faite du code : {name} -->", f"<!-- fin : {name} -->"
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"{PAGE} has no place for « {name} »: write {begin} and {end} where it goes.")
        # A page of another administration keeps the picture that its text tells: the source is not there.
        if picture := draw(ROOT):
            page = f"{before}{begin}\n```mermaid\n{picture}\n```\n{end}{after}"
    return page


def _models(root: Path) -> dict[Path, tuple[set[tuple[str, str]], set[str]]]:
    """The model files -> the sources and the models that each one reads."""
    found = {}
    for path in sorted((root / "models").rglob("*.sql")):
        text = _COMMENT.sub("", path.read_text(encoding="utf-8"))
        found[path.relative_to(root)] = (set(_SOURCE.findall(text)), set(_REF.findall(text)))
    return found


def _domain(path: Path) -> str:
    return path.parts[1]


def _flowchart(direction: str, arrows: Arrows, shapes: Mapping[str, str] | None = None) -> str:
    """A Mermaid flowchart; a name that is no plain word gets a box that says it."""
    lines = [f"flowchart {direction}"]
    keys = {}
    for name in dict.fromkeys([*arrows, *(one for many in arrows.values() for one in sorted(many))]):
        keys[name] = re.sub(r"\W+", "_", name).strip("_")
        if keys[name] != name:
            lines.append(f"    {keys[name]}" + (shapes or {}).get(name, "[{}]").format(name))
        elif not arrows.get(name) and not any(name in many for many in arrows.values()):
            lines.append(f"    {name}")
    for name, many in arrows.items():
        if many:
            lines.append(f"    {keys[name]} --> {' & '.join(keys[one] for one in sorted(many))}")
    return "\n".join(lines)


def _straight(arrows: Arrows) -> dict[str, set[str]]:
    """The arrows without those that a longer way says already."""
    return {
        start: {end for end in ends if not any(_leads(one, end, arrows) for one in ends - {end})}
        for start, ends in arrows.items()
    }


def _leads(start: str, end: str, arrows: Arrows) -> bool:
    left, seen = [start], set()
    while left:
        one = left.pop()
        if one == end:
            return True
        if one not in seen:
            seen.add(one)
            left += arrows.get(one, ())
    return False


def main(paths: Iterable[Path] = (ROOT / PAGE,)) -> None:
    """Writes the pictures."""
    for path in paths:
        path.write_text(drawn(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
