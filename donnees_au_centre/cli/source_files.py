"""The YAML of a source table that is new: what a look at its file found, and what a person said of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from donnees_au_centre.cli.new_model import WIDTH, quoted
from donnees_au_centre.discovery.columns import ColumnLook
from donnees_au_centre.discovery.locations import Place
from donnees_au_centre.discovery.look import FileLook
from donnees_au_centre.landing.declaration import RECORDS
from donnees_au_centre.project.vocabulary import NOT_PERSONAL

# How a description says what a typing macro reads.
READ_AS = {
    "clean_text": "",
    "to_integer": "nombre entier",
    "to_decimal": "nombre décimal",
    "to_boolean": "oui ou non",
    "to_date": "date",
    "to_moment": "jour et heure",
    "to_code": "code",
    "to_bce_number": "numéro d'entreprise (BCE)",
    "school_key": "clé FASE « établissement/implantation »",
    "school_year": "année scolaire",
}


def read_as(column: ColumnLook) -> str:
    """How a column is read, in French; "" for a text that is one."""
    typing = column.typing
    if typing.macro == "to_decimal" and typing.arguments[1] == "0":
        return READ_AS["to_integer"]
    if typing.macro == "clean_text" and column.is_moment:
        return "moment, laissé en texte"
    return READ_AS[typing.macro]


@dataclass(frozen=True)
class NewTable:
    """A source table to declare.

    Attributes:
        domain: of the source.
        source: its name, that of its folder in the landing zone.
        table: its name.
        place: where its files are.
        look: what its file is.
        categories: of personal data, by column; empty for a table that is about nobody.
        governance: what the table says itself.
        successive: what its files are to one another, as `fichiers` says it; None for a single file.
        person: the column that says whom a row is about; None for none.
        described: what a row is, in French.
        origin: the system that it comes from: `kind`, `connection`, `folder`; empty for the zone alone.
        proposed: an `incremental` that a person may want; None for none.
        texts: what the provider says of columns.
    """

    domain: str
    source: str
    table: str
    place: Place
    look: FileLook
    categories: Mapping[str, str]
    governance: Mapping[str, Any]
    successive: str | Mapping[str, str] | None
    person: str | None
    described: str
    origin: Mapping[str, str] = field(default_factory=dict)
    proposed: Mapping[str, Any] | None = None
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Where its files are written, below the checkout."""
        return f"models/{self.domain}/staging/{self.source}"

    @property
    def file(self) -> str:
        """The YAML of its source, below the checkout."""
        return f"{self.folder}/_{self.source}__sources.yml"


def source_yaml(new: NewTable) -> str:
    """The YAML of a source with one table."""
    described = f"Fichiers reçus dans {new.domain}/{new.source}."
    if new.origin:
        given = "Lignes lues" if new.look.file_format == RECORDS else "Fichiers apportés"
        described = f"{given} de {new.origin['connection']} ({new.origin['kind']})."
    return "\n".join(
        [
            "sources:",
            f"  - name: {new.source}",
            *quoted("description", described, 4),
            f"    schema: raw_{new.domain}",
            '    config: {loaded_at_query: "{{ latest_receipt(this) }}"}',
            "    tables:",
            table_yaml(new),
        ]
    )


def table_yaml(new: NewTable) -> str:
    """The YAML of one table of a source."""
    prefix = new.table if new.table == new.source else f"{new.source}_{new.table}"
    lines = [
        f"      - name: {new.table}",
        *quoted("description", new.described, 8),
        "        config:",
        "          meta:",
    ]
    if new.person:
        lines.append(f"            personne: {{identifiant: {new.person}}}")
    if new.successive:
        lines += _entry("fichiers", new.successive, 12)
    lines.append("            gouvernance:")
    for key, value in new.governance.items():
        lines += _entry(key, value, 14)
    lines.append("        external:")
    for key, value in new.origin.items():
        lines += [f"          {key}: {flow(value)}"]
    if new.place.location:
        lines += _entry("location", new.place.location, 10)
    if not new.place.named_format:
        lines.append(f"          file_format: {new.look.file_format}")
    if new.look.options:
        lines.append("          options:")
        for key, value in new.look.options.items():
            lines += _entry(key, value, 12)
    if new.proposed:
        lines += _proposed(new.proposed, bool(new.look.options))
    lines.append("        data_tests:")
    lines += [
        f"          - {test}: {{name: {prefix}_{word}}}"
        for test, word in (
            ("comparable_volume", "volume_comparable"),
            ("as_declared", "comme_declare"),
            ("fully_loaded", "entier_en_base"),
        )
    ]
    lines.append("        columns:")
    for column in new.look.table.columns:
        text = described(column, new.look, new.texts.get(column.name, ""))
        lines += _column(column.name, text, new.categories)
    if new.place.capture:
        text = f"Lu dans le nom du fichier. Reçu : {new.place.form}."
        lines += _column(new.place.capture, text, new.categories)
    return "\n".join(lines) + "\n"


