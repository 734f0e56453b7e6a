"""`make descriptions` of a source with the dictionary of its provider."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from donnees_au_centre.cli import descriptions
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.lineage import trace
from donnees_au_centre.settings import Settings
from tests.small_project import settings_of
from tests.unit.lineage_projects import SEAL
from tests.unit.test_proposals import Built

TEXTS = {
    "statut": "« Statut de l'élève » dans le fichier. Reçu : nombre entier.",
    "commune_nouvelle": "À décrire.",
    "rue": "Rue où il habite.",
    "inconnue": "",
}
DICTIONARY = (
    "Champ;Définition\nStatut de l'élève;Situation au 1er octobre\ncommune_2019;Commune du domicile\n"
    "rue;Voie\npays;Pays\n"
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A checkout with a source of one table, and its dictionary; dbt is not asked."""
    built = Built().source("eleves", TEXTS)
    (node,) = built.sources.values()
    node["external"] = {"location": "x", "options": {"renames": {"commune_2019": "commune_nouvelle"}}}
    built.source("autre", {"x": ""})
    manifest = built.manifest()
    settings = settings_of(tmp_path)
    session = SimpleNamespace(settings=settings)
    monkeypatch.setattr(descriptions, "Session", SimpleNamespace(without_database=lambda _: session))
    monkeypatch.setattr(descriptions, "parse_or_fail", lambda _: SimpleNamespace(manifest=manifest))
    monkeypatch.setattr(descriptions, "lineage_of", lambda *_: trace(manifest, {}, SEAL))
    columns = [{"name": name, "description": text} for name, text in TEXTS.items()]
    file = tmp_path / node["original_file_path"]
    file.parent.mkdir(parents=True)
    source = {"name": "eleves", "tables": [{"name": "eleves", "columns": columns}]}
    file.write_text(yaml.safe_dump({"sources": [source]}, allow_unicode=True), encoding="utf-8")
    (tmp_path / "dictionnaire.csv").write_text(DICTIONARY, encoding="utf-8")
    return settings


def written(settings: Settings) -> dict[str, str]:
    (file,) = settings.root.rglob("*__sources.yml")
    (source,) = yaml.safe_load(file.read_text("utf-8"))["sources"]
    return {one["name"]: one["description"] for one in source["tables"][0]["columns"]}


ASKED = {"SOURCE": "eleves", "DICTIONNAIRE": "dictionnaire.csv"}


def test_a_dictionary_is_shown_with_what_it_lacks_and_written_when_it_is_confirmed(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {**ASKED, "CALLER_FOLDER": str(settings.root)}
    assert descriptions.descriptions(settings, options) == 0
    shown = capsys.readouterr().out
    assert "il décrit 3 des 4 colonnes ; absentes du dictionnaire : 1 (inconnue)" in shown
    assert "noms du dictionnaire que la table n'a pas : 1 (pays)" in shown
    assert "dit par dictionnaire.csv (dictionnaire du fournisseur)" in shown
    assert "3 colonnes sans description : 2 proposées, 1 à écrire vous-même." in shown
    assert written(settings) == TEXTS
    assert descriptions.descriptions(settings, {**options, "CONFIRMER": "1"}) == 0
    assert written(settings) == {
        **TEXTS,
        "statut": "Situation au 1er octobre. Reçu : nombre entier.",
        "commune_nouvelle": "Commune du domicile.",
    }


def test_a_dictionary_is_asked_of_one_table_and_must_exist(settings: Settings) -> None:
    with pytest.raises(PlatformError, match="une table d'une source"):
        descriptions.descriptions(settings, {**ASKED, "SOURCE": "", "AG": "age"})
    with pytest.raises(PlatformError, match="Aucun dictionnaire de ce nom"):
        descriptions.descriptions(settings, {**ASKED, "DICTIONNAIRE": "absent.csv"})
