"""The JSON Schema of the `external:` of a source: where its rows come from, and how they are read.

What each option means is told once, in the table of docs/analyste/zone-de-depot.md; its form is told here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from donnees_au_centre.connectors import FileSource, kind_named, kinds
from donnees_au_centre.landing.declaration import ENVELOPES, FILE_FORMATS, options_of
from donnees_au_centre.landing.identifiers import IDENTIFIER

PAGE = "docs/analyste/zone-de-depot.md"
Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 1}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
COLUMN: Schema = {"type": "string", "pattern": f"^{IDENTIFIER.pattern}$"}
COLUMNS: Schema = {"type": "array", "items": COLUMN}
BY_COLUMN: Schema = {"type": "object", "propertyNames": COLUMN}
SHEET: Schema = {"type": ["string", "integer"], "minLength": 1}

FORMS: dict[str, Schema] = {
    **dict.fromkeys(("comment", "encoding", "footer", "member", "rows"), TEXT),
    **dict.fromkeys(("allow_empty", "allow_partial", "fill_merged", "header"), FLAG),
    **dict.fromkeys(("long_rows", "one_format_per_extract", "short_rows"), FLAG),
    **dict.fromkeys(("header_row", "header_rows", "max_seconds", "max_size", "max_unpacked"), COUNT),
    **dict.fromkeys(("max_rejects", "max_shrink"), SHARE),
    **dict.fromkeys(("keys", "optional"), COLUMNS),
    **dict.fromkeys(("beside", "sheet_column"), COLUMN),
    **dict.fromkeys(("fields", "parents", "renames"), BY_COLUMN | {"additionalProperties": TEXT}),
    "delimiter": TEXT | {"minLength": 1, "maxLength": 1},
    "quote": TEXT | {"maxLength": 1},
    "names": {"enum": ["header", "position"]},
    "envelope": {"enum": [*ENVELOPES]},
    "widths": BY_COLUMN | {"additionalProperties": COUNT, "minProperties": 1},
    "sheet": SHEET,
    "sheets": {"anyOf": [SHEET, {"type": "array", "items": SHEET}]},
    "range": TEXT | {"pattern": "^[A-Za-z]{1,3}:[A-Za-z]{1,3}$"},
    "depositors": {"type": "array", "items": TEXT},
}
# What the table of the files does not tell.
LEAST: Schema = {
    "type": "integer",
    "minimum": 0,
    "description": "Une livraison qui a moins de lignes attend un accord.",
}
INCREMENTAL: Schema = {
    "type": "object",
    "description": "Lue à partir de la dernière lecture, et non plus entière.",
    "required": ["cursor", "type", "key"],
    "additionalProperties": False,
    "properties": {
        "cursor": COLUMN | {"description": "La colonne qui grandit à chaque changement d'une ligne."},
        "type": {
            "enum": ["time", "number", "text"],
            "description": "Comment ses valeurs se comparent : time est une date ou un moment.",
        },
        "look_back": {
            "type": ["string", "number"],
            "description": "De combien reculer, pour les lignes qui viennent tard : 2 days, ou un nombre.",
        },
        "key": COLUMNS | {"minItems": 1, "description": "Les colonnes qui disent de quelle ligne il s'agit."},
    },
}


def external_schema(root: Path) -> tuple[Schema, Schema]:
    """The schema of `external:`, and the definitions that it refers to.

    Args:
        root: the checkout, whose page tells what the options mean.
    """
    told = told_options((root / PAGE).read_text("utf-8"))
    shared: Schema = {name: form | {"description": told[name]} for name, form in FORMS.items()}
    shared |= {"min_rows": LEAST, "incremental": INCREMENTAL}
    place = {
        "location": TEXT
        | {"description": "Motif du fichier sous la zone de dépôt ; d'un système, ce qui y est lu."},
        "file_format": {
            "enum": [*FILE_FORMATS],
            "description": "Le format, quand la fin de location ne le dit pas.",
        },
    }
    variant = {"name": TEXT | {"description": "Le nom de cette forme, dans les rapports."}, **place}
    per_file = {name: _option(name) for name in FORMS.keys() & options_of(None)}
    shared["variants"] = {
        "type": "array",
        "description": told["variants"],
        "items": _closed({**variant, **dict(sorted(per_file.items()))}),
    }
    definitions: Schema = {"options": {"properties": shared}}
    of_kind: Schema = {}
    for name in kinds():
        kind = kind_named(name)
        own = kind.options_class.model_json_schema()
        definitions |= own.pop("$defs", {})
        if issubclass(kind, FileSource) and not own["properties"]:
            of_kind[name] = "options_fichiers"
            continue
        of_kind[name] = f"options_{name}"
        common = {option: _option(option) for option in sorted(options_of(kind)) if option in shared}
        definitions[of_kind[name]] = _closed({**common, **own["properties"]})
        if required := own.get("required"):
            definitions[of_kind[name]]["required"] = required
    definitions["options_fichiers"] = _closed({name: _option(name) for name in sorted(options_of(None))})
    rules = [
        _when({"properties": {"kind": {"const": kind}}, "required": ["kind"]}, name)
        for kind, name in of_kind.items()
    ]
    whole = {
        "kind": {
            "enum": kinds(),
            "description": "Le genre du système ; sans lui, des fichiers qu'on dépose.",
        },
        "connection": TEXT | {"description": "Le nom de la connexion : SOURCE_<NOM> en donne l'adresse."},
        "folder": TEXT | {"description": "Où sont les fichiers, là-bas."},
        **place,
        "options": {"type": "object", "description": "Comment lire ; selon le genre et le format."},
    }
    without = _when({"not": {"required": ["kind"]}}, "options_fichiers")
    described = {"description": "D'où viennent les lignes de la table, et comment les lire."}
    return _closed(whole) | described | {"allOf": [*rules, without]}, definitions


def told_options(page: str) -> dict[str, str]:
    """Option -> what it means, from the table of the page.

    Args:
        page: the Markdown of zone-de-depot.md.
    """
    table = page.partition("\n### Options\n")[2].partition("\n### ")[0]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()]
    told = {}
    for formats, names, meaning, default in (row for row in rows if len(row) == 4):
        for name in re.findall(r"`(\w+)`", names):
            told[name] = f"{meaning} (formats : {formats} ; par défaut : {default})"
    return told


def _option(name: str) -> Schema:
    return {"$ref": f"#/$defs/options/properties/{name}"}


def _closed(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _when(condition: Schema, options: str) -> Schema:
    return {"if": condition, "then": {"properties": {"options": {"$ref": f"#/$defs/{options}"}}}}
