"""The data sets of the project (source tables and public marts) with what their YAML promises.

Reads dbt's manifest only. What is missing or badly written is None here; the rules of
donnees_au_centre.project.rules.governing say what and where.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from donnees_au_centre.connectors import system_named
from donnees_au_centre.landing.declaration import gives_rows
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.metadata import (
    dataset_nodes,
    governance_of,
    own_governance_of,
)
from donnees_au_centre.project.nodes import Column as Declared
from donnees_au_centre.project.nodes import Manifest, Node, Source
from donnees_au_centre.reviewed import Among, Line, Reviewed, Says, checked, refused

Text = Annotated[Line | None, Says("attend un texte, et non {repr}")]
Named = Annotated[Line, Says("la clé {key} manque")]
Class = Annotated[
    Annotated[str, Among(words.CLASSIFICATIONS)] | None,
    Says(f"{{repr}} est inconnu ; valeurs admises : {', '.join(words.CLASSIFICATIONS)}"),
]
Positive = Annotated[int, Field(gt=0)]
_DAYS = {"jour": 1.0, "semaine": 7.0, "mois": 30.4375, "annee": 365.25}


class _Said(Reviewed):
    NEAR, UNKNOWN = " ; vouliez-vous dire {close} ?", " ; clés admises : {known}"


def _months(value: Any) -> Any:
    if value is None:
        raise ValueError
    return None if value == words.UNLIMITED else value


class Responsible(_Said):
    """A function that answers for a data set, never a person."""

    SHAPE = "attend {fonction: …, courriel: …}"

    function: Named = Field(alias="fonction", description="La fonction ou le service, jamais une personne.")
    email: Named = Field(alias="courriel", description="Sa boîte fonctionnelle.")


class Retention(_Said):
    """How long rows are kept: `months` is None for ever, `since` a column when it is not the reception."""

    SHAPE = "attend {mois: …, depuis: …, sort: …}"

    months: Annotated[
        Positive | None,
        BeforeValidator(_months, Positive | Literal["illimitee"]),
        Says("mois attend un nombre entier positif ou illimitee, et non {repr}"),
    ] = Field(alias="mois", description="Un nombre de mois, ou illimitee avec un motif.")
    since: Annotated[str, Says("depuis nomme {repr}, qui n'est ni reception ni une colonne du jeu")] = Field(
        "", alias="depuis", description="reception, ou la colonne de la date dont on compte les mois."
    )
    end: Annotated[
        str, Among(words.ENDS), Says(f"sort vaut {{repr}} ; valeurs admises : {', '.join(words.ENDS)}")
    ] = Field(alias="sort", description="Ce qui suit la durée.")
    reason: Annotated[Line | None, Says("motif attend un texte")] = Field(
        None, alias="motif", description="Pourquoi la durée est illimitée."
    )

    @field_validator("since")
    @classmethod
    def _counted(cls, since: str, info: ValidationInfo) -> str:
        if not since and info.data.get("months"):
            raise refused("la clé depuis manque")
        return since or words.RECEPTION

    @field_validator("reason")
    @classmethod
    def _argued(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if reason is None and info.data.get("months", 0) is None:
            raise refused("mois: illimitee demande un motif")
        return reason


class Refresh(_Said):
    """How often new data are promised: every so many units."""

    SHAPE = "attend {tous_les: 12, unite: mois}"

    every: Annotated[Positive, Says("tous_les attend un nombre entier positif, et non {repr}")] = Field(
        alias="tous_les", description="Combien d'unités."
    )
    unit: Annotated[
        str, Among(words.UNITS), Says(f"unite vaut {{repr}} ; valeurs admises : {', '.join(words.UNITS)}")
    ] = Field(alias="unite", description="L'unité de la promesse.")

    @property
    def days(self) -> float:
        """How long that is, in days of a mean month and year: twelve months are a year."""
        return self.every * _DAYS[self.unit]


class Governance(_Said):
    """What one level says of data sets: none of its keys is required there."""

    owner: Responsible | None = Field(
        None, alias="proprietaire", description="Data Owner : répond du jeu, décide qui le lit."
    )
    steward: Responsible | None = Field(
        None, alias="gestionnaire", description="Data Steward : le décrit, en suit la qualité."
    )
    strategic: Annotated[bool, Says("attend true ou false, et non {repr}")] = Field(
        False, alias="strategique", description="L'administration en dépend pour décider ou rendre compte."
    )
    classification: Class = Field(None, description="Ce que coûterait une fuite, au plus grave.")
    purpose: Text = Field(None, alias="finalite", description="À quoi servent ces données.")
    legal_basis: Text = Field(
        None,
        alias="base_legale",
        description="Le texte qui permet ou impose le traitement ; l'article du RGPD s'il y a des personnes.",
    )
    retention: Retention | None = Field(
        None, alias="conservation", description="Combien de mois, comptés depuis quand, et ce qui suit."
    )
    authority: Text = Field(None, alias="source_authentique", description="Ce qui fait foi.")
    refresh: Refresh | None = Field(None, alias="rafraichissement", description="La mise à jour promise.")
    synonyms: Annotated[
        tuple[Line, ...], Field(strict=False), Says('attend une liste de mots : ["école", "établissement"]')
    ] = Field((), alias="synonymes", description="Les mots par lesquels on cherche ce jeu.")
    subjects: Text = Field(
        None, alias="personnes_concernees", description="De qui sont les données (RGPD, article 30)."
    )
    recipients: Text = Field(None, alias="destinataires", description="Qui les reçoit.")
    transfers: Text = Field(None, alias="transferts", description="Hors de l'Union européenne.")
    measures: Text = Field(None, alias="mesures", description="Comment elles sont protégées.")


@dataclass(frozen=True)
class Column:
    """A declared column.

    Attributes:
        name: as in the database.
        description: French.
        data_type: SQL type; None for a raw column, which is text.
        personal: category of personal data, `aucune` included; None when nothing is said.
        protection: what took the person out of a derived column; None when nothing did.
    """

    name: str
    description: str
    data_type: str | None
    personal: str | None
    protection: str | None

    @property
    def is_personal(self) -> bool:
        """True when the column is said to hold personal data."""
        return self.personal is not None and self.personal != words.NOT_PERSONAL


@dataclass(frozen=True)
class Dataset:
    """A source table or a public mart.

    Attributes:
        unique_id: dbt's.
        kind: source or mart.
        domain: its folder below models/.
        name: `source.table` for a source, the name that readers know for a mart.
        schema: in the database.
        identifier: relation in that schema.
        file: its YAML, below the checkout.
        description: French.
        owner_assigned, steward_assigned: True when the data set itself names them.
        owner to measures: what the nearest level says, see Governance; None where nothing can be understood.
        columns: in the order declared.
        until: the last day when a mart is offered; None when it stays.
        successor: unique id of the version of a mart to read instead; None for the latest.
        system: that a source is read in, in French; "" for files that somebody deposits, and for a mart.
        gives_rows: True when that system gives rows, and no files.
    """

    unique_id: str
    kind: Literal["source", "mart"]
    domain: str
    name: str
    schema: str
    identifier: str
    file: str
    description: str
    owner: Responsible | None
    owner_assigned: bool
    steward: Responsible | None
    steward_assigned: bool
    strategic: bool
    classification: str | None
    purpose: str | None
    legal_basis: str | None
    retention: Retention | None
    authority: str | None
    refresh: Refresh | None
    synonyms: tuple[str, ...]
    subjects: str | None
    recipients: str | None
    transfers: str | None
    measures: str | None
    columns: tuple[Column, ...]
    until: date | None = None
    successor: str | None = None
    system: str = ""
    gives_rows: bool = False

    @property
    def has_personal_data(self) -> bool:
        """True when at least one column holds personal data, pseudonyms and business contacts included."""
        return any(column.is_personal for column in self.columns)


def read_datasets(manifest: Manifest) -> list[Dataset]:
    """Reads every data set of the project.

    Returns:
        The data sets by domain, sources first, then by name.
    """
    return [*manifest.once(_read)]


def _read(manifest: Manifest) -> tuple[Dataset, ...]:
    found = [_dataset(manifest, node) for node in dataset_nodes(manifest)]
    return tuple(sorted(found, key=lambda one: (one.domain, one.kind != "source", one.name)))


def responsible(value: Any) -> Responsible | None:
    """Reads `{fonction, courriel}`; None when one of them is missing."""
    return checked(Responsible, value)[0]


def refresh(value: Any) -> Refresh | None:
    """Reads `{tous_les, unite}`; None when it is no refresh."""
    return checked(Refresh, value)[0]


def _dataset(manifest: Manifest, node: Node) -> Dataset:
    said, own = governance_of(manifest, node), own_governance_of(node)
    written = {key: value for key, value in said.items() if not checked(Governance, {key: value})[1]}
    is_source = node.kind == "source"
    external = node.external if isinstance(node, Source) else {}
    return Dataset(
        unique_id=node.unique_id,
        kind="source" if is_source else "mart",
        domain=node.domain,
        name=node.label,
        schema=node.schema or node.domain,
        identifier=node.relation,
        file=node.described_in,
        description=node.description.strip(),
        owner_assigned=responsible(own.get("proprietaire")) is not None,
        steward_assigned=responsible(own.get("gestionnaire")) is not None,
        **dict(Governance.model_validate(written)),
        columns=tuple(_column(column) for column in node.columns.values()),
        until=node.until,
        successor=None if node.is_latest else node.latest_id,
        system=system_named(external),
        gives_rows=gives_rows(external),
    )


def _column(column: Declared) -> Column:
    return Column(
        name=column.name,
        description=column.description.strip(),
        data_type=column.data_type,
        personal=column.category if column.category in words.CATEGORIES else None,
        protection=column.protection if column.protection in words.PROTECTIONS else None,
    )
