"""dbt's manifest: reading it, falling back on the last good one, and the rules it must follow."""

from orchestration.manifest.checks import Violation, check_manifest
from orchestration.manifest.reader import ParseResult, UnreadableProjectError, parse, read_manifest

__all__ = [
    "ParseResult",
    "UnreadableProjectError",
    "Violation",
    "check_manifest",
    "parse",
    "read_manifest",
]
