"""Where a data set comes from and what reads it, table by table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from donnees_au_centre.project.nodes import ISSUES_SUFFIX, Manifest


@dataclass(frozen=True)
class Origins:
    """The neighbours of a data set.

    Attributes:
        above, below: unique ids of the nearest data sets that it reads, and that read it.
        steps: private models and reference tables between it and what it reads, by name.
        all_sources: unique ids of the source tables that it is made from, at any distance.
    """

    above: tuple[str, ...]
    below: tuple[str, ...]
    steps: tuple[str, ...]
    all_sources: tuple[str, ...]


def origins(manifest: Manifest, datasets: Collection[str]) -> dict[str, Origins]:
    """The neighbours of every data set.

    Args:
        datasets: unique ids of the data sets.
    """
    reads: dict[str, list[str]] = {}
    read_by: dict[str, list[str]] = {}
    for node in manifest.of_type("model", "seed", "snapshot"):
        if node.name.endswith(ISSUES_SUFFIX):
            continue
        reads[node.unique_id] = node.reads
        for parent in reads[node.unique_id]:
            read_by.setdefault(parent, []).append(node.unique_id)
    found = {}
    for one in datasets:
        above, steps = _nearest(one, reads, datasets)
        below, _ = _nearest(one, read_by, datasets)
        every, _ = _nearest(one, reads, {other for other in datasets if other.startswith("source.")})
        found[one] = Origins(
            above,
            below,
            tuple(sorted(manifest.node(step).label for step in steps)),
            tuple(other for other in every if other.startswith("source.")),
        )
    return found


def _nearest(
    start: str, edges: Mapping[str, list[str]], stops: Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The stops that are reached first, and what was crossed on the way."""
    reached, crossed, waiting = set(), set(), list(edges.get(start, ()))
    while waiting:
        one = waiting.pop()
        if one in stops:
            reached.add(one)
        elif one not in crossed:
            crossed.add(one)
            waiting += edges.get(one, ())
    return tuple(sorted(reached)), tuple(sorted(crossed))
