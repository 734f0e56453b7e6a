"""Sends what is to be said now: messages on what changed, digests on Mondays."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import psycopg

from donnees_au_centre.administration import ours
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.history.structure import exists as has_history
from donnees_au_centre.notifications.decision import Destination, Message, decide
from donnees_au_centre.notifications.declaration import WEEKLY, Channel, Declaration, read_declaration
from donnees_au_centre.notifications.letter import Letter
from donnees_au_centre.notifications.memory import (
    alone,
    ensure_memory,
    exists,
    note_message,
    note_weekly,
    read_said,
    weekly_state,
)
from donnees_au_centre.notifications.sending import address_of, send
from donnees_au_centre.notifications.weekly import compose_weekly, week_of
from donnees_au_centre.notifications.wording import compose
from donnees_au_centre.project.datasets import Responsible, read_datasets
from donnees_au_centre.project.nodes import Manifest, domains_in
from donnees_au_centre.quality.facts import Quality
from donnees_au_centre.quality.reading import read_quality
from donnees_au_centre.settings import Settings


@dataclass
class Outcome:
    """What became of the messages of one run.

    Attributes:
        sent: how many left.
        failed: one French sentence a message that its channel did not take; it leaves at the next run.
        off: names of channels without an address.
        before: digests that had left already this week, and do not leave again.
    """

    sent: int = 0
    failed: list[str] = field(default_factory=list)
    off: list[str] = field(default_factory=list)
    before: int = 0

    def lines(self) -> list[str]:
        """For a log, in French."""
        said = [f"Messages partis\u00a0: {self.sent}."]
        said += [f"Pas parti, repartira à la prochaine exécution\u00a0: {failure}" for failure in self.failed]
        if self.before:
            word = "bilan est déjà parti" if self.before == 1 else "bilans sont déjà partis"
            said.append(f"{self.before}\u00a0{word} cette semaine.")
        if self.off:
            said.append(f"Canaux éteints (variable non définie)\u00a0: {', '.join(self.off)}.")
        return said


@dataclass
class Post:
    """All that sending takes.

    Attributes:
        connection: in autocommit; by an account of the role `audit_ecriture`.
        quality, manifest: what is known, and of which project.
        declaration: who is told.
        environ: where the addresses of the channels are.
        run: which run sends, for the memory.
    """

    connection: psycopg.Connection
    quality: Quality
    manifest: Manifest
    declaration: Declaration
    environ: Mapping[str, str]
    run: str

    def alert(self) -> Outcome:
        """Sends the messages on what changed, then the digests that could not leave on Monday.

        A channel that is down costs its own messages a delay and nothing else: the others leave.

        Raises:
            PlatformError: there is no memory and none can be made, or a variable holds no address.
            psycopg.Error: the database refuses.
        """
        outcome, addresses = Outcome(), self._addresses()
        ensure_memory(self.connection)
        with alone(self.connection):
            for message in to_send(self.connection, self.quality, self.manifest, self.declaration):
                letter_of = partial(_compose, message, self.declaration, self.quality)
                failure = self._send(outcome, addresses, message.destination, letter_of, message.copies)
                if failure is not None:
                    now = self.quality.made_at
                    note_message(self.connection, message, self.run, now, failure)
            owed = [key for key, sent in weekly_state(self.connection, self._week).items() if not sent]
            for domain in dict.fromkeys(domain for domain, _ in owed):
                self._weekly(outcome, addresses, domain)
        outcome.off = self._off(addresses)
        return outcome

    def digest(self, domains: Iterable[str]) -> Outcome:
        """Sends the digests of some domains; one that left already this week does not leave again.

        Raises:
            PlatformError, psycopg.Error: as for `alert`.
        """
        outcome, addresses = Outcome(), self._addresses()
        ensure_memory(self.connection)
        with alone(self.connection):
            for domain in domains:
                outcome.before += self._weekly(outcome, addresses, domain)
        outcome.off = self._off(addresses)
        return outcome

    @property
    def _week(self) -> str:
        return week_of(self.quality.made_at)

    def _weekly(self, outcome: Outcome, addresses: Mapping[str, str], domain: str) -> int:
        """Sends the digest of a domain to whom it has not reached; returns how many had left already."""
        state = weekly_state(self.connection, self._week)
        letter = compose_weekly(self.quality, domain, self.declaration, strategic(self.manifest))
        destinations = weekly_destinations(self.manifest, self.declaration, domain)
        for destination, copies in destinations.items():
            if not state.get((domain, destination)):
                failure = self._send(outcome, addresses, destination, lambda most: letter, copies)
                if failure is not None:
                    now = self.quality.made_at
                    note_weekly(self.connection, destination, domain, self._week, self.run, now, failure)
        return sum(state.get((domain, destination), False) for destination in destinations)

    def _send(
        self,
        outcome: Outcome,
        addresses: Mapping[str, str],
        destination: Destination,
        letter_of: Callable[[int | None], Letter],
        copies: Collection[str],
    ) -> str | None:
        """Sends one letter; returns why it did not leave, "" when it did, None when its channel is off."""
        channel = self.declaration.channels[destination.channel]
        if channel.name not in addresses:
            return None
        failure = send(channel, addresses[channel.name], letter_of, destination.mailbox, copies)
        if failure:
            to = f" à {destination.mailbox}" if destination.mailbox else ""
            outcome.failed.append(
                f"« {letter_of(None).subject} »{to}, par le canal {channel.name}\u00a0: {failure}."
            )
        else:
            outcome.sent += 1
        return failure

    def _addresses(self) -> dict[str, str]:
        found = {channel: address_of(channel, self.environ) for channel in self._used()}
        return {channel.name: address for channel, address in found.items() if address}

    def _used(self) -> list[Channel]:
        routes = self.declaration.routes.values()
        names = {name for route in routes for role in route.said().values() for name in role}
        return [self.declaration.channels[name] for name in sorted(names)]

    def _off(self, addresses: Mapping[str, str]) -> list[str]:
        return [channel.name for channel in self._used() if channel.name not in addresses]


def open_post(settings: Settings, connection: psycopg.Connection, manifest: Manifest, run: str) -> Post:
    """All that sending takes, as things stand now; the addresses are those of this process's environment.

    Args:
        settings: where the project is.
        connection: to the database of the history, in autocommit.
        run: which run sends.

    Raises:
        PlatformError: policies/channels/canaux.yml is wrong, or there is no history to read.
    """
    declaration = read_declaration(settings.root, domains_in(settings.root))
    if not has_history(connection):
        raise PlatformError(
            "Cette base n'a pas encore d'historique : rien à dire.", "Lancez make demo ou make build d'abord."
        )
    quality = read_quality(connection, manifest, datetime.now(UTC))
    return Post(connection, quality, manifest, declaration, os.environ, run)


def to_send(
    connection: psycopg.Connection, quality: Quality, manifest: Manifest, declaration: Declaration
) -> list[Message]:
    """The messages that are due now; changes nothing, also where there is no memory yet."""
    said = read_said(connection) if exists(connection) else []
    return decide(quality, said, declaration, strategic(manifest))


def weekly_destinations(
    manifest: Manifest, declaration: Declaration, domain: str
) -> dict[Destination, tuple[str, ...]]:
    """Where a domain's digest goes: to its steward, its owner in copy; destination -> mailboxes in copy."""
    owner, steward = people_of(manifest, domain)
    addressee = steward or owner
    to = addressee.email if addressee else ours().platform.email
    copies = (owner.email,) if owner and owner.email != to else ()
    return {
        Destination(channel.name, to if channel.to_mailboxes else ""): copies if channel.to_mailboxes else ()
        for channel in declaration.route(domain, WEEKLY)
    }


def people_of(manifest: Manifest, domain: str) -> tuple[Responsible | None, Responsible | None]:
    """The owner and the steward of a domain, as its group says; None for who is not named."""
    group = manifest.groups.get(domain)
    if group is None:
        return None, None
    owner, steward = (
        Responsible(fonction=one["name"], courriel=one["email"])
        if one.get("name") and one.get("email")
        else None
        for one in (group.owner, group.steward)
    )
    return owner, steward


def strategic(manifest: Manifest) -> frozenset[str]:
    """Unique ids of the strategic data sets."""
    return frozenset(dataset.unique_id for dataset in read_datasets(manifest) if dataset.strategic)


def _compose(message: Message, declaration: Declaration, quality: Quality, most: int | None) -> Letter:
    return compose(message, declaration, quality.made_at, most)
