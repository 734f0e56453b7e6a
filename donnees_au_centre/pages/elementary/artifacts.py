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
from donnees_au_centre.project.nodes import DataTest, Exposure, Manifest, Node, Source
from donnees_au_centre.quality.project import Project

Row = dict[str, Any]
FRESHNESS_TEXT = "La source a été reçue dans le délai attendu."


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
    def tests(self) -> dict[str, DataTest]:
        """Data tests, generic and singular, by unique id. Unit tests check SQL, not data."""
        return self.project.tests

    @property
    def played_ids(self) -> list[str]:
        """What is built, and the controls: tests, and sources whose freshness is checked."""
        sources = self.project.sources
        return [
            one
            for one in (*self.nodes, *self.tests)
            if one not in sources or sources[one].has_freshness_limit
        ]

    @cached_property
    def exposures(self) -> dict[str, Exposure]:
        """The project's exposures, by unique id."""
        project = self.manifest.project_name
        return {
            unique_id: node
            for unique_id, node in sorted(self.manifest.exposures.items())
            if node.package == project
        }

    def rows(self, kind: str) -> list[Row]:
        """The nodes of one resource type: model, seed, snapshot or source."""
        return [self._artifact(node) for node in self.nodes.values() if node.kind == kind]

    def exposure_rows(self) -> list[Row]:
        """The exposures; Elementary leaves out those that read nothing of the project."""
        return [
            {
                "name": node.name,
                "label": node.title,
                "unique_id": unique_id,
                "url": node.url,
                "type": node.type,
                "maturity": node.maturity,
                "owner": dict(node.owner),
                "owners": self.owners(node),
                "tags": self.tags(node),
                "package_name": node.package,
                "description": _text(node.description),
                "full_path": node.file,
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
                "materialization": node.materialized,
                "type": node.kind,
            }

    def coverage(self) -> list[Row]:
        """How many tests are on a column, and on the whole, of each node that has any."""
        found: dict[str, Row] = {}
        for test in self.tests.values():
            if about := self.tested(test):
                row = found.setdefault(about, {"model_unique_id": about, "column_tests": 0, "table_tests": 0})
                row["column_tests" if test.column_name else "table_tests"] += 1
        return list(found.values())

    @cached_property
    def test_rows(self) -> dict[str, Row]:
        """What is known of each test, played or not, by unique id; several macros share it."""
        return {unique_id: self._test(test) for unique_id, test in self.tests.items()}

    def _test(self, test: DataTest) -> Row:
        about = self.tested(test)
        node = self.nodes.get(about or "")
        text, own = labels.check(test), sorted(set(test.tags))
        return {
            "model_unique_id": about,
            "test_unique_id": test.unique_id,
            "database_name": (node.database if node else None) or test.database,
            "schema_name": (node.schema if node else "") or test.schema,
            "table_name": node.relation if node else None,
            "column_name": test.column_name,
            "test_type": "dbt_test",
            "test_sub_type": "singular" if test.is_singular else "generic",
            "test_name": test.name,
            "test_description": text,
            "original_path": test.file,
            "package_name": test.package,
            "owners": self.owners(test),
            "model_owner": self.owners(node) if node else [],
            "tags": self.tags(test),
            "test_tags": own,
            "model_tags": self.tags(node) if node else [],
            "meta": {"description": text},
            "model_meta": {},
            "test_params": self._params(test),
            "severity": test.config.get("severity"),
            "test_results_query": self._query(test),
        }

    def source_row(self, source: Source) -> Row:
        """What is known of the freshness of a source table."""
        limits = source.freshness
        return {
            "database_name": source.database,
            "schema_name": source.schema,
            "source_name": source.source_name,
            "table_name": source.name,
            "test_type": "source_freshness",
            "test_sub_type": "freshness",
            "loaded_at_field": source.loaded_at_field,
            "meta": {},
            "owners": self.owners(source),
            "tags": self.tags(source),
            "error_after": _limit(limits.get("error_after")),
            "warn_after": _limit(limits.get("warn_after")),
            "filter": limits.get("filter"),
            "relation_name": source.relation_name or source.unique_id,
            "freshness_description": FRESHNESS_TEXT,
        }

    def tested(self, test: DataTest) -> str | None:
        """What a test is about, when the project still has it."""
        about = test.tested_id
        return about if about in self.nodes else None

    def owners(self, node: Node) -> list[str]:
        """Functional mailboxes, the owner's then the steward's; of a test, those of what it is about."""
        if isinstance(node, Exposure):
            own = node.owner.get("email")
            return [own] if isinstance(own, str) and own else []
        about = node.tested_id if isinstance(node, DataTest) else node.unique_id
        return list(self._answering(about, self._domain(node)))

    def tags(self, node: Node) -> list[str]:
        """dbt's tags and the domain; of a data set also its classification, and that it is strategic."""
        found = {*node.tags, self._domain(node)}
        if node.kind != "test":
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
        if isinstance(node, DataTest):
            return self.project.domain(node.unique_id)
        return node.domain

    def _artifact(self, node: Node) -> Row:
        row: Row = {
            "name": node.name,
            "unique_id": node.unique_id,
            "source_name": node.source_name if isinstance(node, Source) else None,
            "database_name": node.database,
            "schema_name": node.schema,
            "table_name": node.relation,
            "owners": self.owners(node),
            "tags": self.tags(node),
            "package_name": node.package,
            "description": _text(node.description),
            "materialization": node.materialized,
            "patch_path": node.patch_path,
            "full_path": node.file,
            "meta": {},
        }
        if node.kind == "snapshot":
            row |= {
                "depends_on_macros": "[]",
                "depends_on_nodes": json.dumps(self._parents(node)),
                "path": node.path,
                "generated_at": "",
                "unique_key": json.dumps(node.config.get("unique_key")),
                "incremental_strategy": node.config.get("strategy"),
            }
        return row

    def _parents(self, node: Node) -> list[str]:
        return [one for one in node.reads if one in self.nodes or one in self.exposures]

    def _params(self, test: DataTest) -> Row:
        return {key: value for key, value in test.arguments.items() if key not in ("model", "column_name")}

    def _query(self, test: DataTest) -> str | None:
        """The SQL that dbt ran, when the manifest has it; never of what reads a column about persons."""
        return None if any(self.project.personal(one) for one in test.reads) else test.compiled_code


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _limit(value: Mapping[str, Any] | None) -> Row:
    """`{count, period}`, or nothing for a limit that is not set."""
    return dict(value) if value and value.get("count") else {}
