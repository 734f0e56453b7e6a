"""`alert`, `digest`: what people would be told now, and with CONFIRMER=1 telling them."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from donnees_au_centre.cli.pipeline import is_set
from donnees_au_centre.cli.session import Session, open_project
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted, meant
from donnees_au_centre.notifications.alerts import (
    Outcome,
    Post,
    open_post,
    strategic,
    to_send,
    weekly_destinations,
)
from donnees_au_centre.notifications.decision import Destination
from donnees_au_centre.notifications.declaration import Declaration
from donnees_au_centre.notifications.letter import as_text
from donnees_au_centre.notifications.sending import address_of
from donnees_au_centre.notifications.weekly import compose_weekly
from donnees_au_centre.notifications.wording import compose
from donnees_au_centre.project.nodes import domains_in
from donnees_au_centre.settings import Settings


def alert(settings: Settings, options: Mapping[str, str]) -> int:
    """Shows the messages that are due now; sends them when CONFIRMER=1.

    Raises:
        PlatformError: policies/channels/canaux.yml is wrong, a message did not leave, or no history to read.
    """
    return _run(settings, options, None)


def digest(settings: Settings, options: Mapping[str, str]) -> int:
    """Shows the weekly digest of a domain (AG), or of all; sends it when CONFIRMER=1.

    Raises:
        PlatformError: unknown domain, or as for `alert`.
    """
    domains = domains_in(settings.root)
    given = options.get("AG")
    if given and given not in domains:
        raise PlatformError(
            f"Le domaine AG={given} n'existe pas.",
            meant(given, domains, f"Choisissez parmi {', '.join(domains)}, ou rien pour tous."),
        )
    return _run(settings, options, [given] if given else domains)


def _run(settings: Settings, options: Mapping[str, str], digests: list[str] | None) -> int:
    access, manifest = open_project(Session(settings))
    given = f" AG={options['AG']}" if options.get("AG") else ""
    command = "make alert" if digests is None else f"make digest{given}"
    with psycopg.connect(access.conninfo(), autocommit=True) as connection:
        post = open_post(settings, connection, manifest, command)
        if not is_set(options.get("CONFIRMER")):
            print(f"\n{_shown(post, digests)}\n\nRien n'est envoyé : {command} CONFIRMER=1 envoie.")
            return 0
        outcome = post.alert() if digests is None else post.digest(digests)
    print("\n" + "\n".join(outcome.lines()))
    _refuse_failures(outcome)
    return 0


def _refuse_failures(outcome: Outcome) -> None:
    if outcome.failed:
        raise PlatformError(
            counted(
                len(outcome.failed),
                "message n'a pas pu partir, nommé ci-dessus.",
                "messages n'ont pas pu partir, nommés ci-dessus.",
            ),
            "Vérifiez le canal (docs/exploitant/alertes.md) ; la prochaine exécution réessaie.",
        )


def _shown(post: Post, digests: list[str] | None) -> str:
    """The letters, each under the line that says to whom and by which channel it would go."""
    quality, declaration = post.quality, post.declaration
    parts: list[str] = []
    if digests is None:
        for message in to_send(post.connection, quality, post.manifest, declaration):
            to = _way(post, declaration, message.destination, message.copies)
            letter = compose(message, declaration, quality.made_at)
            parts.append(f"{to}\n\n{as_text(letter)}")
        return (
            "\n\n\n".join(parts)
            or "Rien à dire : aucun problème, ou rien n'a changé depuis le dernier message."
        )
    for domain in digests:
        letter = compose_weekly(quality, domain, declaration, strategic(post.manifest))
        ways = [
            _way(post, declaration, destination, copies)
            for destination, copies in weekly_destinations(post.manifest, declaration, domain).items()
        ]
        parts.append("\n".join([*ways, "", as_text(letter)]))
    return "\n\n\n".join(parts)


def _way(post: Post, declaration: Declaration, destination: Destination, copies: tuple[str, ...]) -> str:
    channel = declaration.channels[destination.channel]
    to = f" à {destination.mailbox}" if destination.mailbox else ""
    copied = f", copie à {', '.join(copies)}" if copies else ""
    off = "" if address_of(channel, post.environ) else f" [éteint : {channel.variable} n'est pas définie]"
    return f"→ par {channel.name}{to}{copied}{off}"
