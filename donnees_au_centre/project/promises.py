"""What one mart promises to its readers, read from the manifest, and which of it a change takes back."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from donnees_au_centre.french import LEAST
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.datasets import Refresh, read_datasets
from donnees_au_centre.project.nodes import DataTest, Manifest
from donnees_au_centre.project.rules.conforming import FORMER
from donnees_au_centre.project.rules.offering import marts
from donnees_au_centre.reviewed import Among, Line, Reviewed, Says

# How long before its last day a mart or a column says so, at least, in days.
WARNING = 90
FILLED = " not null"
# A role that reads through the views that hide persons.
MASKED = " masqué"


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_Types = Annotated[dict[str, Line], Says("{key} attend une colonne et son type par ligne.")]
_Days = Annotated[dict[str, date], Says("{key} attend une colonne et une date par ligne.")]
_Names = Annotated[tuple[Line, ...], BeforeValidator(_listed, list[str])]
_Number = Annotated[int, Field(ge=0)]


class Contract(Reviewed):
    """What one table or view of a mart promises. What a file does not say has its default.

    Attributes:
        until: the last day when it is offered; None when it stays.
        revision: how many times the promise changed without a new version of the mart.
        classification: the gravest that it may be for who keeps a copy of it.
        retention: how many months its rows are kept; None for ever.
        refresh: how often new data are promised; None when it is not said.
        threshold: the smallest count that is shown; None when nothing is hidden.
        readers: the roles that read it, beside those that each domain has.
        keys: columns of which no two rows have the same values, key by key.
        columns: the type of each, as the contract of its model declares it, with `not null` where it is.
        values: the values that a column may have, where they are counted.
        ends: the last day of the columns that are kept beside those that replace them.
    """

    SHAPE = "des clés comme colonnes, cles et fin sont attendues."

    until: Annotated[date | None, Says("{key} attend une date, comme 2027-06-30.")] = Field(
        default=None, alias="fin", description="Dernier jour où le mart est offert."
    )
    revision: Annotated[_Number, Says("{key} attend un nombre entier.")] = Field(
        default=0, description="Combien de fois la promesse a changé sans nouvelle version du mart."
    )
    classification: Annotated[
        str, Among(words.CLASSIFICATIONS), Says(f"{{key}} attend {', '.join(words.CLASSIFICATIONS)}.")
    ] = Field(default="public", description="La classification du mart ; public quand rien n'est dit.")
    retention: Annotated[_Number | None, Says("{key} attend un nombre de mois.")] = Field(
        default=None, alias="conservation", description="Mois de conservation ; sans limite par défaut."
    )
    refresh: Refresh | None = Field(
        default=None, alias="rafraichissement", description="La mise à jour promise."
    )
    threshold: Annotated[_Number | None, Says("{key} attend un nombre entier.")] = Field(
        default=None, alias="seuil", description="Le plus petit compte montré (k_anonymity)."
    )
    readers: Annotated[_Names, Says("{key} attend une liste de rôles.")] = Field(
        default=(),
        alias="lecteurs",
        description="Rôles qui le lisent, outre ceux que chaque domaine a (dbt_<ag>, steward_<ag>).",
    )
    keys: Annotated[
        tuple[_Names, ...],
        BeforeValidator(_listed, list[list[str]]),
        Says("{key} attend des listes de colonnes : [[annee, niveau]]."),
    ] = Field(default=(), alias="cles", description="Colonnes dont les valeurs ne se répètent pas.")
    columns: _Types = Field(
        alias="colonnes", description="Chaque colonne et son type SQL ; not null : toujours remplie."
    )
    values: Annotated[
        dict[str, Annotated[tuple[str, ...], BeforeValidator(_listed, list[str])]],
        Says("{key} attend une colonne et la liste de ses valeurs par ligne."),
    ] = Field(default={}, alias="valeurs", description="Les valeurs qu'une colonne peut avoir.")
    ends: _Days = Field(
        default={}, alias="fins", description="Dernier jour des colonnes qu'une autre remplace (ancien_nom)."
    )

    @property
    def types(self) -> dict[str, str]:
        """The type of each column, without what is said of nulls."""
        return {name: said.removesuffix(FILLED) for name, said in self.columns.items()}

    def is_filled(self, column: str) -> bool:
        """True when a column is never null."""
        return self.columns.get(column, "").endswith(FILLED)

    def holds(self, today: date) -> bool:
        """True until its last day."""
        return self.until is None or self.until >= today

    def same_promise(self, other: Contract | None) -> bool:
        """True when only the revision may differ."""
        return other is not None and self.model_copy(update={"revision": other.revision}) == other


@dataclass(frozen=True)
class Loss:
    """One thing that readers were promised, and would not have any more.

    Attributes:
        said: what, in French, after the name of the mart.
        columns: those concerned; none when the whole mart is.
        replaced: columns that a new version leaves out, or gives otherwise.
        term: what to write into the contract when no version of the mart can keep the promise; None when one
            can, or when there is nothing but to put it back.
        can_be_versioned: True when a new version of the mart, beside the old one, takes nothing from anybody.
    """

    said: str
    columns: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    term: str | None = None
    can_be_versioned: bool = True


def promised(
    manifest: Manifest, readers: Mapping[str, Iterable[str]] | None = None
) -> dict[str, dict[str, Contract]]:
    """What the marts of a manifest promise, by domain and name.

    Args:
        readers: unique id of a mart -> the roles that read it; None where they are not known.
    """
    found: dict[str, dict[str, Contract]] = defaultdict(dict)
    tests: defaultdict[str | None, list[DataTest]] = defaultdict(list)
    for test in manifest.checks:
        if test.severity == "error" and not test.where:
            tests[test.tested_id].append(test)
    datasets = {one.unique_id: one for one in read_datasets(manifest)}
    for mart in marts(manifest):
        own, dataset = tests[mart.unique_id], datasets[mart.unique_id]
        filled = {one.column_name for one in own if one.generic == "not_null"}
        ends = {name: end_of(column.meta.get(FORMER)) for name, column in mart.columns.items()}
        thresholds = [one.arguments.get("k", LEAST) for one in own if one.generic == "k_anonymity"]
        found[mart.domain][mart.name] = Contract(
            fin=mart.until,
            classification=dataset.classification or "public",
            conservation=dataset.retention.months if dataset.retention else None,
            rafraichissement=dataset.refresh,
            seuil=max(thresholds, default=None),
            lecteurs=tuple(sorted({*(readers or {}).get(mart.unique_id, ())})),
            cles=tuple(sorted({*_keys(own)})),
            colonnes={
                name: one.data_type + (FILLED if name in filled else "")
                for name, one in mart.columns.items()
                if one.data_type
            },
            valeurs={
                one.column_name: tuple(map(str, one.arguments["values"]))
                for one in own
                if one.generic == "accepted_values" and one.column_name and "values" in one.arguments
            },
            fins={name: end for name, end in ends.items() if end},
        )
    return dict(found)


def _keys(tests: Iterable[DataTest]) -> Iterator[tuple[str, ...]]:
    for test in tests:
        if test.generic == "unique" and test.column_name:
            yield (test.column_name,)
        elif test.generic == "unique_combination" and test.arguments.get("columns"):
            yield tuple(test.arguments["columns"])


def end_of(former: object) -> date | None:
    """When a column of a former name may leave; None for the others, and for those that do not say."""
    try:
        return date.fromisoformat(str(former["retire_le"])) if isinstance(former, Mapping) else None
    except (KeyError, ValueError):
        return None


def losses(old: Contract, new: Contract, today: date) -> list[Loss]:
    """What the readers of a mart lose when it promises otherwise.

    Args:
        today: what had to last until a day before may go.
    """
    return [*_columns(old, new, today), *_rows(old, new), *_ends(old, new, today), *_terms(old, new)]


def _columns(old: Contract, new: Contract, today: date) -> Iterator[Loss]:
    before, after = old.types, new.types
    for name, kind in before.items():
        if name not in after:
            if old.ends.get(name, today) >= today:
                yield Loss(f"{name} ({kind}) n'y est plus", (name,), (name,))
        elif _folded(kind) != _folded(after[name]):
            yield Loss(f"{name} était {kind} et devient {after[name]}", (name,), (name,))
        elif old.is_filled(name) and not new.is_filled(name):
            yield Loss(f"{name} n'est plus toujours remplie (not_null)", (name,), (name,))


def _folded(data_type: str) -> str:
    return "".join(data_type.lower().split())


def _rows(old: Contract, new: Contract) -> Iterator[Loss]:
    """What a row is, and what is found in it."""
    for key in old.keys:
        # A key of fewer columns says more.
        gone = set(key) - {*new.columns}
        if not gone and not any(set(other) <= set(key) for other in new.keys):
            yield Loss(f"la clé ({', '.join(key)}) n'est plus tenue : une ligne dit autre chose", key)
    for name, values in old.values.items():
        if name not in new.columns:
            continue
        if name not in new.values:
            yield Loss(f"les valeurs de {name} ne sont plus limitées", (name,), (name,))
        elif more := [one for one in new.values[name] if one not in values]:
            yield Loss(f"{name} peut avoir une valeur de plus : {', '.join(more)}", (name,), (name,))


def _ends(old: Contract, new: Contract, today: date) -> Iterator[Loss]:
    soonest = today + timedelta(days=WARNING)
    if said := _too_soon(old.until, new.until, soonest):
        yield Loss(f"il finirait le {new.until:%d/%m/%Y}, {said}", can_be_versioned=False)
    for name in old.columns:
        if said := _too_soon(old.ends.get(name), new.ends.get(name), soonest):
            yield Loss(
                f"{name} finirait le {new.ends[name]:%d/%m/%Y}, {said}", (name,), can_be_versioned=False
            )


def _too_soon(old: date | None, new: date | None, soonest: date) -> str:
    if new and old and new < old:
        return f"et le {old:%d/%m/%Y} était promis"
    return f"sans {WARNING} jours d'annonce" if new and not old and new < soonest else ""


def _terms(old: Contract, new: Contract) -> Iterator[Loss]:
    """What no version of a mart changes: what is decided of its data, and of who reads them."""
    rank = words.CLASSIFICATIONS.index
    if rank(new.classification) > rank(old.classification):
        yield Loss(
            f"il était classé {old.classification} et devient {new.classification}",
            term=f"classification: {new.classification}",
        )
    if new.retention is not None and (old.retention is None or new.retention < old.retention):
        kept = "sans limite" if old.retention is None else f"{old.retention} mois"
        yield Loss(
            f"ses lignes étaient gardées {kept} et le seraient {new.retention} mois",
            term=f"conservation: {new.retention}",
        )
    if old.refresh and (not new.refresh or new.refresh.days > old.refresh.days):
        said = f"{{tous_les: {new.refresh.every}, unite: {new.refresh.unit}}}" if new.refresh else "null"
        yield Loss("il serait mis à jour moins souvent que promis", term=f"rafraichissement: {said}")
    if new.threshold and new.threshold > (old.threshold or 0):
        before = f"à partir de {old.threshold}" if old.threshold else "tous"
        yield Loss(
            f"les comptes y étaient montrés {before} et le seraient à partir de {new.threshold}",
            term=f"seuil: {new.threshold}",
        )
    still = {*new.readers, *(f"{role}{MASKED}" for role in new.readers)}
    if gone := [role for role in old.readers if role not in still]:
        yield Loss(
            f"{', '.join(gone)} ne le lirait plus",
            term=f"lecteurs: [{', '.join(new.readers)}]",
        )


def born_of(name: str, broken: Iterable[str]) -> bool:
    """True for a version of one of some marts: `dim_x_v2` of `dim_x`."""
    return any(re.fullmatch(rf"{re.escape(one)}_v\w+", name) for one in broken)
