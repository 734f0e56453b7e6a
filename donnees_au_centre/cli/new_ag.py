"""`new-ag`: what declares an administration, written from donnees_au_centre/cli/templates/."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from dev.pictures import PAGE
from donnees_au_centre.cli.answers import Answers
from donnees_au_centre.cli.new_model import fill, quoted
from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.cli.writings import redraw, writing
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.domains import (
    COMPONENTS,
    COMPOSE,
    OWNERS,
    PROJECT,
    STACK,
    WORKSPACE,
    group_file,
    mend_workspace,
    owned_paths,
    project_line,
)
from donnees_au_centre.project.nodes import CROSSING, PLATFORM, SHARED, domains_in
from donnees_au_centre.settings import Settings

USAGE = 'make new-ag AG=agx NAME="Administration générale de …"'
FORM = re.compile(r"[a-z][a-z0-9]{1,15}")
# Schemas and roles of the platform, or of PostgreSQL.
TAKEN = re.compile(
    r"acces|audit|bi|chargeur|elementary|historique|plateforme|public|rapport|tests|vql|pg.*|user|tous|defaut"
)
# The line of one domain, as `project_line` writes it.
LINES = re.compile(r"^    (?P<name>\w+): \{<<: \*domaine, \+group: (?P=name)\}\n", re.MULTILINE)
# A right is reviewed each year.
YEAR = timedelta(days=365)


def new_ag(settings: Settings, options: Mapping[str, str]) -> int:
    """Declares an administration: its group, its line of dbt_project.yml, its location.

    Reads AG, its short name, and NAME, its whole name in French.

    Raises:
        PlatformError: a name that is missing, badly formed, taken or declared, or an unreadable project.
    """
    root, answers = settings.root, Answers.to(options)
    ag = answers.of("AG", "Quel sigle pour cette AG (minuscules et chiffres, comme agx) ?")
    name = " ".join(answers.of("NAME", "Comment s'appelle-t-elle, en entier ?").split())
    check_names(root, ag, name)
    values = {
        "ag": ag,
        "described": "\n".join(quoted("description", f"{name} ({ag.upper()}).", 4)),
        "review": f"{date.today() + YEAR}",
    }
    project = with_line((root / PROJECT).read_text("utf-8"), ag)
    completed = [
        path for path in (PROJECT, WORKSPACE, COMPONENTS, COMPOSE, STACK, OWNERS) if (root / path).is_file()
    ]
    with writing(root, f"new-ag AG={ag}") as at_work:
        at_work.will_change(*completed, WORKSPACE, COMPONENTS)
        at_work.uses += [rf"\b{ag}\b"]
        at_work.create({group_file(ag): fill("group.yml", values)})
        (root / PROJECT).write_text(project, encoding="utf-8")
        if (owners := root / OWNERS).is_file():
            owners.write_text(with_section(owners.read_text("utf-8"), ag, name), encoding="utf-8")
        mend_workspace(root)
        redraw(at_work)
        parse_or_fail(Session.without_database(settings))
    print(f"\nCréé :\n  {group_file(ag)}")
    completed += [PAGE] if PAGE in at_work.changed() else []
    print("Complétés :", *(f"  {path}" for path in completed), sep="\n")
    print(f"\n{next_steps(ag)}")
    return 0


def check_names(root: Path, ag: str, name: str) -> None:
    """Checks AG and NAME.

    Raises:
        PlatformError: one of them does not fit, or something of that name exists.
    """
    if not FORM.fullmatch(ag):
        raise PlatformError(
            f"AG={ag} n'est pas le sigle d'une AG." if ag else "Quelle AG ajouter ?",
            f"Un sigle court, en minuscules sans accent ni espace, de 2 à 16 lettres et chiffres : {USAGE}",
        )
    if (root / group_file(ag)).exists():
        raise PlatformError(
            f"L'AG {ag} existe déjà : {group_file(ag)}.",
            f"make lint dit ce qui y manque. Pour une autre, un sigle hors de {', '.join(domains_in(root))}.",
        )
    if TAKEN.fullmatch(ag):
        raise PlatformError(
            f"AG={ag} est un nom que la plateforme ou PostgreSQL emploie.",
            f"Choisissez un autre sigle : {USAGE}",
        )
    if not name:
        raise PlatformError(f"Comment s'appelle l'AG {ag} ?", f"Donnez son nom entier : {USAGE}")


def with_line(project: str, ag: str) -> str:
    """dbt_project.yml with the line of one more administration, at its place in the alphabet.

    Raises:
        PlatformError: the lines of the other domains are not where they should be.
    """
    line, found = project_line(ag), list(LINES.finditer(project))
    if line in project:
        return project
    if not found:
        raise PlatformError(
            f"{PROJECT} n'a plus de ligne par domaine : la place de {ag} n'y est pas trouvée.",
            f"Ajoutez-y, sous models, là où les domaines étaient : {line.strip()} ; puis relancez.",
        )
    before = [
        match.end() for match in found if match["name"] < ag and match["name"] not in (CROSSING, PLATFORM)
    ]
    place = before[-1] if before else found[0].start()
    return project[:place] + line + project[place:]


def with_section(owners: str, ag: str, name: str) -> str:
    """CODEOWNERS with the section of one more administration, before that of the shared domains."""
    paths = owned_paths(ag)
    if paths[0] in owners.splitlines():
        return owners
    house = re.search(r"@[\w.-]+", owners)
    section = "\n".join([f"[{name}] {house[0] if house else '@groupe'}/{ag}", *paths])
    parts = owners.rstrip("\n").split("\n\n")
    shared = [place for place, part in enumerate(parts) if f"/models/{SHARED}/" in part.splitlines()]
    parts.insert(shared[0] if shared else len(parts), section)
    return "\n\n".join(parts) + "\n"


def next_steps(ag: str) -> str:
    """What to do with a new administration, in French."""
    return (
        "Ensuite :\n"
        f"  1. complétez {group_file(ag)} : un « À compléter » arrête make lint ;\n"
        f"  2. déposez un premier fichier dans landing/{ag}/<source>/ et déclarez-le dans "
        f"models/{ag}/staging/<source>/_<source>__sources.yml (docs/analyste/zone-de-depot.md) ;\n"
        f"  3. make load, puis make new-model AG={ag} NAME=stg_<source>__<table> SOURCE=<source>.<table>.\n"
        f"L'emplacement {ag} de Dagster existe dès maintenant, vide ; make lint dit ce qui manque.\n"
        "Une erreur ? make undo montre ce qu'il défait."
    )
