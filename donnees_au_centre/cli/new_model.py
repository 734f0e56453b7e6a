"""`new-model`: a model, its description and a test, written from donnees_au_centre/cli/templates/."""

from __future__ import annotations

import difflib
import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg import sql

from donnees_au_centre.cli.answers import Answers
from donnees_au_centre.cli.inference import guess_types
from donnees_au_centre.cli.session import Session, open_project, parse_or_fail
from donnees_au_centre.cli.writings import redraw, writing
from donnees_au_centre.discovery.typings import TEXT, Typing
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import meant, some
from donnees_au_centre.landing import read_declarations
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.metadata import governance_of
from donnees_au_centre.project.nodes import (
    CROSSING,
    ISSUES_SUFFIX,
    Manifest,
    Node,
    Source,
    domains_in,
)
from donnees_au_centre.project.rules.governing import personal_origins
from donnees_au_centre.project.versions import LONGEST
from donnees_au_centre.settings import Settings

TEMPLATES = Path(__file__).resolve().parent / "templates"
# Prefix of a name -> layer.
LAYERS = {"stg": "staging", "int": "intermediate", "dim": "marts", "fct": "marts"}
LOAD_COLUMNS = ("source_fichier", "source_ligne", "source_recu_le", "chargement_id", "charge_le")
TO_DESCRIBE = "À décrire"
TO_COMPLETE = "À compléter"
PROMISED = " et inscrit ce que le mart promet à ses lecteurs (docs/analyste/changer-un-mart.md)"
# What undoing a new model leaves.
IN_DATABASE = "Dans la base, ce qui en a été construit reste : make orphans le montre."
# How the governance of a new data set is to be written, key by key.
RESPONSIBLE = f'{{fonction: "{TO_COMPLETE}", courriel: "{TO_COMPLETE} : boîte fonctionnelle"}}'
GOVERNANCE = {
    "proprietaire": RESPONSIBLE,
    "gestionnaire": RESPONSIBLE,
    "strategique": "false",
    "classification": f'"{TO_COMPLETE} : {", ".join(words.CLASSIFICATIONS)}"',
    "finalite": f'"{TO_COMPLETE} : à quoi servent ces données"',
    "base_legale": f'"{TO_COMPLETE} : le décret ou la loi"',
    "conservation": f'{{mois: "{TO_COMPLETE}", depuis: reception, sort: effacement}}',
    "source_authentique": f'"{TO_COMPLETE} : ce qui fait foi"',
    "rafraichissement": f'{{tous_les: 1, unite: "{TO_COMPLETE} : {", ".join(words.UNITS)}"}}',
}
# Of the écarts of a table about people, which show the cells that could not be read.
MASKED = "    columns:\n      - {name: valeur_brute, config: {meta: {protection: masque}}}\n"
# Of a line, as the linters have it.
WIDTH = 110
# How a typing macro is written in the declaration of a staging model: the type, the names of its arguments.
ENTRIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "clean_text": ("text", ()),
    "to_integer": ("integer", ()),
    "to_decimal": ("decimal", ("precision", "scale")),
    "to_date": ("day", ("pattern",)),
    "to_moment": ("moment", ("pattern",)),
    "to_boolean": ("yes_no", ()),
    "to_code": ("code", ("pattern",)),
    "to_bce_number": ("bce_number", ()),
    "school_year": ("school_year", ()),
    "school_key": ("school_key", ("names",)),
}
# An example value by the first word of a PostgreSQL type, as YAML writes it.
EXAMPLES = {
    "boolean": "true",
    "date": "2025-01-31",
    "timestamp": "2025-01-31 12:00:00",
    "integer": "1",
    "bigint": "1",
    "smallint": "1",
    "numeric": "1",
    "double": "1",
    "real": "1",
}


@dataclass(frozen=True)
class Column:
    """A column of a model to come.

    Attributes:
        name: identifier.
        description: French.
        data_type: PostgreSQL type.
        category: of personal data, as the column that is read says it; None when it says nothing.
        not_null: True for one that its contract says to be always filled, beside the key.
    """

    name: str
    description: str
    data_type: str
    category: str | None = None
    not_null: bool = False


