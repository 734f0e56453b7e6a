"""What the readers of public marts had and would have no more: columns, keys, rights, units."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlglot import exp
from sqlglot.errors import SqlglotError

from donnees_au_centre.french import listed
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.datasets import refresh
from donnees_au_centre.project.metadata import governance_of
from donnees_au_centre.project.nodes import Column, Manifest, Node
from donnees_au_centre.project.promises import end_of
from donnees_au_centre.project.rules.conforming import FORMER
from donnees_au_centre.project.rules.offering import marts

# How a description says in what a column counts; the longest first. « % » is a share too.
UNITS = {
    "milliers d'euros": r"milliers d['’]euros?|k€|keur",
    "millions d'euros": r"millions d['’]euros?|m€|meur",
    "cents": r"cents? d['’]euros?|eurocents?|en cents|centimes?",
    "euros": r"euros?|€|eur",
    "pour mille": r"pour mille|‰",
    "pour cent": r"pour ?cent|%|pourcentages?|de 0 à 100",
    "part de 0 à 1": r"de 0 à 1(?!\d)",
    "kilomètres": r"kilomètres?|km",
    "mètres": r"mètres?|en m",
    "hectares": r"hectares?|ha",
    "mètres carrés": r"mètres? carrés?|m²|m2",
    "minutes": r"minutes?",
    "heures": r"heures?",
    "semaines": r"en semaines",
    "jours": r"en jours|nombre de jours",
    "mois": r"en mois|nombre de mois",
    "années": r"en années|nombre d['’]années",
    "équivalents temps plein": r"équivalents? temps plein|etp",
}
_UNITS = re.compile(
    "|".join(
        rf"(?P<u{number}>(?<!\w)(?:{pattern})(?!\w))"
        for number, pattern in sorted(
            enumerate(UNITS.values()), key=lambda one: -len(max(one[1].split("|"), key=len))
        )
    ),
    re.IGNORECASE,
)
# All that is said of a column that goes, when nothing seems to replace it.
GONE = "elle n'y est plus"
# Access that lets fewer read, in this order.
_ACCESS = ("private", "protected", "public")


@dataclass(frozen=True)
class Lost:
    """One thing that readers of a mart lose.

    Attributes:
        column: empty when it is about the whole mart.
        gone: True when the column or the mart is not there any more.
        said: what, in French, a sentence without its full stop.
    """

    column: str
    gone: bool
    said: str


def lost_promises(base: Manifest, head: Manifest, today: date) -> dict[str, list[Lost]]:
    """What readers lose, by the name under which they know the mart.

    Args:
        base: what readers have now.
        head: what they would have.
        today: what had to last until a day before may go.
    """
    now = {mart.name: mart for mart in marts(head)}
    sides = _Sure(base), _Sure(head)
    found = {}
    for old in marts(base):
        new = now.get(old.name)
        lost = list(_of_mart(old, new, base, head, sides, today)) if new else list(_gone(old, head, today))
        if lost:
            found[old.name] = lost
    return found


class _Sure:
    """What the blocking tests and contracts of a manifest make sure of its marts."""

    def __init__(self, manifest: Manifest) -> None:
        self.filled: dict[str, set[str]] = defaultdict(set)
        self.keys: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for test in manifest.checks:
            about = test.tested_id
            if about is None or test.severity != "error" or test.where:
                continue
            if test.generic == "not_null" and test.column_name:
                self.filled[about].add(test.column_name)
            elif test.generic == "unique" and test.column_name:
                self.keys[about].append((test.column_name,))
            elif test.generic == "unique_combination":
                self.keys[about].append(tuple(sorted(test.arguments.get("columns") or ())))


def keys_of(manifest: Manifest) -> dict[str, list[tuple[str, ...]]]:
    """The keys that blocking tests hold, by unique id of the mart; the shortest first."""
    return {
        one: sorted(set(keys), key=lambda key: (len(key), key)) for one, keys in _Sure(manifest).keys.items()
    }


def _gone(old: Node, head: Manifest, today: date) -> Iterator[Lost]:
    if old.until is not None and old.until < today:
        return
    until = f", promis jusqu'au {old.until:%d/%m/%Y}" if old.until else ""
    moved = head.nodes.get(old.unique_id)
    if moved is not None and moved.is_mart:
        yield Lost("", True, f"ses lecteurs le connaissent sous ce nom{until}, et il s'appelle {moved.name}")
    elif moved is not None:
        yield Lost(
            "", True, f"il n'est plus offert{until} : il devient privé ({moved.layer or 'sans couche'})"
        )
    else:
        yield Lost("", True, f"il n'est plus offert{until}")


def _of_mart(
    old: Node, new: Node, base: Manifest, head: Manifest, sides: tuple[_Sure, _Sure], today: date
) -> Iterator[Lost]:
    if old.domain != new.domain:
        yield Lost("", False, f"il change de place : {old.domain}.{old.name} devient {new.domain}.{new.name}")
    if _rank(new.access) < _rank(old.access):
        yield Lost(
            "", False, f"son accès se ferme : il était {_said(old.access)} et devient {_said(new.access)}"
        )
    if lost := sorted(set(_granted(old)) - set(_granted(new))):
        yield Lost("", False, f"n'y ont plus accès : {listed(lost)}")
    if old.has_contract and not new.has_contract:
        yield Lost("", False, "ses colonnes et leurs types ne sont plus promis")
    if new.is_ephemeral and not old.is_ephemeral:
        yield Lost("", False, "il n'existe plus dans la base")
    if new.until and (old.until is None or new.until < old.until) and new.until < today:
        yield Lost("", False, f"son dernier jour, le {new.until:%d/%m/%Y}, est déjà passé")
    elif new.until and old.until and new.until < old.until:
        yield Lost(
            "", False, f"il finit le {new.until:%d/%m/%Y}, et était promis jusqu'au {old.until:%d/%m/%Y}"
        )
    yield from _of_governance(governance_of(base, old), governance_of(head, new))
    yield from _of_keys(sides[0].keys[old.unique_id], sides[1].keys[new.unique_id])
    yield from _of_columns(old, new, sides, today)


def _rank(access: str) -> int:
    return _ACCESS.index(access) if access in _ACCESS else 0


def _said(access: str) -> str:
    return {"public": "public", "protected": "réservé au projet"}.get(access, "privé à son domaine")


def _granted(mart: Node) -> Iterator[str]:
    for names in (mart.config.get("grants") or {}).values():
        yield from [names] if isinstance(names, str) else names


def _of_governance(old: dict[str, object], new: dict[str, object]) -> Iterator[Lost]:
    order = words.CLASSIFICATIONS
    before, after = old.get("classification"), new.get("classification")
    if before in order and after in order and order.index(str(after)) > order.index(str(before)):
        yield Lost("", False, f"il était classé {before} et devient {after} : moins de gens peuvent le lire")
    pace = refresh(old.get("rafraichissement")), refresh(new.get("rafraichissement"))
    if pace[0] and (not pace[1] or pace[1].days > pace[0].days):
        then = f"tous les {pace[1].every} {pace[1].unit}" if pace[1] else "plus promise"
        was = f"tous les {pace[0].every} {pace[0].unit}"
        yield Lost(
            "", False, f"sa mise à jour était promise {was}, et devient : {then}".replace("annee", "année")
        )


def _of_keys(old: list[tuple[str, ...]], new: list[tuple[str, ...]]) -> Iterator[Lost]:
    lost = [key for key in sorted(set(old)) if key not in new]
    if not lost or set(old) & set(new):
        return
    was = " ou ".join(listed(key) for key in lost)
    if new:
        now = listed(sorted(new, key=len)[0])
        yield Lost("", False, f"une ligne n'est plus la même chose : sa clé était {was} et devient {now}")
    else:
        yield Lost("", False, f"rien n'assure plus qu'une ligne est seule de sa clé ({was})")


def _of_columns(old: Node, new: Node, sides: tuple[_Sure, _Sure], today: date) -> Iterator[Lost]:
    added = [one for name, one in new.columns.items() if name not in old.columns]
    for name, before in old.columns.items():
        after = new.columns.get(name)
        if after is None:
            if not _ended(before, today):
                yield Lost(name, True, _leaves(before, added))
            continue
        if before.data_type and after.data_type and not same_type(before.data_type, after.data_type):
            yield Lost(name, False, f"elle était {before.data_type} et devient {after.data_type}")
        if name in sides[0].filled[old.unique_id] - sides[1].filled[new.unique_id]:
            yield Lost(name, False, "elle peut maintenant être vide : rien ne l'en empêche plus")
        units = unit_of(before), unit_of(after)
        if units[0] and units[1] and units[0] != units[1]:
            yield Lost(name, False, f"son unité change : elle était en {units[0]} et devient en {units[1]}")
        if after.protection and after.protection != before.protection:
            yield Lost(
                name, False, f"on n'y lit plus la valeur : {after.protection}".replace("agrege", "agrégé")
            )


def _leaves(column: Column, added: list[Column]) -> str:
    """A column that goes, and the new one that says the same of itself."""
    said = column.description.strip()
    same = [one for one in added if one.data_type == column.data_type]
    alike = [one for one in same if said and one.description.strip() == said]
    if len(alike) == 1:
        return f"elle n'y est plus sous ce nom : {alike[0].name} semble la remplacer"
    return GONE


def _ended(column: Column, today: date) -> bool:
    """True for a former name whose last day is over."""
    end = end_of(column.meta.get(FORMER))
    return end is not None and end < today


def unit_of(column: Column) -> str | None:
    """In what a column counts: `config.meta.unite`, else the first unit that its description names."""
    if said := column.meta.get("unite"):
        return str(said)
    found = _UNITS.search(column.description)
    return list(UNITS)[int(str(found.lastgroup)[1:])] if found else None


def same_type(one: str, other: str) -> bool:
    """True for two names of one SQL type: `int` and `integer`."""
    return _type(one) == _type(other)


def _type(name: str) -> str:
    try:
        return exp.DataType.build(name, dialect="postgres").sql("postgres").lower()
    except (SqlglotError, ValueError):
        return "".join(name.lower().split())
