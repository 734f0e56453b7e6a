"""administration.yml: name, colours, mailboxes, addresses, time zone and calendar of who uses the platform.

The one file of the checkout that says them; what dbt and the containers must repeat of it is written from it
(donnees_au_centre/project/repeated.py).
"""

from __future__ import annotations

import base64
import re
from calendar import monthrange
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar, Final, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, field_validator, model_validator

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.reviewed import (
    Address,
    Among,
    Line,
    Reviewed,
    Says,
    checked,
    read_yaml,
    refuse,
    refused,
)
from donnees_au_centre.settings import ROOT

FILE = "administration.yml"
ADVICE = f"Corrigez {FILE}, à la racine du projet ; docs/contributeur/adapter.md l'explique."
# What a new file says where a person must write.
UNSAID = "À compléter"
NATURES = ("legal", "dominical", "scolaire")
MONTHS: Final = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet"),
    *("août", "septembre", "octobre", "novembre", "décembre"),
)
_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_RANKS = ("premier", "deuxième", "troisième", "quatrième", "dernier")
_FIXED = re.compile(rf"(1er|[2-9]|[12]\d|3[01]) ({'|'.join(MONTHS)})")
_NTH = re.compile(rf"({'|'.join(_RANKS)}) ({'|'.join(_DAYS)}) (?:de |d')({'|'.join(MONTHS)})")
# WCAG 2.2, level AA: what text needs (1.4.3), and what a line that tells something does (1.4.11).
TEXT, LINE = 4.5, 3.0
# What links are read upon, in style.css and in the answers to persons: paper, then panes.
PAPERS, DARK_PAPERS = ("#ffffff", "#f4f6f8", "#eef2f6"), ("#12181f", "#1a222c", "#232a33")
# Beside the name of the platform stands that of the site, paler.
_PALER = 0.85
_LOGOS = {".svg": "image/svg+xml", ".png": "image/png"}
# It is in each page.
_HEAVIEST = 64 * 1024


def _said(text: str) -> str:
    if UNSAID in text:
        raise refused("ce texte attend d'être écrit.")
    return text


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        raise ValueError from None
    return name


def _readable_rule(text: str) -> str:
    day_of_rule(text, 2001)
    return text


