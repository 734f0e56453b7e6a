"""The project's models as scripts of Denodo views: one ordered script a domain, that needs no dbt to run."""

from __future__ import annotations

import csv
import re
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from denodo import VqlSyntaxError, check
from denodo.columns import columns_of
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.portability.compilation import is_base_view
from donnees_au_centre.project.nodes import DataTest, Manifest, Node, turn_of

# Where a view stands in its VDP database, and what the folder says of itself.
FOLDERS = {
    "reference": "Tables de référence tenues à la main par les Data Stewards.",
    "staging": "Données reçues, typées et nettoyées ; privées à leur administration.",
    "intermediate": "Calculs intermédiaires ; privés à leur administration.",
    "marts": "Jeux de données publics, décrits et sous contrat.",
}
WIDTH = 110


@dataclass(frozen=True)
class View:
    """One view to create.

    Attributes:
        unique_id: dbt's name of the model or seed.
        database: the VDP database, which is the domain.
        name: the view's name.
        folder: a key of FOLDERS.
        description: in French; may be empty.
        columns: column -> description, those that are described.
        key: the columns of the primary key; empty when no test proves one.
        sql: one SELECT, in VQL.
        reads: unique_ids of the views it reads.
        sources: the base views it reads, as database.view.
        made: the base views it reads that are tables which dbt makes on PostgreSQL, as database.view.
    """

    unique_id: str
    database: str
    name: str
    folder: str
    description: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    sql: str
    reads: frozenset[str]
    sources: frozenset[str]
    made: frozenset[str] = frozenset()

    def statement(self) -> str:
        """The CREATE OR REPLACE VIEW of this view, with its semicolon.

        Source: Denodo 7.0 manual, "Defining a Derived View" and "Creating a Base View" (field properties).
        """
        lines = [f"CREATE OR REPLACE VIEW {self.name}", f"    FOLDER = {literal('/' + self.folder)}"]
        if self.description:
            lines.append(f"    DESCRIPTION = {literal(self.description)}")
        if self.key:
            lines.append(f"    PRIMARY KEY ( {', '.join(map(literal, self.key))} )")
        if self.columns:
            properties = ",\n".join(
                f"        {name} ( DESCRIPTION = {literal(text)} )" for name, text in self.columns.items()
            )
            lines.append(f"    (\n{properties}\n    )")
        body = re.sub(r"\n\s*\n+", "\n\n", self.sql.strip().rstrip(";").rstrip())
        return "\n".join([*lines, "AS", body]) + "\n;\n"


@dataclass(frozen=True)
class Script:
    """One file to run on a Denodo server.

    Attributes:
        name: the file's name; files are run in the order of their names.
        database: the VDP database that its views belong to.
        views: the views, each after those it reads.
        text: the VQL.
    """

    name: str
    database: str
    views: tuple[View, ...]
    text: str


def literal(value: str) -> str:
    """A VQL text literal; a quote is doubled."""
    return "'" + value.replace("'", "''") + "'"