def new_model(settings: Settings, options: Mapping[str, str]) -> int:
    """Writes the files of a model, and checks that the project still parses.

    Reads AG, NAME, for a stg_ SOURCE (`source.table`), for the others MODEL (the model to read).

    Raises:
        PlatformError: a name that does not fit, a source or model that does not exist, or no AG or NAME.
    """
    answers = Answers.to(options)
    domain = answers.of("AG", f"Pour quel domaine ({', '.join(domains_in(settings.root))}) ?")
    name = answers.of("NAME", "Comment le nommer (stg_<source>__<lignes>, int_…, dim_… ou fct_…) ?")
    layer = check_names(settings.root, domain, name)
    session = Session(settings)
    access, manifest = open_project(session)
    if layer == "staging":
        source = choose_source(manifest, domain, name, answers)
        columns = source_columns(source)
        with psycopg.connect(access.conninfo()) as connection:
            typings = guess_types(connection, source, [column.name for column in columns])
        if not typings:
            print("Aucune ligne reçue : tout est écrit en texte. make load d'abord, pour des types devinés.")
        if captured := [column.name for column in columns if column.name not in source.columns]:
            print(f"À ajouter aux colonnes de {source.file} : {', '.join(captured)}.")
        files = staging_files(domain, name, source, columns, typings)
    else:
        node = choose_upstream(manifest, domain, name, layer, answers.given("MODEL"))
        if answers.asks and (other := answers.of("MODEL", "Quel modèle lira-t-il ?", node.declared)):
            node = choose_upstream(manifest, domain, name, layer, other)
        with psycopg.connect(access.conninfo()) as connection:
            columns, key = read_columns(connection, node)
        print(f"{name} lira {node.name} ; pour un autre : MODEL=<modèle>.")
        if layer == "marts":
            columns = with_categories(manifest, node, columns)
        lines = governance_lines(manifest, domain, name, node)
        files = model_files(domain, name, layer, node, columns, key, lines)
    with writing(settings.root, f"new-model AG={domain} NAME={name}") as at_work:
        at_work.create(files)
        redraw(at_work)
        at_work.uses += [rf"\b{name}\b"]
        at_work.left += [IN_DATABASE]
        parse_or_fail(session)
    print("\nCréés :", *(f"  {path}" for path in files), sep="\n")
    print(f"\n{next_steps(name, list(files))}")
    return 0


def next_steps(name: str, paths: Sequence[str]) -> str:
    """What to do with the files of a new model, in French."""
    # The écarts of a staging model are no child of it: only the source, its folder, selects both.
    selection = f"source:{Path(paths[0]).parent.name}+" if name.startswith("stg_") else name
    return (
        "Ensuite :\n"
        "  1. relisez ces fichiers : clé, types, règles, descriptions ; "
        f"un « {TO_DESCRIBE} » ou un « {TO_COMPLETE} » arrête make lint ;\n"
        f"  2. make build SELECT={selection} le construit et le teste ;\n"
        f"  3. make show MODEL={name} montre ses premières lignes ;\n"
        "  4. make lint relit l'écriture, make fix corrige la mise en forme"
        f"{PROMISED if name.startswith(('dim_', 'fct_')) else ''}.\n"
        "Une erreur ? make undo montre ce qu'il défait."
    )


