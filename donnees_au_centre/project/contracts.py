"""What marts promise to their readers, kept in policies/contracts/<domain>.yml beside the models that change.

A file says what each table that readers know promises (`promises.Contract`). `make fix` writes it, and never
takes away a promise that still holds; `make lint` compares it with the manifest. What a mart no longer offers
is a new version of it: dbt's `versions:`, with the old one beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from donnees_au_centre.administration import ours
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import some
from donnees_au_centre.project.consumers import (
    Audience,
    Consumer,
    incomplete_publications,
    read_consumers,
    unknown_readings,
)
from donnees_au_centre.project.nodes import Manifest, Node
from donnees_au_centre.project.promises import Contract, Loss, born_of, losses, promised
from donnees_au_centre.project.rules.offering import marts
from donnees_au_centre.reviewed import checked, read_yaml

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

# By the name that readers know, in the schema of a domain.
Contracts = Mapping[str, Contract]
# File below the checkout, rule, what is wrong and what to do, in French.
Breach = tuple[str, str, str, str]


# Unique id of a mart -> the roles that read it; None where nobody looked.
Readers = Mapping[str, Iterable[str]] | None


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


def write_contracts(root: Path, manifest: Manifest, today: date, readers: Readers = None) -> list[str]:
    """Writes the files of a checkout again, with what marts promise now and what they promised before.

    Args:
        today: what had to last until a day before may go.
        readers: who reads each mart; None: as the files say.

    Returns:
        The files that changed, below the checkout.

    Raises:
        PlatformError: one of them cannot be read.
    """
    former, changed = read_contracts(root), []
    now = _now(manifest, former, readers)
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


def _now(manifest: Manifest, former: Mapping[str, Contracts], readers: Readers) -> dict[str, Contracts]:
    """What marts promise; who reads them is as it was said where nobody looked."""
    now: dict[str, Contracts] = {}
    for domain, found in promised(manifest, readers).items():
        kept: dict[str, Contract] = {}
        for name, contract in found.items():
            old = former.get(domain, {}).get(name)
            told = old.readers if old and readers is None else contract.readers
            kept[name] = contract.model_copy(update={"readers": told, "revision": old.revision if old else 0})
        now[domain] = kept
    return now


class _Dumper(yaml.SafeDumper):
    """Lists, and the small mapping of a refresh, on one line."""


class _Short(dict[str, Any]):
    """A mapping on one line."""


_Dumper.add_representer(
    list, lambda dumper, said: dumper.represent_sequence("tag:yaml.org,2002:seq", said, True)
)
_Dumper.add_representer(
    _Short, lambda dumper, said: dumper.represent_mapping("tag:yaml.org,2002:map", said, True)
)


def _text(contracts: Contracts) -> str:
    """Tables in alphabetical order; columns in that of the view, where new ones come last."""
    return "".join(
        "\n" + yaml.dump({name: _said(one)}, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
        for name, one in sorted(contracts.items())
    )


def _said(contract: Contract) -> dict[str, Any]:
    said = contract.model_dump(by_alias=True, exclude_defaults=True)
    if "cles" in said:
        said["cles"] = [[*key] for key in said["cles"]]
    if "lecteurs" in said:
        said["lecteurs"] = [*said["lecteurs"]]
    if "valeurs" in said:
        said["valeurs"] = {name: [*values] for name, values in said["valeurs"].items()}
    if "rafraichissement" in said:
        said["rafraichissement"] = _Short(said["rafraichissement"])
    return said


def _kept(former: Contracts, now: Contracts, today: date) -> dict[str, Contract]:
    """What is promised from now on: what is offered, and what was promised and still holds.

    Where a promise is broken, nothing is added: it is to be mended first, perhaps without what is new there.
    """
    found = {name: contract for name, contract in former.items() if name not in now and contract.holds(today)}
    withdrawn = list(found)
    for name, new in now.items():
        old = former.get(name)
        if old is None and born_of(name, withdrawn):
            continue
        if old and losses(old, new, today):
            found[name] = old
            continue
        # In the order of the view, where new columns come last.
        order = dict.fromkeys([*(one for one in (old or new).columns if one in new.columns), *new.columns])
        kept = new.model_copy(update={"columns": {one: new.columns[one] for one in order}})
        moved = old is not None and not kept.same_promise(old)
        found[name] = kept.model_copy(update={"revision": kept.revision + 1}) if moved else kept
    return found


def breaches(root: Path, manifest: Manifest, today: date, readers: Readers = None) -> Iterator[Breach]:
    """What the marts take from their readers, and what the files do not know yet.

    Args:
        today: what had to last until a day before may go.
        readers: who reads each mart; None: as the files say.

    Raises:
        PlatformError: a file of contracts or of a consumer cannot be read.
    """
    former, consumers = read_contracts(root), read_consumers(root)
    now = _now(manifest, former, readers)
    known: dict[str, Contracts] = {}
    yield from broken(former, manifest, today, readers, consumers)
    for domain in sorted({*former, *now}):
        old, new = former.get(domain, {}), now.get(domain, {})
        file = (FOLDER / f"{domain}.yml").as_posix()
        kept = _kept(old, new, today)
        known[domain] = {**new, **kept}
        if late := sorted(name for name in {*old, *kept} if kept.get(name) != old.get(name)):
            yield (
                file,
                UNWRITTEN,
                f"Ce qui y est promis ne suit pas encore {some(late, SHOWN)}.",
                "make fix l'ajoute, ou en retire ce qui a fini.",
            )
    yield from unknown_readings(consumers, known)
    yield from incomplete_publications(consumers, manifest, ours().open_data)


def broken(
    former: Mapping[str, Contracts],
    manifest: Manifest,
    today: date,
    readers: Readers = None,
    consumers: Mapping[str, Consumer] | None = None,
) -> Iterator[Breach]:
    """What the marts take from their readers.

    Args:
        former: what was promised to them, by domain.
        today: what had to last until a day before may go.
        readers: who reads each mart; None: as it was promised.
        consumers: those declared, by their file.
    """
    now, audience = _now(manifest, former, readers), Audience(manifest, consumers or {})
    nodes = {(mart.domain, mart.name): mart for mart in marts(manifest)}
    for domain, old in sorted(former.items()):
        new = now.get(domain, {})
        for name, contract in old.items():
            if name in new:
                if lost := losses(contract, new[name], today):
                    yield _changes(nodes[domain, name], contract, new[name], lost, manifest, audience, today)
            elif contract.holds(today):
                end = f" jusqu'au {contract.until:%d/%m/%Y}" if contract.until else ""
                yield (
                    (FOLDER / f"{domain}.yml").as_posix(),
                    BROKEN,
                    f"{domain}.{name} n'est plus offert, et il est promis à ses lecteurs{end}."
                    + _whom_to_tell(audience.of(f"{domain}.{name}")),
                    _how_to_leave(domain, name, contract, manifest, today),
                )


def _whom_to_tell(people: list[str]) -> str:
    return f" Ceux qui lisent ce qui change, à prévenir : {' ; '.join(people)}." if people else ""


def _changes(
    mart: Node,
    old: Contract,
    new: Contract,
    lost: list[Loss],
    manifest: Manifest,
    audience: Audience,
    today: date,
) -> Breach:
    label = f"{mart.domain}.{mart.name}"
    said = " ; ".join(one.said for one in lost)
    columns = {name for one in lost for name in one.columns} if all(one.columns for one in lost) else ()
    terms = [one.term for one in lost if one.term]
    advice = []
    if any(one.can_be_versioned and not one.term for one in lost):
        advice.append(_how_to_change(mart, old, new, lost, manifest, today))
    if any(not one.can_be_versioned for one in lost):
        advice.append(f"Rendez sa date dans {mart.described_in} : elle se recule, et ne s'avance pas.")
    if terms:
        advice.append(_how_to_say(mart, old, terms))
    advice.append(_unborn(mart.domain, mart.name))
    return (
        mart.described_in,
        BROKEN,
        f"{label} ne tient plus ce qu'il promet à ses lecteurs : {said}."
        + _whom_to_tell(audience.of(label, columns)),
        "\n      ".join(advice),
    )


def _how_to_say(mart: Node, old: Contract, terms: list[str]) -> str:
    """What to write when a version would keep nothing: who decides it says so, and readers are told."""
    lines = [*terms, f"revision: {old.revision + 1}"]
    return "\n".join(
        [
            "Rendez ce qui était promis. Ou, si c'est décidé (une version n'y changerait rien) : "
            f"prévenez-les, et écrivez à la main dans {(FOLDER / f'{mart.domain}.yml').as_posix()}, sous "
            f"{mart.name} :",
            *(f"          {line}" for line in lines),
        ]
    )


def _how_to_change(
    mart: Node, old: Contract, new: Contract, lost: list[Loss], manifest: Manifest, today: date
) -> str:
    """What to write for a mart to change: a version, beside what readers read."""
    back = f"Rendez {mart.file}, ses colonnes et leurs contrôles comme ils étaient"
    if not mart.is_latest:
        return f"{back} : une version qui va finir ne change plus."
    name, end = mart.declared, today + timedelta(days=NOTICE)
    taken = [one.version for one in marts(manifest) if one.declared == name and one.version]
    number = 1 + max([int(one) for one in taken if one.isdigit()], default=1)
    replaced = dict.fromkeys(column for one in lost for column in one.replaced)
    types = {one: kind for one, kind in new.types.items() if one not in old.columns or one in replaced}
    columns = [f"{{include: all, exclude: [{', '.join(replaced)}]}}" if replaced else "{include: all}"]
    columns += [f'{{name: {one}, data_type: "{kind}", description: "…"}}' for one, kind in types.items()]
    first = [f"  - {{v: 1, defined_in: {name}, deprecation_date: {end}, config: {{alias: {mart.name}}}}}"]
    if taken:
        first = [f"  - v: {mart.version}, avec deprecation_date: {end} en plus"]
    tested = any(one.columns and not one.replaced and one.can_be_versioned for one in lost)
    lines = [
        f"latest_version: {number}",
        "versions:",
        *first,
        f"  - v: {number}",
        *(["    data_tests: […, avec la nouvelle clé]"] if tested else []),
        "    columns:",
        *(f"      - {one}" for one in columns),
    ]
    return "\n".join(
        [
            f"{back} ; écrivez le nouveau SQL à côté, dans {name}_v{number}.sql, et dans "
            f"{mart.described_in}, sous {name} :",
            *(f"          {line}" for line in lines),
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
