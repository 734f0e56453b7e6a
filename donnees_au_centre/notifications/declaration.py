"""Reads policies/channels/canaux.yml and says, in French, what is wrong in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from donnees_au_centre.errors import PlatformError

FILE = "policies/channels/canaux.yml"
MAIL, TEAMS, NTFY = "courriel", "teams", "ntfy"
KINDS = (MAIL, TEAMS, NTFY)
DEFAULT = "defaut"
STEWARD, OWNER, WEEKLY = "gestionnaire", "proprietaire", "hebdomadaire"
ROLES = (STEWARD, OWNER, WEEKLY)
_KEYS = ("pages", "recours", "rappels", "problemes_par_message", "canaux", "routes")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_MAILBOX = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")


@dataclass(frozen=True)
class Channel:
    """A way to reach people.

    Attributes:
        name: as the routes say it.
        kind: one of KINDS.
        variable: the environment variable that holds its address, secrets included.
    """

    name: str
    kind: str
    variable: str

    @property
    def to_mailboxes(self) -> bool:
        """True when each message has an addressee of its own; a Teams or ntfy channel has its readers."""
        return self.kind == MAIL


@dataclass(frozen=True)
class Declaration:
    """Who is told, and by which channels.

    Attributes:
        pages: where readers open the pages of quality: an https address or a folder, without a final slash.
        fallback: mailbox for what nobody answers for.
        reminders: days after the beginning of a fault at which it is told again, ascending.
        every: then every so many days.
        most: faults named in one message, at most.
        channels: by name.
        routes: domain or DEFAULT -> role -> names of channels.
    """

    pages: str
    fallback: str
    reminders: tuple[int, ...]
    every: int
    most: int
    channels: Mapping[str, Channel]
    routes: Mapping[str, Mapping[str, tuple[str, ...]]]

    def route(self, domain: str, role: str) -> tuple[Channel, ...]:
        """The channels of a role (one of ROLES) in a domain."""
        said = self.routes.get(domain, {})
        names = said[role] if role in said else self.routes[DEFAULT].get(role, ())
        return tuple(self.channels[name] for name in names)

    def page_of(self, domain: str) -> str:
        """Where the domain's page is: an address or a path."""
        return f"{self.pages}/{domain or 'index'}.html"


