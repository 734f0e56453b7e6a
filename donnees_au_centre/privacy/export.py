"""The answer to a request of access (GDPR, Article 15): JSON for machines, a page for the person."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from donnees_au_centre.privacy.pages import render
from donnees_au_centre.privacy.register import retention_in_french
from donnees_au_centre.privacy.requests import Dossier, Place
from donnees_au_centre.privacy.traces import BEYOND, Trace
from donnees_au_centre.project.datasets import Dataset

KINDS = {
    "brut": "Tel que reçu",
    "construit": "Construit par la plateforme",
    "rejet": "Lignes illisibles",
    "test": "Contrôles en échec",
    "autre": "Autres endroits",
}

OF_THE_PLATFORM = {
    "source_fichier": "Fichier reçu, ou système lu.",
    "source_ligne": "Ligne du fichier, ou rang dans ce que le système a donné.",
    "chargement_id": "Numéro du chargement.",
    "charge_le": "Jour et heure du chargement.",
    "source_recu_le": "Jour et heure où le fichier est arrivé avec ce contenu.",
}


def as_data(
    dossier: Dossier,
    datasets: Iterable[Dataset],
    files: Mapping[str, Sequence[int]],
    traces: Sequence[Trace] = (),
) -> dict[str, Any]:
    """What the JSON file and the page say.

    Args:
        dossier: the person.
        datasets: those of the project, for what the law wants told: purpose, basis, recipients, retention.
        files: file of the landing zone -> lines that hold the person; no line when it is not known.
        traces: other files that hold the person.
    """
    by_id = {dataset.unique_id: dataset for dataset in datasets}
    found = {label for place in dossier.places for label in place.sources}
    raw = {source.label: by_id.get(source.unique_id) for source in dossier.sources}
    return {
        "demande": [{"ag": one.domain, "identifiant": one.value} for one in dossier.asked],
        "traitements": [
            _processing(by_id[source.unique_id])
            for source in dossier.sources
            if source.label in found and source.unique_id in by_id
        ],
        "homonymes_possibles": dossier.homonyms,
        "tables": [
            {
                "table": place.table.label,
                "nature": KINDS[place.kind],
                "sources": list(place.sources),
                "descriptions": _descriptions(place, raw),
                "lignes": [{name: _plain(value) for name, value in row.items()} for row in place.rows],
            }
            for place in dossier.places
            if place.rows
        ],
        "systemes": [{"source": label, "systeme": system} for label, system in dossier.systems.items()],
        "fichiers": [{"fichier": name, "lignes": list(lines)} for name, lines in sorted(files.items())],
        "hors_de_la_base": [
            {"endroit": one.name, "nature": one.what, "jusqu_a": one.until} for one in traces
        ],
        "hors_de_portee": [
            {"endroit": place, "nature": what, "jusqu_a": until} for place, what, until in BEYOND
        ],
        "empreintes": dossier.fingerprints,
    }


def write_export(data: Mapping[str, Any], folder: Path) -> tuple[Path, Path]:
    """Writes dossier.json and dossier.html, readable by their owner alone.

    Args:
        data: see `as_data`.
        folder: a new one is made in it for this request.

    Returns:
        The JSON file and the page.
    """
    place = folder / datetime.now().strftime("%Y-%m-%d_%H%M%S_%f")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.chmod(folder, 0o700)
    place.mkdir(mode=0o700)
    machine, page = place / "dossier.json", place / "dossier.html"
    texts = {
        machine: json.dumps(data, ensure_ascii=False, indent=2) + "\n",
        page: render("dossier.html", dossier=data),
    }
    for file, text in texts.items():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
    return machine, page


def _descriptions(place: Place, datasets: Mapping[str, Dataset | None]) -> dict[str, str]:
    """What the columns mean: those received as their source describes them, and those of the platform."""
    found = dict(OF_THE_PLATFORM)
    dataset = datasets.get(place.sources[0]) if place.kind == "brut" else None
    for column in dataset.columns if dataset else ():
        found[column.name] = column.description
    return {name: text for name, text in found.items() if text and name in place.rows[0]}


def _processing(dataset: Dataset) -> dict[str, str]:
    return {
        "traitement": f"{dataset.domain.upper()}, {dataset.name}",
        "description": dataset.description,
        "finalite": dataset.purpose or "",
        "base_legale": dataset.legal_basis or "",
        "destinataires": dataset.recipients or "",
        "transferts": dataset.transfers or "Aucun déclaré.",
        "conservation": retention_in_french(dataset.retention),
        "source": dataset.authority or "",
        "responsable": f"{dataset.owner.function} ({dataset.owner.email})" if dataset.owner else "",
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | None | list | dict) else str(value)