def collect_views(manifest: Manifest, compiled: Mapping[str, str], root: Path) -> list[View]:
    """Makes a view of every model and of every seed.

    Args:
        manifest: dbt's manifest for the target denodo.
        compiled: unique_id of a model -> its SQL compiled for the target denodo.
        root: the checkout, where the seeds' files are.

    Raises:
        PlatformError: a seed's file cannot be written as a view.
    """
    keys = _primary_keys(manifest)
    bases = {
        unique_id: f"{node.domain}.{node.name}"
        for unique_id, node in manifest.nodes.items()
        if is_base_view(node)
    }
    views = []
    for unique_id, node in manifest.nodes.items():
        if node.kind == "seed":
            folder, sql = "reference", seed_select(node, root)
        elif node.kind == "model" and unique_id in compiled:
            folder, sql = node.fqn[2], compiled[unique_id]
        else:
            continue
        reads = node.reads
        described = {name: _one_line(column.description) for name, column in node.columns.items()}
        views.append(
            View(
                unique_id=unique_id,
                database=node.domain,
                name=node.name,
                folder=folder,
                description=_one_line(node.description),
                columns={name: text for name, text in described.items() if text},
                key=keys.get(unique_id, ()),
                sql=sql,
                reads=frozenset(
                    name for name in reads if not name.startswith("source.") and name not in bases
                ),
                sources=frozenset(
                    f"{source.schema}.{source.relation}"
                    for name in reads
                    if (source := manifest.sources.get(name))
                ),
                made=frozenset(bases[name] for name in reads if name in bases),
            )
        )
    return views


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _primary_keys(manifest: Manifest) -> dict[str, tuple[str, ...]]:
    """The column that tests prove unique and never null, by model or seed."""
    proved: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for node in (*manifest.nodes.values(), *manifest.contract_checks):
        if isinstance(node, DataTest) and node.generic and node.tested_id and node.column_name:
            proved[node.tested_id][node.column_name].add(node.generic)
    keys: dict[str, tuple[str, ...]] = {}
    for unique_id, columns in proved.items():
        found = [name for name, tests in columns.items() if {"unique", "not_null"} <= tests]
        if found:
            # A table may have several keys; the first declared column is the one it is known by.
            order = list(manifest.nodes[unique_id].columns) if unique_id in manifest.nodes else found
            keys[unique_id] = (min(found, key=order.index),)
    return keys


def seed_select(node: Node, root: Path) -> str:
    """Writes a seed's rows as one SELECT of literals: Denodo has no seeds, and a view needs no cache.

    Args:
        node: the seed in dbt's manifest.
        root: the checkout.

    Raises:
        PlatformError: a column has no declared type, a type is unknown here, or the file has no header.
    """
    path = root / node.file
    types: Mapping[str, str] = node.config.get("column_types") or {}
    delimiter = node.config.get("delimiter") or ","
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=delimiter)
        rows, names = list(reader), list(reader.fieldnames or ())
    if not names:
        raise PlatformError(
            f"{node.file} n'a pas d'en-tête : elle ne peut pas devenir une vue.",
            "Écrivez-y le nom des colonnes, ou retirez cette table de référence.",
        )
    missing = [name for name in names if name not in types]
    if missing:
        raise PlatformError(
            f"{node.file} : le type de {', '.join(missing)} n'est pas déclaré.",
            "Ajoutez-le dans config.column_types, dans le YAML de cette table de référence.",
        )
    selects: list[str] = []
    for row in rows or [dict.fromkeys(names)]:
        cells = ((name, _cell(row[name], types[name], node)) for name in row)
        if selects:
            selects.append("select " + ", ".join(f"{cell} as {name}" for name, cell in cells))
        else:
            # The first row gives the columns their types, also when its cells are empty.
            typed = (f"cast({cell} as {_SEED_TYPES[types[name]]}) as {name}" for name, cell in cells)
            selects.append("select " + ", ".join(typed))
    every = "\nunion all\n".join(selects)
    # Without a row, the view keeps its columns: the row of nulls that gives them their types is left out.
    return every if rows else f"select * from ({every}) as aucune where 1 = 0"


# Type of a seed's column -> its name in a VQL cast.
_SEED_TYPES = {
    "text": "text",
    "varchar": "text",
    "integer": "integer",
    "int4": "integer",
    "bigint": "int8",
    "int8": "int8",
    "boolean": "bool",
    "bool": "bool",
    "date": "date",
    "double precision": "float8",
    "float8": "float8",
}
_BARE = {
    "integer": r"-?\d+",
    "int8": r"-?\d+",
    "float8": r"-?\d+(\.\d+)?",
    "bool": r"true|false",
}


