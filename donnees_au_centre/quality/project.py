"""What the manifest says of a control: who answers for what it is about, and what reads that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from donnees_au_centre.project.datasets import Dataset, Responsible, read_datasets, responsible
from donnees_au_centre.project.nodes import (
    CROSSING,
    PLATFORM,
    SHARED,
    Manifest,
)
from donnees_au_centre.quality.facts import Affected


class Project:
    """What the manifest says: who answers for a node, and what reads it."""

    def __init__(self, manifest: Manifest) -> None:
        """Reads the data sets and turns the graph over."""
        self.manifest = manifest
        self.datasets: dict[str, Dataset] = {one.unique_id: one for one in read_datasets(manifest)}
        self.tests = {one.unique_id: one for one in manifest.tests}
        self.checks = {one.unique_id: one for one in manifest.checks}
        self.sources = {one.unique_id: one for one in manifest.own_sources}
        self.models = {one.unique_id: one for one in manifest.of_type("model", "seed", "snapshot")}
        self._read_by: dict[str, list[str]] = defaultdict(list)
        for reader in (*self.models.values(), *manifest.exposures.values()):
            for parent in reader.reads:
                self._read_by[parent].append(reader.unique_id)
        found = {node.domain for node in (*self.models.values(), *self.sources.values())}
        found |= {manifest.domain_of_test(test) or PLATFORM for test in self.tests.values()}
        last = {SHARED: 1, CROSSING: 2, PLATFORM: 3}
        self.domains = sorted(found, key=lambda name: (last.get(name, 0), name))

    def domain(self, unique_id: str) -> str:
        """The domain that answers for a control; the platform, for one about nobody's data in particular."""
        if unique_id in self.sources:
            return self.sources[unique_id].domain
        return self.manifest.domain_of_test(self.checks[unique_id]) or PLATFORM

    def responsibles(
        self, unique_id: str | None, domain: str
    ) -> tuple[Responsible | None, Responsible | None]:
        """Owner and steward: of the data set; of the only source of a private model; else of the domain."""
        about = self.datasets.get(unique_id or "")
        if about is None and unique_id in self.models:
            origins = self.origins(unique_id)
            about = self.datasets.get(origins[0]) if len(origins) == 1 else None
        if about is not None and about.domain == domain:
            return about.owner, about.steward
        group = self.manifest.groups.get(domain)
        return (_answering(group.owner), _answering(group.steward)) if group else (None, None)

    def origins(self, unique_id: str) -> list[str]:
        """The source tables that a model is made from, at any distance."""
        found, seen, waiting = set(), set(), [unique_id]
        while waiting:
            one = waiting.pop()
            if one in self.sources:
                found.add(one)
            elif one in self.models and one not in seen:
                seen.add(one)
                waiting += self.models[one].reads
        return sorted(found)

    def affected(self, unique_id: str | None) -> tuple[Affected, ...]:
        """The marts and dashboards that read a node, at any distance."""
        seen, waiting = set(), list(self._read_by.get(unique_id or "", ()))
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += self._read_by.get(one, ())
        exposures = self.manifest.exposures
        found = []
        for one in sorted(seen):
            if one in exposures:
                exposure = exposures[one]
                found.append(
                    Affected(
                        one,
                        "tableau_de_bord",
                        exposure.label,
                        exposure.domain if exposure.domain in self.domains else None,
                        _answering(exposure.owner),
                    )
                )
            elif one in self.models and self.models[one].layer == "marts":
                held = self.datasets[one]
                found.append(Affected(one, "mart", held.name, held.domain, held.owner))
        return tuple(found)

    def strategic(self, unique_id: str | None) -> bool:
        """True when a node is a strategic data set, or one downstream is."""
        about = (unique_id, *(one.unique_id for one in self.affected(unique_id)))
        return any(self.datasets[one].strategic for one in about if one in self.datasets)

    def personal(self, unique_id: str | None) -> bool:
        """True when a node, or what it is made from, is about persons."""
        if unique_id is None:
            return False
        if unique_id in self.datasets and self.datasets[unique_id].has_personal_data:
            return True
        node = self.models.get(unique_id)
        if node is not None and any(column.is_personal for column in node.columns.values()):
            return True
        return any(self.datasets[one].has_personal_data for one in self.origins(unique_id))


def _answering(person: Mapping[str, Any]) -> Responsible | None:
    """Who answers, given as `{name, email}`."""
    return responsible({"fonction": person.get("name"), "courriel": person.get("email")})