def read_declaration(root: Path, domains: Collection[str]) -> Declaration:
    """Reads who is told what.

    Args:
        root: the checkout.
        domains: those of the project.

    Raises:
        PlatformError: the file is missing, is no YAML, or says something that cannot be; all of it at once.
    """
    path = root / FILE
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise PlatformError(
            f"{FILE} n'existe pas.",
            "Reprenez celui du projet (git checkout), puis adaptez-le (docs/exploitant/alertes.md).",
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PlatformError(
            f"{FILE} n'est pas du YAML lisible. {' '.join(str(error).split())}",
            "Corrigez la ligne nommée ci-dessus.",
        ) from error
    faults: list[str] = []
    declaration = _declaration(content if isinstance(content, Mapping) else {}, domains, faults)
    if faults:
        raise PlatformError(
            "\n".join(f"{FILE} : {fault}" for fault in faults),
            "Corrigez ce fichier ; docs/exploitant/alertes.md l'explique.",
        )
    return declaration


def _declaration(content: Mapping[str, Any], domains: Collection[str], faults: list[str]) -> Declaration:
    _only(content, _KEYS, "au premier niveau", faults)
    pages, fallback = content.get("pages"), content.get("recours")
    if not isinstance(pages, str) or not pages.strip():
        faults.append("`pages` est une adresse https ou un dossier.")
    elif re.match(r"(?!https://)[a-z]+:", pages):
        faults.append(f"`pages: {pages}` : une adresse commence par https://.")
    if not isinstance(fallback, str) or not _MAILBOX.fullmatch(fallback):
        faults.append("`recours` est une boîte aux lettres : data-platform@fwb.example.")
    reminders = content.get("rappels")
    reminders = reminders if isinstance(reminders, Mapping) else {}
    _only(reminders, ("jours", "ensuite"), "dans `rappels`", faults)
    days, every, most = reminders.get("jours"), reminders.get("ensuite"), content.get("problemes_par_message")
    if not isinstance(days, list) or not all(map(_positive, days)) or sorted(set(days)) != days:
        faults.append("`rappels.jours` est une liste de nombres de jours, croissante : [1, 3, 7].")
    if not _positive(every):
        faults.append("`rappels.ensuite` est un nombre de jours, au moins 1.")
    if not _positive(most):
        faults.append("`problemes_par_message` est un nombre, au moins 1.")
    channels = _channels(content.get("canaux"), faults)
    routes = _routes(content.get("routes"), channels, domains, faults)
    if faults:
        return Declaration("", "", (), 1, 1, {}, {})
    return Declaration(str(pages).rstrip("/"), str(fallback), tuple(days), every, most, channels, routes)


def _channels(said: Any, faults: list[str]) -> dict[str, Channel]:
    found: dict[str, Channel] = {}
    if not isinstance(said, Mapping) or not said:
        faults.append(
            "`canaux` nomme au moins un canal : courriel: {genre: courriel, variable: ALERTES_COURRIEL}."
        )
        return found
    for name, channel in said.items():
        place = f"canal {name}"
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            faults.append(f"{place} : un nom s'écrit en minuscules, sans accent ni espace.")
        if not isinstance(channel, Mapping):
            faults.append(f"{place} : il manque `genre` et `variable`.")
            continue
        _only(channel, ("genre", "variable"), f"dans le {place}", faults)
        kind, variable = channel.get("genre"), channel.get("variable")
        if kind not in KINDS:
            faults.append(f"{place} : `genre: {kind}` n'existe pas ; choisissez parmi {', '.join(KINDS)}.")
        if not isinstance(variable, str) or not _VARIABLE.fullmatch(variable):
            # Not shown: it may be the secret itself.
            faults.append(
                f"{place} : `variable` est le nom d'une variable d'environnement, en capitales "
                "(ALERTES_TEAMS) ; l'adresse elle-même n'est jamais dans ce fichier."
            )
        else:
            found[str(name)] = Channel(str(name), str(kind), variable)
    return found


def _routes(
    said: Any, channels: Mapping[str, Channel], domains: Collection[str], faults: list[str]
) -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    if not isinstance(said, Mapping) or not isinstance(said.get(DEFAULT), Mapping):
        faults.append(f"`routes` a au moins `{DEFAULT}`, avec {', '.join(ROLES)}.")
        return found
    for missing in set(ROLES) - set(said[DEFAULT]):
        faults.append(f"route {DEFAULT} : il manque `{missing}` (une liste de canaux, [] pour aucun).")
    for domain, route in said.items():
        place = f"route {domain}"
        if domain != DEFAULT and domain not in domains:
            faults.append(
                f"{place} : ce domaine n'existe pas ; choisissez parmi {', '.join(sorted(domains))}."
            )
        if not isinstance(route, Mapping):
            faults.append(f"{place} : il manque {', '.join(ROLES)}.")
            continue
        _only(route, ROLES, f"dans la {place}", faults)
        found[domain] = {}
        for role, names in route.items():
            names = names if isinstance(names, list) else [names]
            unknown = [str(name) for name in names if name not in channels]
            if unknown:
                faults.append(
                    f"{place}, {role} : canal inconnu {', '.join(unknown)} ; `canaux` a "
                    f"{', '.join(channels) or 'aucun canal correct'}."
                )
            found[domain][role] = tuple(dict.fromkeys(map(str, names)))
    return found


def _only(given: Mapping[str, Any], allowed: Collection[str], where: str, faults: list[str]) -> None:
    for key in given:
        if key not in allowed:
            faults.append(f"clé inconnue `{key}` {where} ; les clés sont {', '.join(allowed)}.")


def _positive(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
