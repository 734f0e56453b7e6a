"""Reads policies/channels/canaux.yml and says, in French, what is wrong in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.reviewed import Among, Fault, Line, Reviewed, Says, checked, read_yaml, refuse, refused

FILE = "policies/channels/canaux.yml"
MAIL, TEAMS, NTFY = "courriel", "teams", "ntfy"
KINDS = (MAIL, TEAMS, NTFY)
DEFAULT = "defaut"
STEWARD: Final = "gestionnaire"
OWNER: Final = "proprietaire"
WEEKLY: Final = "hebdomadaire"
ROLES = (STEWARD, OWNER, WEEKLY)
# Where a key that means nothing stands, until the path to it is known.
_WHERE = "<où>"


def _names(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(str, value if isinstance(value, list | tuple) else [value])))


def _ascending(days: tuple[int, ...]) -> tuple[int, ...]:
    if sorted(set(days)) != list(days):
        raise ValueError
    return days


def _address(pages: str) -> str:
    if re.match(r"(?!https://)[a-z]+:", pages):
        raise refused(f"`pages: {pages}` : une adresse commence par https://.")
    return pages.rstrip("/")


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Names = Annotated[tuple[str, ...], BeforeValidator(_names, str | list[str])]
Positive = Annotated[int, Field(gt=0)]


class _Part(Reviewed):
    UNKNOWN = NEAR = f"clé inconnue `{{key}}` {_WHERE} ; les clés sont {{known}}."


class Channel(_Part):
    """A way to reach people; its address, secrets included, is in an environment variable."""

    SHAPE = "il manque `genre` et `variable`."

    kind: Annotated[
        str, Among(KINDS), Says(f"`genre: {{value}}` n'existe pas ; choisissez parmi {', '.join(KINDS)}.")
    ] = Field(alias="genre", description="Par quoi le message part.")
    variable: Annotated[
        str,
        # The value is not shown: it may be the secret itself.
        Field(pattern=r"^[A-Z][A-Z0-9_]*$"),
        Says(
            "`variable` est le nom d'une variable d'environnement, en capitales (ALERTES_TEAMS) ; "
            "l'adresse elle-même n'est jamais dans ce fichier."
        ),
    ] = Field(description="Le nom de la variable d'environnement qui tient l'adresse, jamais l'adresse.")
    _name: str = ""

    @property
    def name(self) -> str:
        """As the routes say it."""
        return self._name

    @property
    def to_mailboxes(self) -> bool:
        """True when each message has an addressee of its own; a Teams or ntfy channel has its readers."""
        return self.kind == MAIL


class Route(_Part):
    """Who of a domain is told by which channels; None for what the route `defaut` says."""

    SHAPE = f"il manque {', '.join(ROLES)}."

    steward: Names | None = Field(None, alias=STEWARD, description="Tout.")
    owner: Names | None = Field(None, alias=OWNER, description="Ce qui est grave ou stratégique, en copie.")
    weekly: Names | None = Field(None, alias=WEEKLY, description="Le bilan du lundi.")

    def said(self) -> dict[str, tuple[str, ...]]:
        """Role -> names of channels, for the roles of which the route speaks."""
        return self.model_dump(by_alias=True, exclude_none=True)


class Reminders(_Part):
    """When a fault that lasts is told again, in days after it began: those, then every so many days."""

    SHAPE = "`rappels` attend {jours: [1, 3, 7], ensuite: 7}."

    days: Annotated[
        tuple[Positive, ...],
        Field(strict=False),
        AfterValidator(_ascending),
        Says("`rappels.jours` est une liste de nombres de jours, croissante : [1, 3, 7]."),
    ] = Field(alias="jours", description="Tant de jours après son début.")
    every: Annotated[Positive, Says("`rappels.ensuite` est un nombre de jours, au moins 1.")] = Field(
        alias="ensuite", description="Puis tous les tant de jours."
    )


class Declaration(_Part):
    """Who is told, and by which channels."""

    pages: Annotated[Line, AfterValidator(_address), Says("`pages` est une adresse https ou un dossier.")] = (
        Field(description="Où les lecteurs ouvrent les pages de qualité : une adresse https, ou un dossier.")
    )
    reminders: Reminders = Field(alias="rappels", description="Quand un problème qui dure se rappelle.")
    most: Annotated[Positive, Says("`problemes_par_message` est un nombre, au moins 1.")] = Field(
        alias="problemes_par_message", description="Les plus graves ; les autres sont sur la page."
    )
    channels: Annotated[dict[Name, Channel], Says("un nom s'écrit en minuscules, sans accent ni espace.")] = (
        Field(alias="canaux", description="Nom du canal : par quoi, et où.")
    )
    routes: Annotated[dict[str, Route], Says("ce domaine n'existe pas.")] = Field(
        description=f"Par domaine, ou `{DEFAULT}` pour ce qu'il ne dit pas."
    )

    def route(self, domain: str, role: str) -> tuple[Channel, ...]:
        """The channels of a role (one of ROLES) in a domain."""
        said = self.routes[DEFAULT].said()
        if domain in self.routes:
            said |= self.routes[domain].said()
        return tuple(self.channels[name] for name in said[role])

    def page_of(self, domain: str) -> str:
        """Where the domain's page is: an address or a path."""
        return f"{self.pages}/{domain or 'index'}.html"

    @field_validator("channels", mode="before")
    @classmethod
    def _some_channel(cls, said: Any) -> Any:
        if not isinstance(said, Mapping) or not said:
            raise refused(
                "`canaux` nomme au moins un canal : courriel: {genre: courriel, variable: ALERTES_COURRIEL}."
            )
        return said

    @field_validator("channels")
    @classmethod
    def _named(cls, channels: dict[str, Channel]) -> dict[str, Channel]:
        for name, channel in channels.items():
            channel._name = name
        return channels

    @field_validator("routes", mode="before")
    @classmethod
    def _some_route(cls, said: Any) -> Any:
        if not isinstance(said, Mapping) or not isinstance(said.get(DEFAULT), Mapping):
            raise refused(f"`routes` a au moins `{DEFAULT}`, avec {', '.join(ROLES)}.")
        return said

    @field_validator("routes")
    @classmethod
    def _known(cls, routes: dict[str, Route], info: ValidationInfo) -> dict[str, Route]:
        domains = info.context["domains"] if info.context else ()
        refuse(_route_faults(routes, info.data.get("channels"), domains))
        return routes


