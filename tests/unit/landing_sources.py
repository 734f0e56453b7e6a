"""Small manifests with the sources that a landing test needs, as dbt 1.11 writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from donnees_au_centre.landing import SourceTable, read_declarations
from donnees_au_centre.project.nodes import Source


def source(
    location: str | None = "age/essai/*.csv",
    columns: Sequence[str] = ("a", "b"),
    file_format: str | None = "csv",
    options: dict[str, Any] | None = None,
    name: str = "essai",
    domain: str = "age",
    identifier: str | None = None,
) -> dict[str, Any]:
    """One entry of the manifest's `sources`."""
    return {
        "resource_type": "source",
        "package_name": "essai",
        "unique_id": f"source.essai.essai.{name}",
        "original_file_path": f"models/{domain}/staging/essai/_essai__sources.yml",
        "fqn": ["essai", domain, "staging", "essai", "essai", name],
        "source_name": "essai",
        "name": name,
        "identifier": identifier or name,
        "schema": f"raw_{domain}",
        "description": "Pour un essai.",
        "external": {
            "location": location,
            "file_format": file_format,
            "row_format": None,
            "tbl_properties": None,
            "partitions": None,
            **({"options": options} if options is not None else {}),
        },
        "columns": {
            column: {"name": column, "description": "", "meta": {}, "data_type": None, "tags": []}
            for column in columns
        },
        "config": {"enabled": True, "meta": {}, "tags": []},
    }


def as_nodes(*sources: dict[str, Any]) -> list[Source]:
    """These sources, as the manifest gives them."""
    return [Source(entry) for entry in sources]


def table(*arguments: Any, **options: Any) -> SourceTable:
    """The declaration of one source."""
    return read_declarations(as_nodes(source(*arguments, **options)))[0]


def environment_of(conninfo: str) -> dict[str, str]:
    """The variables that make a base the connection `amont` of a source."""
    found = conninfo_to_dict(conninfo)
    place = f"{found['user']}@{found['host']}:{found['port']}/{found['dbname']}"
    password = str(found.get("password") or "aucun")
    return {"SOURCE_AMONT": f"postgresql://{place}", "SOURCE_AMONT_PASSWORD": password}