def _proposed(incremental: Mapping[str, Any], beside: bool) -> list[str]:
    """The comment that says how to read only what changes: an option, beside others or alone."""
    said = f"incremental: {flow(incremental)}"
    lines = [
        f"Pour ne lire que ce qui change, si {incremental['cursor']} suit chaque changement d'une ligne :",
        said if beside else f"options: {{{said}}}",
    ]
    written = [f"{' ' * (12 if beside else 10)}# {one}" for one in lines]
    return written if max(map(len, written)) <= WIDTH else []


def described(column: ColumnLook, look: FileLook, said: str = "") -> str:
    """What a column is, as its provider says it, else as far as its file does: a person makes it better."""
    if said:
        pass
    elif column.name in look.keys:
        said = "Clé de l'objet JSON qui porte la ligne."
    elif not column.header or not look.has_header:
        said = f"Colonne {column.name.replace('_', ' ')}, sans nom dans le fichier."
    else:
        place = "à la source" if look.file_format == RECORDS else "dans le fichier"
        said = f"« {' '.join(column.header.split())} » {place}."
    kind = read_as(column)
    if column.typing.macro == "to_moment" and not column.typing.arguments:
        kind = "jour et heure, heure universelle (UTC) là où un fuseau est écrit"
    elif column.typing.macro in ("to_date", "to_moment"):
        pattern = column.typing.arguments[0].strip("'\"").replace("'", "")
        kind = f"{kind}, {pattern.replace('yyyy', 'AAAA').replace('yy', 'AA').replace('dd', 'JJ')}"
    return f"{said} Reçu : {kind}." if kind else said


def _column(name: str, text: str, categories: Mapping[str, str]) -> list[str]:
    category = categories.get(name, NOT_PERSONAL) if categories else None
    meta = f"{{meta: {{donnee_personnelle: {category}}}}}" if category else ""
    shown = json.dumps(text, ensure_ascii=False)
    line = f"          - {{name: {name}, description: {shown}{f', config: {meta}' if meta else ''}}}"
    if len(line) <= WIDTH:
        return [line]
    lines = [f"          - name: {name}", *quoted("description", text, 12)]
    return [*lines, f"            config: {meta}"] if meta else lines


def _entry(key: str, value: Any, indent: int) -> list[str]:
    """A key of YAML and its value: on one line where it fits."""
    if isinstance(value, str):
        return quoted(key, value, indent)
    line = f"{' ' * indent}{key}: {flow(value)}"
    if len(line) <= WIDTH:
        return [line]
    if isinstance(value, Mapping):
        return [
            f"{' ' * indent}{key}:",
            *(one for name, part in value.items() for one in _entry(name, part, indent + 2)),
        ]
    return [f"{' ' * indent}{key}:", *(f"{' ' * (indent + 2)}- {flow(part)}" for part in value)]


def flow(value: Any) -> str:
    """A value of YAML on one line."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {flow(part)}' for name, part in value.items())}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(flow, value))}]"
    if (
        isinstance(value, str)
        and value.replace("_", "a").isalnum()
        and value[:1].isalpha()
        and value.isascii()
    ):
        return (
            value
            if value.lower() not in ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
            else json.dumps(value)
        )
    return json.dumps(value, ensure_ascii=False)
