"""From files as received to raw tables: nothing lost, nothing changed."""

from orchestration.landing.declaration import SourceTable, Variant, read_declarations
from orchestration.landing.loader import load_landing
from orchestration.landing.report import FileReport, LoadReport, TableReport

__all__ = [
    "FileReport",
    "LoadReport",
    "SourceTable",
    "TableReport",
    "Variant",
    "load_landing",
    "read_declarations",
]
