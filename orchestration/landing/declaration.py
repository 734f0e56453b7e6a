"""What each source table expects from the landing zone, read from the `external:` of dbt's sources."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NoReturn

from orchestration.errors import PlatformError
from orchestration.landing.encodings import Encoding
from orchestration.landing.identifiers import IDENTIFIER, METADATA_COLUMNS

FILE_FORMATS = ("csv", "json", "xlsx")
ENVELOPES = {
    "opendatasoft_v1": ("records.*", "nhits"),
    "opendatasoft_v2": ("results.*", "total_count"),
}
_TEXT_OPTIONS = {
    "csv": ("delimiter", "quote", "encoding"),
    "json": ("rows", "envelope", "encoding"),
    "xlsx": (),
}
_OPTIONS = {
    "csv": ("encoding", "delimiter", "quote", "header"),
    "json": ("encoding", "rows", "keys", "envelope", "fields", "allow_partial"),
    "xlsx": ("sheet", "header_row", "header"),
}
_SHARED_OPTIONS = ("renames", "optional")
_BOUNDS = ("max_shrink", "max_rejects")
_TABLE_OPTIONS = ("variants", "one_format_per_extract", "allow_empty", *_BOUNDS)
_VARIANT_KEYS = ("name", "location", "file_format")

# Changes when the same file and declaration would give other rows: every file is then loaded again.
_RULES_VERSION = 1


@dataclass(frozen=True)
class Variant:
    """One shape that the files of a source table may have.

    Attributes:
        name: shown in reports and in the audit; `principal` for the table's own.
        location: pattern below the landing root; `*`, `?` and `[0-3]` stay within a folder; `{name}`, or
            `{name:202[0-3]}`, captures.
        file_format: one of FILE_FORMATS.
        encoding: of the text formats.
        delimiter: of CSV, one ASCII character.
        quote: of CSV, one ASCII character, or "" when the files quote nothing.
        header: whether the first record of a CSV, or row of a sheet, names the columns.
        rows: steps from a JSON root to its rows.
        keys: columns that receive the object keys met by `*` steps.
        envelope: a key of ENVELOPES, or None.
        fields: column -> path of a value inside a JSON row.
        allow_partial: whether an envelope may announce more records than it has.
        sheet: name or 1-based index of a worksheet.
        header_row: 1-based row of a worksheet's header.
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
    rows: tuple[str, ...] = ("*",)
    keys: tuple[str, ...] = ()
    envelope: str | None = None
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    allow_partial: bool = False
    sheet: str | int = 1
    header_row: int = 1
    renames: Mapping[str, str] = field(default_factory=dict)
    optional: tuple[str, ...] = ()

    def captures(self) -> tuple[str, ...]:
        """Names of the columns that the location fills, in order."""
        return tuple(_captures(self.location))

    def match(self, path: str) -> dict[str, str] | None:
        """Compares a path (relative to the landing root, `/` between folders) with the location.

        Returns:
            The captured values by column, or None when the path does not match.
        """
        found = _location_pattern(self.location).fullmatch(path)
        return None if found is None else found.groupdict()


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

    @property
    def label(self) -> str:
        """How messages name the table."""
        return f"{self.domain}.{self.source}.{self.name}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Text columns of the raw table: the declared ones, then what variants add by themselves."""
        added = (
            name
            for variant in self.variants
            for name in (*variant.captures(), *variant.keys, *variant.fields)
        )
        return tuple(dict.fromkeys((*self.declared, *added)))

    def match(self, path: str) -> tuple[Variant, dict[str, str]] | None:
        """Finds the first variant whose location matches a path, with its captures."""
        for variant in self.variants:
            captured = variant.match(path)
            if captured is not None:
                return variant, captured
        return None

    def required_columns(self, variant: Variant) -> tuple[str, ...]:
        """The declared columns that the file itself must bring, in order."""
        given = {*variant.captures(), *variant.keys, *variant.optional}
        return tuple(name for name in self.declared if name not in given)

    def fingerprint(self, variant: Variant) -> str:
        """Digest of all that decides which rows a file gives; another value means loading again."""
        parts = {**vars(variant), "encoding": variant.encoding.codec, "columns": self.columns}
        parts |= {"rules": _RULES_VERSION, "table": f"{self.schema}.{self.identifier}"}
        # Neither decides which rows a file gives, only whether it is taken.
        del parts["name"], parts["allow_partial"]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def read_declarations(
    manifest: Mapping[str, Any], faults: list[PlatformError] | None = None
) -> list[SourceTable]:
    """Reads the source tables that have an `external:` from dbt's manifest.

    Args:
        manifest: the content of manifest.json (dbt 1.11).
        faults: receives the declarations that cannot be followed, so that one never stops the others; without
            it the first one is raised.

    Returns:
        The tables, by domain, source and name.

    Raises:
        PlatformError: a declaration that cannot be followed; the message names source, table and option.
    """
    tables: list[SourceTable] = []
    relations: dict[tuple[str, str], str] = {}
    for node in manifest.get("sources", {}).values():
        if not node.get("external"):
            continue
        try:
            table = _Reader(node).table()
            relation = (table.schema, table.identifier)
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
    return sorted(tables, key=lambda table: (table.domain, table.source, table.name))


