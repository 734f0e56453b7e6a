"""What each source table is filled from, and how, read from the `external:` of dbt's sources."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from pathlib import PurePosixPath
from typing import Any, NoReturn, Protocol

from pydantic import ValidationError

from donnees_au_centre.connectors import (
    FileSource,
    Incremental,
    RecordSource,
    Source,
    check_connection,
    kind_named,
)
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import patterns
from donnees_au_centre.landing.encodings import Encoding
from donnees_au_centre.landing.identifiers import IDENTIFIER, METADATA_COLUMNS, OWN_TABLES
from donnees_au_centre.landing.limits import MAX_UNPACKED

# Rows of a JSON file that has one object a line.
JSON_LINES = "lines"

WORKBOOKS = ("xlsx", "ods", "xls")
FILE_FORMATS = ("csv", "json", "fixed", "parquet", *WORKBOOKS)
ENVELOPES = {
    "opendatasoft_v1": ("records.*", "nhits"),
    "opendatasoft_v2": ("results.*", "total_count"),
}
# What a declaration can say where the columns or the rows of a format are not found.
SHAPE_ADVICE = {
    "csv": "vérifiez `delimiter`, `quote` et `encoding`, et où est l'en-tête (`header_row`, `header_rows`, "
    "`header`)",
    "json": "vérifiez où sont les lignes (`rows`, `envelope`) et les valeurs profondes (`fields`)",
    "fixed": "vérifiez `widths`, `encoding`, et où est le tableau (`header_row`, `footer`)",
    "parquet": "vérifiez les colonnes que le fichier doit avoir (`renames`, `optional`)",
    **dict.fromkeys(
        WORKBOOKS, "vérifiez `sheet`, et où est l'en-tête (`header_row`, `header_rows`, `header`)"
    ),
    "records": "vérifiez `location` et les options de la source",
}
# The format of what is received as rows, and lies in no file.
RECORDS = "records"
_TEXT_OPTIONS = {
    "csv": ("delimiter", "quote", "encoding", "names", "footer", "comment", "member"),
    "json": ("rows", "envelope", "encoding", "member"),
    "fixed": ("encoding", "footer", "comment", "member"),
    "parquet": ("names", "member"),
    **dict.fromkeys(WORKBOOKS, ("names", "footer", "range", "sheet_column", "member")),
}
_TABLE_SHAPE = ("header", "header_row", "header_rows", "names", "footer")
_COST = ("max_unpacked", "max_size", "max_seconds")
_PACKED = ("member", *_COST)
_TEXT_FILE = ("encoding", *_PACKED)
_CSV_SHAPE = ("delimiter", "quote", "comment", "short_rows", "long_rows", "beside")
_OPTIONS = {
    "csv": (*_TEXT_FILE, *_CSV_SHAPE, *_TABLE_SHAPE),
    "json": (*_TEXT_FILE, "rows", "keys", "envelope", "fields", "parents", "allow_partial"),
    "fixed": (*_TEXT_FILE, "widths", "header_row", "footer", "comment", "short_rows", "long_rows"),
    "parquet": (*_PACKED, "names"),
    **dict.fromkeys(
        WORKBOOKS, (*_PACKED, "sheet", "sheets", "sheet_column", "range", "fill_merged", *_TABLE_SHAPE)
    ),
}
_FLAGS = ("header", "short_rows", "long_rows", "fill_merged")
_COUNTS = {
    "header_row": "rang",
    "header_rows": "nombre de lignes",
    "max_unpacked": "nombre de Mio",
    "max_size": "nombre de Mio",
    "max_seconds": "nombre de secondes",
}
_SHARED_OPTIONS = ("renames", "optional")
_BOUNDS = ("max_shrink", "max_rejects")
_DELIVERY = ("allow_empty", "min_rows", *_BOUNDS)
_TABLE_OPTIONS = ("variants", "one_format_per_extract", "depositors", *_DELIVERY)
_RECORD_OPTIONS = ("incremental", "max_seconds", *_SHARED_OPTIONS, *_DELIVERY)
_INCREMENTAL = ("cursor", "type", "look_back", "key")
_VARIANT_KEYS = ("name", "location", "file_format")

# A length of time, as PostgreSQL's intervals are written.
_SPAN = re.compile(r"\d+ (?:minute|hour|day|week|month|year)s?")

# Changes when the same file and declaration would give other rows: every file is then loaded again.
_RULES_VERSION = 2


@dataclass(frozen=True)
class Variant:
    """One shape that the files of a source table may have.

    Attributes:
        name: shown in reports and in the audit; `principal` for the table's own.
        location: pattern below the landing root; `*`, `?` and `[0-3]` stay within a folder; `{name:form}`
            captures (see patterns).
        file_format: one of FILE_FORMATS; said by the end of the location, unless it is declared.
        encoding: of the text formats.
        delimiter: of CSV, one ASCII character.
        quote: of CSV, one ASCII character, or "" when the files quote nothing.
        header: whether a header names the columns.
        header_row: line of a text, or row of a sheet, from 1, where the header starts (without header: the
            rows); what stands above is out of the table.
        header_rows: how many lines the header has, joined into one name a column.
        names: `header`, or `position`: the columns are the declared ones, in order, whatever the header says.
        footer: pattern of a first non-empty cell: from that row on, all is out of the table; None for none.
        widths: column -> characters of the cells of a fixed-width file, in order.
        comment: what a line of a text out of the table begins with; "" for none.
        short_rows: whether the last cells may be missing from a row of a text: they are null.
        long_rows: whether a row of a text may have more cells, when all of them are empty.
        beside: column that receives what stands at the right of a CSV table; None for none.
        member: pattern of the one file to read in a zip; None when it holds only one.
        max_unpacked: size in MiB beyond which a compressed file is refused; None for the usual one.
        max_size: size in MiB, as received, beyond which a file is refused; None for the usual one.
        max_seconds: how long reading a file may take; None for what its size allows.
        rows: steps from a JSON root to its rows; JSON_LINES alone for one object a line.
        keys: columns that receive the object keys met by `*` steps.
        envelope: a key of ENVELOPES, or None.
        fields: column -> path of a value inside a JSON row.
        allow_partial: whether an envelope may announce more records than it has.
        parents: column -> path of a value in the objects around a JSON row; None when nobody said.
        sheet: title of a worksheet, or its place among those that people see; None for the first of these.
        sheets: titles or patterns of the worksheets read one after the other; () when one is read.
        sheet_column: column that receives the title of the worksheet; None for none.
        range: first and last column of the table in its worksheet, from 1; None for all.
        fill_merged: whether merged cells repeat their value.
        elsewhere: what other tables read of the same workbooks, as `sheets` says it.
        renames: identifier as received -> declared identifier.
        optional: declared columns that a file may lack.
    """

    name: str
    location: str
    file_format: str
    encoding: Encoding = field(default_factory=lambda: Encoding.named("utf-8"))
    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    header_row: int = 1
    header_rows: int = 1
    names: str = "header"
    footer: str | None = None
    widths: tuple[tuple[str, int], ...] = ()
    comment: str = ""
    short_rows: bool = False
    long_rows: bool = False
    beside: str | None = None
    member: str | None = None
    max_unpacked: int | None = None
    max_size: int | None = None
    max_seconds: int | None = None
    rows: tuple[str, ...] = ("*",)
    keys: tuple[str, ...] = ()
    envelope: str | None = None
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    allow_partial: bool = False
    parents: Mapping[str, tuple[str, ...]] | None = None
    sheet: str | int | None = None
    sheets: tuple[str | int, ...] = ()
    sheet_column: str | None = None
    range: tuple[int, int] | None = None
    fill_merged: bool = False
    elsewhere: tuple[str | int | None, ...] = ()
    renames: Mapping[str, str] = field(default_factory=dict)
    optional: tuple[str, ...] = ()

    def captures(self) -> tuple[str, ...]:
        """Names of the columns that the location fills, in order."""
        return tuple(patterns.captures(self.location))

    @property
    def wanted_sheets(self) -> tuple[str | int | None, ...]:
        """The worksheets that the table reads, None for the first."""
        return self.sheets or (self.sheet,)

    @property
    def part(self) -> object:
        """What is read of a file: two tables may share a file when they read other parts of it."""
        if self.file_format in WORKBOOKS:
            sheets = tuple(str(sheet or 1) for sheet in self.wanted_sheets)
            return (self.member, sheets, self.range, self.header_row)
        return (self.rows, self.member) if self.file_format == "json" else self.member

    def own_columns(self) -> tuple[str, ...]:
        """Columns that the declaration fills by itself, whatever the file names."""
        sheet = (self.sheet_column,) if self.sheet_column else ()
        return (*self.captures(), *self.keys, *(self.parents or ()), *sheet)

    def match(self, path: str, any_case: bool = False) -> dict[str, str] | None:
        """Compares a path (relative to the landing root, `/` between folders) with the location.

        Args:
            path: with accents written as one character or as two.
            any_case: whether capitals and small letters are the same.

        Returns:
            The captured values by column, or None when the path does not match.
        """
        return patterns.match(self.location, path, any_case)


@dataclass(frozen=True)
class Origin:
    """The system that a source table comes from, when it is not the landing zone alone.

    Attributes:
        kind: name of the kind, as `postgresql`.
        connection: as the declaration names it, "" for none.
        location: what is read there: a table, the path of an API, a data set; for files, as `folder`.
        folder: where the files lie that are fetched into the landing zone.
        options: of the kind.
        incremental: how it is read from where the last reading ended; None for whole each time.
    """

    kind: str
    connection: str
    location: str = ""
    folder: str = ""
    options: Any = None
    incremental: Incremental | None = None

    def fingerprint(self) -> str:
        """What decides which rows are read, as text."""
        # An option that a kind learns changes nothing for those who do not say it.
        said = self.options.model_dump(exclude_defaults=True) if self.options else {}
        return repr((self.kind, self.connection, self.location, sorted(said.items()), self.incremental))


@dataclass(frozen=True)
class SourceTable:
    """A dbt source table that the loader fills.

    Attributes:
        domain: folder below models/, as `age`.
        source: name of the dbt source.
        name: name of the table in the dbt source.
        schema: PostgreSQL schema of the raw table.
        identifier: PostgreSQL name of the raw table.
        declared: columns of the dbt source, in order.
        variants: in order of preference.
        one_format_per_extract: files equal but for their suffix are one extract.
        person: column that says who a row is about; None for a table that is about nobody.
        allow_empty: whether a file without a row may be taken.
        max_shrink: share of the rows before that a delivery may lose, from 0 to 1; None for the default.
        max_rejects: share of a file's lines that may be unreadable, from 0 to 1.
        depositors: accounts that may deposit its files besides the usual ones, by name or number.
        min_rows: how many rows a delivery must have at least.
        origin: the system that it comes from; None for files that others deposit.
    """

    domain: str
    source: str
    name: str
    schema: str
    identifier: str
    declared: tuple[str, ...]
    variants: tuple[Variant, ...]
    one_format_per_extract: bool = False
    person: str | None = None
    allow_empty: bool = False
    max_shrink: float | None = None
    max_rejects: float = 0.05
    depositors: tuple[str, ...] = ()
    min_rows: int = 0
    origin: Origin | None = None

    @property
    def of_records(self) -> bool:
        """Whether it is filled from a system that gives rows, and no files."""
        return self.variants[0].file_format == RECORDS

    @property
    def delivery(self) -> str:
        """What stands for a file's path where there is none: `age/inscriptions/eleves.postgresql`."""
        return f"{self.domain}/{self.source}/{self.name}.{self.origin.kind if self.origin else ''}"

    @property
    def label(self) -> str:
        """How messages name the table."""
        return f"{self.domain}.{self.source}.{self.name}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Text columns of the raw table: the declared ones, then what variants add by themselves."""
        added = (name for variant in self.variants for name in (*variant.own_columns(), *variant.fields))
        return tuple(dict.fromkeys((*self.declared, *added)))

    def match(self, path: str, any_case: bool = False) -> tuple[Variant, dict[str, str]] | None:
        """Finds the first variant whose location matches a path, with its captures."""
        for variant in self.variants:
            captured = variant.match(path, any_case)
            if captured is not None:
                return variant, captured
        return None

    def required_columns(self, variant: Variant) -> tuple[str, ...]:
        """The declared columns that the file itself must bring, in order."""
        ordered = self.columns_by_position(variant)
        return tuple(name for name in ordered if name not in variant.optional)

    def columns_by_position(self, variant: Variant) -> list[str]:
        """The declared columns that stand in the file, required or not, in order."""
        given = {*variant.own_columns(), variant.beside}
        return [name for name in self.declared if name not in given]

    def fingerprint(self, variant: Variant) -> str:
        """Digest of all that decides which rows a file gives; another value means loading again."""
        parts = {**vars(variant), "encoding": variant.encoding.codec, "columns": self.columns}
        parts |= {"rules": _RULES_VERSION, "table": f"{self.schema}.{self.identifier}"}
        # None of these decides which rows a file gives.
        for name in ("name", "elsewhere", "allow_partial", "max_size", "max_seconds"):
            del parts[name]
        parts["max_unpacked"] = variant.max_unpacked or MAX_UNPACKED
        if self.of_records and self.origin:
            parts["origin"] = self.origin.fingerprint()
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def gives_rows(external: Mapping[str, Any]) -> bool:
    """Whether an `external:` names a system that gives rows, and no files; not one that does not exist."""
    try:
        kind = kind_named(str(external["kind"])) if external.get("kind") else None
    except PlatformError:
        return False
    return kind is not None and issubclass(kind, RecordSource)


