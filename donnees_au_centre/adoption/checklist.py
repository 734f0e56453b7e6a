"""The checklist of a project to adopt: the rules of this project applied to it, and what no rule says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from denodo import check
from donnees_au_centre.adoption import dangers
from donnees_au_centre.adoption.foreign import Foreign
from donnees_au_centre.adoption.texts import plain_sql, without_jinja_comments, yaml_lines
from donnees_au_centre.project.rules import (
    auditing,
    casting,
    conforming,
    describing,
    ending,
    governing,
    joining,
    landing,
    offering,
    reading,
)
from donnees_au_centre.project.rules.rule import Rule
from donnees_au_centre.settings import ROOT

UNREADABLE = "vql-syntaxe"
# Rules of sqlfluff about layout, or about what the Jinja would have rendered.
_LAYOUT = "layout,LT01,LT02,LT05,LT12,LT13,LT15,RF03,ST06,ST05,ST02"
_SQLFLUFF = (
    *(sys.executable, "-m", "sqlfluff", "lint", "--config", str(ROOT / ".sqlfluff"), "--templater", "raw"),
    *("--format", "json", "--nofail", "--disable-progress-bar", "--exclude-rules", _LAYOUT),
)


@dataclass(frozen=True, order=True)
class Item:
    """One thing to do.

    Attributes:
        file: below the project.
        line: from 1.
        rule: the identifier of the rule that asks for it; "" for what no rule of the project says.
        message: what is wrong, in French.
        advice: what to do, in French.
    """

    file: str
    line: int
    rule: str
    message: str
    advice: str


@dataclass(frozen=True)
class Topic:
    """One line of the checklist.

    Attributes:
        title: in French.
        items: what is missing; none when all is in order.
    """

    title: str
    items: tuple[Item, ...]


def checklist(foreign: Foreign) -> list[Topic]:
    """Holds a project against the rules; nothing of it is run."""
    rules: dict[str, Sequence[Rule]] = {
        "Couches, et qui lit quoi": reading.RULES,
        "Noms et descriptions": (*describing.RULES, *conforming.RULES),
        "Ce qui s'offre : clés testées, types du contrat, tests unitaires": (*offering.RULES, *ending.RULES),
        "Propriétaire, gestionnaire, classification, base légale, conservation": governing.RULES,
        "Conversions et jointures": (*casting.RULES, *joining.RULES, *auditing.RULES),
    }
    texts = foreign.texts
    own: dict[str, Callable[[], Iterable[Item]]] = {
        "Fichiers qui se lisent, références connues": lambda: _said(
            foreign.faults, "Corrigez-le, ou déclarez ce qui est lu dans un YAML de sources ou un modèle."
        ),
        "Sources déclarées, avec d'où elles viennent": lambda: _sources(foreign),
        **{title: partial(_rules, foreign, chosen) for title, chosen in rules.items()},
        "SQL portable (PostgreSQL et VQL documenté de Denodo)": lambda: _portable(foreign),
        "Écriture du SQL (sqlfluff)": lambda: _written(foreign),
        "Aucun paquet dbt": lambda: _said(
            dangers.packages(texts),
            "Le projet n'en prend pas : aucun registre ne les a. docs/analyste/macros-portables.md et "
            "tests/generic/ ont l'équivalent des plus courants ; les autres se récrivent.",
        ),
        "Rien qui s'exécute de soi-même": lambda: _said(
            dangers.effects(texts),
            "Un modèle dit ce qu'il est, et rien d'autre : retirez le crochet ou la macro ; droits, schémas "
            "et statistiques sont déjà posés par dbt_project.yml.",
        ),
        "Aucun schéma en dur": lambda: _said(
            dangers.places(texts),
            "Le dossier donne le schéma : écrivez ref() ou source(), et retirez le réglage.",
        ),
        "Aucun secret dans les fichiers": lambda: _said(
            dangers.secrets(texts),
            "Changez ce secret là où il sert, car l'historique de git le garde ; ici, il vient de "
            "l'environnement (docs/exploitant/connexions.md).",
        ),
    }
    return [Topic(title, tuple(sorted({*find()}))) for title, find in own.items()]


def _said(findings: Iterable[dangers.Finding], advice: str) -> Iterator[Item]:
    for file, line, message in findings:
        yield Item(file, line, "", f"{message}.", advice)


def _rules(foreign: Foreign, rules: Sequence[Rule]) -> Iterator[Item]:
    for rule in rules:
        for file, message in rule.find(foreign.manifest):
            yield Item(file, line_of(foreign.texts.get(file, ""), message), rule.id, message, rule.advice)
    if rules is governing.RULES and not foreign.known:
        yield Item(
            "dbt_project.yml",
            1,
            "",
            f"l'AG {foreign.domain} n'est pas déclarée ici : personne n'en répond encore.",
            f'make new-ag AG={foreign.domain} NAME="…" la déclare.',
        )


def line_of(text: str, message: str) -> int:
    """The line that declares what a message names; 1 when the text does not tell."""
    declared: dict[str, int] = {}
    source = ""
    for one in yaml_lines(text):
        if one.keys[-1:] != ("name",) or one.value is None or "columns" in one.keys:
            continue
        source = one.value if one.keys[0] == "sources" and "tables" not in one.keys else source
        label = f"{source}.{one.value}" if "tables" in one.keys else one.value
        declared.setdefault(label, one.number)
    found = (declared.get(word.strip(".")) for word in re.findall(r"[\w.]+", message))
    return next((line for line in found if line), 1)


def _sources(foreign: Foreign) -> Iterator[Item]:
    for source in foreign.manifest.own_sources:
        if not source.external:
            yield Item(
                source.file,
                line_of(foreign.texts.get(source.file, ""), source.label),
                "",
                f"La source {source.label} ne dit pas d'où viennent ses lignes (external:).",
                "Déclarez le fichier ou le système dans la source : docs/analyste/zone-de-depot.md, "
                "docs/analyste/sources.md ; make new-source l'écrit.",
            )
    yield from _rules(foreign, landing.RULES)


def _portable(foreign: Foreign) -> Iterator[Item]:
    """What documented VQL refuses of the SQL as it is written, names standing for its Jinja."""
    for model in foreign.manifest.models:
        text = model.raw_code
        for finding in check(plain_sql(text)):
            # Of a condition every branch stands: that is no query, and no fault.
            if finding.rule == UNREADABLE and "{%" in without_jinja_comments(text):
                continue
            if finding.is_error:
                advice = finding.portable_form or finding.why
                yield Item(model.file, finding.line, finding.rule, finding.message, f"À écrire : {advice}")


def _written(foreign: Foreign) -> Iterator[Item]:
    """How many remarks sqlfluff has on each model; `make fix` mends most of them once they are here."""
    models = [model for model in foreign.manifest.models if model.raw_code.strip()]
    if not models:
        return
    with tempfile.TemporaryDirectory() as folder:
        for place, model in enumerate(models):
            Path(folder, f"{place}.sql").write_text(
                f"{plain_sql(model.raw_code).rstrip()}\n", encoding="utf-8"
            )
        # Names stand for the Jinja, and what stands below a tag is not where it will be: layout says nothing.
        done = subprocess.run(
            [*_SQLFLUFF, folder],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )
    for file in json.loads(done.stdout):
        model = models[int(Path(file["filepath"]).stem)]
        remarks = [one for one in file["violations"] if one["code"] != "PRS"]
        if remarks:
            first = min(one["start_line_no"] for one in remarks)
            counts = Counter(one["code"] for one in remarks)
            listed = ", ".join(
                f"{code} × {times}" if times > 1 else code for code, times in sorted(counts.items())
            )
            yield Item(
                model.file,
                first,
                "",
                f"sqlfluff : {listed}.",
                "make fix corrige presque tout une fois le fichier ici ; .sqlfluff dit chaque règle.",
            )
