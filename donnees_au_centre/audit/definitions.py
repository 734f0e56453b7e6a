"""What the functions, tables, triggers and rights of a schema are, against what the project says they are.

The truth stands outside the database: beside each `structure.sql`, in `structure.json`, read once from a
fresh database (`python -m tests.definitions`), and compared with it by a test.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import psycopg

from donnees_au_centre.audit.faults import Fault
from donnees_au_centre.french import cut

Facts = dict[str, dict[str, str]]
_QUERY = Path(__file__).with_name("definitions.sql").read_text("utf-8")
_RIGHT = "droit"
# Facts about the server, whatever the version of the schema.
_AROUND = ("rôle ", "membre ", "déclencheur d'événement ", "fonction pg_catalog.")
_SHOWN = 60


@dataclass(frozen=True)
class Part:
    """What one script makes of a schema.

    Attributes:
        schema: its name.
        script: structure.sql; its definitions are beside it.
        entitled: what declared roles have beside the rights of the script: pattern of `like` -> rights, as
            `grant` writes them.
    """

    schema: str
    script: Path
    entitled: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Expected:
    """The content of a structure.json.

    Attributes:
        facts: object -> fact -> value.
        rights: role and right, as `definitions.sql` gives them.
        former: digests of the definitions that the project once delivered.
    """

    facts: Facts
    rights: frozenset[tuple[str, str]]
    former: frozenset[str]


@dataclass(frozen=True)
class Condition:
    """How a schema stands.

    Attributes:
        faults: what differs from the project.
        former: the scripts whose schema is as an earlier version of the project made it.
    """

    faults: tuple[Fault, ...]
    former: tuple[Path, ...]


@cache
def expected(script: Path) -> Expected:
    """Reads the definitions of a script."""
    found = json.loads(script.with_suffix(".json").read_text("utf-8"))
    rights = frozenset((role, right) for role, rights in found["rights"].items() for right in rights)
    return Expected(found["facts"], rights, frozenset(found["former"]))


def read_definitions(connection: psycopg.Connection, schema: str) -> tuple[Facts, set[tuple[str, str]]]:
    """The facts of a schema, and who else than its owner has which right on it; both empty without it.

    Raises:
        psycopg.Error: the database cannot be read.
    """
    facts: Facts = {}
    rights = set()
    with connection.transaction():
        # Set back by hand: within a transaction in progress, `local` lasts until its end.
        before = connection.execute("select pg_catalog.current_setting('search_path')").fetchone()
        assert before is not None
        _look_in(connection, "pg_catalog, pg_temp")
        for thing, fact, value in connection.execute(_QUERY, {"schema": schema}):
            if fact == _RIGHT:
                rights.add((thing, value))
            else:
                facts.setdefault(thing, {})[fact] = value
        _look_in(connection, before[0])
    return facts, rights


def version(facts: Facts) -> str:
    """The digest of the objects of a script, those of the server around them left out."""
    own = {thing: known for thing, known in facts.items() if not thing.startswith(_AROUND)}
    return hashlib.sha256(json.dumps(own, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def stands(connection: psycopg.Connection, part: Part) -> Condition | None:
    """How what one script made stands; None when there is nothing of it. Quick: for each event noted.

    Other objects of the schema and of the server, and rights, are for `check_definitions`.
    """
    wanted = expected(part.script)
    found = _of(read_definitions(connection, part.schema)[0], wanted.facts)
    if not any(_made(thing) for thing in found):
        return None
    if version(found) in wanted.former:
        return Condition((), (part.script,))
    return Condition(tuple(_differences(found, _of(wanted.facts, wanted.facts))), ())


def check_definitions(connection: psycopg.Connection, parts: Sequence[Part]) -> Condition:
    """Compares schemas with what the project says of them: objects, definitions, owners, rights.

    Args:
        connection: of any account: the catalogue is open to all.
        parts: those of one schema in the order of their installation; those not installed are left out.

    Raises:
        psycopg.Error: the database cannot be read.
    """
    faults: list[Fault] = []
    former: list[Path] = []
    for schema in dict.fromkeys(part.schema for part in parts):
        facts, rights = read_definitions(connection, schema)
        here = [
            part
            for part in parts
            if part.schema == schema and any(map(_made, _of(facts, expected(part.script).facts)))
        ]
        if not here:
            # Nothing was installed: who goes around it does not matter.
            facts = {thing: known for thing, known in facts.items() if not thing.startswith(_AROUND)}
        wanted: Facts = {}
        for part in here:
            known = expected(part.script)
            own = _of(facts, known.facts)
            if version(own) in known.former:
                former.append(part.script)
                wanted |= {one: told for one, told in known.facts.items() if one.startswith(_AROUND)} | own
            else:
                wanted |= known.facts
        faults += _differences(facts, wanted)
        faults += _undue(rights, here)
    return Condition(tuple(faults), tuple(former))


def _look_in(connection: psycopg.Connection, path: str) -> None:
    connection.execute("select pg_catalog.set_config('search_path', %s, true)", [path])


def _made(thing: str) -> bool:
    return thing.startswith(("relation ", "fonction ")) and not thing.startswith(_AROUND)


def _of(facts: Facts, wanted: Facts) -> Facts:
    """What a script made, and what stands on it: not what another script put into the same schema."""
    relations = {thing.partition(" ")[2] for thing in wanted if thing.startswith("relation ")}
    functions = {thing.partition("(")[0] for thing in wanted if thing.startswith("fonction ")}
    return {
        thing: known
        for thing, known in facts.items()
        if not thing.startswith(_AROUND)
        and (
            thing in wanted
            or thing.rpartition(" de ")[2] in relations
            or thing.partition("(")[0] in functions
            or (thing.startswith("colonne ") and thing.partition(" ")[2].rpartition(".")[0] in relations)
        )
    }


def _differences(found: Facts, wanted: Facts) -> list[Fault]:
    said = []
    for thing in sorted(found.keys() | wanted.keys()):
        if thing not in found:
            # A role that nobody made yet can do nothing.
            if not thing.startswith("rôle "):
                said.append(f"{thing} : absente ou retirée.")
        elif thing not in wanted:
            said.append(f"{thing} : n'est pas du projet.")
        else:
            changed = sorted(
                fact
                for fact in found[thing].keys() | wanted[thing].keys()
                if found[thing].get(fact) != wanted[thing].get(fact)
            )
            if changed:
                details = " ; ".join(_changed(fact, found[thing], wanted[thing]) for fact in changed)
                said.append(f"{thing} : n'est plus ce que le projet en dit ({details}).")
    return [Fault("definition", 0, f"Définition, {line}") for line in said]


def _changed(fact: str, found: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    if fact == "corps":
        return "corps"
    was, now = (cut(known.get(fact, "rien"), _SHOWN) for known in (wanted, found))
    return f"{fact} : {now}, au lieu de {was}"


def _undue(rights: set[tuple[str, str]], parts: Sequence[Part]) -> list[Fault]:
    """Rights that neither the scripts nor the declared roles account for."""
    given = {pair for part in parts for pair in expected(part.script).rights}
    entitled = [
        (re.compile(_as_expression(pattern)), right)
        for part in parts
        for pattern, rights in part.entitled.items()
        for right in rights
    ]
    return [
        Fault("droit", 0, f"Droit, {role} : {right}, que le projet ne donne pas.")
        for role, right in sorted(rights - given)
        if not any(known.fullmatch(role) and _covers(wide, right) for known, wide in entitled)
    ]


def _as_expression(pattern: str) -> str:
    """A pattern of `like` as a regular expression."""
    return "".join(
        ".*" if part == "%" else "." if part == "_" else re.escape(part.removeprefix("\\"))
        for part in re.findall(r"\\.|.", pattern)
    )


def _covers(wide: str, right: str) -> bool:
    action, _, schema = wide.partition(" on all tables in schema ")
    return right == wide or bool(schema and re.fullmatch(rf"{action} on {schema}\.\w+", right))