def options_of(kind: type[Source] | None) -> set[str]:
    """The options that a declaration may give.

    Args:
        kind: of the system that the table comes from; None for the landing zone alone.
    """
    own = set(kind.options_class.model_fields) if kind else set()
    if kind is not None and issubclass(kind, RecordSource):
        return own | {*_RECORD_OPTIONS}
    return own | {*_TABLE_OPTIONS, *_SHARED_OPTIONS, *(name for names in _OPTIONS.values() for name in names)}


class DeclaredSource(Protocol):
    """What is read of a table of a dbt source; dbt's manifest gives them."""

    @property
    def domain(self) -> str:
        """Who receives its files."""

    @property
    def source_name(self) -> str:
        """The dbt source that the table is of."""

    @property
    def name(self) -> str:
        """Of the table in its source."""

    @property
    def schema(self) -> str:
        """Where its raw rows stand."""

    @property
    def relation(self) -> str:
        """The name of the raw table."""

    @property
    def file(self) -> str:
        """The YAML that declares it, below the checkout."""

    @property
    def columns(self) -> Mapping[str, Any]:
        """By name, in their order."""

    @property
    def external(self) -> Mapping[str, Any]:
        """The `external:` of the YAML; empty for a table that the landing zone does not fill."""

    @property
    def meta(self) -> Mapping[str, Any]:
        """The `config.meta` of the YAML."""


