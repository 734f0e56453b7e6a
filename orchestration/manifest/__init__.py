"""dbt's manifest: reading it, falling back on the last good one, and the rules it must follow."""

from orchestration.manifest.checks import Violation, check_manifest
from orchestration.manifest.reader import ParseResult, parse, read_manifest

__all__ = ["ParseResult", "Violation", "check_manifest", "parse", "read_manifest"]
