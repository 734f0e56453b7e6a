"""`new-source` of a system: what it has, a look at the rows of one place, or one file of it in the zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

import yaml
from pydantic import ValidationError

from donnees_au_centre.cli.answers import Answers
from donnees_au_centre.connectors import (
    Described,
    FileSource,
    RecordSource,
    RemoteFile,
    Source,
    kind_named,
    kinds,
    reader_of,
)
from donnees_au_centre.discovery.columns import References, look_at_rows
from donnees_au_centre.discovery.dictionary import Words, said
from donnees_au_centre.discovery.locations import Place, as_pattern
from donnees_au_centre.discovery.look import FileLook
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.inert import line
from donnees_au_centre.landing import fetching, read_declarations
from donnees_au_centre.landing.declaration import FILE_FORMATS, RECORDS
from donnees_au_centre.landing.identifiers import IDENTIFIER, to_identifier, to_identifiers
from donnees_au_centre.project.nodes import Manifest, domains_in

USAGE = "make new-source AG=age SOURCE=eleves GENRE=postgresql CONNEXION=amont EMPLACEMENT=public.eleves"
# Rows that are looked at, and files that are shown.
SAMPLE, SHOWN = 5000, 50
# Kinds that learn their columns from the rows, which may lack some.
LEARNT = ("rest",)
# Names of columns that say when a row was changed, and how far back late changes are looked for.
CHANGED = re.compile(
    r"(^|_)(modifi\w*|maj|mise?_a_jour|updated?|changed?|gewijzigd\w*|derniere_modif\w*|last_(change|update)\w*)"
    r"(_|$)"
)
LOOK_BACK = "2 days"


@dataclass(frozen=True)
class System:
    """What a person says of a system.

    Attributes:
        kind: as `postgresql`.
        connection: a name, or a public address.
        folder: where its files are; "" for none.
        location: what to read of it: a table, a data set, the name of a file; "" to see what there is.
        options: of the kind.
        domain: of the source.
        source: its name.
    """

    kind: str
    connection: str
    folder: str
    location: str
    options: Mapping[str, Any]
    domain: str
    source: str

    @property
    def of_files(self) -> bool:
        """Whether it gives files."""
        return issubclass(kind_named(self.kind), FileSource)

    @property
    def is_chosen(self) -> bool:
        """Whether it is said what to read of it."""
        return bool(self.location or self.options.get("query"))

    @property
    def origin(self) -> dict[str, str]:
        """What its declaration says before `location`."""
        said = {"kind": self.kind, "connection": self.connection, "folder": self.folder}
        return {key: value for key, value in said.items() if value}


def system_of(answers: Answers) -> System | None:
    """The system that the options name; None where they name none.

    Raises:
        PlatformError: no kind of this name, no connection, options that cannot be read.
    """
    kind, connection = answers.given("GENRE"), answers.given("CONNEXION")
    if not kind and not connection:
        return None
    if not kind or not connection:
        raise PlatformError(
            "Quel système lire ?" if kind else "De quel genre est cette connexion ?",
            f"Donnez GENRE ({', '.join(kinds())}) et CONNEXION, un nom ou une adresse publique : {USAGE}",
        )
    kind_named(kind)
    text = answers.given("OPTIONS")
    try:
        options = yaml.safe_load(text if text.startswith("{") else f"{{{text}}}")
    except yaml.YAMLError:
        options = None
    if not isinstance(options, dict):
        raise PlatformError(
            "OPTIONS ne se lit pas.", "Écrivez-les comme dans une déclaration : OPTIONS='rows: resultats.*'."
        )
    given = (answers.given(option) for option in ("DOSSIER", "EMPLACEMENT", "AG", "SOURCE"))
    folder, location, domain, source = given
    return System(kind, connection, folder, location, options, domain, source)


def placed(root: Path, system: System, answers: Answers) -> System:
    """The system, with the administration and the name of its source.

    Raises:
        PlatformError: nobody said them.
    """
    known = domains_in(root)
    domain = answers.of("AG", f"Pour quelle AG ({', '.join(known)}) ?")
    source = answers.of("SOURCE", "Comment nommer la source (minuscules, chiffres et _) ?")
    if domain not in known or not IDENTIFIER.fullmatch(source):
        raise PlatformError(
            "Où ranger cette source ?",
            f"Donnez AG parmi {', '.join(known)}, et SOURCE en minuscules, chiffres et _ : {USAGE}",
        )
    if system.of_files and "/" in system.location:
        raise PlatformError(
            "EMPLACEMENT est le nom d'un fichier, sans dossier.",
            "Donnez le dossier par DOSSIER, sous celui de la connexion.",
        )
    return System(**{**vars(system), "domain": domain, "source": source})


def reader(system: System) -> Source:
    """What reads the system; nothing is asked of it yet.

    Raises:
        PlatformError: its connection is not given here, or nothing can be read so.
    """
    kind = kind_named(system.kind)
    try:
        options = kind.options_class.model_validate(dict(system.options))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        known = ", ".join(kind.options_class.model_fields)
        raise PlatformError(
            f"OPTIONS ne se lit pas : {'.'.join(map(str, first['loc']))} ({first['msg']}).",
            f"Options de {system.kind} : {known or 'aucune'} ; docs/analyste/sources.md dit leur sens.",
        ) from error
    place = system.folder if system.of_files else system.location
    if system.is_chosen or system.of_files:
        kind.check(place, options)
    return reader_of(system.kind, system.connection, place, options)


def shown_places(system: System) -> str:
    """What there is to read, in French: tables and views, or files.

    Raises:
        PlatformError: it cannot be seen, or there is nothing.
    """
    source = reader(system)
    with source.connection.discreet():
        if isinstance(source, FileSource):
            with source.open():
                names = sorted(map(_file_shown, source.files()))
            said = counted(len(names), "fichier")
        else:
            assert isinstance(source, RecordSource)
            names = source.places()
            said = counted(len(names), "table ou vue", "tables et vues")
    shown = [f"  {line(name)}" for name in (names[-SHOWN:] if system.of_files else names)]
    if not names:
        raise PlatformError(
            f"La connexion « {source.connection.shown} » ne montre rien à lire : ce genre n'a pas de liste, "
            "il n'y a rien, ou ce compte ne peut rien y lire.",
            f"Donnez ce qu'il faut lire par EMPLACEMENT : {USAGE}",
        )
    following = "Ensuite, la même commande avec AG=… SOURCE=… EMPLACEMENT=<un de ces noms>"
    return "\n".join(
        [f"{source.title}, connexion « {source.connection.shown} » : {said}.", *shown, "", f"{following}."]
    )


def _file_shown(file: RemoteFile) -> str:
    size = f", {counted(file.size, 'octet')}" if file.size is not None else ""
    return f"{file.name}{size}" + (f", du {file.modified:%d/%m/%Y %H:%M}" if file.modified else "")


# Rows


def looked_at(system: System, known: References) -> tuple[FileLook, Words]:
    """Looks at the first rows of a system that gives rows, and at what it says of its columns.

    Args:
        system: with what to read of it.
        known: see `look_at_rows`.

    Raises:
        PlatformError: it cannot be read, or has no row.
    """
    source = reader(system)
    assert isinstance(source, RecordSource)
    rows: list[Any] = []
    refused = 0
    with source.connection.discreet(), source.open():
        columns = source.columns()
        announced = source.announced()
        to_identifiers([column.name for column in columns])
        described = source.described()
        for batch in source.batches(columns, None):
            rows += batch.cells()
            refused += len(batch.unreadable)
            if len(rows) > SAMPLE:
                break
    if not rows:
        raise PlatformError(
            "La source n'a aucune ligne : rien ne dit ce que ses colonnes contiennent.",
            "Vérifiez EMPLACEMENT et OPTIONS, ou attendez ses premières lignes.",
        )
    whole = len(rows) <= SAMPLE
    table = look_at_rows(
        [column.name for column in columns],
        list(islice(rows, SAMPLE)),
        known,
        [column.type for column in columns],
    )
    options = dict(system.options)
    missing = [column.name for column in table.columns if column.empty]
    if system.kind in LEARNT and missing:
        options["optional"] = missing
    remarks = []
    if announced is not None and not whole:
        remarks.append(f"La source annonce {counted(announced, 'ligne')}.")
    if refused:
        remarks.append(f"Lignes illisibles, qui iront aux rejets : {refused}.")
    found = FileLook(source.title, "", RECORDS, options, table, whole=whole, remarks=tuple(remarks))
    return found, _words(described, found)


def _words(described: Described, found: FileLook) -> Words:
    texts = {}
    for column in found.table.columns:
        label, description = described.columns.get(column.header, ("", ""))
        if text := said(column.header, description, label):
            texts[column.name] = text
    return Words(texts, table=said("", described.table))


def place_of_rows(system: System) -> Place:
    """What the declaration reads, and a name for its table."""
    place = system.location.rstrip("/")
    last = PurePosixPath(place).stem if "/" in place else place.rpartition(".")[2]
    return Place(system.location, (to_identifier(last, 1) if last else system.source)[:40].rstrip("_"))


def incremental_of(system: System, found: FileLook) -> dict[str, Any] | None:
    """How to read only what changes: by a moment of change that is always filled, when a key is known."""
    if system.kind in LEARNT and "since_param" not in system.options:
        return None
    cursor = next(
        (
            column.name
            for column in found.table.columns
            if CHANGED.search(column.name) and column.is_moment and not (column.empty or column.nulls)
        ),
        None,
    )
    moments = {column.name for column in found.table.columns if column.is_moment}
    key = next((key for key in found.table.keys if not moments & {*key}), None)
    if cursor is None or key is None:
        return None
    return {"cursor": cursor, "type": "time", "look_back": LOOK_BACK, "key": list(key)}


def refuse_read(system: System, manifest: Manifest) -> None:
    """Refuses what a declaration reads already.

    Raises:
        PlatformError: one does.
    """
    for table in read_declarations(manifest.sources.values(), []):
        origin = table.origin
        same = origin and (origin.kind, origin.connection, origin.location) == (
            system.kind,
            system.connection,
            system.location,
        )
        if origin and same and origin.options == reader(system).options:
            raise PlatformError(
                f"{line(system.location or 'Cette requête')} est déjà lu par {table.label}.",
                f"make load le charge ; make new-model AG={table.domain} "
                f"NAME=stg_{table.source}__{table.name} écrit son staging s'il manque.",
            )


# Files


def path_in_zone(system: System) -> str:
    """Where a file of a system comes to, below the landing zone."""
    return f"{system.domain}/{system.source}/{system.location}"


def place_of_file(system: System, place: Place) -> Place:
    """Where the files of a table are; a system with a single one gives it the name that is said."""
    kind = kind_named(system.kind)
    if not (issubclass(kind, FileSource) and kind.single):
        return place
    return Place(as_pattern(path_in_zone(system)), place.table, named_format=place.named_format)


def fetch_one(zone: Path, system: System, say: Callable[[str], None]) -> str:
    """Fetches one file of a system into the landing zone, unless it is there; its path below the zone.

    Args:
        zone: its root.
        system: whose location is the name of the file.
        say: receives one short French line a file.

    Raises:
        PlatformError: it cannot be had.
    """
    path = path_in_zone(system)
    if (zone / path).is_file():
        say(f"{path} : déjà dans la zone.")
        return path
    reader(system)
    named = any(suffix[1:] in FILE_FORMATS for suffix in PurePosixPath(path).suffixes)
    external = {
        **system.origin,
        "location": as_pattern(path),
        "options": dict(system.options),
        **({} if named else {"file_format": "csv"}),
    }
    node = SimpleNamespace(
        domain=system.domain,
        source_name=system.source,
        name="fichier",
        schema="",
        relation="fichier",
        file="OPTIONS de la commande",
        columns={},
        external=external,
        meta={},
    )
    failures = fetching.fetch(zone, read_declarations([node]), say)
    for faults in failures.values():
        raise faults[0]
    if not (zone / path).is_file():
        raise PlatformError(
            f"« {line(system.location)} » n'est pas parmi les fichiers de « {line(system.connection)} », ou "
            "a été apporté, puis ôté de la zone.",
            "La même commande sans EMPLACEMENT montre ce qui y est.",
        )
    return path
