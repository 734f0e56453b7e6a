"""The project's own models hold no leak; every leak put into them is found, and soon enough."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from orchestration.lineage import leaks
from orchestration.lineage.compilation import compile_for_lineage
from orchestration.manifest import parse
from orchestration.settings import Settings
from tests.lineage_mutations import Mutation, Mutations, Project

trace_module = sys.modules["orchestration.lineage.trace"]
SEED = 20_260
NOWHERE = {
    "PGHOST": "127.0.0.1",
    "PGPORT": "1",
    "PGUSER": "personne",
    "PGPASSWORD": "",
    "PGDATABASE": "aucune",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project, compiled for PostgreSQL without a server."""
    settings = replace(Settings.load({}), target_path=tmp_path_factory.mktemp("lignage"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in NOWHERE.items():
            patch.setenv(name, value)
        parsed = parse(settings)
        assert parsed.error is None, parsed.error
        compiled = compile_for_lineage(settings, parsed.project)
    return Project(parsed.manifest, compiled.models, compiled.seal)


def drawn(project: Project) -> Iterator[Mutation]:
    mutations = Mutations(project, SEED)
    yield from mutations.hidden(82)
    yield from mutations.joined()
    yield from mutations.renamed(15)
    yield from mutations.untagged(20)
    yield from mutations.unprotected()
    yield from mutations.new_marts()


def test_the_project_itself_has_none(project: Project) -> None:
    lineage = project.lineage()
    assert lineage.faults == ()
    assert [str(leak) for leak in leaks(lineage)] == []
    # And there is something to lose: each administration that holds persons has tagged and protected columns.
    mutations = Mutations(project, SEED)
    assert len(mutations.tagged) > 20
    assert {protection for *_, protection in mutations.protected} >= {"masque", "supprime"}


def test_every_seeded_leak_is_found(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    # What a mutation leaves alone need not be read again.
    monkeypatch.setattr(trace_module, "statement", cache(trace_module.statement))
    missed, count = [], 0
    for mutation in drawn(project):
        count += 1
        lineage = mutation.project.lineage()
        found = {leak.label: leak for leak in leaks(lineage)}
        if lineage.faults:
            missed.append(f"{mutation.title}\n    {lineage.faults[0].message}")
        elif mutation.column not in found:
            missed.append(f"{mutation.title}\n    {sorted(found)}")
        else:
            leak = found[mutation.column]
            assert leak.labels[-1] == mutation.column and leak.advice, str(leak)
    assert count >= 150
    assert not missed, f"{len(missed)} leaks of {count}:\n" + "\n".join(missed)
