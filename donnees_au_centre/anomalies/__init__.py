"""The whole of Elementary, beside the project (observability/), where its dbt packages can be had."""

from donnees_au_centre.anomalies.declaration import watched_marts, write_models
from donnees_au_centre.anomalies.installation import Package, ensure_packages, locked_packages
from donnees_au_centre.anomalies.watching import Finding, findings, fingerprint

__all__ = [
    "Finding",
    "Package",
    "ensure_packages",
    "findings",
    "fingerprint",
    "locked_packages",
    "watched_marts",
    "write_models",
]
