"""The whole of Elementary, beside the project (observability/), where its dbt packages can be had."""

from orchestration.overlay.installation import Package, ensure_packages, locked_packages
from orchestration.overlay.watching import Finding, findings, fingerprint, watched_marts

__all__ = [
    "Finding",
    "Package",
    "ensure_packages",
    "findings",
    "fingerprint",
    "locked_packages",
    "watched_marts",
]