def _route_faults(
    routes: Mapping[str, Route], channels: Collection[str] | None, domains: Collection[str]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """What the routes name that is nowhere, with the route; no channels when one of them is wrong."""
    for role in ROLES:
        if role not in routes[DEFAULT].said():
            yield (DEFAULT,), f"il manque `{role}` (une liste de canaux, [] pour aucun)."
    for domain, route in routes.items():
        if domain != DEFAULT and domain not in domains:
            yield (domain,), f"ce domaine n'existe pas ; choisissez parmi {', '.join(sorted(domains))}."
        for role, names in route.said().items():
            unknown = [name for name in names if channels is not None and name not in channels]
            if unknown:
                has = ", ".join(channels or ())
                yield (domain, role), f", {role} : canal inconnu {', '.join(unknown)} ; `canaux` a {has}."


def read_declaration(root: Path, domains: Collection[str]) -> Declaration:
    """Reads who is told what.

    Args:
        root: the checkout.
        domains: those of the project.

    Raises:
        PlatformError: the file is missing, is no YAML, or says something that cannot be; all of it at once.
    """
    try:
        content = read_yaml(root / FILE, FILE, "Corrigez la ligne nommée ci-dessus.")
    except FileNotFoundError:
        raise PlatformError(
            f"{FILE} n'existe pas.",
            "Reprenez celui du projet (git checkout), puis adaptez-le (docs/exploitant/alertes.md).",
        ) from None
    found, faults = checked(Declaration, content if isinstance(content, Mapping) else {}, domains=domains)
    if found is None:
        raise PlatformError(
            "\n".join(f"{FILE} : {_placed(fault)}" for fault in faults),
            "Corrigez ce fichier ; docs/exploitant/alertes.md l'explique.",
        )
    return found


def _placed(fault: Fault) -> str:
    """The words of a fault, and the channel or the route that they are about."""
    match fault.path:
        case ("canaux" | "routes" as key, name, *_):
            place = f"{'canal' if key == 'canaux' else 'route'} {name}"
        case _:
            return fault.words.replace(
                _WHERE, "au premier niveau" if len(fault.path) == 1 else f"dans `{fault.path[0]}`"
            )
    if fault.unknown:
        return fault.words.replace(_WHERE, f"dans {'le' if key == 'canaux' else 'la'} {place}")
    return f"{place}{'' if fault.words.startswith(',') else ' : '}{fault.words}"
