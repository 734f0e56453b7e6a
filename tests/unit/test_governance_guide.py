"""docs/gestionnaire/gouvernance.md says what the rules say: its example passes, it names every word."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from donnees_au_centre.project import check_manifest
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.rules import governing
from donnees_au_centre.settings import ROOT
from tests.unit.manifests import good_manifest

GUIDE = (ROOT / "docs/gestionnaire/gouvernance.md").read_text(encoding="utf-8")


def example() -> dict[str, Any]:
    """The model of the page's YAML."""
    return yaml.safe_load(re.search(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)[1])["models"][0]


def test_the_example_breaks_no_rule_and_has_every_key() -> None:
    manifest = good_manifest()
    mart = manifest["nodes"]["model.donnees_au_centre.dim_ecole"]
    model = example()
    mart["config"]["meta"] = model["config"]["meta"]
    mart["columns"] |= {column["name"]: column for column in model["columns"]}
    read = manifest["nodes"]["model.donnees_au_centre.fct_croise"]
    read["columns"]["fase"]["config"] = {"meta": {"donnee_personnelle": "aucune"}}
    assert check_manifest(Manifest(manifest)) == []
    assert set(model["config"]["meta"]["gouvernance"]) == set(words.KEYS)


@pytest.mark.parametrize(
    "word",
    [
        *words.KEYS,
        *words.CLASSIFICATIONS,
        *words.CATEGORIES,
        *words.PROTECTIONS,
        *words.UNITS,
        *words.ENDS,
        *(rule.id for rule in governing.RULES),
    ],
)
def test_the_guide_names_every_word(word: str) -> None:
    assert f"`{word}`" in GUIDE


@pytest.mark.parametrize(("category", "classification"), words.CATEGORIES.items())
def test_the_guide_gives_the_classification_of_each_category(category: str, classification: str) -> None:
    assert re.search(rf"^\| `{category}` \|.*\| `{classification}` \|$", GUIDE, re.MULTILINE)


def test_the_history_of_an_owner_is_in_git(tmp_path: Path) -> None:
    """The command of the page shows the change of owner, and not the other commits."""

    def git(*arguments: str) -> str:
        who = ("-c", "user.name=Essai", "-c", "user.email=essai@fwb.example")
        command = ["git", *who, *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    git("init", "-q")
    file = tmp_path / "dim_etablissement.yml"
    owner = 'proprietaire: {{fonction: "{}", courriel: x@fwb.example}}\nfinalite: "{}"\n'
    for function, purpose, message in (
        ("Direction A", "Un", "Premier"),
        ("Direction A", "Deux", "Autre chose"),
        ("Direction B", "Deux", "Passer à la Direction B"),
    ):
        file.write_text(owner.format(function, purpose), encoding="utf-8")
        git("add", file.name)
        git("commit", "-q", "-m", message)
    options = re.search(r"^git (log -p -G) '([^']+)' -- ", GUIDE, re.MULTILINE)
    shown = git(*options[1].split(), options[2], "--", file.name)
    assert "Passer à la Direction B" in shown
    assert '-proprietaire: {fonction: "Direction A"' in shown
    assert "Autre chose" not in shown