Text = Annotated[Line, AfterValidator(_said), Says("un texte est attendu.")]
Mailbox = Annotated[
    str,
    Field(pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+$"),
    Says("une boîte aux lettres est attendue, comme donnees@administration.example."),
]
Colour = Annotated[
    str, Field(pattern="^#[0-9a-fA-F]{6}$"), Says("une couleur s'écrit « #14263d », entre guillemets.")
]
Rule = Annotated[
    str,
    AfterValidator(_readable_rule),
    Says("un jour s'écrit « 1er septembre » ou « dernier lundi d'août »."),
]
Year = Annotated[int, Field(ge=1990, le=2040), Says("une année de 1990 à 2040 est attendue.")]


class _Part(Reviewed):
    MISSING = "manque."
    NEAR = "n'est pas une clé ; vouliez-vous {close} ?"
    UNKNOWN = "n'est pas une clé ; les clés sont {known}."


class Contact(_Part):
    """One who answers, with the role that the register shows."""

    role: ClassVar[str] = ""

    name: Text = Field(alias="nom", description="L'administration ou la fonction, jamais une personne.")
    address: Text = Field(alias="adresse", description="Adresse postale.")
    email: Mailbox = Field(alias="courriel", description="Boîte fonctionnelle.")


class Controller(Contact):
    """Who answers for the processing."""

    role = "Responsable du traitement"


class Officer(Contact):
    """Who watches over it."""

    role = "Délégué à la protection des données"


class Authority(_Part):
    """To whom a person complains."""

    name: Text = Field(alias="nom", description="Nom de l'autorité.")
    address: Text = Field(alias="adresse", description="Adresse postale, ou page où se plaindre.")


class Platform(_Part):
    """How the platform is called, and who runs it."""

    name: Text = Field(alias="nom", description="Le nom que portent pages, messages et classeurs.")
    email: Mailbox = Field(
        alias="courriel", description="La boîte de qui s'en occupe, et de recours quand un jeu n'a personne."
    )


class Naming(_Part):
    """How the administration is called."""

    name: Text = Field(alias="nom", description="Au pied du registre et des réponses aux personnes.")
    whole: Text = Field("Administration", alias="ensemble", description="Toutes les AG ensemble, en un mot.")


class Colours(_Part):
    """Of the pages, by day and by night; what could not be read is refused."""

    banner: Colour = Field(default="#14263d", alias="bandeau", description="Fond du haut des pages.")
    on_banner: Colour = Field(default="#ffffff", alias="texte_du_bandeau", description="Texte sur ce fond.")
    mark: Colour = Field(
        default="#f2b705", alias="trait", description="Trait sous le bandeau ; la page où l'on est."
    )
    link: Colour = Field(default="#0b4f8a", alias="lien", description="Liens, courbes.")
    dark_banner: Colour = Field(
        default="#0b1420", alias="bandeau_sombre", description="Comme bandeau, la nuit."
    )
    dark_link: Colour = Field(default="#8cc1f5", alias="lien_sombre", description="Comme lien, la nuit.")

    @model_validator(mode="after")
    def _readable(self) -> Self:
        named = {field.alias or "": getattr(self, name) for name, field in type(self).model_fields.items()}
        pairs = [
            *(("texte_du_bandeau", name, named[name], TEXT) for name in ("bandeau", "bandeau_sombre")),
            *(("trait", name, named[name], LINE) for name in ("bandeau", "bandeau_sombre")),
            *(("lien", f"le fond {paper}", paper, TEXT) for paper in PAPERS),
            *(("lien_sombre", f"le fond {paper}", paper, TEXT) for paper in DARK_PAPERS),
        ]
        faults = []
        for key, ground, behind, least in pairs:
            above = mixed(named[key], behind, _PALER) if key == "texte_du_bandeau" else named[key]
            if (ratio := contrast(above, behind)) < least:
                # Rounded down: 4,46 is not the 4,5 that is asked for.
                told = f"{int(ratio * 100) / 100:.2f}".replace(".", ",")
                faults.append(
                    (
                        (key,),
                        f"ne se lit pas sur {ground} : contraste de {told}, il en faut au moins "
                        f"{str(least).replace('.', ',')} (WCAG AA).",
                    )
                )
        refuse(faults)
        return self


class Holiday(_Part):
    """A day of the year, or so many days after Easter."""

    name: Text = Field(alias="nom", description="Nom français.")
    nature: Annotated[str, Among(NATURES), Says(f"choisissez parmi {', '.join(NATURES)}.")] = Field(
        description="legal, dominical (toujours un dimanche) ou scolaire (congé des écoles)."
    )
    on: Annotated[str, Says("un jour s'écrit « 21 juillet ».")] | None = Field(
        None, alias="le", description="Un jour de l'année : « 21 juillet »."
    )
    easter: int | None = Field(None, alias="paques", description="Tant de jours après Pâques (39 ; -47).")

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if (self.on is None) == (self.easter is None):
            refuse(["donnez le (« 21 juillet »), ou paques (39)."])
        if self.on is not None and self.month_and_day is None:
            refuse([(("le",), f"« {self.on} » n'est pas un jour de chaque année, comme « 21 juillet ».")])
        return self

    @property
    def month_and_day(self) -> tuple[int, int] | None:
        """Of a day of the year; None after Easter, or when it is no day of each year."""
        found = _FIXED.fullmatch(self.on or "")
        if not found:
            return None
        month, day = MONTHS.index(found[2]) + 1, int(found[1].removesuffix("er"))
        return (month, day) if day <= monthrange(2001, month)[1] else None


class SchoolRule(_Part):
    """When school years begin and end, from one of them on."""

    since: Year = Field(alias="depuis", description="Première année scolaire, par l'année où elle commence.")
    first: Rule = Field(alias="debut", description="« 1er septembre » ou « dernier lundi d'août ».")
    last: Rule = Field(alias="fin", description="L'année suivante : « premier vendredi de juillet ».")


class SchoolYears(_Part):
    """The school years that are known, and their rules."""

    earliest: Year = Field(alias="premiere", description="L'année où commence la première.")
    latest: Year = Field(alias="derniere", description="L'année où commence la dernière.")
    rules: list[SchoolRule] = Field(alias="regles", description="La dernière en vigueur vaut.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        starts = [rule.since for rule in self.rules]
        if self.latest < self.earliest:
            refuse([(("derniere",), "vient avant premiere.")])
        if not starts or starts != sorted(set(starts)) or starts[0] > self.earliest:
            refuse([(("regles",), "de la plus ancienne à la plus récente, dès la première année.")])
        return self

    def days(self) -> list[tuple[str, date, date]]:
        """`2023-2024`, its first day and its last day of school; all the years."""
        found = []
        for year in range(self.earliest, self.latest + 1):
            rule = [one for one in self.rules if one.since <= year][-1]
            found.append(
                (f"{year}-{year + 1}", day_of_rule(rule.first, year), day_of_rule(rule.last, year + 1))
            )
        return found


class OpenData(_Part):
    """Where public data are offered to everybody, and under what licence."""

    portal: Address = Field(alias="portail", description="Adresse du portail de données ouvertes.")
    licence: Address | None = Field(
        None,
        description="Licence par défaut, par son adresse dans le vocabulaire européen : "
        "http://publications.europa.eu/resource/authority/licence/CC_BY_4_0.",
    )

    @property
    def host(self) -> str:
        """The portal as people call it: `odwb.be`."""
        return (urlsplit(self.portal).hostname or self.portal).removeprefix("www.")


class Calendar(_Part):
    """What the days of a year are."""

    holidays: dict[Annotated[str, Field(pattern="^[a-z][a-z_]*$")], Holiday] = Field(
        default={}, alias="jours_feries", description="Code du jour : son nom et sa règle."
    )
    school_years: SchoolYears | None = Field(
        default=None, alias="annees_scolaires", description="Sans elles : aucune année scolaire."
    )


class Administration(_Part):
    """The whole file."""

    platform: Platform = Field(alias="plateforme", description="Comment elle s'appelle, à qui lui écrire.")
    naming: Naming = Field(alias="administration", description="Comment vous vous appelez.")
    controller: Controller = Field(alias="responsable_du_traitement", description=Controller.role)
    officer: Officer = Field(alias="delegue_a_la_protection_des_donnees", description=Officer.role)
    authority: Authority = Field(alias="autorite_de_controle", description="Où une personne se plaint.")
    timezone: Annotated[
        str, AfterValidator(_known_zone), Says("« {value} » n'est pas un fuseau, comme Europe/Paris.")
    ] = Field(alias="fuseau", description="Fuseau horaire (IANA), comme Europe/Paris.")
    language: Annotated[
        str, Field(pattern="^fr(-[A-Z]{2})?$"), Says("fr, ou fr-BE, fr-CH, fr-FR, fr-CA… est attendu.")
    ] = Field("fr", alias="langue", description="Le français d'où : celui des tableurs.")
    colours: Colours = Field(default_factory=Colours, alias="couleurs", description="Des pages.")
    logo: Text | None = Field(
        None, description="Fichier .svg ou .png du projet, montré devant le nom ; 64 Kio au plus."
    )
    open_data: OpenData | None = Field(
        None, alias="donnees_ouvertes", description="Sans elles : rien ne se publie en données ouvertes."
    )
    calendar: Calendar = Field(
        default_factory=Calendar, alias="calendrier", description="Jours fériés, années scolaires."
    )

    @field_validator("logo")
    @classmethod
    def _a_picture(cls, logo: str | None) -> str | None:
        if logo and Path(logo).suffix not in _LOGOS:
            raise refused("un fichier .svg ou .png est attendu.")
        return logo

    @property
    def zone(self) -> ZoneInfo:
        """Of the clocks."""
        return ZoneInfo(self.timezone)

    @property
    def contacts(self) -> list[Contact]:
        """The controller, then the data protection officer."""
        return [self.controller, self.officer]

    def logo_address(self, root: Path = ROOT) -> str:
        """The logo as a `data:` address, so that no page fetches anything; "" without a logo."""
        if not self.logo:
            return ""
        content = base64.b64encode((root / self.logo).read_bytes()).decode()
        return f"data:{_LOGOS[Path(self.logo).suffix]};base64,{content}"

    def style(self) -> str:
        """The colours as variables of a style sheet, to stand before those that follow from them."""
        one = self.colours
        return (
            f":root {{ --top: {one.banner}; --top-ink: {one.on_banner}; --mark: {one.mark}; "
            f"--link: {one.link}; --link-on-paper: {one.link}; }}\n"
            "@media (prefers-color-scheme: dark) { "
            f":root {{ --top: {one.dark_banner}; --link: {one.dark_link}; }} }}\n"
        )


def read_administration(root: Path, file: str = FILE) -> Administration:
    """Reads administration.yml of a checkout.

    Args:
        root: the checkout, where the logo is too.
        file: of another name, below it.

    Raises:
        PlatformError: it is missing, is no YAML, or says something that cannot be; all of it at once.
    """
    advice = ADVICE if file == FILE else f"Corrigez {root / file} ; docs/contributeur/adapter.md l'explique."
    try:
        content = read_yaml(root / file, file, advice)
    except FileNotFoundError:
        raise PlatformError(
            f"{file} manque : la plateforme ne sait pas de qui elle est.",
            f"Reprenez celui du projet (git checkout {FILE}), puis adaptez-le "
            "(docs/contributeur/adapter.md).",
        ) from None
    found, faults = checked(Administration, content or {})
    told = [f"{file} : {_place(fault.path)}{fault.words}" for fault in faults]
    if found and found.logo:
        picture = root / found.logo
        if root not in picture.resolve().parents or not picture.is_file():
            told.append(f"{file} : logo : {found.logo} n'est pas un fichier du projet.")
        elif picture.stat().st_size > _HEAVIEST:
            told.append(f"{file} : logo : {found.logo} dépasse 64 Kio ; il est dans chaque page.")
    if found is None or told:
        raise PlatformError("\n".join(told), advice)
    return found


@cache
def ours() -> Administration:
    """Of this checkout, read once.

    Raises:
        PlatformError: see `read_administration`.
    """
    return read_administration(ROOT)


def _place(path: tuple[str | int, ...]) -> str:
    """`couleurs.lien : `, for what a fault is about; a person counts from one."""
    keys = [str(key + 1) if isinstance(key, int) else key for key in path]
    return f"{'.'.join(keys)} : " if keys else ""


def day_of_rule(rule: str, year: int) -> date:
    """The day of a year that « 1er septembre » or « dernier lundi d'août » names.

    Raises:
        ValueError: the rule is neither, or is no day of that year.
    """
    if fixed := _FIXED.fullmatch(rule):
        return date(year, MONTHS.index(fixed[2]) + 1, int(fixed[1].removesuffix("er")))
    if not (nth := _NTH.fullmatch(rule)):
        raise ValueError(rule)
    rank, weekday, month = _RANKS.index(nth[1]), _DAYS.index(nth[2]), MONTHS.index(nth[3]) + 1
    if nth[1] == _RANKS[-1]:
        last = date(year, month, monthrange(year, month)[1])
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * rank)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours `#rrggbb`, from 1 to 21, as WCAG 2.2 defines it."""
    pale, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (pale + 0.05) / (dark + 0.05)


def mixed(above: str, behind: str, opacity: float) -> str:
    """The colour `#rrggbb` that is seen of one above another, at an opacity from 0 to 1."""
    parts = zip(_parts(above), _parts(behind), strict=True)
    return "#" + "".join(f"{round(top * opacity + low * (1 - opacity)):02x}" for top, low in parts)


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    shares = (part / 255 for part in _parts(colour))
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