def _cell(value: str | None, declared: str, node: Node) -> str:
    kind = _SEED_TYPES.get(declared)
    if kind is None:
        raise PlatformError(
            f"{node.file} : le type « {declared} » n'a pas d'équivalent exact en VQL.",
            f"Choisissez parmi {', '.join(_SEED_TYPES)} dans config.column_types.",
        )
    if value is None or value == "":
        return "null"
    if kind == "date":
        return f"date {literal(value)}"
    if kind == "text":
        return literal(value)
    if not re.fullmatch(_BARE[kind], value.lower()):
        raise PlatformError(
            f"{node.file} : « {value} » n'est pas du type {declared}.",
            "Corrigez la valeur, ou le type dans config.column_types.",
        )
    return value.lower()


def write_scripts(views: Iterable[View], headers: Mapping[str, str]) -> list[Script]:
    """Puts every view after those it reads, domain by domain.

    Args:
        views: what `collect_views` gives.
        headers: domain -> its name for people.

    Returns:
        The scripts in the order in which they must run. A domain is in several parts only when two
        domains read each other.

    Raises:
        PlatformError: a view describes a column that it does not return, or the checker refuses a script.
    """
    parts = ordered_parts(list(views))
    refuse_unknown_columns(view for _, members in parts for view in members)
    count = {database: sum(1 for name, _ in parts if name == database) for database, _ in parts}
    seen: dict[str, int] = defaultdict(int)
    written: dict[str, str] = {}
    scripts = []
    for number, (database, members) in enumerate(parts, start=1):
        seen[database] += 1
        part = f"_partie_{seen[database]}" if count[database] > 1 else ""
        name = f"{number:02d}_{database}{part}.vql"
        text = _render(name, database, members, headers.get(database, database), written)
        refuse_faults(name, text)
        written.update(dict.fromkeys((view.unique_id for view in members), name))
        scripts.append(Script(name, database, tuple(members), text))
    return scripts


def ordered_parts(views: list[View]) -> list[tuple[str, list[View]]]:
    """Groups views by database, each group after the groups it reads.

    Raises:
        PlatformError: views read each other in a circle, which dbt refuses as well.
    """
    waiting = {view.unique_id: view for view in views}
    databases = sorted({view.database for view in views}, key=turn_of)
    parts: list[tuple[str, list[View]]] = []
    while waiting:
        ready = {database: _readable(database, waiting) for database in databases}
        whole = [
            database
            for database in databases
            if ready[database]
            and len(ready[database]) == sum(view.database == database for view in waiting.values())
        ]
        # None can be finished: two domains read each other, the one that advances most goes first.
        chosen = whole[0] if whole else max(databases, key=lambda database: len(ready[database]))
        if not ready[chosen]:
            raise PlatformError(
                f"Ces modèles se lisent en rond : {', '.join(sorted(waiting))}.",
                "Retirez une des références ; make check nomme les cycles entre domaines.",
            )
        parts.append((chosen, ready[chosen]))
        for view in ready[chosen]:
            del waiting[view.unique_id]
    return parts


def _readable(database: str, waiting: Mapping[str, View]) -> list[View]:
    """The views of a database that can be created now, one after the other; folders in their usual order."""
    order = list(FOLDERS)
    candidates = sorted(
        (view for view in waiting.values() if view.database == database),
        key=lambda view: (order.index(view.folder), view.name),
    )
    done: dict[str, View] = {}
    advancing = True
    while advancing:
        advancing = False
        for view in candidates:
            if view.unique_id not in done and not (view.reads & (waiting.keys() - done.keys())):
                done[view.unique_id] = view
                advancing = True
    return list(done.values())


