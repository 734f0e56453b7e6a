"""From files as received to raw tables: nothing lost, nothing changed."""

from donnees_au_centre.landing.declaration import SourceTable, Variant, gives_rows, read_declarations
from donnees_au_centre.landing.loader import load_landing
from donnees_au_centre.landing.report import FileReport, LoadReport, TableReport

__all__ = [
    "FileReport",
    "LoadReport",
    "SourceTable",
    "TableReport",
    "Variant",
    "gives_rows",
    "load_landing",
    "read_declarations",
]