def check_names(root: Path, domain: str, name: str) -> str:
    """Checks AG and NAME.

    Returns:
        The layer that the name's prefix says.

    Raises:
        PlatformError: one of them does not fit, or a model of that name exists.
    """
    usage = "make new-model AG=ags NAME=stg_points_verts__marches"
    domains = sorted(path.parent.name for path in (root / "models").glob("*/_*.yml"))
    if domain not in domains:
        raise PlatformError(
            f"AG={domain} n'est pas un domaine du projet."
            if domain
            else "Dans quel domaine créer le modèle ?",
            meant(domain, domains, f"Choisissez AG parmi {', '.join(domains)} : {usage}"),
        )
    # A mart's tables bear the moment they were built after its name.
    longest = LONGEST if name.startswith(("dim_", "fct_")) else 56
    if not re.fullmatch(r"(stg|int|dim|fct)_[a-z0-9]+(_{1,2}[a-z0-9]+)*", name) or len(name) > longest:
        raise PlatformError(
            f"NAME={name} n'est pas un nom de modèle." if name else "Comment nommer le modèle ?",
            f"Un nom s'écrit en minuscules, sans accent, {longest} signes au plus, et commence par stg_ "
            "(typer une source), int_ (préparer), dim_ (décrire) ou fct_ (mesurer) : dim_ecole, "
            "fct_inscription.",
        )
    prefix = name.partition("_")[0]
    if prefix == "stg" and "__" not in name:
        raise PlatformError(
            f"NAME={name} ne dit pas de quelle source il vient.",
            "Un modèle de staging se nomme stg_<source>__<lignes> : stg_points_verts__marches.",
        )
    for path in (root / "models").rglob(f"{name}.*"):
        raise PlatformError(
            f"{name} existe déjà : {path.relative_to(root)}.", "Modifiez-le, ou choisissez un autre NAME."
        )
    return LAYERS[prefix]


def choose_source(manifest: Manifest, domain: str, name: str, answers: Answers) -> Source:
    """The source table to type: SOURCE, else the only one of the source that the name says, else an answer.

    Raises:
        PlatformError: SOURCE is no source table of this domain, or none can be told from the name.
    """
    tables = {
        f"{node.source_name}.{node.name}": node for node in manifest.sources.values() if node.domain == domain
    }
    if not tables:
        raise PlatformError(
            f"Le domaine {domain} n'a encore aucune source.",
            "Déclarez-la d'abord dans models/<ag>/staging/<source>/_<source>__sources.yml "
            "(modèle : models/ags/staging/points_verts/_points_verts__sources.yml).",
        )
    source = answers.given("SOURCE")
    if not source:
        stem = name.removeprefix("stg_").partition("__")[0]
        found = [label for label in tables if label.partition(".")[0] == stem]
        asked = f"Quelle table source typer ({', '.join(sorted(tables))}) ?"
        source = found[0] if len(found) == 1 else answers.of("SOURCE", asked)
    if source not in tables:
        raise PlatformError(
            f"SOURCE={source} n'est pas une table source de {domain}." if source else "Quelle source typer ?",
            meant(source, tables, f"Ajoutez SOURCE=<source>.<table>, parmi : {', '.join(sorted(tables))}."),
        )
    return tables[source]


def source_columns(node: Source) -> list[Column]:
    """The columns of a source table, those that the names of its files give among them.

    Raises:
        PlatformError: it declares none.
    """
    columns = [
        Column(column.name, column.description or TO_DESCRIBE, "text", column.category)
        for column in node.columns.values()
    ]
    if not columns:
        raise PlatformError(
            f"La source {node.source_name}.{node.name} ne déclare aucune colonne.",
            f"Ajoutez ses colonnes dans {node.file}, puis relancez.",
        )
    return columns + undeclared_columns(node)