def _render(name: str, database: str, views: list[View], title: str, written: Mapping[str, str]) -> str:
    own = {view.unique_id for view in views}
    before = sorted({written[read] for view in views for read in view.reads - own})
    bases = sorted({source for view in views for source in view.sources})
    notes = [
        f"{name} : {counted(len(views), 'vue')} de la base de données « {database} » ({title}).",
        "Écrit par make denodo-export depuis les modèles dbt : corrigez le modèle, non ce fichier.",
        "Certifié contre le VQL documenté (manuels de Denodo), non contre un serveur : ce que dit un serveur "
        "réel l'emporte.",
        "Se joue par un administrateur de Virtual DataPort, autant de fois qu'il le faut : chaque vue est "
        "remplacée sans toucher à celles qui la lisent, et rien n'est supprimé.",
        f"Avant : la base de données VDP {database} doit exister"
        + (f", et ces scripts avoir été joués : {', '.join(before)}." if before else "."),
    ]
    if bases:
        notes.append(f"Vues de base attendues, avec les colonnes de la zone brute : {', '.join(bases)}.")
    if made := sorted({base for view in views for base in view.made}):
        notes.append(
            "Vues de base attendues, sur les tables que dbt construit dans PostgreSQL, où les identifiants "
            f"sont pseudonymisés (VQL n'a pas de HMAC) : {', '.join(made)}."
        )
    comment = [
        line
        for note in notes
        for line in textwrap.wrap(note, WIDTH - 3, initial_indent="-- ", subsequent_indent="--   ")
    ]
    folders = [folder for folder in FOLDERS if any(view.folder == folder for view in views)]
    statements = [
        f"CONNECT DATABASE {database};\n",
        *(
            f"CREATE OR REPLACE FOLDER {literal('/' + folder)} DESCRIPTION {literal(FOLDERS[folder])};\n"
            for folder in folders
        ),
        *(view.statement() for view in views),
    ]
    return "\n".join(comment) + "\n\n" + "\n".join(statements)


def refuse_unknown_columns(views: Iterable[View]) -> None:
    """Compares the columns that a view declares with those that its SELECT returns, where these are known.

    A column that is returned and not described is fine. A view that reads `*` of a base view is not
    compared: what the base view holds is not known here.

    Args:
        views: each after those it reads.

    Raises:
        PlatformError: a view describes a column, or has one in its key, that it does not return.
    """
    known: dict[str, list[str]] = {}
    faults = []
    for view in views:
        try:
            found = columns_of(view.sql, known)
        except VqlSyntaxError:
            # The checker says where and why.
            continue
        if found is None:
            continue
        known[f"{view.database}.{view.name}"] = found
        declared = dict.fromkeys(name.lower() for name in (*view.columns, *view.key))
        returned = {name.lower(): None for name in found}
        if extra := [name for name in declared if name not in returned]:
            missing = [name for name in returned if name not in declared]
            faults.append(
                f"  {view.database}.{view.name} : {', '.join(extra)} dans le YAML, non dans le SELECT"
                + (f" ; {', '.join(missing)} dans le SELECT, non dans le YAML" if missing else "")
            )
    if faults:
        raise PlatformError(
            "Des colonnes décrites ne sont pas rendues par leur modèle :\n" + "\n".join(faults),
            "Corrigez le nom dans le YAML du modèle, ou rendez la colonne dans son SELECT.",
        )


def refuse_faults(name: str, text: str) -> None:
    """Has the checker read a script.

    Raises:
        PlatformError: documented VQL has not what the script says; the first places are named.
    """
    faults = [finding for finding in check(text, portable=False) if finding.severity == "erreur"]
    if faults:
        places = "\n".join(f"  {name}:{found.line}:{found.column} : {found.message}" for found in faults[:10])
        raise PlatformError(
            f"{name} contient du SQL que le VQL documenté n'a pas, "
            f"en {counted(len(faults), 'endroit')} :\n{places}",
            "make lint nomme le modèle et la ligne, et dit quoi écrire.",
        )


def save_scripts(scripts: Iterable[Script], folder: Path) -> list[Path]:
    """Writes the scripts, after removing those of an earlier export.

    Returns:
        The files, in the order in which they must run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.vql"):
        old.unlink()
    paths = []
    for script in scripts:
        path = folder / script.name
        path.write_text(script.text, encoding="utf-8")
        paths.append(path)
    return paths
