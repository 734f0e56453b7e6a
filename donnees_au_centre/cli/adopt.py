"""`adopt`: what somebody else's dbt project has, and lacks, to come into this one; nothing of it is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from donnees_au_centre.adoption import Foreign, Item, Topic, checklist, read_foreign
from donnees_au_centre.cli.answers import Answers
from donnees_au_centre.cli.confirmation import is_set
from donnees_au_centre.cli.new_ag import FORM
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.inert import line
from donnees_au_centre.settings import Settings

USAGE = "make adopt PROJET=../leur_projet AG=agx"
# Of one rule, those that are shown; TOUT=1 shows all.
SHOWN = 5


def adopt(_settings: Settings, options: Mapping[str, str]) -> int:
    """Prints the checklist of a project.

    Reads PROJET, its folder, AG, the administration that it would come into, and TOUT, to show every place.

    Returns:
        0; with STRICT, 1 when something is missing.

    Raises:
        PlatformError: no such project, or nobody said which.
    """
    answers = Answers.to(options)
    given = answers.of("PROJET", "Dans quel dossier est leur projet dbt ?")
    if not given or not Path(given).is_dir():
        raise PlatformError(
            f"PROJET={given} n'est pas un dossier." if given else "Quel projet lire ?",
            f"Donnez le dossier qui contient son dbt_project.yml : {USAGE}",
        )
    domain = answers.of("AG", "Pour quelle AG ?")
    if not FORM.fullmatch(domain):
        raise PlatformError(
            f"AG={line(domain)} n'est pas le sigle d'une AG." if domain else "Pour quelle AG ?",
            f"Un sigle court, en minuscules sans accent ni espace, de 2 à 16 lettres et chiffres : {USAGE}",
        )
    foreign = read_foreign(Path(given).resolve(), domain)
    topics = checklist(foreign)
    print("\n".join(report(foreign, topics, None if is_set(options.get("TOUT")) else SHOWN)))
    return 1 if is_set(options.get("STRICT")) and any(topic.items for topic in topics) else 0


def report(foreign: Foreign, topics: Sequence[Topic], most: int | None) -> Iterator[str]:
    """The checklist, line by line; `most` places a rule, all of them when None."""
    said = [
        counted(foreign.count("model"), "modèle"),
        counted(foreign.count("source"), "table source", "tables sources"),
        counted(foreign.count("seed"), "table de référence", "tables de référence"),
        counted(len(foreign.manifest.macros), "macro"),
    ]
    yield f"Projet dbt « {line(foreign.name)} », pour l'AG {line(foreign.domain)} : {', '.join(said)}."
    yield "Lu sans rien en exécuter : ni dbt, ni Jinja, ni base ; ce que seul dbt saurait n'y est pas."
    for topic in topics:
        yield ""
        if not topic.items:
            yield f"[x] {topic.title}"
            continue
        yield f"[ ] {topic.title} : {len(topic.items)} à revoir"
        by_advice = sorted(topic.items, key=lambda item: (item.rule, item.advice, item))
        for (rule, advice), items in groupby(by_advice, key=lambda item: (item.rule, item.advice)):
            yield from _rule(rule, advice, [*items], most)
    done = sum(not topic.items for topic in topics)
    left = sum(len(topic.items) for topic in topics)
    yield ""
    yield f"En ordre : {done} points sur {len(topics)}. À revoir : {counted(left, 'endroit', 'endroits')}."
    yield "docs/analyste/adopter-un-projet.md dit dans quel ordre s'y prendre."


def _rule(rule: str, advice: str, items: list[Item], most: int | None) -> Iterator[str]:
    for item in items[:most]:
        yield f"    {line(item.file)}:{item.line} {f'[{rule}] ' if rule else ''}{line(item.message)}"
    if most is not None and len(items) > most:
        yield f"    … et {len(items) - most} autres (TOUT=1 les montre)"
    yield f"      Que faire : {advice}"
