"""dbt's manifest: reading it, falling back on the last good one, and the rules it must follow."""

from donnees_au_centre.project.checks import Violation, broken_rules, check_manifest
from donnees_au_centre.project.reader import ParseResult, UnreadableProjectError, parse, read_manifest

__all__ = [
    "ParseResult",
    "UnreadableProjectError",
    "Violation",
    "broken_rules",
    "check_manifest",
    "parse",
    "read_manifest",
]