def read_declarations(
    declared: Iterable[DeclaredSource], faults: list[PlatformError] | None = None
) -> list[SourceTable]:
    """Reads the source tables that have an `external:`.

    Args:
        declared: the tables of dbt's sources.
        faults: receives the declarations that cannot be followed, so that one never stops the others; without
            it the first one is raised.

    Returns:
        The tables, by domain, source and name.

    Raises:
        PlatformError: a declaration that cannot be followed; the message names source, table and option.
    """
    tables: list[SourceTable] = []
    relations: dict[tuple[str, str], str] = {}
    for node in declared:
        if not node.external:
            continue
        try:
            table = _Reader(node).table()
            relation = (table.schema, table.identifier)
            if table.identifier in OWN_TABLES:
                raise PlatformError(
                    f"Source {table.label} : {table.identifier} est une table du chargement lui-même.",
                    "Donnez un autre nom à la table, ou un autre `identifier:`.",
                )
            if relation in relations:
                raise PlatformError(
                    f"Deux tables de sources visent la même table {'.'.join(relation)} : "
                    f"{relations[relation]} et {table.label}.",
                    "Donnez à l'une d'elles un autre nom, ou un `identifier:` distinct.",
                )
        except PlatformError as fault:
            if faults is None:
                raise
            faults.append(fault)
            continue
        relations[relation] = table.label
        tables.append(table)
    tables = [_beside_others(table, tables) for table in tables]
    return sorted(tables, key=lambda table: (table.domain, table.source, table.name))


