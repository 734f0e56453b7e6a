"""The lineage of a column in French, for a terminal and for an assistant: names and operations, no value."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from donnees_au_centre.project.lineage.graph import ColumnId, Lineage

_Next = Callable[[ColumnId], list[tuple[ColumnId, str]]]


def described(found: Lineage, column: ColumnId) -> list[str]:
    """What a column is made from, up to the sources, and what is made from it; a line each."""

    def upstream(one: ColumnId) -> list[tuple[ColumnId, str]]:
        return [(origin.column, origin.operation) for origin in found.upstream(one)]

    return [
        _title(found, column),
        "  vient de",
        *(list(_tree(column, found, upstream, "    ")) or ["    rien d'autre : elle commence ici"]),
        "  sert à",
        *(list(_tree(column, found, found.downstream, "    ")) or ["    aucune autre colonne"]),
    ]


def _title(found: Lineage, column: ColumnId) -> str:
    relation = found.relations[column.relation]
    said = [
        text
        for text in (
            relation.categories.get(column.column),
            f"protection : {relation.protections[column.column]}"
            if column.column in relation.protections
            else None,
        )
        if text
    ]
    return found.label(column) + (f"  [{' ; '.join(said)}]" if said else "")


def _tree(
    column: ColumnId, found: Lineage, following: _Next, indent: str, seen: set[ColumnId] | None = None
) -> Iterator[str]:
    """One line per column, those further away further right; one already shown is not opened again."""
    seen = set() if seen is None else seen
    for other, operation in following(column):
        again = other in seen
        seen.add(other)
        more = " …" if again and following(other) else ""
        yield f"{indent}{_title(found, other)} ({operation}){more}"
        if not again:
            yield from _tree(other, found, following, indent + "  ", seen)
