"""The project's own models hold no leak; every leak put into them is found, and soon enough."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import ClassVar

import pytest
from sqlglot import exp

from benchmarks.lineage import measure
from benchmarks.pace import slowness
from donnees_au_centre.cli.lineage import check_personal_data, read_lineage
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project import parse
from donnees_au_centre.project.lineage import leaks
from donnees_au_centre.project.lineage.compilation import compile_for_lineage
from donnees_au_centre.project.lineage.graph import Flow
from donnees_au_centre.project.lineage.query import QueryReader
from donnees_au_centre.project.lineage.scopes import Columns, FindRelation
from donnees_au_centre.settings import ROOT, Settings
from tests.campaigns import WHOLE, campaign, examples, some
from tests.lineage_mutations import Mutation, Mutations, Project
from tests.memory import recall, recall_without_database

trace_module = sys.modules["donnees_au_centre.project.lineage.trace"]
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
        recall(settings)
        parsed = parse(settings)
        assert parsed.error is None, parsed.error
        compiled = compile_for_lineage(settings, parsed.project)
    return Project(parsed.manifest.content, compiled.models, compiled.seal)


@contextmanager
def own_environment() -> Iterator[None]:
    """What a command does to the environment of its process ends here."""
    saved = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)


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


class Remembering(QueryReader):
    """Reads a query again only where what it finds there is not what it found before."""

    read_before: ClassVar[dict[int, list[tuple[exp.Expr, dict, dict]]]] = {}

    def __init__(self, find_relation: FindRelation, seal: str | None = None) -> None:
        super().__init__(self._note, seal)
        self._find = find_relation
        self._found: dict[tuple[str, str], Columns | None] = {}

    def _note(self, schema: str, name: str) -> Columns | None:
        self._found[schema, name] = found = self._find(schema, name)
        return found

    def read(self, query: exp.Expr) -> dict[str, Flow]:
        known = self.read_before.setdefault(id(query), [])
        for same, found, columns in known:
            if same is query and all(self._find(*name) == there for name, there in found.items()):
                return columns
        self._found = {}
        columns = super().read(query)
        known.append((query, self._found, columns))
        return columns


@campaign
def test_every_seeded_leak_is_found(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    # What a mutation leaves alone need not be read again.
    monkeypatch.setattr(trace_module, "statement", cache(trace_module.statement))
    monkeypatch.setattr(trace_module, "QueryReader", Remembering)
    missed, count = [], 0
    for mutation in some(drawn(project)):
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
    assert count >= (150 if WHOLE else 30)
    assert not missed, f"{len(missed)} leaks of {count}:\n" + "\n".join(missed)


def test_the_check_of_lint_reads_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for part in ("macros", "models", "seeds", "profiles", "tests"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for name in ("dbt_project.yml", ".dbtignore"):
        shutil.copy(ROOT / name, tmp_path)
    settings = replace(Settings.load({}), root=tmp_path, target_path=tmp_path / "target" / "essai")
    staging = tmp_path / "models/agaj/staging/prises_en_charge/stg_prises_en_charge__prises_en_charge.sql"
    with own_environment():
        recall_without_database(settings)
        check_personal_data(read_lineage(settings))
        # The young person's number, bare under the name of its pseudonym.
        bare = "'identifiant_du_jeune', 'jeune_pseudonyme',"
        sql = staging.read_text("utf-8")
        call = f"{bare} sql=pseudonymise('{{}}', 'agaj', 'suivi'),"
        assert call in sql
        staging.write_text(sql.replace(call, bare), encoding="utf-8")
        with pytest.raises(PlatformError) as caught:
            check_personal_data(read_lineage(settings))
    shown = capsys.readouterr().out
    assert "elle est dite pseudonyme, mais rien ne la pseudonymise" in shown
    assert "raw_agaj.prises_en_charge.identifiant_du_jeune → stg_prises_en_charge__prises_en_charge." in shown
    assert "docs/gestionnaire/donnees-personnelles.md" in caught.value.advice


@campaign
def test_three_hundred_models_take_less_than_twenty_seconds(tmp_path: Path) -> None:
    with own_environment():
        spent = measure(tmp_path, examples(300))
    # The check itself, after dbt has read the project, at the pace of the machine.
    assert spent["compilation"] + spent["lignage et fuites"] < 20 * slowness(), spent
