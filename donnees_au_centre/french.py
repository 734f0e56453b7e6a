"""French words for counts, scores, dates and lists: one way to write them, wherever they are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from donnees_au_centre.administration import MONTHS, ours

# Statistical secrecy: a count of rows below this one is never told to whoever may read no row.
LEAST = 5
SMALL = f"moins de\u00a0{LEAST}"
# Days beyond which a date says more than their number.
_LONG = 60


def number(value: int) -> str:
    """`12 168`, with a space that does not break."""
    return f"{value:,}".replace(",", "\u202f")


def counted(value: int, one: str, many: str = "", space: str = " ") -> str:
    """« 0 ligne », « 1 ligne », « 8 346 lignes ».

    Args:
        value: how many.
        one: the words after 0 and 1.
        many: the words after 2 and more; `one` with an « s » when "".
        space: before the words; a line may end there.
    """
    return f"{number(value)}{space}{one if value < 2 else many or one + 's'}"


def unbroken(value: int, one: str, many: str = "") -> str:
    """What `counted` says, on one line wherever a page or a letter is cut."""
    return counted(value, one, many, "\u00a0")


def small(value: int) -> bool:
    """True for a count that is not told."""
    return 0 < value < LEAST


def few(value: int) -> str:
    """A count of rows alone, in a cell: `12 168`, `0`, `moins de 5`."""
    return SMALL if small(value) else number(value)


def total(parts: Iterable[int]) -> str:
    """The sum of counts that stand beside it; only a floor when one of them is not told.

    A sum would tell by subtraction what the part does not.
    """
    parts = list(parts)
    hidden = sum(small(part) for part in parts)
    if not hidden:
        return number(sum(parts))
    told = sum(part for part in parts if not small(part))
    if not told:
        return SMALL if hidden == 1 else "quelques-unes"
    return f"plus de\u00a0{number(told)}"


def day(value: date) -> str:
    """`1er mars 2026`."""
    return f"{'1er' if value.day == 1 else value.day} {MONTHS[value.month - 1]} {value.year}"


def span(before: date, after: date) -> tuple[str, str]:
    """Two days of one sentence: `27 novembre` and `28`; what differs besides the day is said."""
    if (before.year, before.month) == (after.year, after.month):
        return day(before).rpartition(" ")[0], day(after).partition(" ")[0]
    if before.year == after.year:
        return day(before).rpartition(" ")[0], day(after).rpartition(" ")[0]
    return day(before), day(after)


def local_zone() -> ZoneInfo:
    """The time zone of the administration: of all that people read, and of what « today » is."""
    return ours().zone


def day_of(at: datetime) -> date:
    """The day of a moment, in the administration's zone."""
    return at.astimezone(local_zone()).date()


def moment(at: datetime) -> str:
    """`26 novembre 2026 à 14:05`, in the administration's zone."""
    return f"{day(day_of(at))} à {at.astimezone(local_zone()):%H:%M}"


def decimal(value: float) -> str:
    """`96,8`."""
    return f"{value:.1f}".replace(".", ",").replace("-", "\u2212")


def score(good: int, played: int) -> str:
    """Good controls in a hundred, `96,8`; never « 100,0 » while one is bad, nor « 0,0 » while one is good.

    Args:
        good: controls that are good.
        played: controls with a result, at least 1.
    """
    rounded = round(100 * good / played, 1)
    if good < played:
        rounded = min(rounded, 99.9)
    if good:
        rounded = max(rounded, 0.1)
    return decimal(rounded)


def points(change: float) -> str:
    """`+1,2 point`, `−3,0 points`, `inchangé`."""
    if abs(change) < 0.05:
        return "inchangé"
    sign = "+" if change > 0 else ""
    return f"{sign}{decimal(change)}\u00a0point{'s' if abs(change) >= 2 else ''}"


def rows(value: int | None, one: str = "ligne", many: str = "") -> str:
    """`12 168 lignes`, `aucune ligne`, `moins de 5 lignes`; "" when it could not be counted."""
    if value is None:
        return ""
    if small(value):
        return f"{SMALL}\u00a0{many or one + 's'}"
    return unbroken(value, one, many) if value else f"aucune\u00a0{one}"


def meant(asked: str, known: Iterable[str], then: str) -> str:
    """What to do about a name that is not there: `Vouliez-vous a, b ou c ?`, then what can be done anyway.

    Args:
        asked: the name, or what was written in its place.
        known: those that are there, of which up to three are told: like it, or that it is a part of.
        then: one or more sentences, said alone when no name is like it.
    """
    by_case = {name.casefold(): name for name in known}
    like = get_close_matches(asked.casefold(), by_case, n=3)
    like += [name for name in sorted(by_case) if len(asked) > 2 and asked.casefold() in name]
    close = [by_case[name] for name in dict.fromkeys(like)][:3]
    if not close:
        return then
    return f"Vouliez-vous {' ou '.join(filter(None, [', '.join(close[:-1]), close[-1]]))} ? {then}"


def rounded(value: int) -> str:
    """A count that cannot be told from one printed another day: `environ 110`, `moins de 10`."""
    if value == 0:
        return "aucune"
    if value < 10:
        return "moins de\u00a010"
    step = 10 ** max(1, len(str(value)) - 2)
    return f"environ\u00a0{number(value // step * step)}"


def ago(since: datetime, now: datetime) -> str:
    """`depuis aujourd'hui`, `depuis hier`, `depuis 3 jours`, `depuis le 1er mars 2026`."""
    days = (day_of(now) - day_of(since)).days
    if days <= 0:
        return "depuis aujourd'hui"
    if days == 1:
        return "depuis hier"
    if days > _LONG:
        return f"depuis le {day(day_of(since))}"
    return f"depuis {number(days)}\u00a0jours"


def late(due: date, today: date) -> str:
    """`en retard d'un jour`, `en retard de 12 jours`."""
    days = (today - due).days
    return "en retard d'un\u00a0jour" if days == 1 else f"en retard de {number(days)}\u00a0jours"


def some(names: Sequence[str], most: int, space: str = " ") -> str:
    """`a, b, c et 12 autres`: the first ones named, the others counted, as `counted` does."""
    left = len(names) - most
    return ", ".join(names[:most]) + (f" et {counted(left, 'autre', space=space)}" if left > 0 else "")


def cut(text: str, most: int) -> str:
    """A text of that many characters at most; « … » stands for what is left out."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def listed(names: Iterable[str]) -> str:
    """`a, b et c`."""
    *first, last = list(names) or [""]
    return f"{', '.join(first)} et {last}" if first else last