def staging_files(
    domain: str,
    name: str,
    node: Source,
    columns: Sequence[Column],
    typings: Mapping[str, Typing],
    key: str | None = None,
    hidden: Mapping[str, bool] = MappingProxyType({}),
) -> dict[str, str]:
    """The three files of a staging model and its écarts, by path.

    Args:
        domain: of the model.
        name: of the model.
        node: the source table.
        columns: of the source table.
        typings: how a column is read; a text when nothing is said.
        key: the column without which a row is nothing; None: the first, "": none.
        hidden: columns that say who a person is: True for one of which a pseudonym is made, False for one
            that stays in the raw table.
    """
    key = columns[0].name if key is None else key
    shown = [column for column in columns if column.name not in hidden]
    kept = [column for column in columns if hidden.get(column.name, True)]
    pseudonyms = [
        Column(f"{column.name}_pseudonyme", f"Pseudonyme : {column.description}", "text", "pseudonyme")
        for column in kept
        if column.name in hidden
    ]
    keys = [column for column in shown if typings.get(column.name, TEXT).macro == "school_key"]
    made = [*pseudonyms, *(part for column in keys for part in parts_of_key(column))]
    values = {
        "name": name,
        "source": node.source_name,
        "table": node.name,
        "described": "\n".join(
            quoted(
                "description",
                node.description.replace("telle que reçue", "typée")
                or f"{TO_DESCRIBE} : ce qu'est une ligne.",
                4,
            )
        ),
        "config": "    config: {meta: {sur_denodo: vue_de_base}}\n" if pseudonyms else "",
        "columns": "\n".join(
            pseudonym(domain, node.source_name, column.name)
            if column.name in hidden
            else entry(column.name, typings.get(column.name, TEXT), required=column.name == key)
            for column in kept
        ),
        "stored": ", stored=true" if pseudonyms else "",
        "reconciled": only_test("reconciles_with_source", f"{name}_rien_ne_se_perd"),
        "watched": only_test("few_set_aside", f"{name}_ecarts_peu_nombreux"),
        "documented_columns": said_by_staging(node, [one for one in shown if one not in keys], made),
        "masked": MASKED if any(one.category not in (None, words.NOT_PERSONAL) for one in columns) else "",
    }
    folder = f"models/{domain}/staging/{node.source_name}"
    return {
        f"{folder}/{name}.sql": fill("staging.sql", values),
        f"{folder}/{name}.yml": fill("staging.yml", values),
        f"{folder}/{name}_ecarts.sql": fill("ecarts.sql", values),
    }


def parts_of_key(column: Column) -> list[Column]:
    """The two columns that a key of a school is split into: both keep its name before theirs."""
    return [
        replace(
            column,
            name=f"{column.name}_{part}",
            description=f"Numéro FASE de l'{said}, lu dans {column.name}.",
        )
        for part, said in (("etablissement", "établissement"), ("implantation", "implantation"))
    ]


def pseudonym(domain: str, purpose: str, column: str) -> str:
    """The lines that declare a person's identifier, of which a staging model has a pseudonym only."""
    arguments = [
        repr(column),
        repr(f"{column}_pseudonyme"),
        f"sql=pseudonymise('{{}}', '{domain}', '{purpose}')",
        f'required="{column.replace("_", " ")} : absent"',
    ]
    return f"    {called('text', arguments, 4)},"


def only_test(generic: str, name: str) -> str:
    """The YAML of a model with one test, which finds its arguments itself: on one line where it fits."""
    test = f"{generic}: {{name: {name}}}"
    line = f"    data_tests: [{test}]"
    return line if len(line) <= WIDTH else f"    data_tests:\n      - {test}"


def said_by_staging(node: Source, columns: Sequence[Column], more: Sequence[Column] = ()) -> str:
    """The YAML of the columns of which a staging model says more than their source: a category, a capture.

    Args:
        node: the source table.
        columns: those that keep their name.
        more: those that the model makes.
    """
    own = [
        column if column.name not in node.columns else replace(column, description="")
        for column in columns
        if column.name not in node.columns or column.category not in (None, words.NOT_PERSONAL)
    ]
    own = [*more, *own]
    return f"    columns:\n{documented(own)}\n" if own else ""


def entry(column: str, typing: Typing, required: bool) -> str:
    """The lines that declare a received column in a staging model: one, or several when it is too long.

    Args:
        column: received.
        typing: how it is read.
        required: True when a row is nothing without it.
    """
    if typing.nulls and not required and typing.macro.startswith("to_"):
        return with_nulls(column, typing)
    kind, named = ENTRIES[typing.macro]
    given = [f"{name}={value}" for name, value in zip(named, typing.arguments, strict=False)]
    given += typing.arguments[len(named) :]
    if kind == "school_key":
        given = [f"names=['{column}_etablissement', '{column}_implantation']"]
    kind, given = domain_type(column, kind, given)
    label = column.replace("_", " ")
    fault = "illisible" if typing.condition else "vide"
    if required:
        given.append(f'required="{label} : {"absent ou " if typing.condition else ""}{fault}"')
    elif typing.condition:
        given.append(f'optional="{label} : {fault}"')
    line = f"    {called(kind, [repr(column), *given])},"
    return line if len(line) <= WIDTH else f"    {called(kind, [repr(column), *given], 4)},"


