"""What staging types, and the écarts rules that say so when a cell cannot be read."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jinja2 import Environment, TemplateSyntaxError
from jinja2 import nodes as jinja

from donnees_au_centre.project.nodes import ISSUES_SUFFIX, Manifest, Node, Source
from donnees_au_centre.project.rules.rule import Fault, rule

FOLDER = "macros/typing/"
# What makes a text of a text: nothing that a cell could fail.
HARMLESS = ("clean_text", "is_", "within_blanks")
# Rules of row_issues whose second argument is the condition that a cell must meet, or must not.
CONDITIONS = ("required", "optional", "reject")
# The macro that declares the columns of a model, and its entry whose SQL is written out; the others type a
# cell themselves, and refuse to do so without its rule.
DECLARATION, EXPRESSION = "staging", "expression"
ENTRIES = (
    *("integer", "decimal", "day", "excel_day", "moment", "yes_no", "code", "year", "fase_number"),
    *("postal_code", "nis_code", "school_year", "bce_number", "school_key"),
)
JINJA = Environment(autoescape=True, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
SIGNATURE = re.compile(r"\{%-?\s*macro\s+(?P<head>\w+\s*\(.*?\))\s*-?%\}", re.DOTALL)

Arguments = dict[str, jinja.Expr]


@dataclass(frozen=True)
class Cast:
    """A call of a typing macro.

    Attributes:
        macro: its name.
        column: the received column that it types.
        arguments: all of them by name, defaults included, but the column.
        written: those that the call writes, as it writes them.
    """

    macro: str
    column: str
    arguments: Arguments
    written: str


@rule(
    "typage-sans-regle",
    "Ajoutez la ligne dite au modèle d'écarts (required si la ligne ne vaut rien sans elle) : sans elle, une "
    "cellule illisible devient nulle et personne ne le sait.",
)
def casts_have_their_rule(manifest: Manifest) -> Iterator[Fault]:
    """Each column that staging types has a rule in the écarts of its source, with the same arguments."""
    macros = typing_macros(manifest)
    checked: dict[str, list[Node]] = defaultdict(list)
    staging = [model for model in manifest.of_type("model") if model.layer == "staging"]
    for model in staging:
        if model.name.endswith(ISSUES_SUFFIX):
            for source in model.reads:
                checked[source].append(model)
    for model in staging:
        sources = [parent for parent in model.reads if parent in manifest.sources]
        if model.name.endswith(ISSUES_SUFFIX) or not sources:
            continue
        columns = {name for source in sources for name in received_columns(manifest.sources[source])}
        issues = [found for source in sources for found in checked[source]]
        rules = [found for one in (*issues, model) for found in written_rules(one)]
        told = set()
        for cast in casts(model, macros, columns):
            line = missing_rule(cast, rules, macros)
            if line and declares(model):
                line = missing_entry(cast)
            if line and line not in told:
                told.add(line)
                where = issues[0].name if issues else model.name + ISSUES_SUFFIX
                if declares(model):
                    where = f"aucune colonne déclarée de « {cast.column or '?'} »"
                yield (
                    model.file,
                    f"{model.name} lit « {cast.column or '?'} » par {cast.macro}, et {where} n'a pas sa "
                    f"règle : {line}",
                )


def received_columns(source: Source) -> set[str]:
    """The columns that a source declares, and those that the places of its files give ({annee})."""
    return {*source.columns, *re.findall(r"\{(\w+)[:}]", str(dict(source.external) or ""))}


def typing_macros(manifest: Manifest) -> dict[str, Arguments]:
    """The macros of macros/typing that a cell can fail, and their conditions: arguments, with defaults."""
    return {
        macro.name: signature(macro.sql)
        for macro in manifest.macros.values()
        if macro.file.replace("\\", "/").startswith(FOLDER)
    }


def signature(macro_sql: str) -> Arguments:
    """The arguments of a macro, in their order, with their defaults; Const None for those without."""
    found = SIGNATURE.match(macro_sql.lstrip())
    if found is None:
        return {}
    tree = JINJA.parse(f"{{% macro {found['head']} %}}{{% endmacro %}}")
    macro = next(tree.find_all(jinja.Macro))
    without = len(macro.args) - len(macro.defaults)
    defaults: Sequence[jinja.Expr] = [jinja.Const(None)] * without + macro.defaults
    return {argument.name: default for argument, default in zip(macro.args, defaults, strict=True)}


def casts(model: Node, macros: dict[str, Arguments], columns: set[str]) -> Iterator[Cast]:
    """The calls of a staging model that a cell can fail, one for each received column that they read."""
    for call in calls_in(model):
        name = called(call)
        if name == "dbt.safe_cast" or (name in macros and not name.startswith(HARMLESS)):
            yield from _casts(name, call, macros.get(name, {}), columns)


def _casts(name: str, call: jinja.Call, known: Arguments, columns: set[str]) -> Iterator[Cast]:
    given = [*call.args, *(one.value for one in call.kwargs)]
    texts = [one.value for one in given if isinstance(one, jinja.Const) and isinstance(one.value, str)]
    first = given[0] if given else None
    if isinstance(first, jinja.Const) and str(first.value).isidentifier():
        read = [str(first.value)]
    else:
        # An expression reads the columns that it names.
        inside = [] if first is None else [first, *first.find_all(jinja.Const)]
        words = [str(one.value) for one in inside if isinstance(one, jinja.Const)]
        read = [word for text in words for word in re.findall(r"\w+", text) if word in columns] or [""]
    read += [text for text in texts if text in columns]
    written = [as_written(one) for one in call.args[1:]]
    written += [f"{one.key}={as_written(one.value)}" for one in call.kwargs if one.key != "column"]
    for column in dict.fromkeys(read):
        yield Cast(name, column, arguments_of(call, known), ", ".join(written))


def written_rules(model: Node) -> list[tuple[str, jinja.Expr]]:
    """The rules of a model that have a condition: the column, and the condition.

    Those of an écarts model, and those of the columns that a staging model declares.
    """
    found: list[tuple[jinja.Expr | None, jinja.Expr]] = []
    for call in calls_in(model):
        named = {one.key: one.value for one in call.kwargs}
        if called(call) in CONDITIONS and len(call.args) > 1:
            found.append((call.args[0], call.args[1]))
        elif called(call) == EXPRESSION and {"required", "optional"} & named.keys() and "readable" in named:
            found.append((named.get("of"), named["readable"]))
        elif called(call) in ENTRIES and call.args and {"required", "optional"} & named.keys():
            found.append((call.args[0], call))
    return [
        (column.value, condition)
        for column, condition in found
        if isinstance(column, jinja.Const)
        and not (isinstance(condition, jinja.Const) and condition.value is None)
    ]


def declares(model: Node) -> bool:
    """True for a staging model that declares its columns, from which its écarts are made."""
    return any(called(call) == DECLARATION for call in calls_in(model))


def missing_entry(cast: Cast) -> str:
    """What the declaration of a column lacks for a cast in it."""
    if not cast.column:
        return "écrivez la colonne dans l'appel, pour qu'on sache laquelle il lit"
    condition = f"is_{cast.macro.removeprefix('to_')}(…)" if cast.macro.startswith("to_") else "<condition>"
    return (
        f"of='{cast.column}', readable={condition}, optional=\"{cast.column} illisible\" dans son expression"
    )


def missing_rule(
    cast: Cast, rules: Sequence[tuple[str, jinja.Expr]], macros: dict[str, Arguments]
) -> str | None:
    """The line that an écarts model lacks for a cast; None when it has this condition, or one of its own."""
    if not cast.column:
        return "écrivez la colonne dans l'appel, pour qu'on sache laquelle il lit"
    condition = f"is_{cast.macro.removeprefix('to_')}" if cast.macro.startswith("to_") else None
    conditions = [call for column, call in rules if column == cast.column]
    same = [
        call
        for one in conditions
        for call in [*([one] if isinstance(one, jinja.Call) else []), *one.find_all(jinja.Call)]
        if called(call) == condition
    ]
    known = macros.get(condition or "", {})
    wanted = same and not any(arguments_of(call, known) == cast.arguments for call in same)
    if conditions and not wanted:
        return None
    if condition is None:
        return f"required ou optional('{cast.column}', <condition>, \"{cast.column} illisible\"),"
    arguments = f"'{cast.column}'" + (f", {cast.written}" if cast.written else "")
    return f"optional('{cast.column}', {condition}({arguments}), \"{cast.column} illisible\"),"


def calls_in(model: Node) -> list[jinja.Call]:
    """The calls that the Jinja of a model makes; none when it is not understood, which dbt says itself."""
    try:
        return list(JINJA.parse(model.raw_code).find_all(jinja.Call))
    except TemplateSyntaxError:
        return []


def called(call: jinja.Call) -> str:
    """The name of what a call calls: `to_date`, `dbt.safe_cast`; empty for anything else."""
    function = call.node
    if isinstance(function, jinja.Getattr) and isinstance(function.node, jinja.Name):
        return f"{function.node.name}.{function.attr}"
    return function.name if isinstance(function, jinja.Name) else ""


def arguments_of(call: jinja.Call, known: Arguments) -> Arguments:
    """The arguments of a call by name, but the first one, the column; defaults where it gives none."""
    given = dict(zip(known, call.args, strict=False)) | {one.key: one.value for one in call.kwargs}
    first = next(iter(known), None)
    return {name: given.get(name, default) for name, default in known.items() if name != first}


def as_written(node: jinja.Expr) -> str:
    """An argument as a model writes it: a text, a number, a list of them."""
    if isinstance(node, jinja.List):
        return f"[{', '.join(as_written(one) for one in node.items)}]"
    if isinstance(node, jinja.Const):
        plain = {True: "true", False: "false", None: "none"}
        is_plain = node.value is None or isinstance(node.value, bool)
        return plain[node.value] if is_plain else repr(node.value)
    return "…"


RULES = (casts_have_their_rule,)
