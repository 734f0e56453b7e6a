"""What dbt says of what fails, in French."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from donnees_au_centre.audit.discretion import ended_by, hide_values
from donnees_au_centre.french import counted
from donnees_au_centre.patching import patch
from donnees_au_centre.project import wording

KINDS = {
    "model": "le modèle",
    "seed": "la table de référence",
    "snapshot": "l'instantané",
    "test": "le test",
    "unit_test": "le test unitaire",
    "macro": "la macro",
    "operation": "l'opération",
    "analysis": "l'analyse",
}
# Before the place of the SQL that dbt sent: it goes away with the run, and the history leaves it out.
COMPILED = "SQL compilé :"
_HEADING = re.compile(r"^(?:Encountered an error:\n)?\w[\w ]* Error(?: in (\w+) (.+))?$", re.MULTILINE)
_NOT_PLAYED = re.compile(
    r"An error occurred during execution of unit test '([^']+)'\. "
    r"There may be an error in the unit test definition: check the data types\."
)
_UNPLAYED = (
    r"Le test unitaire \1 n'a pas pu être joué : le SQL de son modèle ne s'exécute pas, ou ses cellules "
    "inventées ne sont pas du type de leur colonne."
)
_NAMED = re.compile(r"^\s*Erreur(?: dans .*)?$\n?", re.MULTILINE)
# Rows of each side that are told of a unit test.
_TOLD = 5
_FRAME = re.compile(r"^\s*> (?:in|called by) .*$\n?", re.MULTILINE)


def in_french(message: str) -> str:
    """A message of dbt about one node, or about the whole command, in French.

    What this place does not know stays as it is, below a French heading.

    Args:
        message: as dbt wrote it; values of rows are already out of it.
    """
    heading = _HEADING.search(message)
    place = ""
    if heading:
        kind, name = heading.groups()
        place = f"Erreur dans {KINDS.get(kind, kind)} {name}" if kind else "Erreur"
    if (known := wording.in_french(message)) != message:
        return f"{place}\n  {known}" if place else known
    if heading:
        message = message[: heading.start()] + place + message[heading.end() :]
    message = message.replace("Encountered an error:", "Erreur :")
    if "Que faire :" in message:
        # Said by the platform, with its advice: through which macro adds nothing.
        message = _FRAME.sub("", message)
    message = message.replace("> called by ", "> appelé par ").replace("> in ", "> dans ")
    message = _NOT_PLAYED.sub(_UNPLAYED, message)
    return message.replace("compiled code at ", f"{COMPILED} ").rstrip()


def without_headings(message: str) -> str:
    """A French message of dbt without the lines that name its node, which is named beside it."""
    return _NAMED.sub("", message).strip()


def reason(message: str) -> str:
    """Why a node fails, in French: a message of dbt without the headings that name it, and without advice."""
    return without_headings(in_french(message).partition("Que faire :")[0])


def differences(expected: Sequence[Mapping[str, Any]], actual: Sequence[Mapping[str, Any]]) -> str:
    """What a unit test expected and the model did not give, and the other way round, in French.

    Args:
        expected, actual: invented rows, by the names of their columns; equal rows cancel out.
    """
    written = [
        Counter(
            ", ".join(f"{name}={'null' if cell is None else cell}" for name, cell in row.items())
            for row in rows
        )
        for rows in (expected, actual)
    ]
    lines = [
        f"Le modèle donne {counted(len(actual), 'ligne')}, le test unitaire en attend {len(expected)}.",
    ]
    for title, rows in (
        ("attendu, et pas obtenu", written[0] - written[1]),
        ("obtenu, et pas attendu", written[1] - written[0]),
    ):
        told = list(rows.elements())
        lines += [f"  {title} : {row}" for row in told[:_TOLD]]
        if len(told) > _TOLD:
            lines.append(f"  … et {counted(len(told) - _TOLD, 'autre')}, {title}")
    lines.append(
        "Que faire : si le modèle a raison, corrigez le test (given, expect) dans le YAML ; sinon, le SQL."
    )
    return "\n".join(lines)


@cache
def speak_french() -> None:
    """Has dbt, in this process, say in French what fails, without values of rows."""
    hide_values()
    from dbt.task.base import BaseRunner
    from dbt.task.test import TestRunner

    handle, built = BaseRunner.handle_exception, TestRunner.build_test_run_result
    compared = TestRunner.build_unit_test_run_result

    def handle_exception(self: Any, e: Exception, ctx: Any) -> str:
        return in_french(handle(self, e, ctx))

    def build_test_run_result(self: Any, *arguments: Any) -> Any:
        result = built(self, *arguments)
        if result.message:
            result.message = in_french(result.message)
        return result

    def build_unit_test_run_result(self: Any, test: Any, data: Any) -> Any:
        result = compared(self, test, data)
        if data.diff:
            result.message = differences(data.diff.expected, data.diff.actual)
        return result

    patch(BaseRunner, handle_exception=handle_exception)
    patch(TestRunner, build_unit_test_run_result=build_unit_test_run_result)
    patch(TestRunner, build_test_run_result=build_test_run_result)
    _translate_lines()


def _translate_lines() -> None:
    """The lines that dbt prints around the results."""
    from dbt.events import types
    from dbt_common.events.base_types import EventLevel
    from dbt_common.ui import green, red, yellow

    def named(event: Any) -> str:
        return f"{KINDS.get(event.resource_type, event.resource_type)} {event.node_name} ({event.path})"

    def summary(event: Any) -> str:
        if event.keyboard_interrupt:
            return yellow("Arrêté à la demande.")
        errors, warnings = counted(event.num_errors, "erreur"), counted(event.num_warnings, "avertissement")
        if event.num_errors:
            return red(f"Terminé avec {errors} et {warnings} :")
        return yellow(f"Terminé avec {warnings} :") if event.num_warnings else green("Terminé sans erreur.")

    def level(text: str) -> EventLevel:
        return EventLevel.DEBUG if not text or "KeyboardInterrupt" in text else EventLevel.ERROR

    said = {
        types.RunResultFailure: lambda event: red(f"Échec : {named(event)}"),
        types.RunResultWarning: lambda event: yellow(f"Avertissement : {named(event)}"),
        types.RunResultErrorNoMessage: lambda event: f"  Issue : {event.status}",
        types.SQLCompiledPath: lambda event: f"  {COMPILED} {event.path}",
        types.EndOfRunSummary: summary,
        types.MainEncounteredError: lambda event: in_french(f"Encountered an error:\n{ended_by(event)}"),
    }
    for event, message in said.items():
        patch(event, message=message)
    # Ctrl-C is no error, and its traceback tells nobody anything.
    patch(types.MainEncounteredError, level_tag=lambda event: level(event.exc))
    patch(types.MainStackTrace, level_tag=lambda event: level(event.stack_trace))
