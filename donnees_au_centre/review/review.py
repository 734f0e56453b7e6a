"""Everything that the letter tells: two readings of the project, and their tables where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import psycopg

from donnees_au_centre.project.consumers import Consumer
from donnees_au_centre.project.contracts import UNBORN, Breach, broken, promised
from donnees_au_centre.project.nodes import Manifest, Node
from donnees_au_centre.review.changes import BREAKING, Changes, Sql, downstream, find_changes
from donnees_au_centre.review.comparison import Comparison, compare, find_table, reading
from donnees_au_centre.review.discretion import about_people
from donnees_au_centre.review.indicators import Indicator, read_indicators
from donnees_au_centre.review.promises import keys_of
from donnees_au_centre.review.readers import Readers, find_readers
from donnees_au_centre.review.rights import Right


@dataclass(frozen=True)
class Mart:
    """A mart that changes, or that is made of what changes.

    Attributes:
        name, domain: as readers know it.
        people: True when it tells of persons, or of groups of persons.
        found: its rows on both sides; None when they could not be compared.
        indicators: its measures on both sides.
        missing: why something of it is not compared, in French; empty when all is.
    """

    name: str
    domain: str
    people: bool
    found: Comparison | None = None
    indicators: tuple[Indicator, ...] = ()
    missing: str = ""


@dataclass(frozen=True)
class Review:
    """What a merge request changes.

    Attributes:
        changes: item by item.
        marts: those whose rows may not be what they were, by domain and name.
        readers: who reads what changes.
        breaches: the promises that are broken, with what to write.
        missing: why no table was looked at, in French; empty when some were.
        rights: who gains or loses what.
        unsaid: what else could not be compared, and why, in French.
    """

    changes: Changes
    marts: tuple[Mart, ...]
    readers: Readers
    breaches: tuple[Breach, ...]
    missing: str = ""
    rights: tuple[Right, ...] = ()
    unsaid: tuple[str, ...] = ()


def review(
    base: Manifest,
    head: Manifest,
    today: date,
    base_sql: Sql | None = None,
    head_sql: Sql | None = None,
    connection: psycopg.Connection | None = None,
    missing: str = "",
    consumers: Mapping[str, Consumer] | None = None,
    rights: tuple[Right, ...] = (),
    unsaid: Sequence[str] = (),
) -> Review:
    """Compares what is in production with what is proposed.

    Args:
        base: the manifest of production; it names the tables that readers have.
        head: that of the merge request; it names the tables built for it.
        today: promises that ended before it are none any more.
        base_sql, head_sql: see `find_changes`.
        connection: of the database where both stand, in autocommit; None without one.
        missing: why there is none, in French.
        consumers: those declared, by their file.
        rights: those that change (`find_rights`).
        unsaid: what the caller could not read, in French.
    """
    changes = find_changes(base, head, today, base_sql, head_sql)
    lost = {one.about for one in changes.items if one.grade == BREAKING}
    return Review(
        changes,
        tuple(_marts(base, head, changes, connection)),
        find_readers(base, head, changes.moved | lost),
        # What is in production was not born in the change.
        tuple(
            (file, rule, said, advice.partition(UNBORN)[0].rstrip())
            for file, rule, said, advice in broken(promised(base), head, today, consumers=consumers)
        ),
        missing if connection is None else "",
        rights,
        tuple(unsaid),
    )


def _marts(
    base: Manifest, head: Manifest, changes: Changes, connection: psycopg.Connection | None
) -> Iterator[Mart]:
    reached = downstream(base, changes.moved) | downstream(head, changes.moved)
    keys = [keys_of(one) for one in (base, head)]
    known, kept = ({node.name: node for node in one.models if node.is_mart} for one in (base, head))
    names = {node.name for node in (*known.values(), *kept.values()) if node.unique_id in reached}
    for name in sorted(names, key=lambda name: ((kept.get(name) or known[name]).domain, name)):
        old, new = known.get(name), kept.get(name)
        node = new or old
        assert node
        people = any(about_people(one, side) for one, side in ((base, old), (head, new)) if side)
        mart = Mart(name, node.domain, people)
        if connection is None:
            yield mart
            continue
        held = [(keys[side].get(one.unique_id, []) if one else []) for side, one in enumerate((old, new))]
        shared = [key for key in held[1] if key in held[0]]
        order = list(dict.fromkeys([*shared, *held[1], *held[0]]))
        yield _compared(mart, old, new, order, (base, head), connection)


def _compared(
    mart: Mart,
    old: Node | None,
    new: Node | None,
    keys: list[tuple[str, ...]],
    manifests: tuple[Manifest, Manifest],
    connection: psycopg.Connection,
) -> Mart:
    places = [f"{one.schema}.{one.relation}" if one else "" for one in (old, new)]
    if places[0] == places[1]:
        why = f"{places[0]} est la seule table : la demande n'a pas été construite à part"
        return _without(mart, f"{why} (DBT_SCHEMA_PREFIX).")
    try:
        with reading(connection):
            tables = [find_table(connection, one.schema, one.relation) if one else None for one in (old, new)]
            for node, table, place, where in zip(
                (old, new), tables, places, ("en production", "pour cette demande"), strict=True
            ):
                if node and table is None:
                    return _without(mart, f"{place} n'est pas dans la base : pas construit {where}.")
            found = compare(connection, tables[0], tables[1], keys)
            node = new or old
            assert node
            measured = read_indicators(connection, manifests, node, (tables[0], tables[1]), found.key)
    except psycopg.errors.InsufficientPrivilege:
        return _without(mart, "le compte de cette comparaison n'a pas le droit de le lire.")
    except psycopg.errors.QueryCanceled:
        return _without(mart, "la comparaison a pris plus de cinq minutes : elle a été arrêtée.")
    except psycopg.Error as error:
        return _without(mart, f"PostgreSQL a refusé la comparaison ({error.sqlstate or 'connexion perdue'}).")
    return Mart(mart.name, mart.domain, mart.people, found, tuple(measured), found.why_not)


def _without(mart: Mart, why: str) -> Mart:
    return Mart(mart.name, mart.domain, mart.people, missing=why)
