"""`try`: a query with ref() and source(), compiled and run, before it becomes a model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from donnees_au_centre.building.french import reason, speak_french
from donnees_au_centre.cli.lineage import ELSEWHERE
from donnees_au_centre.cli.project import PREVIEW_ROWS, failure_advice, print_rows
from donnees_au_centre.cli.session import Session, say_healed
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import meant
from donnees_au_centre.project import parse
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.reader import dbt_options, results_of
from donnees_au_centre.project.unreadable import MISSING
from donnees_au_centre.settings import Settings

# What is tried reads, and nothing more; and it ends.
_READING = "-c default_transaction_read_only=on -c statement_timeout=300000"


def try_(settings: Settings, options: Mapping[str, str]) -> int:
    """Prints what SQL, or the query in FICHIER, compiles to, and its first rows; it can write nothing.

    Raises:
        PlatformError: no query, or one that does not compile or run.
    """
    asked = _query(options)
    session = Session(settings)
    session.enter(session.open_database())
    os.environ["PGOPTIONS"] = f"{os.environ.get('PGOPTIONS', '')} {_READING}".strip()
    with session.step("Lecture du projet dbt"):
        parsed = say_healed(session, parse(settings))
    if parsed.error:
        print(parsed.error)
    from dbt.cli.main import dbtRunner

    speak_french()
    said: list[str] = []

    def listen(event: Any) -> None:
        # dbt keeps the reason out of the exception.
        if event.info.name == "ParseInlineNodeError":
            said.append(event.data.exc)

    runner = dbtRunner(manifest=parsed.project, callbacks=[listen])
    given = ["--inline", asked, *dbt_options(settings, settings.target_path)]
    with session.step("Compilation et lecture"):
        done = runner.invoke(["compile", *given])
        for result in results_of(done):
            if code := getattr(result.node, "compiled_code", None):
                print(f"\n{code.strip()}\n", flush=True)
        if done.success:
            done = runner.invoke(["show", *given, "--limit", str(PREVIEW_ROWS)])
    results = results_of(done)
    if not done.success:
        words = said or [one.message for one in results if one.message] or [str(done.exception)]
        raise _refused("\n".join(words), parsed.manifest)
    print_rows(results[0].agate_table)
    return 0


def _query(options: Mapping[str, str]) -> str:
    given, file = (options.get(name) or "" for name in ("SQL", "FICHIER"))
    example = """make try SQL="select * from {{ ref('dim_commune') }}", ou make try FICHIER=essai.sql"""
    if bool(given.strip()) == bool(file.strip()):
        raise PlatformError("Quelle requête essayer ? Donnez SQL, ou FICHIER.", example)
    if file:
        path = Path(options.get("CALLER_FOLDER") or ".") / file
        try:
            given = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise PlatformError(
                f"{file} ne peut être lu.", f"Donnez un fichier de texte UTF-8 : {example}"
            ) from None
    # dbt adds a limit to its end.
    query = given.strip().rstrip(";").rstrip()
    if not query:
        raise PlatformError("La requête est vide.", example)
    return query


def _refused(message: str, manifest: Manifest) -> PlatformError:
    if missing := MISSING.search(message):
        known = [one.name for one in manifest.of_type("model", "seed", "snapshot")]
        known += [one.label for one in manifest.own_sources]
        return PlatformError(
            f"« {missing['name']} » n'existe pas dans le projet.", meant(missing["name"], known, ELSEWHERE)
        )
    problem = reason(message)
    if "SQLSTATE 25006" in problem:
        return PlatformError(
            "make try ne fait que lire, et cette requête écrirait.",
            "Écrivez un select ; un modèle se construit par make build.",
        )
    return PlatformError(
        f"La requête ne peut être lue. {problem}", failure_advice("<modèle lu>", "la requête", problem)
    )