def _literal(sign: str) -> str:
    """A sign as a pattern has it, in a text of Jinja: a bracket cannot stand in brackets."""
    if sign in "[]":
        return rf"\\{sign}"
    return f"[{sign}]" if sign in ".?*+()|" else sign


def with_nulls(column: str, typing: Typing) -> str:
    """The lines that declare a received column in which some cells say that nothing is known: no écart."""
    marks = "|".join("".join(map(_literal, mark)) for mark in typing.nulls)
    arguments = ", ".join([repr(column), *typing.arguments])
    return (
        f"    expression(\n        '{column}', {typing.macro}({arguments}), of='{column}',\n"
        f"        readable={typing.condition}({arguments})\n"
        f"        ~ ' or ' ~ is_code('{column}', '{marks}'),\n"
        f'        optional="{column.replace("_", " ")} : illisible"\n    ),'
    )


def domain_type(column: str, kind: str, given: list[str]) -> tuple[str, list[str]]:
    """The type of a domain, where the name of a column tells it: a postal code, a NIS code, a FASE number."""
    name = set(column.split("_"))
    if (kind, given) == ("code", ["pattern='[0-9]{4}'"]) and name & {"postal", "cp", "zip"}:
        return "postal_code", []
    if (kind, given) == ("code", ["pattern='[0-9]{5}'"]) and name & {"nis", "ins"}:
        return "nis_code", []
    return ("fase_number", []) if (kind, given) == ("integer", []) and "fase" in name else (kind, given)


def called(macro: str, arguments: Sequence[str], indent: int | None = None) -> str:
    """A call as a model writes it: on one line, or an argument a line, below a line indented by so much."""
    if indent is None:
        return f"{macro}({', '.join(arguments)})"
    margin = "\n" + " " * indent
    return f"{macro}({margin}    {f',{margin}    '.join(arguments)}{margin})"


def undeclared_columns(node: Source) -> list[Column]:
    """The columns that the loader fills without the source declaring them, as `{annee}` of a location.

    Raises:
        PlatformError: the loader cannot follow the declaration.
    """
    captured = "Lu dans le nom du fichier reçu."
    return [
        Column(
            column,
            captured if any(column in variant.captures() for variant in table.variants) else TO_DESCRIBE,
            "text",
        )
        for table in read_declarations([node])
        for column in table.columns
        if column not in node.columns
    ]


def choose_upstream(manifest: Manifest, domain: str, name: str, layer: str, wanted: str | None) -> Node:
    """The model to read: the one asked for, else the closest by name among those this layer may read.

    Raises:
        PlatformError: no such model, or nothing to read yet.
    """
    readable = {}
    for node in manifest.nodes.values():
        if node.kind != "model" or node.name.endswith(ISSUES_SUFFIX) or not node.is_latest:
            continue
        own = node.domain == domain and node.fqn[2] != "marts"
        # Another domain's mart is read when it is asked for; the crossing domain has nothing else to read.
        offered = node.fqn[2] == "marts" and (domain == CROSSING or bool(wanted))
        if own or offered:
            readable[node.declared] = node
    if wanted:
        if wanted in readable:
            return readable[wanted]
        raise PlatformError(
            f"MODEL={wanted} n'est pas un modèle que {name} peut lire.",
            meant(
                wanted,
                readable,
                f"make why MODEL=… dit ce qu'est un modèle ; ici : {some(sorted(readable), 5)}.",
            ),
        )
    if not readable:
        raise PlatformError(
            f"Le domaine {domain} n'a encore aucun modèle à lire.",
            f"Typez d'abord une source : make new-model AG={domain} NAME=stg_<source>__<lignes>",
        )
    # Of two models as close, the one nearest to the mart.
    rank = {"staging": 0, "intermediate": 1, "marts": 2}
    subject = name.partition("_")[2]
    return max(
        readable.values(),
        key=lambda node: (
            rank[node.fqn[2]] if layer == "marts" else 0,
            difflib.SequenceMatcher(None, subject, node.name.partition("_")[2]).ratio(),
        ),
    )


