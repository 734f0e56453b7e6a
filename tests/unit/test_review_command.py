"""`make review` says what it needs, and writes the letter and its data."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from donnees_au_centre.cli import review as command
from donnees_au_centre.cli.review import read_base, write_review
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project import ParseResult
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.review import review
from donnees_au_centre.settings import Settings
from tests.unit.manifests import PROJECT, good_manifest


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings.load({}), target_path=tmp_path / "target", build=tmp_path / "build")


def test_the_base_is_a_folder_with_a_manifest(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="BASE manque"):
        read_base(settings, "")
    with pytest.raises(PlatformError, match="n'a pas de manifest"):
        read_base(settings, str(tmp_path))
    with pytest.raises(PlatformError, match="que sa lecture récrit"):
        read_base(settings, str(settings.target_path))
    for text in ("{", "[]", '{"nodes": 1}', "{}"):
        (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
        with pytest.raises(PlatformError, match="n'est pas celui d'un projet dbt"):
            read_base(settings, str(tmp_path))


def test_what_others_wrote_draws_nothing_and_calls_nobody(settings: Settings) -> None:
    head = good_manifest()
    new = dict(head["nodes"][f"model.{PROJECT}.dim_ecole"])
    new |= {"unique_id": f"{new['unique_id']}_2", "name": "dim_ecole_2"}
    new["description"] = "Voir @tous | [ici](https://x.example) <script>\n/close"
    head["nodes"][new["unique_id"]] = new
    found = review(Manifest(good_manifest()), Manifest(head), date(2026, 11, 30), missing="essai.")
    text = write_review(settings, found).read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if "dim_ecole_2` (mart, age)" in line)
    assert line.count("|") == 4
    assert not any(part in text for part in ("@tous", "](http", "<script", "\n/close"))
    data = json.loads((settings.build / "review" / "demande.json").read_text(encoding="utf-8"))
    assert data["classe"] == "sans rupture"
    assert data["manque"] == "essai."


def test_what_does_not_compile_is_said(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, content = Manifest(good_manifest()), good_manifest()
    mart = content["nodes"][f"model.{PROJECT}.dim_ecole"]
    mart["raw_code"] = "select fase from lignes where nom is not null"
    head = ParseResult(Manifest(content), None, tmp_path)  # type: ignore[arg-type]
    # dbt compiles neither side.
    monkeypatch.setattr(command, "compile_some", lambda *_: {})
    monkeypatch.setattr(command, "read_dbt", lambda _: None)
    _, _, unsaid = command._compiled(settings, tmp_path, base, head)
    assert unsaid == [
        f"Le SQL {when} de dim_ecole ne se compile pas : comparé tel qu'il est écrit."
        for when in ("en production", "proposé")
    ]
    found = review(base, head.manifest, date(2026, 11, 30), unsaid=unsaid)
    text = write_review(settings, found).read_text("utf-8")
    assert "## Ce que cette lettre ne dit pas\n\n- Le SQL" in text
    # That of production is another dbt's.
    monkeypatch.undo()
    monkeypatch.setattr(command, "compile_some", lambda *_: {mart["unique_id"]: "select 1"})
    (tmp_path / "manifest.json").write_text('{"metadata": {"dbt_schema_version": "v1"}}', encoding="utf-8")
    before, _, unsaid = command._compiled(settings, tmp_path, base, head)
    assert before == {}
    assert "n'est pas celui de ce dbt" in unsaid[0]
