"""What the manifest says of the project, in the rows that Elementary's own macros would give.

Column names are those of elementary_cli's macros and of elementary.monitor.fetchers.*.schema (0.25.1).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from donnees_au_centre.catalogue import labels
from donnees_au_centre.project.metadata import governance_of
from donnees_au_centre.project.nodes import Manifest, Node, domain_of, file_of, is_singular, tested_id
from donnees_au_centre.quality.project import Project
from donnees_au_centre.quality.reading import has_limit

Row = dict[str, Any]
FRESHNESS_TEXT = "La source a reçu un fichier dans le délai attendu."


@dataclass(frozen=True)
class Artifacts:
    """The project's own nodes; those of a package, Elementary's included, are left out.

    Attributes:
        manifest: the content of manifest.json.
    """

    manifest: Manifest

    @cached_property
    def _mailboxes(self) -> dict[tuple[str | None, str], tuple[str, ...]]:
        """Found so far: finding who answers walks the graph."""
        return {}

    @cached_property
    def project(self) -> Project:
        """Who answers for what, the same as on the managers' pages."""
        return Project(self.manifest)

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Models, seeds, snapshots and sources, by unique id."""
        return {**self.project.models, **self.project.sources}

    @property
    def tests(self) -> dict[str, Node]:
        """Data tests, generic and singular, by unique id. Unit tests check SQL, not data."""
        return self.project.tests

    @property
    def played_ids(self) -> list[str]:
        """What is built, and the controls: tests, and sources whose freshness is checked."""
        sources = self.project.sources
        return [one for one in (*self.nodes, *self.tests) if one not in sources or has_limit(sources[one])]

    @cached_property
    def exposures(self) -> dict[str, Node]:
        """The project's exposures, by unique id."""
        project = self.manifest["metadata"]["project_name"]
        return {
            unique_id: node
            for unique_id, node in sorted(self.manifest.get("exposures", {}).items())
            if node["package_name"] == project
        }

    def rows(self, kind: str) -> list[Row]:
        """The nodes of one resource type: model, seed, snapshot or source."""
        return [self._artifact(node) for node in self.nodes.values() if node["resource_type"] == kind]

    def exposure_rows(self) -> list[Row]:
        """The exposures; Elementary leaves out those that read nothing of the project."""
        return [
            {
                "name": node["name"],
                "label": node.get("label"),
                "unique_id": unique_id,
                "url": node.get("url"),
                "type": node.get("type"),
                "maturity": node.get("maturity"),
                "owner": dict(node.get("owner") or {}),
                "owners": self.owners(node),
                "tags": self.tags(node),
                "package_name": node["package_name"],
                "description": _text(node.get("description")),
                "full_path": file_of(node),
                "meta": {},
                "depends_on_nodes": self._parents(node),
            }
            for unique_id, node in self.exposures.items()
        ]

    def depends_on(self) -> Iterator[Row]:
        """What each node reads; what is not of the project is left out."""
        for unique_id, node in {**self.nodes, **self.exposures}.items():
            yield {
                "unique_id": unique_id,
                "depends_on_nodes": json.dumps(self._parents(node)),
                "materialization": (node.get("config") or {}).get("materialized"),
                "type": node["resource_type"],
            }

    def coverage(self) -> list[Row]:
        """How many tests are on a column, and on the whole, of each node that has any."""
        found: dict[str, Row] = {}
        for test in self.tests.values():
            if about := self.tested(test):
                row = found.setdefault(about, {"model_unique_id": about, "column_tests": 0, "table_tests": 0})
                row["column_tests" if test.get("column_name") else "table_tests"] += 1
        return list(found.values())

    @cached_property
    def test_rows(self) -> dict[str, Row]:
        """What is known of each test, played or not, by unique id; several macros share it."""
        return {unique_id: self._test(test) for unique_id, test in self.tests.items()}

    def _test(self, test: Node) -> Row:
        about = self.tested(test)
        node = self.nodes.get(about, {}) if about else {}
        text, own = labels.check(test), sorted(set(test.get("tags") or ()))
        return {
            "model_unique_id": about,
            "test_unique_id": test["unique_id"],
            "database_name": node.get("database") or test.get("database"),
            "schema_name": node.get("schema") or test.get("schema") or "",
            "table_name": _table(node) if node else None,
            "column_name": test.get("column_name"),
            "test_type": "dbt_test",
            "test_sub_type": "singular" if is_singular(test) else "generic",
            "test_name": test["name"],
            "test_description": text,
            "original_path": file_of(test),
            "package_name": test["package_name"],
            "owners": self.owners(test),
            "model_owner": self.owners(node) if node else [],
            "tags": self.tags(test),
            "test_tags": own,
            "model_tags": self.tags(node) if node else [],
            "meta": {"description": text},
            "model_meta": {},
            "test_params": self._params(test),
            "severity": (test.get("config") or {}).get("severity"),
            "test_results_query": self._query(test),
        }

    def source_row(self, source: Node) -> Row:
        """What is known of the freshness of a source table."""
        limits = source.get("freshness") or {}
        return {
            "database_name": source.get("database"),
            "schema_name": source.get("schema") or "",
            "source_name": source["source_name"],
            "table_name": source["name"],
            "test_type": "source_freshness",
            "test_sub_type": "freshness",
            "loaded_at_field": source.get("loaded_at_field"),
            "meta": {},
            "owners": self.owners(source),
            "tags": self.tags(source),
            "error_after": _limit(limits.get("error_after")),
            "warn_after": _limit(limits.get("warn_after")),
            "filter": limits.get("filter"),
            "relation_name": source.get("relation_name") or source["unique_id"],
            "freshness_description": FRESHNESS_TEXT,
        }

    def tested(self, test: Node) -> str | None:
        """What a test is about, when the project still has it."""
        about = tested_id(test)
        return about if about in self.nodes else None

    def owners(self, node: Node) -> list[str]:
        """Functional mailboxes, the owner's then the steward's; of a test, those of what it is about."""
        if node["resource_type"] == "exposure":
            own = (node.get("owner") or {}).get("email")
            return [own] if isinstance(own, str) and own else []
        about = tested_id(node) if node["resource_type"] == "test" else node["unique_id"]
        return list(self._answering(about, self._domain(node)))

    def tags(self, node: Node) -> list[str]:
        """dbt's tags and the domain; of a data set also its classification, and that it is strategic."""
        found = {*(node.get("tags") or ()), self._domain(node)}
        if node["resource_type"] != "test":
            said = governance_of(self.manifest, node)
            if said.get("classification") in labels.CLASSIFICATIONS:
                found.add(said["classification"])
            if said.get("strategique") is True:
                found.add("strategique")
        return sorted(found)

    def _answering(self, about: str | None, domain: str) -> tuple[str, ...]:
        key = (about, domain)
        if key not in self._mailboxes:
            found = self.project.responsibles(about, domain)
            self._mailboxes[key] = tuple(dict.fromkeys(one.email for one in found if one))
        return self._mailboxes[key]

    def _domain(self, node: Node) -> str:
        if node["resource_type"] == "test":
            return self.project.domain(node["unique_id"])
        return domain_of(node)

    def _artifact(self, node: Node) -> Row:
        config = node.get("config") or {}
        row = {
            "name": node["name"],
            "unique_id": node["unique_id"],
            "source_name": node.get("source_name"),
            "database_name": node.get("database"),
            "schema_name": node.get("schema") or "",
            "table_name": _table(node),
            "owners": self.owners(node),
            "tags": self.tags(node),
            "package_name": node["package_name"],
            "description": _text(node.get("description")),
            "materialization": config.get("materialized"),
            "patch_path": node.get("patch_path"),
            "full_path": file_of(node),
            "meta": {},
        }
        if node["resource_type"] == "snapshot":
            row |= {
                "depends_on_macros": "[]",
                "depends_on_nodes": json.dumps(self._parents(node)),
                "path": node.get("path") or file_of(node),
                "generated_at": "",
                "unique_key": json.dumps(config.get("unique_key")),
                "incremental_strategy": config.get("strategy"),
            }
        return row

    def _parents(self, node: Node) -> list[str]:
        read = (node.get("depends_on") or {}).get("nodes", ())
        return [one for one in read if one in self.nodes or one in self.exposures]

    def _params(self, test: Node) -> Row:
        given = (test.get("test_metadata") or {}).get("kwargs") or {}
        return {key: value for key, value in given.items() if key not in ("model", "column_name")}

    def _query(self, test: Node) -> str | None:
        """The SQL that dbt ran, when the manifest has it; never of what reads a column about persons."""
        parents = (test.get("depends_on") or {}).get("nodes", ())
        query = test.get("compiled_code") or None
        return None if query is None or any(self.project.personal(one) for one in parents) else query


def _table(node: Node) -> str:
    return node.get("identifier") or node.get("alias") or node["name"]


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _limit(value: Mapping[str, Any] | None) -> Row:
    """`{count, period}`, or nothing for a limit that is not set."""
    return dict(value) if value and value.get("count") else {}
