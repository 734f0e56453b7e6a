"""The macros of macros/portability, by what their files define."""

from __future__ import annotations

import re
from functools import cache

from donnees_au_centre.settings import ROOT

FOLDER = ROOT / "macros" / "portability"
DEFINITION = re.compile(r"\{%-?\s*macro\s+(\w+)\s*\(")
IMPLEMENTATION = re.compile(r"(default|postgres|denodo)__(\w+)")


@cache
def implementations() -> dict[str, set[str]]:
    """Macro -> its forms: `default`, `postgres`, `denodo`; empty for the macro of that very name."""
    found: dict[str, set[str]] = {}
    for path in sorted(FOLDER.rglob("*.sql")):
        for name in DEFINITION.findall(path.read_text(encoding="utf-8")):
            part = IMPLEMENTATION.fullmatch(name)
            found.setdefault(part[2] if part else name, set()).add(part[1] if part else "")
    return found


@cache
def public_macros() -> tuple[str, ...]:
    """What models call: the macros with a form for each engine, and those that no other one is made of."""
    texts = [path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.sql")]
    # Comments show how a macro is called: they do not make it a part of another.
    code = re.sub(r"\{#.*?#\}", "", "\n".join(texts), flags=re.DOTALL)
    called = set(re.findall(r"(?<!macro )(?<![\w.])(\w+)\(", code))
    return tuple(
        sorted(name for name, forms in implementations().items() if forms - {""} or name not in called)
    )