def read_columns(connection: psycopg.Connection, node: Node) -> tuple[list[Column], str | None]:
    """The columns of a built model, and the first of them that could be a key.

    Raises:
        PlatformError: the model is not in the database.
    """
    relation = sql.Identifier(node.schema, node.relation)
    rows = connection.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute "
        "where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum",
        [relation.as_string(connection)],
    ).fetchall()
    if not rows:
        raise PlatformError(
            f"{node.name} n'est pas encore construit : ses colonnes ne sont pas connues.",
            f"make build SELECT=+{node.name} le construit (make load d'abord, si rien n'est chargé).",
        )
    columns = [
        Column(
            column,
            node.columns[column].description or TO_DESCRIBE if column in node.columns else TO_DESCRIBE,
            with_scale(connection, relation, column) if data_type == "numeric" else data_type,
            node.columns[column].category if column in node.columns else None,
        )
        for column, data_type in rows
        if column not in LOAD_COLUMNS
    ]
    for column in columns:
        name = sql.Identifier(column.name)
        repeated = sql.SQL("select 1 from {} group by {} having count(*) > 1 or {} is null limit 1")
        if connection.execute(repeated.format(relation, name, name)).fetchone() is None:
            return columns, column.name
    return columns, None


def with_scale(connection: psycopg.Connection, relation: sql.Identifier, column: str) -> str:
    """The type of a numeric column whose own type has no precision: as many decimals as its values have.

    A contract without precision makes dbt warn.
    """
    query = sql.SQL("select max(scale({})) from {}").format(sql.Identifier(column), relation)
    (found,) = connection.execute(query).fetchone() or (None,)
    return f"numeric(38, {10 if found is None else min(found, 20)})"


def with_categories(manifest: Manifest, node: Node, columns: Sequence[Column]) -> list[Column]:
    """The columns of a mart: where personal data come from upstream, each says its category.

    Args:
        manifest: dbt's.
        node: the model that the mart reads.
        columns: of that model.
    """
    if not personal_origins(manifest, Node({"depends_on": {"nodes": [node.unique_id]}})):
        return list(columns)
    return [replace(column, category=column.category or f'"{TO_COMPLETE}"') for column in columns]


def governance_lines(manifest: Manifest, domain: str, name: str, node: Node | None = None) -> str:
    """The governance that a new mart has to write itself, as YAML: what its group does not say for it.

    Args:
        manifest: dbt's.
        domain: of the mart.
        name: of the mart.
        node: the model that it reads; what all the sources of this one say alike is taken from them.
    """
    return governance_told(manifest, domain, name, governance_of_sources(manifest, node) if node else {})


def governance_told(manifest: Manifest, domain: str, name: str, told: Mapping[str, Any]) -> str:
    """The same, of what is told of it; what nobody told is to be completed."""
    mart = Node({"fqn": ["", domain, "marts", name]})
    said = governance_of(manifest, mart)
    about_people = [key for key in words.PERSONAL if key in told]
    # A mart has its folder's defaults as soon as dbt reads it; owner and steward are never inherited.
    lines = [
        line
        for key in (*words.REQUIRED, *about_people)
        if key in words.RESPONSIBLES or key not in said or told.get(key, said[key]) != said[key]
        for line in governance_line(key, told)
    ]
    return "\n".join(["    config:", "      meta:", "        gouvernance:", *lines, ""])


def governance_line(key: str, told: Mapping[str, Any]) -> list[str]:
    """The lines of one key: what the sources say, else what is to be completed."""
    if key not in told:
        return [f"          {key}: {GOVERNANCE[key]}"]
    value = told[key]
    if isinstance(value, str):
        return quoted(key, value, 10)
    if isinstance(value, Mapping):
        inside = [line for inner, one in value.items() for line in quoted(inner, one, 12)]
        return [f"          {key}:", *inside]
    return [f"          {key}: {json.dumps(value, ensure_ascii=False)}"]


