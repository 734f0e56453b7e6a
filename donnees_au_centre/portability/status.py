"""docs/analyste/macros-portables.md: each portable macro, its call, what certifies it, and its limits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from donnees_au_centre.settings import ROOT

PAGE = Path("docs/analyste/macros-portables.md")
MACROS = Path("macros") / "portability"
CASES = Path("tests") / "macros" / "cases"
# The entry of a macro of dbt is that of its first implementation: postgres__concat, default__date, …
IMPLEMENTATION = re.compile(r"(?:default|postgres|denodo)__(?P<macro>\w+)")
# What the YAML says instead of a form when the macro does not compile for Denodo.
REFUSED = "refus"
HEAD = """\
# Les macros portables

Un modèle s'écrit une fois et doit dire vrai sur PostgreSQL et sur Denodo. Là où les deux diffèrent, il \
appelle une macro : `{{ dbt.concat([…]) }}` quand dbt en a déjà le nom, `{{ left(…) }}` quand elle est à \
nous. Elle écrit pour PostgreSQL ce qu'une personne écrirait (`tests/macros/compiled.yml`) : elle n'y coûte \
rien.

- **PostgreSQL, certifiée** : ses cas y donnent le résultat écrit, à chaque `make test`.
- **Denodo, VQL documenté** : aucun serveur Denodo n'est à notre portée. La forme VQL suit le manuel de \
Denodo 7.0, `python -m denodo check` n'y trouve rien à redire, et les mêmes cas donnent le même résultat \
quand ce VQL est exécuté d'après le manuel (`tests/denodo/engine`). Un vrai serveur aurait le dernier mot.

`make test-macros` joue tous les cas. Pour réécrire cette page :
`python -m donnees_au_centre.portability.status`.

"""


@dataclass(frozen=True)
class Status:
    """One row of the table.

    Attributes:
        macro: its name, without `dbt.`.
        says: what it does.
        call: the call of its first case; empty when it has none.
        cases: the file of its cases, from the root.
        denodo: the documented form, or REFUSED; empty when the YAML gives none.
        limits: what it does not do, or not alike; empty when there is nothing to say.
    """

    macro: str
    says: str
    call: str
    cases: Path
    denodo: str
    limits: str


def statuses(root: Path = ROOT) -> list[Status]:
    """Every macro of macros/portability that has a case file, by name.

    Args:
        root: the checkout.
    """
    told = _told(root / MACROS)
    return [
        _status(path.stem, told.get(path.stem, {}), yaml.safe_load(path.read_text(encoding="utf-8")))
        for path in sorted((root / CASES).glob("*.yml"))
        if path.stem in told
    ]


def page(root: Path = ROOT) -> str:
    """The page as it should be."""
    rows = [
        (
            one.macro,
            f"`{one.call}`" if one.call else "",
            one.says,
            f"certifiée : [{one.cases.name}](../../{one.cases.as_posix()})" if one.call else "oui",
            _documented(one.denodo),
            one.limits,
        )
        for one in statuses(root)
    ]
    table = [
        ("macro", "appel", "sens", "PostgreSQL", "Denodo", "limites"),
        ("---",) * 6,
        *rows,
    ]
    return HEAD + "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in table) + "\n"


def write_page(root: Path = ROOT) -> bool:
    """Writes the page; returns whether it changed."""
    path, text = root / PAGE, page(root)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True


def _told(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Macro -> its entry in the YAML; the first implementation stands for a macro of dbt."""
    told: dict[str, Mapping[str, Any]] = {}
    for path in sorted(folder.glob("*.yml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["macros"]:
            part = IMPLEMENTATION.fullmatch(entry["name"])
            told.setdefault(part["macro"] if part else entry["name"], entry)
    return told


def _status(macro: str, entry: Mapping[str, Any], listed: Sequence[Mapping[str, Any]]) -> Status:
    meta = entry.get("config", {}).get("meta", {})
    says = " ".join(entry["description"].split()).removeprefix(f"dbt.{macro} : ")
    return Status(
        macro=macro,
        says=says[0].upper() + says[1:],
        call=next((one["macro"] for one in listed if "macro" in one), ""),
        cases=CASES / f"{macro}.yml",
        denodo=meta.get("denodo", ""),
        limits=" ".join(meta.get("limites", "").split()),
    )


def _documented(form: str) -> str:
    if form == REFUSED:
        return "refusée à la compilation"
    return "VQL documenté" + (f" : `{form}`" if form else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    print(f"{PAGE} : {'réécrite' if write_page() else 'déjà à jour'}.")
