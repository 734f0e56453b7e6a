"""What Elementary watches: every mart, by its volume and structure, and what observability/ adds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from donnees_au_centre.project.domains import group_file
from donnees_au_centre.project.nodes import domains_in

# Below the checkout; one file a domain that has something to add.
ADDED = "observability/models"
VOLUME = "Le nombre de lignes reste dans ce que le dernier mois a montré ; jamais zéro."
STRUCTURE = "Aucune colonne ajoutée, retirée ou changée de type depuis la dernière fois."
SCHEMA = "{{ (env_var('DBT_SCHEMA_PREFIX', '') ~ '_').lstrip('_') }}"


def watched_marts(root: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """What is watched, by domain and name of the mart: its entry of YAML."""
    return {
        (domain, table["name"]): table
        for domain, source in watched_domains(root).items()
        for table in source["tables"]
    }


def watched_domains(root: Path) -> dict[str, dict[str, Any]]:
    """The dbt source that stands for the marts of each domain that has some, by domain.

    Args:
        root: the checkout.
    """
    found = {}
    for domain in domains_in(root):
        said = _sources(root / ADDED / f"{domain}.yml").get(domain, {})
        added = {table["name"]: table for table in said.get("tables", ())}
        marts = [path.stem for path in sorted((root / "models" / domain / "marts").glob("*.sql"))]
        tables = [_watched(name, added.get(name, {})) for name in dict.fromkeys([*marts, *added])]
        if tables:
            found[domain] = {**_source(root, domain), **said, "tables": tables}
    return found


def write_models(root: Path, folder: Path) -> None:
    """Writes what is watched as dbt reads it, one file a domain, and nothing else there.

    Args:
        root: the checkout.
        folder: made when it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.yml"):
        path.unlink()
    for domain, source in watched_domains(root).items():
        document = {"version": 2, "sources": [source]}
        text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=1000)
        (folder / f"{domain}.yml").write_text(text, encoding="utf-8")


def _source(root: Path, domain: str) -> dict[str, Any]:
    """What the group of a domain makes of its source."""
    [group] = yaml.safe_load((root / group_file(domain)).read_text("utf-8"))["groups"]
    return {
        "name": domain,
        "description": f"{group['description']} Ses marts, tels que construits, surveillés par Elementary.",
        "schema": f"{SCHEMA}{domain}",
        "config": {"tags": [domain], "meta": {"owner": group["owner"]["email"]}},
    }


def _watched(mart: str, added: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of a mart: what is added, and the tests of every mart that it has not of its own."""
    own = added.get("data_tests", [])
    names = {body["name"] for test in own for body in test.values()}
    tests = [test for test in _every_mart(mart) if not names.intersection(b["name"] for b in test.values())]
    return {"name": mart, **added, "data_tests": [*tests, *own]}


def _every_mart(mart: str) -> list[dict[str, dict[str, Any]]]:
    return [
        {
            "elementary.volume_anomalies": {
                "name": f"{mart}_volume",
                "description": VOLUME,
                "arguments": {"fail_on_zero": True},
            }
        },
        {
            "elementary.schema_changes": {
                "name": f"{mart}_structure",
                "description": STRUCTURE,
            }
        },
    ]


def _sources(path: Path) -> dict[str, dict[str, Any]]:
    if not path.is_file():
        return {}
    return {source["name"]: source for source in yaml.safe_load(path.read_text("utf-8"))["sources"]}
