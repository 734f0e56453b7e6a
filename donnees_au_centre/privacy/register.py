"""The register of processing activities (GDPR, Article 30), written from the metadata of the data sets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from donnees_au_centre.administration import Contact
from donnees_au_centre.inert import csv_cell
from donnees_au_centre.privacy.pages import render
from donnees_au_centre.project.datasets import Dataset, Retention

COLUMNS = (
    "Administration", "Jeu de données", "Nature", "Description", "Finalité", "Base légale", "Propriétaire",
    "Courriel du propriétaire", "Gestionnaire", "Courriel du gestionnaire", "Personnes concernées",
    "Catégories de données", "Destinataires", "Transferts hors UE", "Conservation", "Mesures de sécurité",
    "Classification", "Source authentique", "Responsable du traitement",
    "Délégué à la protection des données",
)  # fmt: skip
CATEGORIES = {
    "identifiant_direct": "Identifiants directs",
    "identifiant_indirect": "Identifiants indirects",
    "pseudonyme": "Pseudonymes",
    "sensible": "Données sensibles (articles 9 et 10)",
    "professionnel": "Coordonnées professionnelles",
    "financier": "Données financières",
}
ENDS = {"effacement": "puis effacement", "archivage": "puis archivage"}
NO_TRANSFER = "Aucun déclaré."


def concerned(datasets: Iterable[Dataset]) -> list[Dataset]:
    """The data sets that belong in the register: those with personal data, or that name people concerned."""
    return [dataset for dataset in datasets if dataset.has_personal_data or dataset.subjects]


def missing(datasets: Iterable[Dataset]) -> list[str]:
    """What keeps the register from being complete; one French line a data set, with its file and keys."""
    lines = []
    for dataset in concerned(datasets):
        wanted = {
            "proprietaire": dataset.owner if dataset.owner_assigned else None,
            "gestionnaire": dataset.steward if dataset.steward_assigned else None,
            "finalite": dataset.purpose,
            "base_legale": dataset.legal_basis,
            "personnes_concernees": dataset.subjects,
            "destinataires": dataset.recipients,
            "conservation": dataset.retention,
            "mesures": dataset.measures,
            "classification": dataset.classification,
            "source_authentique": dataset.authority,
        }
        keys = [key for key, value in wanted.items() if not value]
        if keys:
            lines.append(f"{dataset.file} : {dataset.domain}, {dataset.name} : il manque {', '.join(keys)}.")
    return lines


def rows(datasets: Iterable[Dataset], contacts: Sequence[Contact]) -> list[tuple[str, ...]]:
    """The lines of the register, in the order of COLUMNS; "" for what is missing.

    Args:
        datasets: all those of the project.
        contacts: the controller, then the data protection officer.
    """
    answering = tuple(f"{one.name}, {one.address}, {one.email}" for one in contacts)
    return [(*_row(dataset), *answering) for dataset in concerned(datasets)]


def as_csv(lines: Sequence[Sequence[str]]) -> bytes:
    """The register as Excel in French opens it: semicolons, UTF-8 with its mark, CRLF."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(map(csv_cell, row) for row in lines)
    return text.getvalue().encode("utf-8-sig")


def write_register(
    datasets: Sequence[Dataset], contacts: Sequence[Contact], folder: Path
) -> tuple[Path, Path]:
    """Writes registre.csv and registre.html.

    Args:
        datasets: all those of the project.
        contacts: the controller, then the data protection officer.
        folder: made when missing.

    Returns:
        The CSV file and the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = rows(datasets, contacts)
    sheet, page = folder / "registre.csv", folder / "registre.html"
    sheet.write_bytes(as_csv(lines))
    # The page says once, at its head, what each line of the sheet repeats.
    activities = [dict(zip(COLUMNS[: -len(contacts)], line, strict=False)) for line in lines]
    page.write_text(
        render("register.html", activities=activities, contacts=contacts, missing=missing(datasets)),
        encoding="utf-8",
    )
    return sheet, page


def retention_in_french(retention: Retention | None) -> str:
    """A retention as a sentence; "" when there is none."""
    if retention is None:
        return ""
    if retention.months is None:
        return f"Illimitée : {retention.reason or 'sans motif'}"
    since = "la réception" if retention.since == "reception" else f"la date «\u00a0{retention.since}\u00a0»"
    return f"{retention.months} mois depuis {since}, {ENDS.get(retention.end, retention.end)}"


def _row(dataset: Dataset) -> tuple[str, ...]:
    categories: dict[str, list[str]] = {}
    for category, name in CATEGORIES.items():
        if held := [column.name for column in dataset.columns if column.personal == category]:
            categories[name] = held
    protected = [column.name for column in dataset.columns if column.protection]
    if protected:
        categories["Valeurs protégées (agrégées, masquées ou supprimées)"] = protected
    said = " ; ".join(f"{name} : {', '.join(columns)}" for name, columns in categories.items())
    owner, steward = dataset.owner, dataset.steward
    return (
        dataset.domain.upper(),
        dataset.name,
        "Source" if dataset.kind == "source" else "Mart",
        dataset.description,
        dataset.purpose or "",
        dataset.legal_basis or "",
        owner.function if owner else "",
        owner.email if owner else "",
        steward.function if steward else "",
        steward.email if steward else "",
        dataset.subjects or "",
        said,
        dataset.recipients or "",
        dataset.transfers or NO_TRANSFER,
        retention_in_french(dataset.retention),
        dataset.measures or "",
        dataset.classification or "",
        dataset.authority or "",
    )
