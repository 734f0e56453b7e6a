"""What the structure.sql files make of an empty database; `python -m tests.definitions` writes it down.

Each structure.json stands beside its structure.sql.

With `--livree`, what each structure.json said before is kept as a version once delivered: a database that has
it is brought up to date, not taken for altered.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from donnees_au_centre.audit.definitions import expected, read_definitions, version
from donnees_au_centre.cli.audit import PARTS
from donnees_au_centre.warehouse import EmbeddedServer


def laid_down(connection: psycopg.Connection) -> dict[Path, dict[str, Any]]:
    """Runs each script in its order; script -> its facts and rights, without those of the scripts before it.

    Args:
        connection: of a superuser, to an empty database, in autocommit.
    """
    found = {}
    before: dict[str, tuple[set[str], set[tuple[str, str]]]] = {}
    for part in PARTS:
        with connection.transaction():
            connection.execute(part.script.read_bytes())
        facts, rights = read_definitions(connection, part.schema)
        things, given = before.get(part.schema, (set(), set()))
        by_role: dict[str, list[str]] = {}
        for role, right in sorted(rights - given):
            by_role.setdefault(role, []).append(right)
        new = {thing: known for thing, known in facts.items() if thing not in things}
        found[part.script] = {"facts": new, "rights": by_role}
        before[part.schema] = (set(facts), rights)
    return found


def main(keep: bool) -> None:
    """Writes the files."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder) / "server", durable=False, preferred_port=0)
        try:
            server.start()
            server.ensure_database("definitions")
            with psycopg.connect(server.start().conninfo("definitions"), autocommit=True) as connection:
                found = laid_down(connection)
        finally:
            server.destroy()
    for script, content in found.items():
        path = script.with_suffix(".json")
        former = expected(script).former if path.exists() else frozenset()
        if keep and path.exists() and expected(script).facts != content["facts"]:
            former |= {version(expected(script).facts)}
        lines = [f'"former": {json.dumps(sorted(former - {version(content["facts"])}))}']
        for key in ("rights", "facts"):
            inner = ",\n".join(
                f"    {json.dumps(name, ensure_ascii=False)}: {json.dumps(value, ensure_ascii=False)}"
                for name, value in content[key].items()
            )
            lines.append(f'"{key}": {{\n{inner}\n  }}')
        path.write_text("{\n  " + ",\n  ".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main("--livree" in sys.argv[1:])
