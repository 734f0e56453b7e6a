"""The exercises as people write and review them: docs/apprendre/exercices/*.yml.

Whether a solution is right, and whether each wrong answer is told what it should be, is not known here: a
test plays all of them in a browser.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.reviewed import Among, Line, Reviewed, Says, checked, read_yaml

FOLDER = Path("docs/apprendre/exercices")
IDEAS = "idees-fausses.yml"
ADVICE = "Corrigez, puis relancez make learn : docs/apprendre/README.md dit chaque clé."
# The four kinds of misconceptions of SQL novices (ICER 2021, DOI 10.1145/3446871.3469759) -> what is told.
KINDS = {
    "autre_cours": "Une habitude d'ailleurs : un autre langage, un tableur, les mathématiques.",
    "generalisation": "Une règle juste, étendue là où elle ne vaut plus.",
    "langue": "Un mot de SQL qui ne veut pas dire ce que dit le même mot en français.",
    "modele_mental": "Une image inexacte de ce que fait la base, ligne par ligne.",
}

Query = Annotated[str, Field(min_length=1), Says("{key} attend une requête.")]
Text = Annotated[Line, Says("{key} attend un texte.")]
Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$"), Says("{key} attend des minuscules, chiffres et _.")]
Table = Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z0-9_]+$")]


def _list_of(kind: Any, words: str) -> Any:
    return Annotated[tuple[kind, ...], Field(strict=False, min_length=1), Says(words)]


class _Said(Reviewed):
    MISSING = "cette clé manque."


class WrongAnswer(_Said):
    """An answer that learners give, and the mistaken idea that the page must see in it."""

    sql: Query = Field(description="La réponse fausse, telle qu'on l'écrit.")
    idea: Name = Field(alias="indice", description=f"Ce que la page doit en dire : une clé de {IDEAS}.")


class Exercise(_Said):
    """One question, its solution, and what helps."""

    name: Name = Field(alias="id", description="Son nom dans l'adresse ; le changer oublie qui l'a réussi.")
    title: Text = Field(alias="titre", description="Quelques mots.")
    question: Text = Field(
        description="Ce qui est demandé, colonnes comprises ; `code` entre accents graves."
    )
    tables: _list_of(Table, "tables attend une liste de schéma.table.") = Field(  # type: ignore[valid-type]
        description="Les marts montrés à côté, avec leur schéma."
    )
    start: Query | None = Field(None, alias="depart", description="Le début de requête qui est proposé.")
    solution: Query = Field(description="Une requête juste : ses lignes font foi.")
    order: Annotated[tuple[Name, ...], Field(strict=False), Says("ordre attend une liste de colonnes.")] = (
        Field(
            (),
            alias="ordre",
            description="Les colonnes de la solution par lesquelles la question demande de trier.",
        )
    )
    named: Annotated[bool, Says("noms attend true ou false.")] = Field(
        False, alias="noms", description="true : les noms des colonnes comptent aussi."
    )
    model: Annotated[bool, Says("modele attend true ou false.")] = Field(
        False, alias="modele", description="true : ref() et select * from final sont demandés."
    )
    hints: _list_of(Text, "indices attend une liste de textes.") = Field(  # type: ignore[valid-type]
        alias="indices", description="Ce qui se montre l'un après l'autre, sur demande, avant la solution."
    )
    wrong: _list_of(WrongAnswer, "fautes attend une liste de {sql, indice}.") = Field(  # type: ignore[valid-type]
        alias="fautes", description="Des réponses fausses, avec l'idée fausse qui s'y montre."
    )
    kept: Text | None = Field(None, alias="retenir", description="Ce qui se lit une fois la réponse juste.")


class Course(_Said):
    """One file: a path of exercises."""

    title: Text = Field(alias="parcours", description="Le nom du parcours.")
    goal: Text = Field(alias="but", description="Ce qu'on saura faire, en une phrase.")
    exercises: _list_of(Exercise, "exercices attend une liste.") = Field(  # type: ignore[valid-type]
        alias="exercices", description="Dans l'ordre où ils se suivent."
    )


class Idea(_Said):
    """A mistaken idea, and what is told to who has it."""

    kind: Annotated[str, Among(tuple(KINDS)), Says(f"genre attend {', '.join(KINDS)}.")] = Field(
        alias="genre", description="L'un des quatre genres d'idées fausses."
    )
    title: Text = Field(alias="titre", description="L'idée, en quelques mots.")
    hint: Text = Field(alias="indice", description="Ce qu'il en est, et quoi écrire ; jamais la réponse.")


Ideas = dict[Name, Idea]


def read_courses(root: Path) -> dict[str, Course]:
    """The paths of a checkout, by the names of their files, in the order of these.

    Raises:
        PlatformError: a file cannot be followed; all its faults are named.
    """
    ideas = read_ideas(root)
    found, told = {}, []
    for path in sorted((root / FOLDER).glob("*.yml")):
        if path.name == IDEAS:
            continue
        place = FOLDER / path.name
        course, faults = checked(Course, read_yaml(path, place, ADVICE))
        told += [f"{place}, {_place(fault.path)}{fault.words}" for fault in faults]
        if course:
            found[path.stem] = course
            told += [f"{place}, {fault}" for fault in _judged(course, ideas)]
    if not found and not told:
        told = [f"{FOLDER} : aucun parcours."]
    if told:
        raise PlatformError("\n".join(told), ADVICE)
    return found


def read_ideas(root: Path) -> dict[str, Idea]:
    """The mistaken ideas that the page knows, by name, in the order it tries them.

    Raises:
        PlatformError: the file cannot be followed.
    """
    content = read_yaml(root / FOLDER / IDEAS, FOLDER / IDEAS, ADVICE)
    try:
        return TypeAdapter(Ideas).validate_python(content)
    except ValidationError as error:
        told = [
            f"{FOLDER / IDEAS}, {_place(one['loc'])}{one.get('ctx', {}).get('words', 'nom refusé.')}"
            for one in error.errors()
        ]
        raise PlatformError("\n".join(told), ADVICE) from error


def _judged(course: Course, ideas: Iterable[str]) -> Iterable[str]:
    names = Counter(exercise.name for exercise in course.exercises)
    yield from (f"{name} : deux exercices de ce nom." for name, times in names.items() if times > 1)
    for exercise in course.exercises:
        for wrong in exercise.wrong:
            if wrong.idea not in ideas:
                yield f"{exercise.name} : l'indice {wrong.idea} n'est pas dans {IDEAS}."


def _place(path: Iterable[str | int]) -> str:
    """Keys and numbers that lead to a fault, counted from 1 as people do."""
    said = [str(part + 1) if isinstance(part, int) else part for part in path]
    return f"{' '.join(said)} : " if said else ""
