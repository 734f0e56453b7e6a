"""Who a request is about: the identifiers given, where sources keep them, and what stands for them.

A source table that is about people names its column: `config.meta.personne: {identifiant: <column>}`, and
`homonymes: true` when that column is a name, which several people may bear.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from donnees_au_centre.connectors import system_named
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.fingerprints import digest, normalise
from donnees_au_centre.keys import needs, read_keys
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import Settings


@dataclass(frozen=True)
class PersonSource:
    """A source table with rows about people.

    Attributes:
        unique_id: dbt's.
        domain, source, name: of the dbt source.
        schema, identifier: of the raw table.
        column: that says who a row is about.
        homonyms: True when it is a name, which others may bear.
        personal: column -> category, of the columns that hold personal data.
        system: that it is read in, in French; "" for files that somebody deposits.
    """

    unique_id: str
    domain: str
    source: str
    name: str
    schema: str
    identifier: str
    column: str
    homonyms: bool
    personal: Mapping[str, str]
    system: str = ""

    @property
    def label(self) -> str:
        """How messages name the table."""
        return f"{self.domain}.{self.source}.{self.name}"


@dataclass(frozen=True)
class Asked:
    """One identifier of the person.

    Attributes:
        domain: the administration that gave it; None for all of them.
        value: as the person or the service writes it.
    """

    domain: str | None
    value: str


def read_person_sources(manifest: Manifest) -> list[PersonSource]:
    """The source tables about people, by domain and name.

    Raises:
        PlatformError: `personne` names no column of the table.
    """
    found = []
    for node in manifest.own_sources:
        said = node.meta.get("personne")
        if said is None:
            continue
        column = said.get("identifiant") if isinstance(said, Mapping) else None
        if column not in node.columns:
            raise PlatformError(
                f"{node.file}, table {node.name} : config.meta.personne ne nomme aucune "
                f"colonne de la table ({column}).",
                "Écrivez personne: {identifiant: <colonne>} : la colonne qui dit de qui est la ligne.",
            )
        found.append(
            PersonSource(
                unique_id=node.unique_id,
                domain=node.domain,
                source=node.source_name,
                name=node.name,
                schema=node.schema,
                identifier=node.relation,
                column=column,
                homonyms=said.get("homonymes") is True,
                personal={
                    name: one.category
                    for name, one in node.columns.items()
                    if one.category and one.is_personal
                },
                system=system_named(node.external),
            )
        )
    return sorted(found, key=lambda one: one.label)


def read_asked(identifiers: str, domain: str | None, known: Collection[str]) -> list[Asked]:
    """Reads the identifiers of one person: `J0000169`, or `agaj:J0000169; sg:10023`.

    Args:
        identifiers: separated by semicolons, each with its administration or that of `domain`.
        domain: of the identifiers that do not say theirs; None or "" for all administrations.
        known: the domains that have sources about people.

    Raises:
        PlatformError: no identifier, or an administration without such a source.
    """
    asked = []
    for part in filter(None, map(str.strip, identifiers.split(";"))):
        prefix, colon, rest = part.partition(":")
        prefix = prefix.strip()
        named = bool(colon) and (re.fullmatch(r"[a-z_]+", prefix) is not None or prefix.lower() in known)
        given = prefix if named else (domain or "").strip()
        # People write AGAJ.
        asked.append(Asked(given.lower() or None, (rest if named else part).strip()))
    asked = [one for one in asked if normalise(one.value)]
    if not asked:
        raise nobody_named()
    for one in asked:
        if one.domain is not None and one.domain not in known:
            raise PlatformError(
                f"L'administration {one.domain} n'a pas de source sur des personnes.",
                f"Choisissez parmi {', '.join(sorted(known))}, ou ne donnez pas AG pour chercher partout.",
            )
    return asked


def nobody_named() -> PlatformError:
    """What to answer to a request without an identifier."""
    return PlatformError(
        "De quelle personne s'agit-il ?",
        "Donnez IDENTIFIANT=…, avec AG=… ou sous la forme « agaj:J0000169; sg:10023 » ; sans "
        "IDENTIFIANT, la commande le demande sans l'afficher.",
    )


def pseudonymiser(settings: Settings, domain: str) -> Callable[[str], set[str]]:
    """A function from a value to the pseudonyms that models of a domain may have made of it.

    Raises:
        PlatformError: a key is missing.
    """
    keys = list(read_keys(settings, needs(settings.root, [domain]), os.environ).values())

    def pseudonyms(value: str) -> set[str]:
        # The models hash the value trimmed, or in capitals too.
        written = {value, value.strip(" "), value.strip(" ").upper(), normalise(value)} - {""}
        return {digest(key, one) for key in keys for one in written}

    return pseudonyms


def asked_of(asked: Sequence[Asked], source: PersonSource) -> set[str]:
    """The identifiers, normalised, that a source is asked for."""
    return {normalise(one.value) for one in asked if one.domain in (None, source.domain)}
