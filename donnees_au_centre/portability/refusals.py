"""Why a model does not compile, in French and in the model's own words, without dbt's trace of macros."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from donnees_au_centre.errors import PlatformError

# What dbt puts around a message: `Compilation Error in model dim_x (models/age/marts/dim_x.sql)`, then
# the macros that led to it, `> in macro y (macros/y.sql)`.
FAILED_NODE = re.compile(r"\w+ Error in \w+ \S+ \((?P<file>[^)]*)\)\s*")
CALLED_BY = re.compile(r"\s*> (?:in macro|called by) ")
# As refuse_argument (macros/arguments) writes it.
ADVICE = re.compile(r"\s*Que faire : ")
OURS = re.compile(r"Macro \w+ : ")
UNDEFINED = re.compile(r"'(?P<name>\w+)' is undefined")
TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
QUOTED = r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\""


@dataclass(frozen=True)
class Refusal:
    """A model or test that does not compile for Denodo, as a macro that refuses its arguments.

    Attributes:
        file: path from the root.
        message: what is wrong, on one line; dbt's own where it is not one of ours.
        advice: what to do; may be empty.
    """

    file: str
    message: str
    advice: str = ""

    def __str__(self) -> str:
        """The file, the message and the advice, on one line."""
        return f"{self.file} : {self.message}" + (f" Que faire : {self.advice}" if self.advice else "")

    def error(self) -> PlatformError:
        """The refusal as what stops a command."""
        return PlatformError(f"{self.file} : {self.message}", self.advice or "Corrigez ce fichier.")


def refusal_in(message: str, root: Path) -> Refusal | None:
    """Reads what dbt says of a project that does not parse.

    Args:
        message: dbt's.
        root: the checkout.

    Returns:
        None when the fault is neither a macro that refuses its arguments nor an unknown name.
    """
    node = FAILED_NODE.search(message)
    if node is None:
        return None
    said = message[node.end() :]
    if not (OURS.match(said) or UNDEFINED.match(said)):
        return None
    return read_refusal(node["file"], said, root)


def read_refusal(file: str, message: str, root: Path) -> Refusal:
    """Reads what dbt says of one model or test.

    Args:
        file: where it stands, from the root.
        message: dbt's.
        root: the checkout.
    """
    lines = FAILED_NODE.sub("", message).splitlines()
    said = " ".join(line.strip() for line in lines if not CALLED_BY.match(line)).strip()
    if undefined := UNDEFINED.match(said):
        return _unknown_name(file, undefined["name"], _read(root / file))
    problem, *advice = ADVICE.split(said, maxsplit=1)
    return Refusal(file, problem, advice[0][:1].upper() + advice[0][1:] if advice else "")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _unknown_name(file: str, name: str, text: str) -> Refusal:
    """Tells a column without its quotes, a macro that is not there, and another unknown name."""
    for tag in TAG.findall(text):
        if (quoted := _with_quotes(tag, name)) != tag:
            return Refusal(
                file,
                f"{name} n'est pas entre apostrophes : écrivez {' '.join(quoted.split())}.",
                "Une macro reçoit le SQL d'une colonne comme un texte : mettez-le entre apostrophes.",
            )
    if any(re.search(rf"(?<![\w.']){name}\s*\(", tag) for tag in TAG.findall(text)):
        return Refusal(
            file,
            f"La macro {name} n'existe pas.",
            "Vérifiez son nom : docs/analyste/macros-portables.md donne les macros portables.",
        )
    return Refusal(
        file,
        f"{name} n'est le nom ni d'une macro, ni d'une variable.",
        "Vérifiez ce nom ; une colonne donnée à une macro s'écrit entre apostrophes.",
    )


def _with_quotes(tag: str, name: str) -> str:
    """The tag with quotes around the columns of `name` that stand between the parentheses of a call."""
    column = rf"(?<![\w.]){name}(?:\.\w+)*(?!\w|\s*[(=.])"
    depth = 0
    written = []
    end = 0
    for found in re.finditer(rf"{QUOTED}|[()]|{column}", tag):
        part = found[0]
        if part == "(":
            depth += 1
        elif part == ")":
            depth -= 1
        elif depth and part[0] not in "'\"":
            part = f"'{part}'"
        written += [tag[end : found.start()], part]
        end = found.end()
    return "".join([*written, tag[end:]])