def governance_of_sources(manifest: Manifest, node: Node) -> dict[str, Any]:
    """What all the source tables that a model comes from say alike of their governance."""
    seen, waiting, found = set(), [node.unique_id], []
    while waiting:
        unique_id = waiting.pop()
        if unique_id in seen:
            continue
        seen.add(unique_id)
        if unique_id in manifest.sources:
            found.append(governance_of(manifest, manifest.sources[unique_id]))
        read = manifest.nodes.get(unique_id)
        waiting += read.reads if read else []
    first, *others = found or [{}]
    return {key: value for key, value in first.items() if all(one.get(key) == value for one in others)}


def model_files(
    domain: str,
    name: str,
    layer: str,
    node: Node,
    columns: Sequence[Column],
    key: str | None,
    governance: str = "",
) -> dict[str, str]:
    """The two files of an intermediate model or a mart, by path; `governance` is YAML, for a mart."""
    reads = node.declared
    # A view would disappear with the mart that it reads, each time the mart is rebuilt.
    table = layer == "intermediate" and node.fqn[2] == "marts"
    first = next((column for column in columns if column.name == key), columns[0])
    if key is None and layer == "marts":
        print(
            f"Attention : aucune colonne de {reads} n'est unique. Dédoublonnez dans {name}.sql (group by), "
            "ou testez une clé de plusieurs colonnes (unique_combination)."
        )
    values = {
        "name": name,
        "reads": reads,
        "described": "\n".join(
            quoted("description", node.description or f"{TO_DESCRIBE} : ce qu'est une ligne.", 4)
        ),
        "config": "{{ config(materialized='table') }}\n\n" if table else "",
        "governance": governance if layer == "marts" else "",
        "columns": ",\n".join(f"        {column.name}" for column in columns),
        "documented_columns": documented(columns, first.name, contract=layer == "marts"),
        "example": f"{first.name}: {EXAMPLES.get(re.split('[ (]', first.data_type)[0], 'exemple')}",
    }
    folder = f"models/{domain}/{layer}"
    return {
        f"{folder}/{name}.sql": fill("model.sql", values),
        f"{folder}/{name}.yml": fill("model.yml", values),
    }


def documented(columns: Sequence[Column], key: str | None = None, contract: bool = False) -> str:
    """The YAML of columns, one a line where it fits: under contract, with types and the checks of the key."""
    lines = []
    for column in columns:
        said = {"name": column.name}
        if contract:
            said["data_type"] = column.data_type
        if column.description:
            said["description"] = json.dumps(column.description.strip(), ensure_ascii=False)
        if column.category:
            said["config"] = f"{{meta: {{donnee_personnelle: {column.category}}}}}"
        if contract and (column.not_null or column.name == key):
            said["constraints"] = "[{type: not_null}]"
        if contract and column.name == key:
            said["data_tests"] = "[unique]"
        line = f"      - {{{', '.join(f'{name}: {value}' for name, value in said.items())}}}"
        if len(line) <= WIDTH and "," not in column.data_type:
            lines.append(line)
            continue
        lines.append(f"      - name: {said.pop('name')}")
        for name, value in said.items():
            is_text = name == "description"
            lines += quoted(name, json.loads(value), 8) if is_text else [f"        {name}: {value}"]
    return "\n".join(lines)


def quoted(key: str, value: Any, indent: int) -> list[str]:
    """A key of YAML and its value, on as many lines as it needs.

    A quoted text may go on below, indented: the line break counts as a space.
    """
    return textwrap.wrap(
        f"{key}: {json.dumps(value, ensure_ascii=False)}",
        width=108,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


def fill(template: str, values: Mapping[str, str]) -> str:
    """A template of donnees_au_centre/cli/templates/ with its $names filled."""
    return Template((TEMPLATES / f"{template}.tmpl").read_text(encoding="utf-8")).substitute(values)
