"""What documented VQL functions do, as PostgreSQL functions in a schema named `vql`.

The dialect writes a VQL function NAME(args) as `vql.name(args)`; the files *.sql of this folder say what
each does, by the Denodo 7.0 manual ("documented VQL"). They need PostgreSQL 14 or later with UTF-8, no
extension and no privilege but that of creating a schema.

What a caller must write itself, because PostgreSQL functions cannot take arguments of any number and type:

- CONCAT: arguments of two or more types other than text need `vql.to_text(x)` around each;
- GROUP_CONCAT with fields: `vql.group_concat(ignore_null, row_separator, field_separator, field, …)` or
  the same without `ignore_null`; for more than four fields, an array of `vql.to_text(field)` as the last
  argument;
- REGISTER and NEST of several fields: `vql.register(row(a, b, …))`, `vql.nest(vql.register(row(a, b,
  …)))`;
- ROWNUM(offset): `row_number() over () + offset`;
- TRIM(side character FROM x): `vql.trim_both(x, c)`, `vql.trim_leading(x, c)`, `vql.trim_trailing(x, c)`;
- a result for a reader, arrays and binary values included: `vql.display(x)`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import psycopg

_FOLDER = Path(__file__).parent
_FIRST = ("types.sql", "text.sql", "regexp.sql", "numbers.sql", "operators.sql", "aggregates.sql")
_STAMP = "Fonctions du VQL documenté, empreinte "


def script() -> str:
    """The SQL text that creates schema `vql` and all that is in it, in a fixed order; repeatable."""
    others = sorted(path.name for path in _FOLDER.glob("*.sql") if path.name not in _FIRST)
    parts = [(_FOLDER / name).read_text(encoding="utf-8") for name in (*_FIRST, *others)]
    return "\n".join(["create schema if not exists vql;", *parts])


def install(connection: psycopg.Connection) -> None:
    """Creates the schema `vql`, or brings it up to date, in one transaction; does nothing when it is current.

    The role needs the right to create a schema in the database (or to own the schema). Raises psycopg.Error
    when the server refuses a statement; nothing is then changed.
    """
    text = script()
    stamp = _STAMP + hashlib.sha256(text.encode()).hexdigest()[:16]
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext('vql'))")
        if _installed(connection) == stamp:
            return
        # Functions refer to one another, and their bodies are written for the standard quoting.
        connection.execute("set local check_function_bodies = off")
        connection.execute("set local client_min_messages = warning")
        connection.execute(text)
        connection.execute(f"comment on schema vql is '{stamp}'")


def _installed(connection: psycopg.Connection) -> str | None:
    found = connection.execute(
        "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = 'vql'"
    ).fetchone()
    return found[0] if found else None
