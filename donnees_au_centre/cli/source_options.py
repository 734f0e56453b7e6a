"""The tables of docs/analyste/sources.md that are made from the code: kinds, and what each may be told."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

from donnees_au_centre.connectors import FileSource, kind_named, kinds

PAGE = "docs/analyste/sources.md"
BEGIN, END = "<!-- tables faites du code -->\n", "<!-- fin des tables -->\n"


def write_source_options(root: Path) -> None:
    """Writes the tables between their marks, in the page below a checkout that has one."""
    page = root / PAGE
    if not page.exists():
        return
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}{tables()}{END}{after}", "utf-8")


def tables() -> str:
    """The two tables, as Markdown."""
    return "\n".join([*_kinds(), "", *_options(), ""])


def _kinds() -> Iterator[str]:
    yield "| `kind` | ce qu'il lit | donne | adresse de la connexion | pilote | essayé sur |"
    yield "|---|---|---|---|---|---|"
    for name in kinds():
        kind = kind_named(name)
        said = (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")
        gives = "des fichiers" if issubclass(kind, FileSource) else "des lignes"
        places = ", ".join(f"`{scheme}://`" for scheme in kind.schemes)
        driver = f"`make drivers NAME={kind.driver}`" if kind.driver else "aucun"
        yield f"| `{name}` | {said} | {gives} | {places} | {driver} | {kind.tried} |"


def _options() -> Iterator[str]:
    yield "| `kind` | option | sens | sans elle |"
    yield "|---|---|---|---|"
    for name in kinds():
        for option, field in kind_named(name).options_class.model_fields.items():
            default = (
                "à dire"
                if field.is_required()
                else f"`{_yaml(field.get_default(call_default_factory=True))}`"
            )
            yield f"| `{name}` | `{option}` | {field.description} | {default} |"


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "rien" if value in (None, (), {}, [], "") else str(value)
