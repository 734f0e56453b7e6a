"""`build`, `show`, `docs`, `test-unit`: dbt alone, on the project's database."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from donnees_au_centre.audit.runs import NAMES_KEPT, build_details, note_run, trace_after_build
from donnees_au_centre.building import SHRINKING
from donnees_au_centre.building.french import reason, speak_french
from donnees_au_centre.building.offering import KEPT
from donnees_au_centre.building.orphans import say_orphans
from donnees_au_centre.building.results import outcome_of
from donnees_au_centre.building.terminal import TerminalRun
from donnees_au_centre.cli.services import choose_port, serve
from donnees_au_centre.cli.session import (
    Access,
    Session,
    dbt,
    parse_or_fail,
    python_tool,
    run_tool,
    say_healed,
    words_of,
)
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import cut, meant
from donnees_au_centre.history.recording import Recording
from donnees_au_centre.history.upstream import BY_HAND, read_upstream, tells
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.project import ParseResult, parse, read_manifest
from donnees_au_centre.project.nodes import Manifest, Node, domains_in
from donnees_au_centre.project.reader import MEND, dbt_options, results_of
from donnees_au_centre.settings import Settings

PREVIEW_ROWS = 10
CELL_WIDTH = 24
# The folders whose own folders are the domains.
DOMAIN_FOLDERS = ("models", "seeds", "landing")


def build(settings: Settings, options: Mapping[str, str]) -> int:
    """Builds and tests what SELECT names, the domain that FICHIER is of, or everything, with dbt.

    Raises:
        PlatformError: dbt failed (its own output stands above), SELECT names nothing, or FICHIER is of no
            domain.
        KeyboardInterrupt: Ctrl-C; dbt's queries are cancelled.
    """
    options = {**options, "SELECT": selected(options, settings.root)}
    session = Session(settings)
    access = session.open_database()
    session.enter(access, with_keys=True)
    os.environ[SHRINKING] = options.get(SHRINKING) or ""
    os.environ[KEPT] = options.get(KEPT) or os.environ.get(KEPT) or "1"
    wanted = options.get("SELECT") or ""
    selection = words_of(options, "SELECT")
    parsed = _parse_for_build(session, selection)
    scope = " ".join(selection) or "tout"
    recording = Recording(settings, access.conninfo(), parsed.manifest, "build", BY_HAND, scope)
    run = TerminalRun(settings, parsed, ["build", *(["--select", *selection] if selection else [])])
    try:
        with session.step("dbt build"):
            run.play(lambda result: recording.note(outcome_of(result)))
    finally:
        unnoted = _note_build(session, access, parsed, selection, run, options.get(SHRINKING))
        notice = recording.end(None if run.issue == "reussi" else run.issue, run.results)
    old = _built_on_old(access, parsed, run) if tells(settings.target, BY_HAND) else []
    for words in filter(None, (unnoted, notice, *old)):
        print(f"\n{words}", file=sys.stderr)
    if parsed.error is None:
        say_orphans(access.conninfo(), parsed.manifest)
    if run.issue != "reussi":
        raise PlatformError(
            "dbt build a échoué ; la première erreur ci-dessus en dit la cause.",
            "Une table raw_… absente : make load la crée. Un modèle en erreur : make show MODEL=<modèle> "
            "montre son SQL. Un test en échec : ce qui est dit sous son nom, puis la requête que dbt cite.",
        )
    # dbt takes an empty selection for a success.
    if selection and not run.results and parsed.error:
        nothing = f"Rien ne correspond à SELECT={wanted} dans ce qui a pu être lu."
        raise PlatformError(f"{nothing}\n{parsed.error}", MEND)
    if selection and not run.results:
        raise PlatformError(
            f"Rien ne correspond à SELECT={wanted}.", selection_advice(parsed.manifest, selection)
        )
    if parsed.error and parsed.concerns(_domains_built(parsed, run) if selection else parsed.broken):
        raise PlatformError(f"Construit, sauf ce qui ne se lit pas.\n{parsed.error}", MEND)
    return 1 if unnoted else 0


def selected(options: Mapping[str, str], root: Path) -> str:
    """What to build, as dbt's --select: SELECT as it is, or the domain that the file FICHIER is of.

    Raises:
        PlatformError: both are given, or the file is of no domain.
    """
    asked, file = options.get("SELECT") or "", options.get("FICHIER") or ""
    if not file:
        return asked
    if asked:
        raise PlatformError("SELECT et FICHIER disent tous deux quoi construire.", "Gardez l'un des deux.")
    path = Path(options.get("CALLER_FOLDER") or root, file).resolve()
    parts = path.relative_to(root.resolve()).parts if path.is_relative_to(root.resolve()) else ()
    domains = domains_in(root)
    if len(parts) < 3 or parts[0] not in DOMAIN_FOLDERS or parts[1] not in domains:
        raise PlatformError(
            f"Le fichier {file} n'est d'aucun domaine : rien à construire.",
            f"Choisissez un fichier de {', '.join(f'{one}/<domaine>/' for one in DOMAIN_FOLDERS)}, ou donnez "
            f"SELECT=, un de {', '.join(domains)}.",
        )
    return parts[1]


def _built_on_old(access: Access, parsed: ParseResult, run: TerminalRun) -> list[str]:
    """What was read of other domains, and was not of the day, in French."""
    built = {result["unique_id"] for result in run.results}
    try:
        with psycopg.connect(access.conninfo(), autocommit=True) as connection:
            found = read_upstream(connection, parsed.manifest, datetime.now(UTC)).standing()
    except psycopg.Error:
        # The history, which is not noted either, has said so.
        return []
    return [str(one) for one in found if one.readers & built]


def _parse_for_build(session: Session, selection: Sequence[str]) -> ParseResult:
    """Has dbt read the project, and says what cannot be read.

    Raises:
        PlatformError: no part of it can be built by itself, or the selection names a part that cannot be
            read: what was read before is not what was asked for.
    """
    with session.step("Lecture du projet dbt"):
        parsed = say_healed(session, parse(session.settings))
    if parsed.error and not parsed.broken:
        raise PlatformError(parsed.error, MEND)
    if parsed.error and parsed.broken & domains_named(parsed.manifest, selection):
        raise PlatformError(
            f"{parsed.error}\nRien n'est construit : ce que SELECT nomme ne se lit pas.", MEND
        )
    if parsed.notice:
        print(f"\n{parsed.notice}\n", file=sys.stderr, flush=True)
    return parsed


def domains_named(manifest: Manifest, selection: Sequence[str]) -> set[str]:
    """The domains that a selection names, by themselves or by a model of theirs."""
    named = {re.sub(r"^[0-9@]*\+?|\+?[0-9]*$", "", word).rpartition(":")[2] for word in selection}
    return {node.domain for node in _buildable(manifest).values() if {node.domain, node.name} & named}


def _domains_built(parsed: ParseResult, run: TerminalRun) -> set[str]:
    """The domains of what dbt worked on."""
    built = {result["unique_id"] for result in run.results}
    return {node.domain for node in parsed.manifest.of_type("model", "seed") if node.unique_id in built}


def _note_build(
    session: Session,
    access: Access,
    parsed: ParseResult,
    selection: Sequence[str],
    run: TerminalRun,
    shrinking: str | None,
) -> str:
    """Notes a build in the audit journal; returns what went wrong with that, in French, or "".

    Args:
        shrinking: said by somebody who lets marts lose rows.
    """
    settings = session.settings
    details = build_details((result["unique_id"], result["status"]) for result in run.results)
    if run.issue != "reussi":
        details["issue"] = run.issue
    details |= {"selection": selection[:NAMES_KEPT], "selectionnes": len(selection)}
    details["duree_s"] = session.seconds["dbt build"]
    if shrinking:
        details["baisse_acceptee"] = True
    problems = trace_after_build(access.conninfo(), parsed.manifest) if run.results else []
    try:
        note_run(settings, access.conninfo(), "construction", " ".join(selection) or "tout", details)
    except PlatformError as error:
        problems.append(str(error))
    return "\n\n".join(problems)


def selection_advice(manifest: Manifest, selection: Sequence[str]) -> str:
    """What to do, in French, about a selection of nothing: the closest names, then what may be named."""
    nodes = _buildable(manifest)
    domains = {node.domain for node in nodes.values()}
    sources = {f"source:{node.source_name}" for node in manifest.sources.values()}
    known = {*nodes, *domains, *sources}
    advice = (
        f"SELECT prend un domaine ({', '.join(sorted(domains))}), un modèle (+modèle : avec tout ce "
        "qu'il lit) ou une source (source:<source>+ : tout ce qui la lit)."
    )
    for word in reversed(selection):
        if (named := re.sub(r"^[0-9@]*\+?|\+?[0-9]*$", "", word)) not in known:
            advice = meant(named, known, advice)
    return advice


def show(settings: Settings, options: Mapping[str, str]) -> int:
    """Prints the compiled SQL of MODEL and its first rows.

    Raises:
        PlatformError: no MODEL, an unknown one, or one whose SQL fails.
    """
    asked = options.get("MODEL")
    if not asked:
        raise PlatformError("Quel modèle montrer ?", "Donnez son nom : make show MODEL=dim_commune")
    session = Session(settings)
    session.enter(session.open_database(), with_keys=True)
    with session.step("Lecture du projet dbt"):
        parsed = say_healed(session, parse(settings))
    node = find_model(parsed.manifest, asked)
    name = node.name
    if parsed.error and parsed.concerns([node.domain]):
        raise PlatformError(parsed.error, MEND)
    from dbt.cli.main import dbtRunner

    speak_french()
    runner = dbtRunner(manifest=parsed.project)
    # Without `empty`, dbt runs the tests of the model too.
    chosen = f"fqn:{'.'.join(node.fqn)},resource_type:{node.kind}"
    selected = ["--select", chosen, "--indirect-selection", "empty"]
    selected += dbt_options(settings, settings.target_path)
    with session.step(f"Compilation et lecture de {name}"):
        # Compiled first: the SQL is shown before its error, and without the limit that `dbt show` adds.
        compiled = runner.invoke(["compile", *selected])
        code = [getattr(result.node, "compiled_code", None) for result in results_of(compiled)]
        if code and code[0]:
            print(f"\n-- {node.file}, compilé :\n{code[0].strip()}\n", flush=True)
        done = compiled
        if compiled.success:
            done = runner.invoke(["show", *selected, "--limit", str(PREVIEW_ROWS)])
    results = results_of(done)
    if not done.success:
        problems = [result.message for result in results if result.message] or [str(done.exception)]
        problem = " ".join(map(reason, problems))
        raise PlatformError(
            f"{name} ne peut pas être lu. {problem}", failure_advice(name, f"{name}.sql", problem)
        )
    print_rows(results[0].agate_table)
    return 0


def failure_advice(name: str, text: str, problem: str) -> str:
    """What to do, in French, about a model or a query that cannot be read.

    Args:
        name: of what has to be built first, with what it reads.
        text: what holds the SQL, for people.
        problem: the message of dbt, which cites PostgreSQL in English or in French.
    """
    absent = r"(does not exist|n'existe pas)"
    # The message about a column may name its relation too.
    if re.search(rf"\b(column|colonne)\b.*{absent}", problem):
        return (
            "Vérifiez le nom de cette colonne dans le SQL ci-dessus : make show MODEL=<modèle lu> montre les "
            "colonnes de ce qu'il lit, qui doit être construit (make build) après tout changement."
        )
    if re.search(rf"\b(relation|table|schema|schéma)\b.*{absent}", problem):
        return (
            f"Construisez d'abord ce qui est lu : make build SELECT=+{name} ; "
            "une table raw_… qui manque : make load la crée."
        )
    return f"Corrigez {text} : le message cite l'endroit, à chercher dans le SQL ci-dessus s'il est montré."


def print_rows(table: Any) -> None:
    """Prints what `dbt show` found, an agate table, as this terminal can show it."""
    cells = [["" if value is None else str(value) for value in row] for row in table.rows]
    print(preview(list(table.column_names), cells, shutil.get_terminal_size((160, 24)).columns))


def preview(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """Lays out rows for a terminal: one a line when they fit, else one a column, as many as fit.

    Args:
        width: of the terminal, in characters.
    """
    if not rows:
        return "Aucune ligne."
    lines = [columns, *rows]
    if sum(max(map(len, cells)) + 2 for cells in zip(*lines, strict=True)) > width:
        lines = [list(cells) for cells in zip(*lines, strict=True)]
        names = max(map(len, columns)) + 2
        shown = max(1, (width - names) // (CELL_WIDTH + 2))
        lines = [[name, *(cut(cell, CELL_WIDTH) for cell in cells[:shown])] for name, *cells in lines]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(size) for cell, size in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def find_model(manifest: Manifest, name: str) -> Node:
    """Finds a model or seed by name.

    Raises:
        PlatformError: unknown; the closest names are given.
    """
    nodes = _buildable(manifest)
    if name in nodes:
        return nodes[name]
    raise PlatformError(
        f"Le modèle {name} n'existe pas.",
        meant(name, nodes, "Les modèles sont les fichiers .sql de models/."),
    )


def _buildable(manifest: Manifest) -> dict[str, Node]:
    return {node.name: node for node in manifest.nodes.values() if node.kind in ("model", "seed", "snapshot")}


def docs(settings: Settings, options: Mapping[str, str]) -> int:
    """Generates dbt's documentation and serves it on this machine until Ctrl-C.

    Raises:
        PlatformError: dbt failed, or the port is in use.
    """
    port = choose_port(options.get("PORT"), 8080)
    session = Session(settings)
    environment = session.enter(session.open_database())
    root = _parse_for_build(session, ()).root
    with session.step("dbt docs generate"):
        if run_tool(dbt("docs", "generate", "--project-dir", root), environment, settings.root) != 0:
            raise PlatformError(
                "La documentation n'a pas été générée.", "Corrigez l'erreur de dbt ci-dessus, puis relancez."
            )
    # The pages show what columns inherit too; dbt knows only what the YAML says of them.
    settings.manifest_path.write_text(json.dumps(read_manifest(settings).content), encoding="utf-8")
    command = python_tool("donnees_au_centre.serving.dbt_docs", settings.target_path, str(port))
    return serve(settings, "documentation", command, environment)


def test_unit(settings: Settings, _options: Mapping[str, str]) -> int:
    """Runs dbt's unit tests on an empty database of their own, dropped afterwards.

    dbt reads the columns of the models from the database: they are built there first, over raw tables that
    the loader makes from the declarations and in which nothing is. dbt's own `--empty` gives a relation an
    alias, after which a model cannot give it another.

    Raises:
        PlatformError: the project does not build, or a unit test fails.
    """
    # Always on the embedded server: nobody may create a database on a shared one for this.
    database = "tests_unitaires"
    scratch = replace(
        settings, target="dev", database=database, target_path=settings.root / "target" / database
    )
    session = Session(scratch)
    access = session.open_database()
    try:
        environment = session.enter(access, with_keys=True)
        parsed = parse_or_fail(session)
        with session.step("Tables brutes vides"), tempfile.TemporaryDirectory() as nothing:
            load_landing(
                access.conninfo(), Path(nothing), read_declarations(parsed.manifest.sources.values())
            )
        for title, command in {
            "Modèles, sans une ligne reçue": dbt(
                "--quiet", "build", "--resource-type", "model", "--resource-type", "seed"
            ),
            "Tests unitaires": dbt("test", "--select", "test_type:unit"),
        }.items():
            with session.step(title):
                if run_tool(command, environment, settings.root) != 0:
                    raise PlatformError(
                        f"{title} : échec ; le détail est ci-dessus.",
                        "dbt montre la ligne attendue et la ligne obtenue : corrigez le modèle ou le test.",
                    )
    finally:
        session.drop_database()
    return 0
