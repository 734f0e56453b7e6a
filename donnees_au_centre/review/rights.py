"""Who gains or loses a right: what the reviewed files declare, compared with what they declared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from donnees_au_centre.access.declaration import LIMIT_MASKED, read_relations, rights_on
from donnees_au_centre.access.files import EACH, Entry
from donnees_au_centre.project.nodes import Manifest

GAINS, LOSES, KEEPS = "gagne", "perd", "garde"
_ORDER = (GAINS, LOSES, KEEPS)
MASKED = f"lecture{LIMIT_MASKED}"


@dataclass(frozen=True)
class Right:
    """One right that is not what it was.

    Attributes:
        role: who has it, in PostgreSQL.
        done: GAINS, LOSES or KEEPS, where only its last day is another.
        what: in French: `lecture`, `lecture masquée`.
        about: labels of tables and views, marts first.
    """

    role: str
    done: str
    what: str
    about: tuple[str, ...]


def find_rights(
    base: Manifest, head: Manifest, before: Sequence[Entry], after: Sequence[Entry], today: date
) -> tuple[Right, ...]:
    """Compares two declarations, each with its project.

    Of a table that comes, only a mart is told, and for whom beside those that every domain has; of one that
    goes, nothing: the letter says that it does.

    Args:
        base, head: what is in production, what is proposed.
        before, after: the entries of each.
        today: an entry whose review is past gives nothing.
    """
    sides = [rights_on(*one, today) for one in ((before, base), (after, head))]
    known, kept = ({one.label: one for one in read_relations(side)} for side in (base, head))
    apart = {label for side in sides for label in side} - {*known, *kept}
    each = {entry.role for entry in after if EACH in entry.role}
    shared = _shared_columns(base, head)
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for label in [*kept, *sorted(apart)]:
        old, new = (side.get(label, {}) for side in sides)
        born = label in kept and label not in known
        if born and kept[label].layer != "marts":
            continue
        for role in sorted({*old, *new}):
            if born and role in {one.replace(EACH, kept[label].domain) for one in {*each, f"steward_{EACH}"}}:
                continue
            had, has = old.get(role, {}), new.get(role, {})
            for what in {**had, **has}:
                if what not in had:
                    found[role, GAINS, what].append(label)
                elif what not in has:
                    found[role, LOSES, what].append(label)
                elif had[what] != has[what]:
                    said = f"{what}, jusqu'au {has[what]:%d/%m/%Y} (c'était le {had[what]:%d/%m/%Y})"
                    found[role, KEEPS, said].append(label)
            if MASKED in had and MASKED in has:
                clear = {*known[label].clear} & shared[label], {*kept[label].clear} & shared[label]
                for done, names in ((GAINS, clear[1] - clear[0]), (LOSES, clear[0] - clear[1])):
                    for name in sorted(names):
                        found[role, done, f"ce que contient {name}"].append(label)
    marts = {one.label for one in kept.values() if one.layer == "marts"}
    return tuple(
        Right(role, done, what, tuple(sorted(about, key=lambda one: (one not in marts, one))))
        for (role, done, what), about in sorted(
            found.items(), key=lambda one: (_ORDER.index(one[0][1]), marts.isdisjoint(one[1]), one[0])
        )
    )


def _shared_columns(base: Manifest, head: Manifest) -> dict[str, set[str]]:
    """The columns that a table or view has on both sides, by its label."""
    old, new = (
        {node.label: set(node.columns) for node in side.of_type("model", "seed", "source")}
        for side in (base, head)
    )
    return {label: names & old.get(label, set()) for label, names in new.items()}
