"""Sends one letter by one channel, through apprise."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.inert import line
from donnees_au_centre.notifications.declaration import MAIL, NTFY, TEAMS, Channel
from donnees_au_centre.notifications.letter import Letter, as_html, as_markdown

# Bytes that a channel takes: Teams refuses a card above 28 KB, an ntfy server a message above 4,096 bytes.
LIMITS = {TEAMS: 20_000, NTFY: 3_800}
_PLUGINS = {MAIL: "NotifyEmail", TEAMS: "NotifyWorkflows", NTFY: "NotifyNtfy"}
_FORMS = {
    MAIL: "mailtos://compte:mot-de-passe@serveur:587?from=donnees@administration.example",
    TEAMS: "l'adresse du flux « Workflows » que Teams donne (https://…), ou workflows://serveur/flux/signature",
    NTFY: "ntfys://serveur/sujet",
}


def address_of(channel: Channel, environ: Mapping[str, str]) -> str | None:
    """The address of a channel; None when its variable is not set: the channel is off.

    Raises:
        PlatformError: the variable holds no address of that kind; the address itself is not shown.
    """
    address = (environ.get(channel.variable) or "").strip()
    if not address:
        return None
    with _warnings():
        plugin = _instantiate(address)
    if type(plugin).__name__ != _PLUGINS[channel.kind]:
        raise PlatformError(
            f"La variable {channel.variable} ne contient pas une adresse de canal {channel.kind} "
            f"(canal {channel.name}).",
            f"Donnez-lui la forme : {_FORMS[channel.kind]}. docs/exploitant/alertes.md donne les autres.",
        )
    return address


def send(
    channel: Channel,
    address: str,
    letter_of: Callable[[int | None], Letter],
    mailbox: str,
    copies: Collection[str],
) -> str:
    """Sends a letter.

    Args:
        channel: by which way.
        address: from `address_of`.
        letter_of: makes the letter that names so many things at most; None for the usual number.
        mailbox: the addressee; "" for a channel that has its own readers.
        copies: mailboxes in copy.

    Returns:
        "" when the channel took it, else why not, without any secret.
    """
    letter = letter_of(None)
    if channel.kind == MAIL:
        people = {"to": mailbox, **({"cc": ",".join(copies)} if copies else {})}
        # So that an absent reader's program does not answer.
        address = _with(address, {**people, "+Auto-Submitted": "auto-generated"})
        body, form = as_html(letter), "html"
    else:
        address = _with(address, {"image": "no", "format": "markdown"})
        body, form = _fitting(letter_of, LIMITS[channel.kind]), "markdown"
    with _warnings() as said:
        plugin = _instantiate(address)
        if plugin is None:
            return "son adresse n'est pas comprise"
        try:
            # One line, whatever is in it: a second one would be a header of the mail.
            taken = plugin.notify(body=body, title=line(letter.subject), body_format=form)
        except Exception as error:
            # A plugin that fails in a way of its own must not stop the other channels.
            return f"{type(error).__name__} dans l'envoi"
    return "" if taken else _reason(" ".join(said))


def _reason(said: str) -> str:
    """Why a channel did not take a message; in our words: those of apprise may hold an address or a topic."""
    if code := re.search(r"error=(\d{3})", said):
        return f"son serveur refuse le message (code {code[1]})"
    if "onnection error" in said:
        return "son serveur ne répond pas, ou refuse le compte"
    return "son serveur refuse le message"


def _fitting(letter_of: Callable[[int | None], Letter], limit: int) -> str:
    """The Markdown of the letter, naming fewer and fewer things until it fits."""
    body = as_markdown(letter_of(None))
    most = 12
    while len(body.encode()) > limit and most > 0:
        most -= 1
        body = as_markdown(letter_of(most))
    return body if len(body.encode()) <= limit else body.encode()[:limit].decode(errors="ignore")


def _with(address: str, options: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(options)}"


def _instantiate(address: str) -> Any:
    import apprise

    return apprise.Apprise.instantiate(address, suppress_exceptions=True)


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """What apprise warns of meanwhile, kept from terminals and logs: it may name an address or a topic."""
    said: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(" ".join(record.getMessage().split()))

    logger, keeper = logging.getLogger("apprise"), Keeper(logging.WARNING)
    former = logger.propagate
    logger.addHandler(keeper)
    logger.propagate = False
    try:
        yield said
    finally:
        logger.removeHandler(keeper)
        logger.propagate = former