def _beside_others(table: SourceTable, tables: Sequence[SourceTable]) -> SourceTable:
    """The table, with what the others read of its workbooks."""

    def told(variant: Variant) -> Variant:
        others = (
            sheet
            for other in tables
            if other.label != table.label
            for neighbour in other.variants
            if neighbour.location == variant.location
            for sheet in neighbour.wanted_sheets
        )
        return replace(variant, elsewhere=tuple(others)) if variant.file_format in WORKBOOKS else variant

    return replace(table, variants=tuple(map(told, table.variants)))


@cache
def _format_named(location: Any) -> str | None:
    """The format that the end of a location says, `.gz` and the like aside; None when it says none."""
    ends = PurePosixPath(str(location)).suffixes
    return next((end[1:] for end in reversed(ends) if end[1:] in FILE_FORMATS), None)


def column_number(letters: str) -> int:
    """The number of a worksheet's column from 1: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


class _Reader:
    """Reads and checks one source node of the manifest."""

    def __init__(self, node: DeclaredSource) -> None:
        self.node = node
        self.place = f"source {node.source_name}, table {node.name}"
        self.external = node.external
        self.declared = tuple(node.columns)

    def fail(self, option: str, problem: str, advice: str) -> NoReturn:
        raise PlatformError(
            f"Déclaration à corriger ({self.place}, option « {option} ») : {problem}",
            f"{advice} Fichier : {self.node.file or 'models/'}.",
        )

    def table(self) -> SourceTable:
        node = self.node
        for column in self.declared:
            self.check_column("columns", column)
        kind = self.kind()
        if kind is not None and issubclass(kind, RecordSource):
            return self.record_table(kind)
        options = self.options(self.external.get("options"), "options", kind)
        origin = self.origin(kind, options) if kind else None
        one_format = self.flag("one_format_per_extract", options.pop("one_format_per_extract", False))
        delivery = self.delivery(options)
        depositors = self.accounts(options.pop("depositors", []))
        listed = options.pop("variants", [])
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
            self.fail("variants", "ce doit être une liste.", "Commencez chaque variante par « - name: ».")
        own = {key: self.external.get(key) for key in ("location", "file_format")}
        # The table's own location is a shape of its own, unless variants say which shapes are found there.
        refined = any("location" not in entry for entry in listed)
        entries = [{"name": "principal", **own, **options}] if own["location"] and not refined else []
        entries += [self.inherit(own, options, entry, place) for place, entry in enumerate(listed, start=1)]
        if not entries:
            self.fail("location", "aucun emplacement n'est donné.", "Ajoutez `location:` sous `external:`.")
        variants = tuple(self.variant(entry) for entry in entries)
        self.check_names(variants)
        return SourceTable(
            domain=node.domain,
            source=node.source_name,
            name=node.name,
            schema=node.schema,
            identifier=node.relation,
            declared=self.declared,
            variants=variants,
            one_format_per_extract=one_format,
            person=self.person(),
            depositors=depositors,
            origin=origin,
            **delivery,
        )

    def kind(self) -> type[Source] | None:
        """The kind of system that the table comes from; None for the landing zone alone."""
        named = self.external.get("kind")
        if named is None:
            for name in ("connection", "folder"):
                if name in self.external:
                    self.fail(name, "il manque le genre de la source.", "Ajoutez `kind:` sous `external:`.")
            return None
        try:
            return kind_named(str(named))
        except PlatformError as error:
            self.fail("kind", error.message, error.advice)

    def record_table(self, kind: type[Source]) -> SourceTable:
        """A table that a system gives the rows of."""
        node = self.node
        given = self.external.get("options")
        options = self.mapping(given, "options")
        self.check_keys(options, options_of(kind))
        delivery = self.delivery(options)
        incremental = self.incremental(options.pop("incremental", None))
        shared = {name: options.pop(name) for name in (*_SHARED_OPTIONS, "max_seconds") if name in options}
        self.check_shape(shared)
        variant = Variant(
            name=str(self.external["kind"]),
            location="",
            file_format=RECORDS,
            renames=self.renames(shared.get("renames", {})),
            optional=self.names("optional", shared.get("optional", [])),
            max_seconds=shared.get("max_seconds"),
        )
        self.check_optional(variant)
        for column in (incremental.cursor, *incremental.key) if incremental else ():
            if column in variant.optional:
                self.fail("optional", f"« {column} » fait la lecture incrémentale.", "Ôtez-la d'`optional`.")
        origin = self.origin(kind, options)
        return SourceTable(
            domain=node.domain,
            source=node.source_name,
            name=node.name,
            schema=node.schema,
            identifier=node.relation,
            declared=self.declared,
            variants=(variant,),
            person=self.person(),
            origin=replace(origin, incremental=incremental),
            **delivery,
        )

    def origin(self, kind: type[Source], options: dict[str, Any]) -> Origin:
        """The system, and the options that are its kind's, which are taken out of `options`."""
        own = {name: options.pop(name) for name in kind.options_class.model_fields if name in options}
        connection = self.external.get("connection", "")
        location, folder = self.external.get("location") or "", self.external.get("folder") or ""
        for name, text in (("connection", connection), ("location", location), ("folder", folder)):
            if not isinstance(text, str):
                self.fail(name, f"« {text} » n'est pas un texte.", "Mettez la valeur entre guillemets.")
        try:
            check_connection(connection)
        except PlatformError as error:
            self.fail("connection", error.message, error.advice)
        files = issubclass(kind, FileSource)
        if not files and "folder" in self.external:
            self.fail("folder", "cette source ne donne pas de fichiers.", "Ôtez `folder`.")
        try:
            read = kind.options_class.model_validate(own)
            kind.check(folder if files else location, read)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            option = ".".join(map(str, first["loc"])) or "options"
            known = kind.options_class.model_fields.get(str(first["loc"][0]) if first["loc"] else "")
            meaning = f" {option} : {known.description}" if known and known.description else ""
            self.fail(option, f"elle ne se lit pas ({first['msg']}).", f"Corrigez-la.{meaning}")
        except PlatformError as error:
            self.fail("location", error.message, error.advice)
        return Origin(
            kind=str(self.external["kind"]),
            connection=connection,
            location=folder if files else location,
            folder=folder,
            options=read,
        )

    def delivery(self, options: dict[str, Any]) -> dict[str, Any]:
        """What a delivery must have; taken out of the options."""
        found: dict[str, Any] = {"allow_empty": self.flag("allow_empty", options.pop("allow_empty", False))}
        found |= {name: self.share(name, options.pop(name)) for name in _BOUNDS if name in options}
        least = options.pop("min_rows", 0)
        if isinstance(least, bool) or not isinstance(least, int) or least < 0:
            self.fail("min_rows", f"« {least} » n'est pas un nombre de lignes.", "Donnez un entier.")
        return found | {"min_rows": least}

    def incremental(self, given: Any) -> Incremental | None:
        if given is None:
            return None
        said = self.mapping(given, "incremental")
        self.check_keys(said, set(_INCREMENTAL))
        kinds = ("time", "number", "text")
        if said.get("type") not in kinds:
            self.fail(
                "incremental.type",
                f"« {said.get('type')} » est inconnu.",
                "Dites comment les valeurs du curseur se comparent : time, number ou text.",
            )
        back = said.get("look_back")
        if back is not None and said["type"] == "text":
            self.fail("incremental.look_back", "un texte n'a pas d'avant.", "Ôtez `look_back`.")
        if back is not None:
            number = not isinstance(back, bool) and isinstance(back, int | float) and back >= 0
            span = isinstance(back, str) and _SPAN.fullmatch(back)
            if not (number if said["type"] == "number" else span):
                self.fail(
                    "incremental.look_back",
                    f"« {back} » ne se lit pas.",
                    "Donnez une durée (2 days, 12 hours), ou un nombre pour un curseur numérique.",
                )
        key = self.names("incremental.key", said.get("key", []))
        cursor = said.get("cursor")
        for column in (cursor, *key):
            if column not in self.declared:
                self.fail(
                    "incremental",
                    f"« {column} » n'est pas une colonne déclarée.",
                    "Nommez `cursor` et `key` parmi les colonnes de `columns:`.",
                )
        if not key:
            self.fail(
                "incremental.key",
                "il manque la clé : une ligne relue serait en double.",
                "Donnez les colonnes qui disent de quelle ligne il s'agit : key: [id].",
            )
        return Incremental(str(cursor), said["type"], None if back is None else str(back), key)

    def flag(self, option: str, given: Any) -> bool:
        if not isinstance(given, bool):
            self.fail(option, f"« {given} » n'est pas true ou false.", "Écrivez true ou false.")
        return given

    def share(self, option: str, given: Any) -> float:
        if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 1:
            self.fail(
                option, f"« {given} » n'est pas une part.", "Donnez un nombre de 0 à 1 : 0.5 pour la moitié."
            )
        return float(given)

    def accounts(self, given: Any) -> tuple[str, ...]:
        if not isinstance(given, list) or not all(isinstance(name, str) and name for name in given):
            self.fail(
                "depositors",
                "ce doit être une liste de comptes.",
                "Donnez leurs noms, entre guillemets : depositors: ['sftp-age'].",
            )
        return tuple(given)

    def person(self) -> str | None:
        said = self.node.meta.get("personne")
        if said is None:
            return None
        column: str | None = said.get("identifiant") if isinstance(said, dict) else None
        if column not in self.declared:
            self.fail(
                "config.meta.personne",
                f"« {column} » n'est pas une colonne déclarée.",
                "Écrivez personne: {identifiant: <colonne>} : la colonne qui dit de qui est la ligne.",
            )
        return column

    def mapping(self, given: Any, option: str) -> dict[str, Any]:
        if given is None:
            return {}
        if not isinstance(given, dict):
            self.fail(option, "ce doit être une suite de « clé: valeur ».", "Revoyez l'indentation.")
        return dict(given)

    def options(self, given: Any, option: str, kind: type[Source] | None) -> dict[str, Any]:
        found = self.mapping(given, option)
        self.check_keys(found, options_of(kind))
        return found

    def inherit(
        self, own: dict[str, Any], options: dict[str, Any], entry: dict[str, Any], place: int
    ) -> dict[str, Any]:
        """A variant's settings: its own, then the table's where they mean something for its format."""
        file_format = entry.get("file_format", own["file_format"])
        file_format = file_format or _format_named({**own, **entry}["location"]) or ""
        usable = (*_OPTIONS.get(file_format, ()), *_SHARED_OPTIONS)
        inherited = {key: value for key, value in options.items() if key in usable}
        given = {**own, "file_format": file_format, **inherited, **entry}
        return {"name": f"variante {place}", **given}

    def check_keys(self, given: Mapping[str, Any], known: set[str]) -> None:
        for key in given:
            if key not in known:
                near = get_close_matches(str(key), known, 1)
                names = ", ".join([*near, *sorted(known - {*near})])
                self.fail(key, "cette option n'existe pas.", f"Options permises : {names}.")

    def check_column(self, option: str, column: Any) -> None:
        if not isinstance(column, str) or not IDENTIFIER.fullmatch(column) or column in METADATA_COLUMNS:
            self.fail(
                option,
                f"« {column} » ne peut pas nommer une colonne.",
                "Écrivez des minuscules sans accent, des chiffres et _ ; "
                f"{', '.join(METADATA_COLUMNS)} sont réservés.",
            )

    def check_names(self, variants: Sequence[Variant]) -> None:
        names = [variant.name for variant in variants]
        for name in names:
            if names.count(name) > 1:
                self.fail(
                    "variants", f"deux variantes s'appellent « {name} ».", "Donnez-leur des noms distincts."
                )

    def variant(self, entry: dict[str, Any]) -> Variant:
        location = entry.get("location")
        self.check_location(location)
        file_format = entry.get("file_format") or _format_named(location)
        if file_format not in FILE_FORMATS:
            fault = f"« {file_format} » est inconnu" if file_format else f"« {location} » ne le dit pas"
            self.fail("file_format", f"{fault}.", f"Choisissez : {', '.join(FILE_FORMATS)}.")
        self.check_keys(entry, {*_VARIANT_KEYS, *_SHARED_OPTIONS, *_OPTIONS[file_format]})
        values: dict[str, Any] = {
            "name": str(entry["name"]),
            "location": location,
            "file_format": file_format,
        }
        for option in _TEXT_OPTIONS[file_format]:
            if option in entry and not isinstance(entry[option], str):
                self.fail(
                    option, f"« {entry[option]} » n'est pas un texte.", "Mettez la valeur entre guillemets."
                )
        self.check_shape(entry)
        as_given = (*_TABLE_SHAPE, *_CSV_SHAPE, *_PACKED)
        values |= {key: entry[key] for key in as_given if key in entry}
        if "encoding" in entry:
            values["encoding"] = self.encoding(entry["encoding"])
        if file_format == "csv":
            self.check_csv(values)
        elif file_format == "json":
            values |= self.json_values(entry)
        elif file_format == "fixed":
            values |= {"header": False, "widths": self.widths(entry.get("widths"))}
        elif file_format in WORKBOOKS:
            values |= self.sheet_values(entry)
        values["renames"] = self.renames(entry.get("renames", {}))
        values["optional"] = self.names("optional", entry.get("optional", []))
        variant = Variant(**values)
        self.check_optional(variant)
        self.check_layout(variant)
        return variant

    def check_location(self, location: Any) -> None:
        if not isinstance(location, str) or not location:
            self.fail("location", "il manque l'emplacement.", "Donnez un motif comme age/ma_source/*.csv.")
        if location.startswith("/") or ".." in location.split("/"):
            self.fail(
                "location", f"« {location} » sort de la zone de dépôt.", "Partez de la racine de landing/."
            )
        try:
            patterns.compiled(location)
        except re.error:
            self.fail(
                "location",
                f"« {location} » n'est pas un motif.",
                "Écrivez chaque {nom} une fois, sans espace.",
            )
        for name in patterns.captures(location):
            self.check_column("location", name)

    def check_shape(self, entry: Mapping[str, Any]) -> None:
        """Checks the options that say where a table stands in its file."""
        for option in _FLAGS:
            if not isinstance(entry.get(option, True), bool):
                self.fail(option, f"« {entry[option]} » n'est pas true ou false.", "Écrivez true ou false.")
        for option, what in _COUNTS.items():
            given = entry.get(option, 1)
            if isinstance(given, bool) or not isinstance(given, int) or given < 1:
                self.fail(option, f"« {given} » n'est pas un {what}.", "Donnez un entier à partir de 1.")
        if entry.get("names", "header") not in ("header", "position"):
            self.fail(
                "names",
                f"« {entry['names']} » est inconnu.",
                "Choisissez header (les noms viennent de l'en-tête) ou position (l'ordre déclaré).",
            )
        if entry.get("header") is False and ("header_rows" in entry or "names" in entry):
            self.fail("header", "sans en-tête, il n'a ni lignes ni noms.", "Ôtez `header_rows` et `names`.")
        try:
            re.compile(entry.get("footer") or "x")
        except re.error:
            self.fail(
                "footer",
                f"« {entry['footer']} » n'est pas une expression régulière.",
                "Exemple, pour un pied de tableau qui commence par « Source » : footer: 'Source.*'",
            )

    def check_csv(self, values: dict[str, Any]) -> None:
        delimiter, quote = values.get("delimiter", ","), values.get("quote", '"')
        if (
            len(delimiter) != 1
            or not delimiter.isascii()
            or delimiter.isalnum()
            or delimiter in '\r\n\0"\x01'
        ):
            self.fail(
                "delimiter",
                f"« {delimiter} » ne peut pas séparer.",
                'Donnez un caractère : ";", "," ou "\\t".',
            )
        if quote and (len(quote) != 1 or not quote.isascii() or quote.isalnum() or quote in "\r\n\0"):
            self.fail("quote", f"« {quote} » ne peut pas entourer.", 'Donnez un caractère, ou "" pour aucun.')
        if delimiter == quote:
            self.fail("quote", "le guillemet est aussi le délimiteur.", "Donnez deux caractères distincts.")
        comment = values.get("comment", "")
        if comment.startswith((delimiter, quote or delimiter)) or not comment.isprintable():
            self.fail(
                "comment",
                f"« {comment} » ne peut pas annoncer un commentaire.",
                'Donnez un début de ligne qui n\'est ni le délimiteur ni le guillemet, comme "#".',
            )
        if values.get("beside") is not None:
            self.check_beside(values["beside"])

    def check_beside(self, column: Any) -> None:
        if column not in self.declared:
            self.fail(
                "beside",
                f"« {column} » n'est pas une colonne déclarée.",
                "Nommez la colonne déclarée, sous `columns:`, qui reçoit ce qui est à droite du tableau.",
            )

    def widths(self, given: Any) -> tuple[tuple[str, int], ...]:
        if not isinstance(given, dict) or not given:
            self.fail(
                "widths",
                "elle doit dire la largeur de chaque colonne, dans l'ordre, en caractères.",
                "Exemple : widths: {matricule: 8, nom: 30}.",
            )
        for column, width in given.items():
            if column not in self.declared:
                self.fail(
                    "widths",
                    f"« {column} » n'est pas une colonne déclarée.",
                    "Déclarez-la sous `columns:` : chaque caractère d'une ligne est dans une colonne, un "
                    "remplissage aussi.",
                )
            if isinstance(width, bool) or not isinstance(width, int) or width < 1:
                self.fail("widths", f"« {width} » n'est pas une largeur.", "Donnez un entier à partir de 1.")
        return tuple(given.items())

    def check_layout(self, variant: Variant) -> None:
        """A column that a fixed-width file must bring has its place in it."""
        if variant.file_format != "fixed":
            return
        placed = {column for column, _ in variant.widths}
        missing = [name for name in self.declared if name not in {*placed, *variant.own_columns()}]
        missing = [name for name in missing if name not in variant.optional]
        if missing:
            self.fail(
                "widths",
                f"elle ne dit pas la largeur de {', '.join(missing)}.",
                "Ajoutez ces colonnes à leur place, ou à `optional`.",
            )

    def json_values(self, entry: dict[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {"keys": self.names("keys", entry.get("keys", []))}
        envelope = entry.get("envelope")
        if envelope is not None and envelope not in ENVELOPES:
            self.fail("envelope", f"« {envelope} » est inconnue.", f"Choisissez : {', '.join(ENVELOPES)}.")
        if envelope and "rows" in entry:
            self.fail(
                "envelope", "elle dit déjà où sont les lignes.", "Gardez `envelope` ou `rows`, pas les deux."
            )
        values["envelope"] = envelope
        values["allow_partial"] = self.flag("allow_partial", entry.get("allow_partial", False))
        rows = ENVELOPES[envelope][0] if envelope else entry.get("rows", "*")
        values["rows"] = tuple(rows.split(".")) if rows else ()
        if not all(values["rows"]):
            self.fail("rows", f"« {rows} » a une étape vide.", "Séparez les étapes par un seul point.")
        values["fields"] = self.paths("fields", entry.get("fields", {}), "latitude: geopoint.0")
        if "parents" in entry:
            values["parents"] = self.paths("parents", entry["parents"], "ecole_id: id")
        return values

    def paths(self, option: str, given: Any, example: str) -> dict[str, tuple[str, ...]]:
        if not isinstance(given, dict) or not all(isinstance(path, str) and path for path in given.values()):
            self.fail(
                option,
                "ce doit être une suite de « colonne: chemin ».",
                f"Exemple : {option}: {{{example}}}.",
            )
        for column in given:
            self.check_column(option, column)
        return {column: tuple(path.split(".")) for column, path in given.items()}

    def sheet_values(self, entry: dict[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {"fill_merged": entry.get("fill_merged", False)}
        if "sheet" in entry and "sheets" in entry:
            self.fail("sheets", "`sheet` en désigne déjà une.", "Gardez `sheet` ou `sheets`, pas les deux.")
        if "sheet" in entry:
            values["sheet"] = self.sheet("sheet", entry["sheet"])
        if "sheets" in entry:
            given = entry["sheets"]
            values["sheets"] = tuple(
                self.sheet("sheets", one) for one in (given if isinstance(given, list) and given else [given])
            )
        if "sheet_column" in entry:
            self.check_column("sheet_column", entry["sheet_column"])
            values["sheet_column"] = entry["sheet_column"]
        if "range" in entry:
            values["range"] = self.range(entry["range"])
        return values

    def sheet(self, option: str, given: Any) -> str | int:
        if isinstance(given, bool) or not isinstance(given, str | int) or given in ("", 0):
            self.fail(
                option,
                f"« {given} » ne désigne pas de feuille.",
                "Donnez son nom entre guillemets, ou son rang depuis 1 parmi les feuilles visibles.",
            )
        sheet: str | int = given
        return sheet

    def range(self, given: str) -> tuple[int, int]:
        found = re.fullmatch(r"([A-Z]{1,3}):([A-Z]{1,3})", given.upper())
        first, last = map(column_number, found.groups()) if found else (1, 0)
        if last < first:
            self.fail("range", f"« {given} » ne désigne pas de colonnes.", "Exemple : range: 'A:F'.")
        return first, last

    def encoding(self, name: str) -> Encoding:
        try:
            return Encoding.named(name)
        except LookupError:
            self.fail(
                "encoding",
                f"« {name} » est inconnu.",
                "Choisissez par exemple utf-8, latin-1, cp1252 ou utf-16.",
            )

    def names(self, option: str, given: Any) -> tuple[str, ...]:
        if not isinstance(given, list):
            self.fail(option, "ce doit être une liste de colonnes.", f"Exemple : {option}: [colonne].")
        for column in given:
            self.check_column(option, column)
        return tuple(given)

    def renames(self, given: Any) -> dict[str, str]:
        if not isinstance(given, dict):
            self.fail(
                "renames", "ce doit être une suite de « reçu: déclaré ».", "Exemple : commune_2019: commune"
            )
        for received, declared in given.items():
            self.check_column("renames", received)
            if declared not in self.declared:
                self.fail(
                    "renames",
                    f"« {declared} » n'est pas une colonne déclarée.",
                    "Déclarez-la sous `columns:`.",
                )
        return dict(given)

    def check_optional(self, variant: Variant) -> None:
        for column in variant.optional:
            if column not in self.declared:
                self.fail(
                    "optional",
                    f"« {column} » n'est pas une colonne déclarée.",
                    "Déclarez-la sous `columns:`.",
                )
        given = {*variant.own_columns(), *variant.optional, variant.beside}
        named = variant.header and variant.names == "header"
        if not named and not set(self.declared) - given:
            self.fail(
                "header" if not variant.header else "names",
                "sans noms d'en-tête, les colonnes doivent être déclarées.",
                "Listez-les sous `columns:`.",
            )
