"""Invented schools, each computed from its index: files agree and no school stays in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from dev.sample.geography import COMMUNES, PROVINCES, Commune
from dev.sample.reference import (
    Dice,
    World,
    commune_of,
    enterprise_number,
    fold_locality,
    place,
    street,
    unit_number,
)

SCHOOLS = 120
FIRST_SCHOOL, FIRST_SITE = 20001, 30001
# Twelve schools share twenty sites, and the kinds come round every twenty schools: number and kind of any
# school follow from its index by arithmetic alone, which the pupil counts need for their speed.
SITES = (1, 3, 1, 2, 1, 1, 4, 1, 2, 1, 1, 2)
SITES_BEFORE = tuple(sum(SITES[:position]) for position in range(len(SITES)))
KINDS = (
    "fondamental", "secondaire", "fondamental", "fondamental", "artistique",
    "fondamental", "secondaire", "fondamental", "promotion", "fondamental",
    "cefa", "fondamental", "fondamental", "fondamental_specialise", "fondamental",
    "secondaire", "fondamental", "superieur", "fondamental", "secondaire_specialise",
)  # fmt: skip
OFFERS = {
    "fondamental": ("Maternel ordinaire", "Primaire ordinaire"),
    "fondamental_specialise": ("Maternel spécialisé", "Primaire spécialisé"),
    "secondaire": ("Secondaire ordinaire",),
    "cefa": ("Secondaire ordinaire", "Secondaire CEFA"),
    "secondaire_specialise": ("Secondaire spécialisé",),
    "artistique": ("Artistique à horaire réduit",),
    "promotion": ("Promotion sociale secondaire", "Promotion sociale supérieur"),
}
HIGHER = ("Haute École", "École supérieure des Arts", "Université")
NETWORKS = (
    *("Subventionné communal",) * 8,
    *("Libre confessionnel",) * 8,
    *("WBE",) * 3,
    "Subventionné provincial",
    "Libre non confessionnel",
)
TITLES = {
    "fondamental": "Ecole fondamentale",
    "fondamental_specialise": "Ecole fondamentale spécialisée",
    "secondaire": "Institut secondaire",
    "cefa": "Institut technique et CEFA",
    "secondaire_specialise": "Ecole secondaire spécialisée",
    "artistique": "Académie des arts",
    "promotion": "Cours de promotion sociale",
    "superieur": "Haute École",
}
QUALIFIERS = {
    "Subventionné communal": "communale",
    "Libre confessionnel": "libre",
    "Libre non confessionnel": "libre pluraliste",
    "Subventionné provincial": "provinciale",
}


class Address(NamedTuple):
    """An invented street in a real locality."""

    street: str
    postal: str
    locality: str
    commune: Commune


class Organiser(NamedTuple):
    """A pouvoir organisateur."""

    number: int
    name: str
    enterprise: str
    address: Address


class Site(NamedTuple):
    """An implantation and the types of education it offers."""

    number: int
    address: Address
    latitude: str
    longitude: str
    offers: tuple[str, ...]


class Layout(NamedTuple):
    """What arithmetic alone says of a school."""

    rank: int
    number: int
    first_site: int
    sites: int
    kind: str

    def offers(self, position: int) -> tuple[str, ...]:
        """Types of education at a site, by its position from 0; the third is for the youngest only."""
        if self.kind == "superieur":
            return (HIGHER[self.rank // len(KINDS) % len(HIGHER)],)
        offers = OFFERS[self.kind]
        return offers[:1] if position == 2 else offers


@dataclass(frozen=True)
class School:
    """An établissement with its sites and its organiser."""

    layout: Layout
    name: str
    unit: str
    network: str
    address: Address
    sites: tuple[Site, ...]
    organiser: Organiser


def layout(index: int) -> Layout:
    """The arithmetic part of a school."""
    rounds, position = divmod(index, len(SITES))
    return Layout(
        index,
        FIRST_SCHOOL + index,
        FIRST_SITE + rounds * sum(SITES) + SITES_BEFORE[position],
        SITES[position],
        KINDS[index % len(KINDS)],
    )


def schools(world: World) -> Iterator[School]:
    """All schools of a world, in order."""
    return (school(world, index) for index in range(world.count(SCHOOLS)))


def school(world: World, index: int) -> School:
    """One school, always the same for a seed and an index."""
    dice = world.dice("school", index)
    shape = layout(index)
    commune = commune_of(dice, index)
    network = dice.pick(NETWORKS)
    name = " ".join(filter(None, (TITLES[shape.kind], QUALIFIERS.get(network, ""))))
    # A quoted name is common in the real file and is what makes fields with doubled quotes.
    name += f' "{place(dice)}"' if index % 9 == 2 else f" {place(dice)}"
    if index % 27 == 2:
        name += " (P1-M8)"
    sites = tuple(_site(dice, shape, position, commune) for position in range(shape.sites))
    return School(
        shape,
        name,
        unit_number(index * 7 + 3),
        network,
        sites[0].address,
        sites,
        _organiser(world, index, network, commune),
    )


def _site(dice: Dice, shape: Layout, position: int, commune: Commune) -> Site:
    return Site(
        shape.first_site + position,
        _address(dice, commune),
        f"{commune.latitude + (dice.below(40_000) - 20_000) / 1_000_000:.7f}",
        f"{commune.longitude + (dice.below(60_000) - 30_000) / 1_000_000:.7f}",
        shape.offers(position),
    )


def _address(dice: Dice, commune: Commune) -> Address:
    places = ((commune.names.fr, commune.postal, ""), *commune.localities)
    locality, postal, _ = places[0] if dice.chance(0.6) else dice.pick(places)
    return Address(street(dice), postal, fold_locality(locality), commune)


def _organiser(world: World, index: int, network: str, commune: Commune) -> Organiser:
    """The organiser of a school; the same number always has the same name, address and enterprise."""
    if network == "Subventionné communal":
        return municipal_organiser(world, commune)
    if network == "Subventionné provincial" and commune.province:
        rank = list(PROVINCES).index(commune.province)
        seat = next(each for each in COMMUNES if each.province == commune.province)
        return _body(
            world, 50101 + rank, f"Pouvoir organisateur provincial - {PROVINCES[seat.province].fr}", seat
        )
    if network in ("Libre confessionnel", "Libre non confessionnel"):
        group = index // 3
        seat = commune_of(world.dice("school", group * 3), group * 3)
        number = 51000 + group * 2 + (network == "Libre non confessionnel")
        return _body(world, number, f"ASBL Pouvoir organisateur {place(world.dice('po-name', number))}", seat)
    return _body(world, 50200, "Wallonie-Bruxelles Enseignement", COMMUNES[1])


def municipal_organiser(world: World, commune: Commune) -> Organiser:
    """The municipal authority as an organiser of schools."""
    return _body(world, 50001 + COMMUNES.index(commune), f"Collège communal de {commune.names.fr}", commune)


def _body(world: World, number: int, name: str, seat: Commune) -> Organiser:
    return Organiser(
        number, name, enterprise_number(number - 50000), _address(world.dice("po", number), seat)
    )
