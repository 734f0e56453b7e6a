"""What the manifest says of a control: who answers for what it is about, and what reads that."""

from __future__ import annotations

from collections import defaultdict

from donnees_au_centre.project.datasets import Dataset, Responsible, read_datasets, responsible
from donnees_au_centre.project.metadata import meta_of
from donnees_au_centre.project.nodes import (
    CROSSING,
    PLATFORM,
    SHARED,
    Manifest,
    checks,
    domain_of,
    domain_of_test,
    layer_of,
    of_type,
)
from donnees_au_centre.quality.facts import Affected


class Project:
    """What the manifest says: who answers for a node, and what reads it."""

    def __init__(self, manifest: Manifest) -> None:
        """Reads the data sets and turns the graph over."""
        self.manifest = manifest
        self.datasets: dict[str, Dataset] = {one.unique_id: one for one in read_datasets(manifest)}
        self.tests = {one["unique_id"]: one for one in of_type(manifest, "test")}
        self.checks = {one["unique_id"]: one for one in checks(manifest)}
        self.sources = {one["unique_id"]: one for one in of_type(manifest, "source")}
        self.models = {one["unique_id"]: one for one in of_type(manifest, "model", "seed", "snapshot")}
        self._read_by: dict[str, list[str]] = defaultdict(list)
        for reader in (*self.models.values(), *manifest.get("exposures", {}).values()):
            for parent in reader.get("depends_on", {}).get("nodes", ()):
                self._read_by[parent].append(reader["unique_id"])
        found = {domain_of(node) for node in (*self.models.values(), *self.sources.values())}
        found |= {domain_of_test(manifest, test) or PLATFORM for test in self.tests.values()}
        last = {SHARED: 1, CROSSING: 2, PLATFORM: 3}
        self.domains = sorted(found, key=lambda name: (last.get(name, 0), name))

    def domain(self, unique_id: str) -> str:
        """The domain that answers for a control; the platform, for one about nobody's data in particular."""
        if unique_id in self.sources:
            return domain_of(self.sources[unique_id])
        return domain_of_test(self.manifest, self.checks[unique_id]) or PLATFORM

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
        group = next((one for one in self.manifest.get("groups", {}).values() if one["name"] == domain), {})
        people = group.get("owner"), meta_of(group).get("steward")
        owner, steward = (
            responsible({"fonction": one.get("name"), "courriel": one.get("email")}) if one else None
            for one in people
        )
        return owner, steward

    def origins(self, unique_id: str) -> list[str]:
        """The source tables that a model is made from, at any distance."""
        found, seen, waiting = set(), set(), [unique_id]
        while waiting:
            one = waiting.pop()
            if one in self.sources:
                found.add(one)
            elif one in self.models and one not in seen:
                seen.add(one)
                waiting += self.models[one].get("depends_on", {}).get("nodes", [])
        return sorted(found)

    def affected(self, unique_id: str | None) -> tuple[Affected, ...]:
        """The marts and dashboards that read a node, at any distance."""
        seen, waiting = set(), list(self._read_by.get(unique_id or "", ()))
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += self._read_by.get(one, ())
        exposures = self.manifest.get("exposures", {})
        found = []
        for one in sorted(seen):
            if one in exposures:
                exposure = exposures[one]
                owner = exposure.get("owner") or {}
                found.append(
                    Affected(
                        one,
                        "tableau_de_bord",
                        exposure.get("label") or exposure["name"],
                        exposure["fqn"][1] if exposure["fqn"][1] in self.domains else None,
                        responsible({"fonction": owner.get("name"), "courriel": owner.get("email")}),
                    )
                )
            elif one in self.models and layer_of(self.models[one]) == "marts":
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
        if node is not None and any(
            meta_of(column).get("donnee_personnelle") not in (None, "aucune")
            for column in node["columns"].values()
        ):
            return True
        return any(self.datasets[one].has_personal_data for one in self.origins(unique_id))
