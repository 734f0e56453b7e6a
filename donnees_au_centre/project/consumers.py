"""Who reads public marts from outside the project, and says so in policies/consumers/<name>.yml.

Dashboards say it to dbt (`exposures:`), and models by `ref()`: they are told too when a mart changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from donnees_au_centre.administration import OpenData
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import meant
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.datasets import Dataset, read_datasets
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.promises import Contract
from donnees_au_centre.reviewed import Address, Among, Day, Line, Reviewed, Says, checked, read_yaml, refused

FOLDER = Path("policies") / "consumers"
UNKNOWN = "consommateur-a-corriger"
CLOSED, INCOMPLETE = "publication-fermee", "publication-incomplete"
ALL = "toutes"
# Of an exposure: mart -> the columns that it reads.
COLUMNS = "colonnes"
_ADVICE = "docs/analyste/changer-un-mart.md montre un fichier entier."


def _columns(value: Any) -> Any:
    if value == ALL:
        return None
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise refused(f"chaque mart attend « {ALL} », ou la liste des colonnes lues.")
    return tuple(value)


_Read = Annotated[tuple[str, ...] | None, BeforeValidator(_columns, list[str] | str)]


_Theme = Annotated[str, Among(tuple(words.THEMES)), Says(f"choisissez parmi {', '.join(words.THEMES)}.")]


class Publication(Reviewed):
    """What a portal of open data says of what it reads.

    Attributes:
        title: for people from outside.
        keywords: by which they look for it.
        themes: European codes; None: those of the administration whose mart it is.
        licence: its address; None: that of administration.yml.
        address: of its page on the portal; None: the portal's.
    """

    MISSING = "elle manque."

    title: Annotated[Line, Says("un texte est attendu.")] = Field(
        alias="titre", description="Le titre du jeu, pour quelqu'un du dehors."
    )
    keywords: Annotated[
        list[Annotated[Line, Says("un texte est attendu.")]],
        Field(min_length=1),
        Says("une liste de mots est attendue."),
    ] = Field(alias="mots_cles", description="Les mots par lesquels on le cherche.")
    themes: Annotated[list[_Theme], Field(min_length=1), Says("une liste de codes est attendue.")] | None = (
        Field(None, description="Thèmes européens ; sans eux, ceux de l'AG (config.meta.themes du groupe).")
    )
    licence: Address | None = Field(
        None, description="Adresse de sa licence ; sans elle, celle d'administration.yml."
    )
    address: Address | None = Field(
        None, alias="adresse", description="Sa page sur le portail, une fois connue."
    )


class Consumer(Reviewed):
    """Who reads marts, told by themselves: one file each.

    Attributes:
        name: an application, a dashboard, a service; never a person.
        email: the mailbox to tell.
        since: the day of their first reading.
        purpose: what for.
        marts: `<domain>.<mart>` -> the columns that they use; None for all of them.
        publication: of a portal of open data alone.
    """

    SHAPE = "nom, courriel, depuis, finalite et marts sont attendus."
    MISSING = "elle manque."

    name: Annotated[Line, Says("un texte est attendu.")] = Field(
        alias="nom", description="L'application, le tableau de bord ou le service ; jamais une personne."
    )
    email: Annotated[
        str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$"), Says("une adresse de courriel est attendue.")
    ] = Field(alias="courriel", description="La boîte fonctionnelle à prévenir.")
    since: Day = Field(alias="depuis", description="Le jour de la première lecture.")
    purpose: Annotated[Line, Says("un texte est attendu.")] = Field(
        alias="finalite", description="À quoi servent ces lectures."
    )
    marts: Annotated[
        dict[str, _Read], Field(min_length=1), Says("un mart (<domaine>.<mart>) par ligne est attendu.")
    ] = Field(description=f"Chaque mart lu et ses colonnes, ou « {ALL} ».")
    publication: Publication | None = Field(
        None, description="D'un portail de données ouvertes : ce qu'il dit du jeu à tout le monde."
    )

    def uses(self, mart: str, columns: Collection[str]) -> bool:
        """True when they read a mart, and one of some columns of it where they say which; none: any."""
        if mart not in self.marts:
            return False
        read = self.marts[mart]
        return read is None or not columns or bool(set(read) & set(columns))


def read_consumers(root: Path) -> dict[str, Consumer]:
    """What the files of a checkout say, by their path below it.

    Raises:
        PlatformError: one of them cannot be followed; all its faults are named.
    """
    found: dict[str, Consumer] = {}
    told: list[str] = []
    for path in sorted((root / FOLDER).glob("*.yml")):
        name = path.relative_to(root).as_posix()
        consumer, faults = checked(Consumer, read_yaml(path, name, _ADVICE))
        found |= {name: consumer} if consumer else {}
        told += [
            f"{name}{f', clé « {_key(fault.path)} »' if fault.path else ''} : {fault.words}"
            for fault in faults
        ]
    if told:
        raise PlatformError("\n".join(told), _ADVICE)
    return found


def _key(path: tuple[str | int, ...]) -> str:
    """Of a part of a publication with its own name; the rest speaks of the whole of a key."""
    return ".".join(map(str, path[:2] if path[0] == "publication" else path[:1]))


def marts_of(manifest: Manifest) -> dict[str, Dataset]:
    """The marts, by the name under which consumers declare them: domain.mart."""
    return {f"{one.domain}.{one.name}": one for one in read_datasets(manifest) if one.kind == "mart"}


def themes_of(publication: Publication, manifest: Manifest, domain: str) -> list[str]:
    """The European codes of what is published: its own, else those of its administration."""
    group = manifest.groups.get(domain)
    said = publication.themes or (group.meta.get(words.OPEN_THEMES) if group else None)
    return [one for one in said if one in words.THEMES] if isinstance(said, list) else []


def incomplete_publications(
    consumers: Mapping[str, Consumer], manifest: Manifest, open_data: OpenData | None
) -> Iterator[tuple[str, str, str, str]]:
    """What is published and may not be, or without what a portal needs: file, rule, message and advice.

    Args:
        consumers: those declared, by their file.
        manifest: whose marts they read.
        open_data: what administration.yml says of them.
    """
    for name, group in sorted(manifest.groups.items()):
        said = group.meta.get(words.OPEN_THEMES, [])
        if not isinstance(said, list) or not {*map(str, said)} <= {*words.THEMES}:
            codes = ", ".join(f"{code} ({means})" for code, means in words.THEMES.items())
            yield (
                group.file,
                INCOMPLETE,
                f"groupe {name} : themes attend une liste de codes.",
                f"Parmi {codes}.",
            )
    marts = marts_of(manifest)
    for file, consumer in consumers.items():
        publication = consumer.publication
        if publication is None:
            continue
        for mart in [marts[name] for name in consumer.marts if name in marts]:
            if mart.classification != words.CLASSIFICATIONS[0]:
                yield (
                    file,
                    CLOSED,
                    f"{mart.name} est publié, et classé {mart.classification}.",
                    f"Son propriétaire décide : classez-le {words.CLASSIFICATIONS[0]}, ou retirez-le.",
                )
            if not publication.licence and not (open_data and open_data.licence):
                yield (
                    file,
                    INCOMPLETE,
                    f"{mart.name} est une publication sans licence : personne ne sait s'il peut s'en servir.",
                    "Donnez celle de l'administration (administration.yml, donnees_ouvertes.licence), ou la "
                    "sienne (publication.licence), par son adresse.",
                )
            if not themes_of(publication, manifest, mart.domain):
                yield (
                    file,
                    INCOMPLETE,
                    f"{mart.name} est une publication sans thème : un portail ne sait où la ranger.",
                    f"Donnez themes: [EDUC] dans config.meta du groupe {mart.domain}, ou "
                    f"publication.themes ; parmi {', '.join(words.THEMES)}.",
                )


def unknown_readings(
    consumers: Mapping[str, Consumer], contracts: Mapping[str, Mapping[str, Contract]]
) -> Iterator[tuple[str, str, str, str]]:
    """What consumers say that they read, and that no mart offers: file, rule, message and advice."""
    offered = {
        f"{domain}.{name}": contract
        for domain, found in contracts.items()
        for name, contract in found.items()
    }
    for file, consumer in consumers.items():
        for mart, columns in consumer.marts.items():
            if mart not in offered:
                yield (
                    file,
                    UNKNOWN,
                    f"{consumer.name} lit {mart}, qui n'est pas offert.",
                    _near(mart, offered),
                )
                continue
            known = offered[mart].columns
            for column in columns or ():
                if column not in known:
                    message = f"{consumer.name} lit la colonne {column} de {mart}, qui n'y est pas."
                    yield file, UNKNOWN, message, _near(column, known)


def _near(name: str, known: Collection[str]) -> str:
    return meant(name, known, "Corrigez cette ligne, ou retirez-la.")


class Audience:
    """Whom to tell of a change in a mart.

    Args:
        manifest: whose exposures and models read marts.
        consumers: those declared.
    """

    def __init__(self, manifest: Manifest, consumers: Mapping[str, Consumer]) -> None:
        """Looks at all that reads, once."""
        self._consumers = consumers
        self._exposures: defaultdict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
        self._domains: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._stewards: dict[str, str] = {}
        known = {one.unique_id: one for one in read_datasets(manifest) if one.kind == "mart"}
        for exposure in manifest.exposures.values():
            said = exposure.meta.get(COLUMNS)
            told = f"{exposure.label} ({exposure.owner.get('email')})"
            for parent in exposure.reads:
                if parent in known:
                    mart = known[parent]
                    self._exposures[f"{mart.domain}.{mart.name}"].append(
                        (told, said if isinstance(said, Mapping) else {})
                    )
        for model in manifest.models:
            for parent in model.reads:
                if parent in known and known[parent].domain != model.domain:
                    mart = known[parent]
                    self._domains[f"{mart.domain}.{mart.name}"][model.domain].append(model.name)
        for name, group in manifest.groups.items():
            self._stewards[name] = str((group.steward or group.owner).get("email") or "")

    def of(self, mart: str, columns: Collection[str] = ()) -> list[str]:
        """Who reads a mart, each with the mailbox to tell.

        Args:
            mart: `<domain>.<mart>`.
            columns: those that change; who says that they read others is left out. None: the whole mart.
        """
        return [
            *(f"{one.name} ({one.email})" for one in self._consumers.values() if one.uses(mart, columns)),
            *(told for told, said in self._exposures[mart] if _touched(said, mart, columns)),
            *(
                f"le domaine {domain} pour {', '.join(sorted(models))} ({self._stewards.get(domain, '')})"
                for domain, models in sorted(self._domains[mart].items())
            ),
        ]


def _touched(said: Mapping[str, Any], mart: str, columns: Collection[str]) -> bool:
    """False for an exposure that says which columns of a mart it reads, none of them among `columns`."""
    read = said.get(mart.partition(".")[2])
    return not columns or not isinstance(read, list) or bool(set(read) & set(columns))
