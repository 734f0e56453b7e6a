"""`make review` says what it needs, and writes the letter and its data."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from donnees_au_centre.cli.review import read_base, write_review
from donnees_au_centre.errors import PlatformError
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
