"""Legal holds, policies/gdpr/gels.yml: what no purge and no erasure may touch for a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.datasets import Dataset
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.reading import read_listed

FILE = Path("policies") / "gdpr" / "gels.yml"
KEYS = ("jeu_de_donnees", "personne", "motif", "approbateur", "jusqu_a")
FINGERPRINT = re.compile(r"[0-9a-f]{64}")
ADVICE = f"Corrigez {FILE} (docs/gestionnaire/droits-des-personnes.md) : un gel mal écrit arrête toute purge."


@dataclass(frozen=True)
class Hold:
    """One hold.

    Attributes:
        dataset: `<ag>.<name of the data set>`; None for a person.
        person: (administration, fingerprint); None for a data set.
        reason, approver: in French.
        until: last day, included.
    """

    dataset: str | None
    person: tuple[str, str] | None
    reason: str
    approver: str
    until: date


def read_holds(root: Path, datasets: Iterable[Dataset]) -> list[Hold]:
    """Reads the holds of a checkout; none when there is no file.

    Args:
        root: the checkout.
        datasets: those of the project.

    Raises:
        PlatformError: something in it cannot be followed; all faults are named.
    """
    entries = read_listed(root, FILE, "gels", ADVICE)
    known = {f"{dataset.domain}.{dataset.name}" for dataset in datasets}
    domains = {name.partition(".")[0] for name in known}
    found, faults = [], []
    for number, entry in enumerate(entries, start=1):
        problem = _fault(entry, known, domains)
        if problem:
            faults.append(f"{FILE}, gel {number} : {problem}")
        else:
            found.append(_hold(entry))
    if faults:
        raise PlatformError("\n".join(faults), ADVICE)
    return found


def held_datasets(
    holds: Sequence[Hold], manifest: Manifest, datasets: Iterable[Dataset], today: date
) -> dict[str, Hold]:
    """Unique id -> the hold on it; what a held mart is made from is held too, or a rebuild would empty it."""
    by_name = {f"{dataset.domain}.{dataset.name}": dataset.unique_id for dataset in datasets}
    found: dict[str, Hold] = {}
    for hold in holds:
        if hold.dataset is None or hold.until < today:
            continue
        left = [by_name[hold.dataset]]
        while left:
            unique_id = left.pop()
            if unique_id not in found:
                found[unique_id] = hold
                node = manifest.nodes.get(unique_id)
                left.extend(node.reads if node else ())
    return found


def held_people(holds: Sequence[Hold], today: date) -> dict[str, dict[str, Hold]]:
    """Administration -> fingerprint -> hold, of the people whose rows must stay."""
    found: dict[str, dict[str, Hold]] = {}
    for hold in holds:
        if hold.person is not None and hold.until >= today:
            found.setdefault(hold.person[0], {})[hold.person[1]] = hold
    return found


def _fault(entry: Any, known: set[str], domains: set[str]) -> str | None:
    if not isinstance(entry, Mapping):
        return "des clés et des valeurs sont attendues."
    if unknown := set(entry) - set(KEYS):
        return f"clé inconnue {', '.join(sorted(map(str, unknown)))} ; les clés sont {', '.join(KEYS)}."
    if ("jeu_de_donnees" in entry) == ("personne" in entry):
        return "il gèle un jeu_de_donnees ou une personne, l'un des deux."
    for key in ("motif", "approbateur"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            return f"il manque {key}."
    if not isinstance(entry.get("jusqu_a"), date):
        return "jusqu_a attend une date, comme 2027-06-30."
    if "jeu_de_donnees" in entry:
        if entry["jeu_de_donnees"] not in known:
            name = entry["jeu_de_donnees"]
            return f"le jeu {name} n'existe pas ; écrivez <ag>.<source>.<table> ou <ag>.<mart>."
        return None
    person = entry["personne"]
    if not isinstance(person, Mapping) or set(person) != {"ag", "empreinte"} or person["ag"] not in domains:
        return "personne attend {ag: …, empreinte: …}."
    if not FINGERPRINT.fullmatch(str(person["empreinte"])):
        return "empreinte attend 64 chiffres hexadécimaux, que donne make person-access ; jamais un nom."
    return None


def _hold(entry: Mapping[str, Any]) -> Hold:
    person = entry.get("personne")
    return Hold(
        dataset=entry.get("jeu_de_donnees"),
        person=(person["ag"], str(person["empreinte"])) if person else None,
        reason=entry["motif"].strip(),
        approver=entry["approbateur"].strip(),
        until=entry["jusqu_a"],
    )
