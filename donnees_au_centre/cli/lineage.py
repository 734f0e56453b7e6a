"""`lineage`: where a column comes from and where it goes; and the check of personal data for `lint`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted, meant
from donnees_au_centre.project import ParseResult
from donnees_au_centre.project.lineage import ColumnId, Lineage, leaks, trace
from donnees_au_centre.project.lineage.compilation import compile_for_lineage
from donnees_au_centre.project.lineage.wording import described
from donnees_au_centre.settings import Settings

# Where the names are that nobody remembers.
ELSEWHERE = "make catalogue montre les marts et leurs colonnes, make docs tous les modèles."
PERSONAL_DATA = "Données personnelles (lignage)"


def lineage(settings: Settings, options: Mapping[str, str]) -> int:
    """Prints what the columns of a model are made from, up to the sources, and what is made from them.

    Args:
        settings: of the checkout; no database is opened.
        options: MODEL, a model, a seed or a source table (raw_ags.points_verts); COLUMN, one of its columns,
            all of them when it is not given.

    Raises:
        PlatformError: no such model or column, or the project does not compile.
    """
    found = read_lineage(settings)
    columns = _chosen(found, options.get("MODEL", "").strip(), options.get("COLUMN", "").strip())
    for column in columns:
        print("\n".join(described(found, column)))
    return 0


def check_personal_data(found: Lineage) -> None:
    """Checks that personal data keep their tag, or are protected, from the sources to the marts.

    Raises:
        PlatformError: a column lost its tag, or the lineage of a model cannot be worked out.
    """
    lost = sorted(leaks(found), key=lambda leak: leak.file)
    for file, group in groupby(lost, key=lambda leak: leak.file):
        print(file)
        for leak in group:
            print("  " + str(leak).replace("\n", "\n  "))
    for fault in found.faults:
        print(f"{fault.file}\n  {fault.message}")
        print("    Que faire : écrivez-le avec source(), ref() et des colonnes qui existent.")
    if lost or found.faults:
        columns = len({leak.column for leak in lost})
        unread = len(found.faults)
        losing = f"{counted(columns, 'colonne perd', 'colonnes perdent')} l'étiquette de données personnelles"
        said = [
            *([losing] if columns else []),
            *([counted(unread, "modèle ne se lit pas", "modèles ne se lisent pas")] if unread else []),
        ]
        raise PlatformError(
            f"{', et '.join(said)} : voir ci-dessus.",
            "docs/gestionnaire/donnees-personnelles.md explique les étiquettes et les protections.",
        )


def read_lineage(settings: Settings) -> Lineage:
    """The lineage of the project as its files stand; no database is opened.

    Raises:
        PlatformError: the project does not parse or compile.
    """
    session = Session.without_database(settings)
    return lineage_of(session.settings, parse_or_fail(session))


def lineage_of(settings: Settings, parsed: ParseResult) -> Lineage:
    """The lineage of a project that has just been read.

    Args:
        settings: under which it was read.

    Raises:
        PlatformError: the project does not compile.
    """
    compiled = compile_for_lineage(settings, parsed.project)
    return trace(parsed.manifest, compiled.models, compiled.seal)


def _chosen(found: Lineage, model: str, column: str) -> list[ColumnId]:
    if not model:
        raise PlatformError(
            "MODEL manque : de quel modèle montrer le lignage ?",
            "Par exemple make lineage MODEL=fct_marche COLUMN=code_nis ; sans COLUMN, toutes.",
        )
    by_label = {relation.label: unique_id for unique_id, relation in found.relations.items()}
    by_label |= {label.rpartition(".")[2]: unique_id for label, unique_id in by_label.items()} | by_label
    if model not in by_label:
        raise PlatformError(
            f"Aucun modèle ni table source ne s'appelle « {model} ».", meant(model, by_label, ELSEWHERE)
        )
    columns = found.columns_of(by_label[model])
    if not column:
        return columns
    named = [found for found in columns if found.column == column]
    if not named:
        raise PlatformError(
            f"{model} n'a pas de colonne « {column} ».",
            meant(column, [known.column for known in columns], ELSEWHERE),
        )
    return named
