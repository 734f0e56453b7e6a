"""The JSON Schemas of reviewed YAML, made from the models that check it, for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from donnees_au_centre.access.files import ADDED, REFUSED, Default, Entry, Refusal
from donnees_au_centre.administration import Administration
from donnees_au_centre.cli.external_schema import external_schema
from donnees_au_centre.delivery.declaration import Release
from donnees_au_centre.learning.exercises import Course, Ideas
from donnees_au_centre.notifications.declaration import Declaration
from donnees_au_centre.privacy.holds import Hold
from donnees_au_centre.privacy.unattended import Permission
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.consumers import Consumer
from donnees_au_centre.project.datasets import Governance
from donnees_au_centre.project.promises import Contract
from donnees_au_centre.project.rules import landing as deposit
from donnees_au_centre.settings import ROOT

FOLDER = "policies/schemas"


def schema_texts() -> dict[str, str]:
    """Name -> JSON, of each schema."""
    schemas = {
        "acces": _listed({ADDED: Entry, REFUSED: Refusal}),
        "administration": _schema(Administration),
        "canaux": _schema(Declaration),
        "consommateurs": _schema(Consumer),
        "contrats": _schema(dict[str, Contract]),
        "gels": _listed({"gels": Hold}),
        "gouvernance": _governance(),
        "idees-fausses": _schema(Ideas),
        "livraison": _schema(Release),
        "parcours": _schema(Course),
        "purge": _listed({"purges": Permission}),
    }
    return {
        name: json.dumps(_untitled(schema), ensure_ascii=False, indent=2) + "\n"
        for name, schema in schemas.items()
    }


def write_schemas(root: Path) -> None:
    """Writes policies/schemas/*.json below a checkout."""
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    for name, text in schema_texts().items():
        (root / FOLDER / f"{name}.json").write_text(text, "utf-8")


def _schema(model: Any) -> dict[str, Any]:
    return TypeAdapter(model).json_schema()


def _listed(models: dict[str, type]) -> dict[str, Any]:
    """A file that is lists, each below its key; one of them at least."""
    lists = {key: _schema(list[model]) for key, model in models.items()}  # type: ignore[valid-type]
    shared = {name: said for one in lists.values() for name, said in one.pop("$defs", {}).items()}
    least: dict[str, Any] = {"required": [*lists]} if len(lists) == 1 else {"minProperties": 1}
    return {**_mapping(lists), **least, "additionalProperties": False, "$defs": shared}


def _governance() -> dict[str, Any]:
    """What config.meta and external may say in the YAML of dbt, which has other keys; columns included."""
    said = _schema(Governance)
    external, options = external_schema(ROOT)
    shared = {**said.pop("$defs", {}), "gouvernance": said, **options}
    themes = {
        "type": "array",
        "items": {"enum": list(words.THEMES)},
        "description": "Thèmes européens de ce que l'AG publie en données ouvertes.",
    }
    group = {words.ACCESS_DEFAULTS: _schema(Default), words.OPEN_THEMES: themes}
    levels = {key: {"$ref": "#/$defs/gouvernance"} for key in (words.OWN, words.DEFAULTS)}
    column = {
        words.CATEGORY: {
            "enum": list(words.CATEGORIES),
            "description": "Ce que la colonne apprend sur une personne.",
        },
        words.PROTECTION: {
            "enum": list(words.PROTECTIONS),
            "description": "La macro par laquelle la colonne n'identifie plus personne.",
        },
    }
    whole = {
        words.CATEGORY: {
            "enum": [words.NOT_PERSONAL],
            "description": "Les colonnes qui n'en disent rien n'ont pas de donnée personnelle.",
        }
    }
    model = {**_with_meta(levels | whole), "columns": _items(_with_meta(column))}
    copied = {
        words.COPY: {
            "enum": [words.DRAWN],
            "description": "Dans une copie d'essai, une valeur tirée parmi celles que beaucoup portent, au "
            "lieu d'un pseudonyme.",
        }
    }
    table = {
        **_with_meta(levels | whole | _files()),
        "columns": _items(_with_meta(column | copied)),
        "external": external,
    }
    source = {**_with_meta(levels), "tables": _items(table)}
    return {
        **_mapping(
            {"groups": _items(_with_meta(levels | group)), "models": _items(model), "sources": _items(source)}
        ),
        "$defs": shared,
    }


def _files() -> dict[str, Any]:
    """What config.meta of a source table says of its rows: whose they are, what files are to each other."""
    latest = {
        "type": "string",
        "description": f"Le dernier l'emporte : par sa date (une capture de location), ou {deposit.RECEIPT}.",
    }
    person = {
        "identifiant": {"type": "string", "description": "La colonne qui dit de qui est la ligne."},
        "homonymes": {"type": "boolean", "description": "Cette colonne est un nom : plusieurs le portent."},
    }
    return {
        "personne": {
            **_mapping(person),
            "required": ["identifiant"],
            "additionalProperties": False,
            "description": "Pour les droits d'accès et d'effacement, si les lignes concernent des personnes.",
        },
        "fichiers": {
            "anyOf": [
                {"const": deposit.ADDED},
                {
                    **_mapping({deposit.REPLACED: latest}),
                    "required": [deposit.REPLACED],
                    "additionalProperties": False,
                },
            ],
            "description": f"Ce que des fichiers successifs sont entre eux : {deposit.ADDED}, chacun apporte "
            f"ses lignes ; {deposit.REPLACED}, le dernier remplace les autres.",
        },
    }


def _with_meta(meta: dict[str, Any]) -> dict[str, Any]:
    return {"config": _mapping({"meta": _mapping(meta)})}


def _items(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": _mapping(properties)}


def _mapping(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _untitled(schema: Any) -> Any:
    """Without the titles and the defaults of pydantic, which say nothing to readers of French."""
    if isinstance(schema, list):
        return [_untitled(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    noise = [key for key in ("title", "default") if not isinstance(schema.get(key), dict)]
    return {key: _untitled(value) for key, value in schema.items() if key not in noise}
