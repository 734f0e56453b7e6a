"""What may be told of counts and measures to whoever may read no row: nothing small, and nothing of a person.

A small count could be found again by subtraction: what stands beside it is then told as about so many.
"""

from __future__ import annotations

from donnees_au_centre.french import LEAST, SMALL, decimal, few, number, points, rounded, small
from donnees_au_centre.project.nodes import Manifest, Node
from donnees_au_centre.review.comparison import Comparison
from donnees_au_centre.review.indicators import COUNTS, SHARE, Indicator

K_ANONYMITY = "k_anonymity"
_NONE = "–"
HIDDEN = f"non dit : {SMALL} lignes"


def about_people(manifest: Manifest, mart: Node) -> bool:
    """True for a mart of persons, or of groups of persons: a column says so, or a test holds their size."""
    return any(one.is_personal or one.protection for one in mart.columns.values()) or any(
        test.generic == K_ANONYMITY and test.tested_id == mart.unique_id for test in manifest.tests
    )


def told_rows(found: Comparison) -> dict[str, str]:
    """The rows of a mart: `avant`, `après`, and the keys `seulement avant`, `seulement après`, `des deux`."""
    before, after = (one.rows if one else None for one in (found.before, found.after))
    parts = (found.only_before, found.only_after)
    apart = None if before is None or after is None else abs(after - before)
    hidden = any(small(one) for one in (*parts, apart) if one is not None)
    return {
        "avant": _about(before, hidden),
        "après": _about(after, hidden),
        "seulement avant": _NONE if parts[0] is None else few(parts[0]),
        "seulement après": _NONE if parts[1] is None else few(parts[1]),
        "des deux": _about(found.both, hidden),
    }


def _about(value: int | None, hidden: bool) -> str:
    if value is None:
        return _NONE
    if hidden and not small(value):
        return rounded(value)
    return few(value)


def told_columns(found: Comparison) -> dict[str, str]:
    """Of the columns that differ somewhere, on how many rows."""
    return {name: few(value) for name, value in found.differing.items() if value}


def told_measure(one: Indicator, found: Comparison, people: bool) -> tuple[str, str, str]:
    """A measure that moves: before, after, and by how much.

    Args:
        one: the measure.
        found: the rows of its mart.
        people: see `about_people`.
    """
    sides = [side.rows for side in (found.before, found.after) if side]
    if any(small(rows) for rows in sides):
        return HIDDEN, HIDDEN, HIDDEN
    if one.measure in COUNTS:
        return _told_count(one)
    if people and (why := _hidden(one, found)):
        return why, why, why
    if one.measure == SHARE and one.before is not None and one.after is not None:
        parts = [f"{decimal(100 * side)}\u00a0%" for side in (one.before, one.after)]
        return (
            parts[0],
            parts[1],
            points(100 * (one.after - one.before)).replace("inchangé", "moins de 0,1 point"),
        )
    return value(one.before), value(one.after), change(one.before, one.after)


def _told_count(one: Indicator) -> tuple[str, str, str]:
    before, after = (None if side is None else round(side) for side in (one.before, one.after))
    if before is None or after is None:
        return _about(before, False), _about(after, False), _NONE
    if small(abs(after - before)) or small(before) or small(after):
        way = "de plus" if after > before else "de moins"
        shown = few(abs(after - before)) if not (small(before) or small(after)) else "quelques-unes"
        return _about(before, True), _about(after, True), f"{shown} {way}"
    return few(before), few(after), change(before, after)


def _hidden(one: Indicator, found: Comparison) -> str:
    """Why a measure of persons is not told; "" when it is."""
    rows = (found.only_before, found.only_after, found.differing.get(one.column))
    known = [count for count in rows if count is not None]
    if found.both is None or small(sum(known)) or any(small(count) for count in known):
        return "non dit : peu de lignes derrière"
    counted = [side for side in (one.before, one.after) if side is not None]
    near = len(counted) == 2 and 0 < abs(counted[1] - counted[0]) < LEAST
    if one.measure == "total" and (near or any(0 < side < LEAST for side in counted)):
        return f"non dit : {SMALL}"
    return ""


def value(side: float | None) -> str:
    """`12 168`, `3,42`, `0,034`."""
    if side is None:
        return _NONE
    if side == round(side) or abs(side) >= 1000:
        return number(round(side)).replace("-", "\u2212")
    digits = 2 if abs(side) >= 1 else 4
    return f"{side:.{digits}f}".replace(".", ",").replace("-", "\u2212")


def change(before: float | None, after: float | None) -> str:
    """`+320 (+2,6 %)`, `−0,5 (−14,6 %)`; a percent of nothing is not told."""
    if before is None or after is None:
        return _NONE
    moved = after - before
    sign = "+" if moved > 0 else ""
    share = f"{100 * moved / abs(before):.1f}" if before else ""
    if share.lstrip("-") == "0.0":
        share = "moins de 0,1" if moved > 0 else "plus de \u22120,1"
        return f"{sign}{value(moved)} ({share}\u00a0%)"
    told = f" ({sign}{share.replace('.', ',').replace('-', chr(0x2212))}\u00a0%)" if share else ""
    return f"{sign}{value(moved)}{told}"
