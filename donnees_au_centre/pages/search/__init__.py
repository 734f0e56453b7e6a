"""The search that the static sites share: one script, one list of synonyms, things that carry their words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

HERE = Path(__file__).parent
STATIC = HERE / "static"
SYNONYMS = HERE / "synonymes.yml"
INDEX = "donnees.js"


def write_search(
    folder: Path,
    things: Iterable[Mapping[str, str]],
    weights: Mapping[str, float],
    factors: Mapping[str, float],
) -> None:
    """Writes the search and what it searches into a site.

    Args:
        folder: of the site.
        things: what is found, each with its address (`adresse`), its kind (`genre`) and texts by field.
        weights: field -> how much a word found there counts; a thing without the field has no word there.
        factors: kind -> what all its words are multiplied by; 1 for those that it leaves out.
    """
    said = {
        "poids": weights,
        "avantages": factors,
        "choses": list(things),
        "equivalents": yaml.safe_load(SYNONYMS.read_text(encoding="utf-8")),
    }
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    # Loaded as a script: a page opened from the disk may fetch nothing.
    (folder / INDEX).write_text(f"window.INDEX = {text};\n", encoding="utf-8")
    for path in STATIC.iterdir():
        shutil.copyfile(path, folder / path.name)
