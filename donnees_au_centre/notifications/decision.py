"""What to say now, given what is wrong and what was said before. Nothing is read, nothing is sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from donnees_au_centre.administration import ours
from donnees_au_centre.french import day_of
from donnees_au_centre.notifications.declaration import OWNER, STEWARD, Declaration
from donnees_au_centre.notifications.faults import CONTROL, SEVERITIES, Fault, find_faults, key_of
from donnees_au_centre.quality.facts import Quality

# The words, in the order of a message.
NEW, WORSE, LASTING, MENDED, WITHDRAWN = "nouveau", "aggrave", "rappel", "repare", "retire"
WORDS = (NEW, WORSE, LASTING, MENDED, WITHDRAWN)
OPENING, CLOSING = (NEW, WORSE, LASTING), (MENDED, WITHDRAWN)


@dataclass(frozen=True, order=True)
class Destination:
    """Where a message goes.

    Attributes:
        channel: its name.
        mailbox: the addressee, "" for a channel that has its own readers.
    """

    channel: str
    mailbox: str


@dataclass(frozen=True)
class Said:
    """One word that was said, or could not be, in a series that is not closed yet.

    Attributes:
        key: of the fault.
        destination: where.
        word: one of WORDS.
        severity: of the fault then.
        domain, label: of the fault, for the day it is no longer there to be read.
        copies: mailboxes in copy.
        since: when the fault began, UTC.
        at: when it was said, UTC.
        sent: False when the channel did not take it.
    """

    key: str
    destination: Destination
    word: str
    severity: str
    domain: str
    label: str
    copies: tuple[str, ...]
    since: datetime
    at: datetime
    sent: bool


@dataclass(frozen=True)
class Word:
    """One thing to say.

    Attributes:
        word: one of WORDS.
        key, severity, label, since: of the fault.
        text: what was checked, for what is mended and still known; "" otherwise.
        fault: None when it is mended or withdrawn.
        copies: mailboxes in copy.
        missed: True when it began and ended while the channel was down: this is the first they hear of it.
    """

    word: str
    key: str
    severity: str
    label: str
    since: datetime
    text: str
    fault: Fault | None
    copies: tuple[str, ...]
    missed: bool = False


@dataclass(frozen=True)
class Message:
    """All that one addressee is told of one domain, at once.

    Attributes:
        domain: of the faults.
        destination: where.
        copies: mailboxes in copy.
        words: in the order of WORDS, then the gravest and oldest first.
    """

    domain: str
    destination: Destination
    copies: tuple[str, ...]
    words: tuple[Word, ...]

    def of(self, word: str) -> tuple[Word, ...]:
        """The words of one kind."""
        return tuple(one for one in self.words if one.word == word)


def decide(
    quality: Quality,
    said: Iterable[Said],
    declaration: Declaration,
    strategic: Collection[str] = (),
) -> list[Message]:
    """Works out the messages to send now; none when nothing changed and no reminder is due.

    A word that could not be sent is said again as long as it is true.

    Args:
        quality: what is known now.
        said: every word of the series that are not closed.
        declaration: who is told, by which channels.
        strategic: unique ids of strategic data sets.
    """
    series: dict[tuple[str, Destination], list[Said]] = {}
    for one in said:
        series.setdefault((one.key, one.destination), []).append(one)
    found: dict[tuple[str, Destination], list[Word]] = {}
    present: set[str] = set()
    for fault in find_faults(quality, strategic):
        present.add(fault.key)
        for destination, copies in _destinations(fault, declaration).items():
            before = series.get((fault.key, destination), [])
            if word := _word(fault, before, quality.made_at, declaration):
                found.setdefault((fault.domain, destination), []).append(
                    Word(
                        word,
                        fault.key,
                        fault.severity,
                        fault.label,
                        _begun(fault, before, quality.made_at),
                        "",
                        fault,
                        copies,
                    )
                )
    # A history without any run knows nothing of what was mended.
    if quality.runs:
        known = {key_of(control): control for control in quality.controls}
        for (key, destination), before in series.items():
            # What is still wrong is mended for nobody, also where the route changed since.
            if key in present or destination.channel not in declaration.channels:
                continue
            last, control = before[-1], known.get(key)
            withdrawn = key.startswith(f"{CONTROL}:") and control is None
            mended = Word(
                WITHDRAWN if withdrawn else MENDED,
                key,
                last.severity,
                last.label,
                min(one.since for one in before),
                control.text if control else "",
                None,
                last.copies,
                missed=not any(one.sent for one in before),
            )
            found.setdefault((last.domain, destination), []).append(mended)
    return [_message(domain, destination, words) for (domain, destination), words in sorted(found.items())]


def _message(domain: str, destination: Destination, words: Sequence[Word]) -> Message:
    copies = {mailbox for word in words for mailbox in word.copies} - {destination.mailbox}
    # Stable: within a kind, the order of the faults stays.
    ordered = sorted(words, key=lambda one: WORDS.index(one.word))
    return Message(domain, destination, tuple(sorted(copies)), tuple(ordered))


def _destinations(fault: Fault, declaration: Declaration) -> Mapping[Destination, tuple[str, ...]]:
    """Where a fault is told: destination -> mailboxes in copy."""
    steward = fault.steward.email if fault.steward else None
    owner = fault.owner.email if fault.owner else None
    addressee = steward or owner or ours().platform.email
    found: dict[Destination, tuple[str, ...]] = {}
    for channel in declaration.route(fault.domain, STEWARD):
        found[Destination(channel.name, addressee if channel.to_mailboxes else "")] = ()
    if fault.copied:
        for channel in declaration.route(fault.domain, OWNER):
            to = Destination(channel.name, addressee if channel.to_mailboxes else "")
            if not channel.to_mailboxes:
                found.setdefault(to, ())
            elif owner and owner != addressee and to in found:
                found[to] = (owner,)
            elif owner and to not in found:
                found[Destination(channel.name, owner)] = ()
    return found


def _word(fault: Fault, before: Sequence[Said], now: datetime, declaration: Declaration) -> str | None:
    told = [one for one in before if one.sent and one.word in OPENING]
    if not told:
        return NEW
    if SEVERITIES.index(fault.severity) > max(SEVERITIES.index(one.severity) for one in told):
        return WORSE
    first = day_of(_begun(fault, before, now))
    due = _last_due((day_of(now) - first).days, declaration)
    last = (max(day_of(one.at) for one in told) - first).days
    return LASTING if due is not None and last < due else None


def _last_due(age: int, declaration: Declaration) -> int | None:
    """The last age at which a fault is told again, of those that have come."""
    passed = [day for day in declaration.reminders.days if day <= age]
    if len(passed) < len(declaration.reminders.days):
        return passed[-1] if passed else None
    last = declaration.reminders.days[-1] if declaration.reminders.days else 0
    due = last + (age - last) // declaration.reminders.every * declaration.reminders.every
    return due or None


def _begun(fault: Fault, before: Sequence[Said], now: datetime) -> datetime:
    """When it began; of what has no date of its own, when it was first told."""
    return fault.since if fault.since < now else min([fault.since, *(one.since for one in before)])
