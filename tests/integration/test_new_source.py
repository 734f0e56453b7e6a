"""`make new-source` over a real database: what it declares, the loader reads, to the last row."""

from __future__ import annotations

import io
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import yaml

from benchmarks.odd_files import odd_file
from donnees_au_centre.cli import new_source
from donnees_au_centre.discovery.look import look
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.nodes import Manifest
from tests.small_project import settings_of
from tests.unit.test_new_source import HEADER, MANIFEST, OF_PEOPLE, PEOPLE, PROJECT, SAID, SECRETS

GROUPS = {"groups": {"group.age": MANIFEST.groups["age"]._said}}


class Checkout:
    """A checkout of one administration, and the command over it; dbt is not asked."""

    def __init__(self, folder: Path, conninfo: str) -> None:
        self.settings, self.conninfo = settings_of(folder), conninfo
        (folder / "models/age").mkdir(parents=True)
        (folder / "models/age/_age.yml").write_text("version: 2\n", encoding="utf-8")
        (folder / "dbt_project.yml").write_text(PROJECT, encoding="utf-8")

    def manifest(self) -> Manifest:
        """What dbt would read of the sources written so far."""
        sources = {}
        for file in (self.settings.root / "models").rglob("_*__sources.yml"):
            for source in yaml.safe_load(file.read_text("utf-8"))["sources"]:
                for table in source["tables"]:
                    unique_id = f"source.essai.{source['name']}.{table['name']}"
                    sources[unique_id] = {
                        **table,
                        "unique_id": unique_id,
                        "resource_type": "source",
                        "source_name": source["name"],
                        "identifier": table["name"],
                        "schema": source["schema"],
                        "fqn": ["essai", "age", "staging", source["name"], table["name"]],
                        "meta": table["config"]["meta"],
                        "columns": {column["name"]: column for column in table["columns"]},
                    }
        return Manifest({**GROUPS, "sources": sources, "nodes": {}})

    def declare(self, name: str, content: bytes, **options: str) -> int:
        """Drops a file and runs the command on it."""
        file = self.settings.landing / "age/essai" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        given = {"FICHIER": f"age/essai/{name}", **SAID, **OF_PEOPLE, **options}
        return new_source.new_source(self.settings, given)

    def count(self, table: str) -> int:
        with psycopg.connect(self.conninfo) as connection:
            (rows,) = connection.execute(f"select count(*) from raw_age.{table}").fetchone() or (0,)
            return int(rows)

    def rejected(self) -> list[Any]:
        with psycopg.connect(self.conninfo) as connection:
            query = "select motif, detail from raw_age.rejets_chargement where motif <> 'hors_tableau'"
            return connection.execute(query).fetchall()


@pytest.fixture
def checkout(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    found = Checkout(tmp_path, database)
    access = SimpleNamespace(conninfo=lambda: database, address="essai")
    monkeypatch.setattr(new_source, "open_project", lambda _session: (access, found.manifest()))
    monkeypatch.setattr(
        new_source, "parse_or_fail", lambda _session: SimpleNamespace(manifest=found.manifest())
    )
    monkeypatch.setattr(new_source, "sys", SimpleNamespace(stdin=None))
    return found


def test_every_row_of_odd_files_is_loaded(checkout: Checkout) -> None:
    source = random.Random(11)
    for place in range(25):
        file = odd_file(source)
        with_header = "oui" if file.header_rows else "non"
        assert (
            checkout.declare(f"fichier_{place}x.csv", file.data, TABLE=f"t{place}", EN_TETE=with_header) == 0
        )
        wanted = look(io.BytesIO(file.data), header=file.header_rows > 0)
        assert checkout.count(f"t{place}") == wanted.table.rows, file.text[:300]
    assert checkout.rejected() == []


def test_people_leave_no_trace_outside_the_database(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [["Liste"], [""], HEADER, *PEOPLE, ["Source : registre"]]
    content = "\r\n".join(";".join(row) for row in rows).encode("mac-roman")
    assert checkout.declare("eleves_2024.csv", content) == 0
    assert checkout.count("eleves") == len(PEOPLE)
    written = [
        path.read_text("utf-8")
        for path in checkout.settings.root.rglob("*")
        if path.is_file() and not path.is_relative_to(checkout.settings.landing)
    ]
    printed = capsys.readouterr()
    text = "\n".join([*written, printed.out, printed.err]).lower()
    assert "stg_essai__eleves" in text
    assert not [secret for secret in SECRETS if secret in text]


def test_a_file_that_cannot_be_loaded_leaves_nothing(checkout: Checkout) -> None:
    before = sorted(checkout.settings.root.rglob("*.yml"))
    with pytest.raises(PlatformError):
        checkout.declare("vide.csv", b"a;b\n")
    assert sorted(checkout.settings.root.rglob("*.yml")) == before
