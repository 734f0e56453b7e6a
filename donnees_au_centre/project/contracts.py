"""What marts promise to their readers, kept in policies/contracts/<domain>.yml beside the models that change.

A file says each table that readers know, its columns and their types, and until when what is going to leave
is kept. `make fix` writes it, and never takes away a promise that still holds; `make lint` compares it with
the manifest. What a mart no longer offers is a new version of it: dbt's `versions:`, with the old one beside.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import some
from donnees_au_centre.project.nodes import Manifest, Node
from donnees_au_centre.project.rules.conforming import FORMER
from donnees_au_centre.project.rules.offering import marts
from donnees_au_centre.reviewed import Line, Reviewed, Says, checked, read_yaml

FOLDER = Path("policies") / "contracts"
# Of a broken promise, and of a file that does not follow what is offered.
BROKEN, UNWRITTEN = "contrat-rompu", "contrat-a-ecrire"
# How long the old version is kept beside the new one, in what we tell to write: half a year, in days.
NOTICE = 182
SHOWN = 5
# How begins what is said of a mart that may be younger than what is promised of it.
UNBORN = "(Né dans ce changement"
_HEADER = """\
# yaml-language-server: $schema=../schemas/contrats.json
# Ce que les marts du domaine {0} promettent à leurs lecteurs. make fix l'écrit, make lint le tient.
"""
_ADVICE = (
    "make fix écrit ce fichier d'après les modèles. Un conflit de fusion : gardez les deux côtés, puis make "
    "fix. Sinon, git checkout main -- policies/contracts, puis make fix."
)
_Types = Annotated[dict[str, Line], Says("{key} attend une colonne et son type par ligne.")]
_Days = Annotated[dict[str, date], Says("{key} attend une colonne et une date par ligne.")]


class Contract(Reviewed):
    """What one table or view of a mart promises.

    Attributes:
        until: the last day when it is offered; None when it stays.
        columns: the type of each, as the contract of its model declares it.
        ends: the last day of the columns that are kept beside those that replace them.
    """

    SHAPE = "fin, colonnes et fins sont attendues."

    until: Annotated[date | None, Says("{key} attend une date, comme 2027-06-30.")] = Field(
        default=None, alias="fin", description="Dernier jour où le mart est offert."
    )
    columns: _Types = Field(alias="colonnes", description="Chaque colonne et son type SQL.")
    ends: _Days = Field(
        default={}, alias="fins", description="Dernier jour des colonnes qu'une autre remplace (ancien_nom)."
    )


# By the name that readers know, in the schema of a domain.
Contracts = Mapping[str, Contract]
# File below the checkout, rule, what is wrong and what to do, in French.
Breach = tuple[str, str, str, str]


def promised(manifest: Manifest) -> dict[str, dict[str, Contract]]:
    """What the marts of a manifest promise, by domain."""
    found: dict[str, dict[str, Contract]] = defaultdict(dict)
    for mart in marts(manifest):
        ends = {name: _end(column.meta.get(FORMER)) for name, column in mart.columns.items()}
        found[mart.domain][mart.name] = Contract(
            fin=mart.until,
            colonnes={name: one.data_type for name, one in mart.columns.items() if one.data_type},
            fins={name: end for name, end in ends.items() if end},
        )
    return dict(found)


def _end(former: object) -> date | None:
    """When a column of a former name may leave; None for the others, and for those that do not say."""
    try:
        return date.fromisoformat(str(former["retire_le"])) if isinstance(former, Mapping) else None
    except (KeyError, ValueError):
        return None


def read_contracts(root: Path) -> dict[str, dict[str, Contract]]:
    """What the files of a checkout say, by domain.

    Raises:
        PlatformError: one of them cannot be read; all its faults are named.
    """
    return {path.stem: _read(path, path.relative_to(root)) for path in sorted((root / FOLDER).glob("*.yml"))}


def _read(path: Path, name: Path) -> dict[str, Contract]:
    content = read_yaml(path, name, _ADVICE)
    if not isinstance(content, Mapping):
        raise PlatformError(f"{name} : des marts et leurs colonnes sont attendus.", _ADVICE)
    found: dict[str, Contract] = {}
    told: list[str] = []
    for mart, said in content.items():
        contract, faults = checked(Contract, said)
        found |= {str(mart): contract} if contract else {}
        told += [f"{name}, {mart} : {fault.words}" for fault in faults]
    if told:
        raise PlatformError("\n".join(told), _ADVICE)
    return found


def write_contracts(root: Path, manifest: Manifest, today: date) -> list[str]:
    """Writes the files of a checkout again, with what marts promise now and what they promised before.

    Args:
        today: what had to last until a day before may go.

    Returns:
        The files that changed, below the checkout.

    Raises:
        PlatformError: one of them cannot be read.
    """
    former, now, changed = read_contracts(root), promised(manifest), []
    for domain in sorted({*former, *now}):
        kept = _kept(former.get(domain, {}), now.get(domain, {}), today)
        if kept == former.get(domain):
            continue
        file = FOLDER / f"{domain}.yml"
        changed.append(file.as_posix())
        if not kept:
            (root / file).unlink()
            continue
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(_HEADER.format(domain) + _text(kept), encoding="utf-8")
    return changed


def _text(contracts: Contracts) -> str:
    """Tables in alphabetical order; columns in that of the view, where new ones come last."""
    said = {
        name: contract.model_dump(by_alias=True, exclude_defaults=True)
        for name, contract in sorted(contracts.items())
    }
    return "".join(
        "\n" + yaml.safe_dump({name: one}, allow_unicode=True, sort_keys=False, width=1000)
        for name, one in said.items()
    )


def _kept(former: Contracts, now: Contracts, today: date) -> dict[str, Contract]:
    """What is promised from now on: what is offered, and what was promised and still holds.

    Where a promise is broken, nothing is added: it is to be mended first, perhaps without what is new there.
    """
    found = {
        name: contract for name, contract in former.items() if name not in now and _holds(contract, today)
    }
    broken = "|".join(map(re.escape, found)) or "-"
    for name, new in now.items():
        old = former.get(name)
        if old is None and re.fullmatch(rf"(?:{broken})_v\w+", name):
            continue
        if old and (_lost(old, new, today) or _retyped(old, new)):
            found[name] = old
            continue
        # In the order of the view, where new columns come last.
        order = dict.fromkeys([*(one for one in (old or new).columns if one in new.columns), *new.columns])
        found[name] = new.model_copy(update={"columns": {one: new.columns[one] for one in order}})
    return found


def _holds(contract: Contract, today: date) -> bool:
    return contract.until is None or contract.until >= today


def _lost(old: Contract, new: Contract, today: date) -> list[str]:
    """The columns that were promised, still are, and are not offered."""
    return [one for one in old.columns if one not in new.columns and old.ends.get(one, today) >= today]


def _retyped(old: Contract, new: Contract) -> list[str]:
    return [
        one
        for one in old.columns
        if one in new.columns and _folded(old.columns[one]) != _folded(new.columns[one])
    ]


def _folded(data_type: str) -> str:
    return "".join(data_type.lower().split())


def breaches(root: Path, manifest: Manifest, today: date) -> Iterator[Breach]:
    """What the marts take from their readers, and what the files do not know yet.

    Args:
        today: what had to last until a day before may go.

    Raises:
        PlatformError: a file of contracts cannot be read.
    """
    former, now = read_contracts(root), promised(manifest)
    for domain in sorted({*former, *now}):
        old, new = former.get(domain, {}), now.get(domain, {})
        file = (FOLDER / f"{domain}.yml").as_posix()
        yield from broken({domain: old}, manifest, today)
        kept = _kept(old, new, today)
        if late := sorted(name for name in {*old, *kept} if kept.get(name) != old.get(name)):
            yield (
                file,
                UNWRITTEN,
                f"Ce qui y est promis ne suit pas encore {some(late, SHOWN)}.",
                "make fix l'ajoute, ou en retire ce qui a fini.",
            )


def broken(former: Mapping[str, Contracts], manifest: Manifest, today: date) -> Iterator[Breach]:
    """What the marts take from their readers.

    Args:
        former: what was promised to them, by domain.
        today: what had to last until a day before may go.
    """
    now = promised(manifest)
    nodes = {(mart.domain, mart.name): mart for mart in marts(manifest)}
    for domain, old in sorted(former.items()):
        new = now.get(domain, {})
        for name, contract in old.items():
            if name in new:
                yield from _changes(nodes[domain, name], contract, new[name], manifest, today)
            elif _holds(contract, today):
                end = f" jusqu'au {contract.until:%d/%m/%Y}" if contract.until else ""
                yield (
                    (FOLDER / f"{domain}.yml").as_posix(),
                    BROKEN,
                    f"{domain}.{name} n'est plus offert, et il est promis à ses lecteurs{end}.",
                    _how_to_leave(domain, name, contract, manifest, today),
                )


def _changes(mart: Node, old: Contract, new: Contract, manifest: Manifest, today: date) -> Iterator[Breach]:
    lost, retyped = _lost(old, new, today), _retyped(old, new)
    if not lost and not retyped:
        return
    said = [f"{one} ({old.columns[one]}) n'y est plus" for one in lost]
    said += [f"{one} était {old.columns[one]} et devient {new.columns[one]}" for one in retyped]
    message = f"{mart.domain}.{mart.name} ne tient plus ce qu'il promet à ses lecteurs : {' ; '.join(said)}."
    added = {one: kind for one, kind in new.columns.items() if one not in old.columns or one in retyped}
    yield (
        mart.described_in,
        BROKEN,
        message,
        _how_to_change(mart, [*lost, *retyped], added, manifest, today),
    )


def _how_to_change(
    mart: Node, lost: list[str], added: Mapping[str, str], manifest: Manifest, today: date
) -> str:
    """What to write for a mart to change: a version, beside what readers read."""
    back = f"Rendez {mart.file} et ses colonnes comme ils étaient"
    if not mart.is_latest:
        return f"{back} : une version qui va finir ne change plus. {_unborn(mart.domain, mart.name)}"
    name, end = mart.declared, today + timedelta(days=NOTICE)
    taken = [one.version for one in marts(manifest) if one.declared == name and one.version]
    number = 1 + max([int(one) for one in taken if one.isdigit()], default=1)
    columns = [f"{{include: all, exclude: [{', '.join(lost)}]}}"]
    columns += [f'{{name: {one}, data_type: "{kind}", description: "…"}}' for one, kind in added.items()]
    first = [f"  - {{v: 1, defined_in: {name}, deprecation_date: {end}, config: {{alias: {mart.name}}}}}"]
    if taken:
        first = [f"  - v: {mart.version}, avec deprecation_date: {end} en plus"]
    lines = [
        f"latest_version: {number}",
        "versions:",
        *first,
        f"  - v: {number}",
        "    columns:",
        *(f"      - {one}" for one in columns),
    ]
    return "\n".join(
        [
            f"{back} ; écrivez le nouveau SQL à côté, dans {name}_v{number}.sql, et dans "
            f"{mart.described_in}, sous {name} :",
            *(f"          {line}" for line in lines),
            f"      {_unborn(mart.domain, mart.name)}",
        ]
    )


def _how_to_leave(domain: str, name: str, contract: Contract, manifest: Manifest, today: date) -> str:
    """What to do about a mart that is not there any more."""
    for mart in marts(manifest):
        # A version that had its last day was known by this name: it was taken away, not renamed.
        if contract.until is None and mart.domain == domain and mart.declared == name:
            return (
                "Donnez à la version qui l'offrait le nom que ses lecteurs connaissent : "
                f"config: {{alias: {name}}} sous sa ligne « v: », dans {mart.described_in}."
            )
    end = contract.until or today + timedelta(days=NOTICE)
    return (
        f"Remettez-le, avec deprecation_date: {end} dans son YAML : il reste construit jusqu'à ce jour, puis "
        f"se retire. {_unborn(domain, name)}"
    )


def _unborn(domain: str, name: str) -> str:
    file = (FOLDER / f"{domain}.yml").as_posix()
    return f"{UNBORN}, que personne ne lit encore ? Retirez {name} de {file}, puis make fix.)"
