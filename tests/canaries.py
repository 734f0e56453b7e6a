"""What must never come out: the invented persons of the sample, and secrets put in an environment."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from openpyxl import load_workbook

from donnees_au_centre.landing.identifiers import to_identifier
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import ROOT

# Of personal columns: what is also in a public list (communes, scales of pay, courts: « Parquet »), or a date
# like any other.
COMMON = (
    "autorite_mandante",
    "bareme",
    "commune_du_beneficiaire",
    "code_postal_",
    "date_de_debut",
    "date_de_fin",
)
DATES = ("date_de_reception", "date_de_cloture", "date_d_entree")
SHORTEST = 5
# Mailboxes and telephone numbers, in the files that hold contacts.
CONTACT = re.compile(r"[\w.+-]+@[\w.-]+\.\w+|0\d{1,3}[ /.][\d ./]{6,}\d")
SECRETS = {
    "PGPASSWORD": "canari-mot-de-passe-7f3a",
    "CLE_PSEUDONYMES_AGAJ": "canari-cle-91bd",
    "GITLAB_TOKEN": "canari-jeton-c55e",
    "AWS_SECRET_ACCESS_KEY": "canari-nuage-04aa",
}


def personal_values(manifest: Manifest) -> set[str]:
    """The cells of the sample's personal columns, and the contacts in its files."""
    found: set[str] = set()
    for source in manifest.own_sources:
        personal = {
            name
            for name, column in source.columns.items()
            if column.is_personal and not name.startswith((*COMMON, *DATES))
        }
        pattern = re.sub(r"\{[^}]*\}", "*", str(source.external.get("location") or ""))
        for file in sorted((ROOT / "landing").glob(pattern)) if personal and pattern else ():
            found |= set(_cells(file, personal))
    return {value for value in found if len(value) >= SHORTEST}


def seed_rows() -> set[str]:
    """The rows of the reference tables, as their files write them."""
    files = (ROOT / "seeds").rglob("*.csv")
    return {line for file in files for line in file.read_text("utf-8").splitlines()[1:] if len(line) > 12}


def _cells(file: Path, columns: set[str]) -> Iterator[str]:
    if file.suffix == ".json":
        yield from (found.strip() for found in CONTACT.findall(file.read_text("utf-8")))
        return
    if file.suffix == ".xlsx":
        sheets = load_workbook(file, read_only=True).worksheets
        tables = [
            [[str(cell).removesuffix(" 00:00:00") for cell in row] for row in one.iter_rows(values_only=True)]
            for one in sheets
        ]
    else:
        raw = file.read_bytes()
        text = raw.decode("utf-8-sig") if raw.startswith(b"\xef\xbb\xbf") else raw.decode("cp1252")
        tables = [list(csv.reader(text.splitlines(), delimiter=sign)) for sign in ";,"]
    for rows in tables:
        # The header is the first row that names a personal column: titles may stand above it.
        names: list[str] = []
        for row in rows:
            if names:
                yield from (cell.strip() for name, cell in zip(names, row, strict=False) if name in columns)
            elif columns & set(heads := [to_identifier(cell, place) for place, cell in enumerate(row, 1)]):
                names = heads