def _captures(location: str) -> list[str]:
    """Names captured by a location, in order."""
    return re.findall(r"\{([^}:]*)[^}]*\}", location)


def _location_pattern(location: str) -> re.Pattern[str]:
    """Translates a location; raises re.error when it cannot be one."""
    pattern = ""
    for piece in re.split(r"(\{[^}]*\})", location):
        if piece.startswith("{"):
            name, _, glob = piece[1:-1].partition(":")
            pattern += f"(?P<{name}>{_glob_pattern(glob) if glob else '[^/]+'})"
        else:
            pattern += _glob_pattern(piece)
    return re.compile(pattern)


def _glob_pattern(glob: str) -> str:
    pattern = ""
    for piece in re.split(r"(\*|\?|\[[^\]/]+\])", glob):
        if piece in ("*", "?"):
            pattern += "[^/]*" if piece == "*" else "[^/]"
        elif piece.startswith("[") and piece.endswith("]"):
            pattern += piece.replace("\\", r"\\").replace("[!", "[^", 1)
        else:
            pattern += re.escape(piece)
    return pattern


class _Reader:
    """Reads and checks one source node of the manifest."""

    def __init__(self, node: Mapping[str, Any]) -> None:
        self.node = node
        self.place = f"source {node['source_name']}, table {node['name']}"
        self.external: Mapping[str, Any] = node["external"]
        self.declared = tuple(node["columns"])

    def fail(self, option: str, problem: str, advice: str) -> NoReturn:
        raise PlatformError(
            f"Déclaration à corriger ({self.place}, option « {option} ») : {problem}",
            f"{advice} Fichier : {self.node.get('original_file_path', 'models/')}.",
        )

    def table(self) -> SourceTable:
        node = self.node
        for column in self.declared:
            self.check_column("columns", column)
        options = self.options(self.external.get("options"), "options")
        one_format = self.flag("one_format_per_extract", options.pop("one_format_per_extract", False))
        allow_empty = self.flag("allow_empty", options.pop("allow_empty", False))
        bounds = {name: self.share(name, options.pop(name)) for name in _BOUNDS if name in options}
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
            domain=node["fqn"][1],
            source=node["source_name"],
            name=node["name"],
            schema=node["schema"],
            identifier=node["identifier"],
            declared=self.declared,
            variants=variants,
            one_format_per_extract=one_format,
            person=self.person(),
            allow_empty=allow_empty,
            **bounds,
        )

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

    def person(self) -> str | None:
        said = ((self.node.get("config") or {}).get("meta") or {}).get("personne")
        if said is None:
            return None
        column = said.get("identifiant") if isinstance(said, dict) else None
        if column not in self.declared:
            self.fail(
                "config.meta.personne",
                f"« {column} » n'est pas une colonne déclarée.",
                "Écrivez personne: {identifiant: <colonne>} : la colonne qui dit de qui est la ligne.",
            )
        return column

    def options(self, given: Any, option: str) -> dict[str, Any]:
        if given is None:
            return {}
        if not isinstance(given, dict):
            self.fail(option, "ce doit être une suite de « clé: valeur ».", "Revoyez l'indentation.")
        known = {*_TABLE_OPTIONS, *_SHARED_OPTIONS, *(name for names in _OPTIONS.values() for name in names)}
        self.check_keys(given, known)
        return dict(given)

    def inherit(
        self, own: dict[str, Any], options: dict[str, Any], entry: dict[str, Any], place: int
    ) -> dict[str, Any]:
        """A variant's settings: its own, then the table's where they mean something for its format."""
        file_format = entry.get("file_format", own["file_format"])
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
        location, file_format = entry.get("location"), entry.get("file_format")
        if file_format not in FILE_FORMATS:
            self.fail(
                "file_format", f"« {file_format} » est inconnu.", f"Choisissez : {', '.join(FILE_FORMATS)}."
            )
        self.check_location(location)
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
        if "header" in entry:
            self.flag("header", entry["header"])
        values |= {key: entry[key] for key in ("delimiter", "quote", "header") if key in entry}
        if "encoding" in entry:
            values["encoding"] = self.encoding(entry["encoding"])
        if file_format == "csv":
            self.check_csv(values)
        elif file_format == "json":
            values |= self.json_values(entry)
        else:
            values |= self.sheet_values(entry)
        values["renames"] = self.renames(entry.get("renames", {}))
        values["optional"] = self.names("optional", entry.get("optional", []))
        variant = Variant(**values)
        self.check_optional(variant)
        return variant

    def check_location(self, location: Any) -> None:
        if not isinstance(location, str) or not location:
            self.fail("location", "il manque l'emplacement.", "Donnez un motif comme age/ma_source/*.csv.")
        if location.startswith("/") or ".." in location.split("/"):
            self.fail(
                "location", f"« {location} » sort de la zone de dépôt.", "Partez de la racine de landing/."
            )
        try:
            _location_pattern(location)
        except re.error:
            self.fail(
                "location",
                f"« {location} » n'est pas un motif.",
                "Écrivez chaque {nom} une fois, sans espace.",
            )
        for name in _captures(location):
            self.check_column("location", name)

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
        fields = entry.get("fields", {})
        if not isinstance(fields, dict) or not all(
            isinstance(path, str) and path for path in fields.values()
        ):
            self.fail(
                "fields", "ce doit être une suite de « colonne: chemin ».", "Exemple : latitude: geopoint.0"
            )
        for column in fields:
            self.check_column("fields", column)
        values["fields"] = {column: tuple(path.split(".")) for column, path in fields.items()}
        return values

    def sheet_values(self, entry: dict[str, Any]) -> dict[str, Any]:
        sheet, header_row = entry.get("sheet", 1), entry.get("header_row", 1)
        if isinstance(sheet, bool) or not isinstance(sheet, str | int) or sheet in ("", 0):
            self.fail(
                "sheet", f"« {sheet} » ne désigne pas de feuille.", "Donnez son nom, ou son rang depuis 1."
            )
        if isinstance(header_row, bool) or not isinstance(header_row, int) or header_row < 1:
            self.fail("header_row", f"« {header_row} » n'est pas un rang.", "Donnez un entier à partir de 1.")
        return {"sheet": sheet, "header_row": header_row}

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
        given = {*variant.captures(), *variant.optional}
        if not variant.header and not set(self.declared) - given:
            self.fail(
                "header", "sans en-tête, les colonnes doivent être déclarées.", "Listez-les sous `columns:`."
            )
