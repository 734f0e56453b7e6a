"""`new-indicator`: a measure of a public mart, by some of its columns, offered as a mart that is followed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from donnees_au_centre.cli.access import readers_of_marts
from donnees_au_centre.cli.answers import Answers
from donnees_au_centre.cli.new_model import (
    EXAMPLES,
    IN_DATABASE,
    WIDTH,
    Column,
    check_names,
    documented,
    fill,
    governance_told,
    quoted,
)
from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.cli.writings import redraw, writing
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import meant
from donnees_au_centre.landing.identifiers import IDENTIFIER
from donnees_au_centre.project import broken_rules
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.checks import shown
from donnees_au_centre.project.contracts import FOLDER as CONTRACTS
from donnees_au_centre.project.contracts import write_contracts
from donnees_au_centre.project.metadata import governance_of
from donnees_au_centre.project.nodes import Manifest, Node, domains_in
from donnees_au_centre.project.rules.conforming import FORMER, conformed
from donnees_au_centre.project.rules.offering import marts
from donnees_au_centre.review.indicators import SAID
from donnees_au_centre.settings import Settings

USAGE = (
    'make new-indicator MART=fct_population_scolaire MESURE="total nombre_eleves" '
    'PAR="annee_scolaire niveau" NAME=fct_eleves_niveau'
)
WHOLE = ("smallint", "integer", "bigint")
NUMERIC = re.compile(r"numeric\s*\(\s*\d+\s*,\s*(?P<scale>\d+)\s*\)")
# Of a name, for PostgreSQL.
LONGEST_COLUMN = 63
# The generic test of a mart that hides its small counts.
K_ANONYMITY = "k_anonymity"
REAL = ("real", "double precision")
# What is followed of a measure from one build to the next: the sum of what adds up, else the mean.
FOLLOWED = {"moyenne": "moyenne", "part_remplie": "moyenne", "distinctes": "moyenne"}
FOLLOWED_SAID = {"total": "Le total", "moyenne": "La moyenne"}
# Of the unit test: what two rows of one group hold, and what becomes of it.
EXAMPLE = {
    "total": (("2", "3"), "5"),
    "moyenne": (("2", "4"), "3"),
    "part_remplie": (("{}", "null"), "0.5"),
    "distinctes": (("{}", "{}"), "1"),
    "lignes": (("", ""), "2"),
}


def new_indicator(settings: Settings, options: Mapping[str, str]) -> int:
    """Writes an indicator: a mart that measures a public mart by some of its columns; opens no database.

    Reads MART, NAME, MESURE (`total nombre_eleves`, `lignes`…), PAR (columns), and what is else said by the
    mart or worked out: COLONNE, DESCRIPTION, FINALITE.

    Raises:
        PlatformError: nobody said which mart, measure, columns or name, or they do not fit; the mart is about
            people; or what is written breaks a rule of the project. Nothing is then left.
    """
    answers, session = Answers.to(options), Session.without_database(settings)
    manifest = parse_or_fail(session).manifest
    mart = mart_to_read(manifest, answers, USAGE)
    refuse_people(manifest, mart)
    measure, measured = measure_of(mart, answers)
    by = columns_of(mart, answers.of("PAR", f"Par quelles colonnes ({', '.join(lasting(mart))}) ?"), "PAR")
    if measured in by:
        raise PlatformError(
            f"PAR={measured} : la colonne mesurée ne peut pas grouper.",
            "Retirez-la de PAR, ou mesurez-en une autre.",
        )
    expression, data_type = expression_of(mart, measure, measured)
    column = column_name(mart, answers, measure, measured, data_type)
    if column in by or not IDENTIFIER.fullmatch(column) or len(column) > LONGEST_COLUMN:
        raise PlatformError(
            f"COLONNE={column} ne peut pas nommer la mesure.",
            "Donnez-en une qui n'est pas dans PAR, en minuscules sans accent, chiffres et _, une lettre "
            f"d'abord, {LONGEST_COLUMN} signes au plus : COLONNE=nombre_marches.",
        )
    name = answers.of("NAME", "Comment nommer l'indicateur (fct_…) ?")
    check_mart_name(settings.root, mart, name, USAGE)
    grouped = " et ".join(filter(None, [", ".join(by[:-1]), by[-1]]))
    # « Nombre de lignes » says nothing without what they are.
    said = SAID[measure].format(measured) + (f" de {mart.name}" if measure == "lignes" else "")
    said = said[:1].upper() + said[1:]
    proposed = f"{said}{'' if measure == 'lignes' else f' de {mart.name}'}, par {grouped}."
    described = answers.of("DESCRIPTION", "Que dit cet indicateur, en une phrase ?", proposed)
    told = governance_from(manifest, mart, answers, "À quoi sert cet indicateur ?")
    meaning = f"{conformed()[column]['sens'] if column in conformed() else said}."
    example, expected = example_of(mart, measure, measured, by)
    values = {
        "name": name,
        "reads": mart.declared,
        "described": "\n".join(quoted("description", described, 4)),
        "governance": governance_told(manifest, mart.domain, name, told),
        "columns": ",\n".join(f"        {one}" for one in by),
        "by": ", ".join(by),
        "expression": expression,
        "column": column,
        "data_type": data_type,
        "column_described": "\n".join(quoted("description", meaning, 8)),
        "constraints": "        constraints: [{type: not_null}]\n"
        if always_filled(mart, measure, measured)
        else "",
        "followed": (followed := FOLLOWED.get(measure, "total")),
        "followed_described": f'              description: "{FOLLOWED_SAID[followed]} reste du même ordre."',
        "key": key_test(name, by),
        "documented_columns": documented_columns(mart, by),
        "given": "\n".join(f"          - {{{one}}}" for one in example),
        "expected": f"        - {{{expected.format(column=column)}}}",
    }
    path = f"models/{mart.domain}/marts/{name}"
    files = {f"{path}.sql": fill("indicator.sql", values), f"{path}.yml": fill("indicator.yml", values)}
    written = write_checked(settings, session, f"new-indicator NAME={name}", name, files)
    print("\nÉcrits :", *(f"  {one}" for one in written), sep="\n")
    print(f"\n{next_steps(name)}")
    return 0


# Shared with new-publication


def mart_to_read(manifest: Manifest, answers: Answers, usage: str) -> Node:
    """The public mart that MART names, in the version that `ref()` reads.

    Raises:
        PlatformError: none, or no such mart.
    """
    known = {mart.declared: mart for mart in marts(manifest) if mart.is_latest}
    wanted = answers.of("MART", "Quel mart lire (make catalogue les montre) ?")
    if wanted in known:
        return known[wanted]
    raise PlatformError(
        f"MART={wanted} n'est pas un mart public." if wanted else "Quel mart lire ?",
        meant(wanted, known, f"make catalogue les montre : {usage}"),
    )


def refuse_people(manifest: Manifest, mart: Node) -> None:
    """Refuses a mart whose rows are about people, or whose small counts are hidden.

    Raises:
        PlatformError: it is.
    """
    personal = [name for name, column in mart.columns.items() if column.is_personal]
    counted = any(test.generic == K_ANONYMITY and test.tested_id == mart.unique_id for test in manifest.tests)
    if personal or counted:
        raise PlatformError(
            f"{mart.name} parle de personnes ({', '.join(personal)})."
            if personal
            else f"{mart.name} cache ses petits nombres : les compter encore serait faux, ou les trahirait.",
            "Ce qui compte des personnes se fait depuis leur staging, par suppress_small_counts : "
            "models/agaj/marts/fct_prise_en_charge_arrondissement.sql en est un exemple.",
        )


def lasting(mart: Node) -> list[str]:
    """The columns of a mart, without those that keep a former name beside the new one for a while."""
    return [name for name, column in mart.columns.items() if FORMER not in column.meta]


def columns_of(mart: Node, text: str, option: str) -> list[str]:
    """The columns of a mart that a person named, by spaces or commas.

    Raises:
        PlatformError: none, or one that the mart does not have.
    """
    named = list(dict.fromkeys(filter(None, re.split(r"[,\s]+", text))))
    unknown = [one for one in named if one not in lasting(mart)]
    if not named or unknown:
        raise PlatformError(
            f"{mart.name} n'a pas de colonne {', '.join(unknown)}, ou plus longtemps."
            if unknown
            else "Quelles colonnes ?",
            meant(
                "".join(unknown[:1]),
                lasting(mart),
                f'Donnez {option}="…" parmi : {", ".join(lasting(mart))}.',
            ),
        )
    return named


def check_mart_name(root: Path, mart: Node, name: str, usage: str) -> None:
    """Checks the name of a mart that reads another one, in the same domain.

    Raises:
        PlatformError: it does not fit.
    """
    if not name.startswith(("dim_", "fct_")):
        raise PlatformError(
            f"NAME={name} n'est pas un nom de mart." if name else "Comment le nommer ?",
            f"Il commence par fct_ ou dim_ : {usage}",
        )
    check_names(root, mart.domain, name)


def governance_from(manifest: Manifest, mart: Node, answers: Answers, question: str) -> dict[str, object]:
    """What the mart that is read says of itself, with another purpose where a person says one.

    Raises:
        PlatformError: it does not say all; or keeps its rows from a date that the new one would not have.
    """
    told = dict(governance_of(manifest, mart))
    told["finalite"] = answers.of("FINALITE", question, str(told.get("finalite") or ""))
    if missing := [key for key in words.REQUIRED if told.get(key) in (None, "")]:
        raise PlatformError(
            f"{mart.name} ne dit pas de lui-même : {', '.join(missing)}.",
            f"Complétez {mart.described_in} (docs/gestionnaire/gouvernance.md), puis relancez.",
        )
    if told["conservation"].get("depuis", words.RECEPTION) != words.RECEPTION:
        raise PlatformError(
            f"{mart.name} se conserve depuis {told['conservation']['depuis']}, qui n'y serait plus.",
            "Écrivez-le par make new-model, et dites sa conservation.",
        )
    return told


def key_test(name: str, columns: Sequence[str]) -> str:
    """The YAML of the test of a key of several columns."""
    line = f"          arguments: {{columns: [{', '.join(columns)}]}}"
    if len(line) > WIDTH:
        line = "\n".join(
            ["          arguments:", "            columns:", *(f"              - {one}" for one in columns)]
        )
    return "\n".join(
        [
            "      - unique_combination:",
            f"          name: {name}_cle",
            '          description: "Ces colonnes disent ensemble de quelle ligne il s\'agit."',
            line,
        ]
    )


def documented_columns(mart: Node, names: Sequence[str]) -> str:
    """The YAML of columns as the mart that is read has them: type, description, what is never null."""
    read = [(name, mart.columns[name]) for name in names]
    columns = [
        Column(name, one.description, str(one.data_type), not_null="not_null" in one.constraints)
        for name, one in read
    ]
    return documented(columns, contract=True)


def write_checked(
    settings: Settings, session: Session, command: str, name: str, files: Mapping[str, str]
) -> list[str]:
    """Writes the files of a mart and what it promises, and checks them by the project's rules.

    Args:
        session: without a database.
        command: for the journal.
        name: of the mart.
        files: by path.

    Returns:
        What was written, below the checkout.

    Raises:
        PlatformError: dbt cannot read it, or it breaks a rule; nothing is left of it.
    """
    root = settings.root
    with writing(root, command) as at_work:
        # One that is not there yet too: the first mart of a domain writes it.
        at_work.will_change(*((CONTRACTS / f"{domain}.yml").as_posix() for domain in domains_in(root)))
        at_work.uses += [rf"\b{name}\b"]
        at_work.left += [IN_DATABASE]
        at_work.create(files)
        redraw(at_work)
        manifest = parse_or_fail(session).manifest
        readers = readers_of_marts(settings, manifest)
        promises = write_contracts(root, manifest, date.today(), readers)
        mine = {*files, *promises}
        if broken := [one for one in broken_rules(root, manifest, readers) if one.file in mine]:
            print(shown(broken))
            raise PlatformError(
                f"Ce qui serait écrit ne suit pas les règles du projet : {len(broken)} ci-dessus.",
                "Corrigez-en la cause (nom, colonne, gouvernance du mart lu), puis relancez.",
            )
        return sorted(at_work.changed())


def next_steps(name: str) -> str:
    """What to do with a mart that reads another, in French."""
    return (
        "Ensuite :\n"
        f"  1. make check : il passe déjà ; relisez la description ;\n"
        f"  2. make build SELECT={name} le construit et le teste ; make show MODEL={name} le montre ;\n"
        "  3. une erreur ? make undo montre ce qu'il défait."
    )


# The measure


def measure_of(mart: Node, answers: Answers) -> tuple[str, str]:
    """The measure and its column, "" for rows.

    Raises:
        PlatformError: no such measure, no such column, or no number.
    """
    text = answers.of("MESURE", f"Que mesurer ({', '.join(SAID)}, puis la colonne) ?")
    measure, _, column = text.partition(" ")
    column = column.strip()
    if measure not in SAID or bool(column) is (measure == "lignes"):
        raise PlatformError(
            f"MESURE={text} n'est pas une mesure." if text else "Que mesurer ?",
            meant(
                measure if measure not in SAID else "",
                SAID,
                f'Écrivez MESURE="total colonne", avec {", ".join(SAID)} (lignes, sans colonne) : {USAGE}',
            ),
        )
    if column:
        column, *others = columns_of(mart, column, "MESURE")
        if others:
            raise PlatformError(
                f"MESURE={text} nomme plusieurs colonnes.",
                f'Un indicateur en mesure une : MESURE="{measure} {column}".',
            )
        kind = str(mart.columns[column].data_type)
        if measure in ("total", "moyenne") and not (kind in (*WHOLE, *REAL) or NUMERIC.fullmatch(kind)):
            raise PlatformError(
                f"{column} est {kind} : son {measure} n'a pas de sens.",
                "Prenez une colonne de nombres, ou distinctes et part_remplie, qui vont à toutes.",
            )
    return measure, column


def expression_of(mart: Node, measure: str, column: str) -> tuple[str, str]:
    """The SQL of a measure, and the type of what it gives."""
    kind = str(mart.columns[column].data_type) if column else ""
    decimal = NUMERIC.fullmatch(kind)
    scale = int(decimal["scale"]) if decimal else 0
    match measure:
        case "lignes":
            return "count(*)", "bigint"
        case "distinctes":
            return f"count(distinct {column})", "bigint"
        case "part_remplie":
            filled = f"avg(case when {column} is null then 0.0 else 1.0 end)"
            return f"{{{{ cast_decimal('{filled}', 5, 4) }}}}", "numeric(5, 4)"
        case "moyenne":
            return f"{{{{ cast_decimal('avg({column})', 38, {scale + 2}) }}}}", f"numeric(38, {scale + 2})"
    if decimal:
        return f"{{{{ cast_decimal('sum({column})', 38, {scale}) }}}}", f"numeric(38, {scale})"
    if kind in REAL:
        return f"sum({column})", "double precision"
    return f"cast(sum({column}) as {{{{ dbt.type_bigint() }}}})", "bigint"


def column_name(mart: Node, answers: Answers, measure: str, column: str, data_type: str) -> str:
    """The name of the measured column: COLONNE, else what the measure says."""
    if said := answers.given("COLONNE"):
        return said
    kept = measure == "total" and "".join(str(mart.columns[column].data_type).split()) == "".join(
        data_type.split()
    )
    named = {"lignes": "nombre_lignes", "distinctes": f"nombre_{column}", "part_remplie": f"part_{column}"}
    return named.get(measure) or (column if kept else f"{measure}_{column}")


def always_filled(mart: Node, measure: str, column: str) -> bool:
    """True when a measure of a group, which has a row, is never null."""
    return measure not in ("total", "moyenne") or "not_null" in mart.columns[column].constraints


def example_of(mart: Node, measure: str, column: str, by: Sequence[str]) -> tuple[list[str], str]:
    """Two rows of one group, and the row that they make."""
    group = ", ".join(f"{one}: {_example(mart, one)}" for one in by)
    cells, made = EXAMPLE[measure]
    given = [
        f"{group}, {column}: {cell.format(_example(mart, column))}" if column else group for cell in cells
    ]
    return given, f"{group}, {{column}}: {made}"


def _example(mart: Node, column: str) -> str:
    kind = re.split("[ (]", str(mart.columns[column].data_type))[0]
    return EXAMPLES.get(kind, "exemple")
