"""How fresh the data promise to be, as Dagster shows it; from the metadata, and nothing of its own.

A folder of the landing zone is fresh when a file came in time: within the promise of its tables
(`rafraichissement`), then the limit of dbt's source freshness. A mart is fresh when it was built within its
promise. A raw table has no policy: it is loaded each day, whether or not a file came.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import dagster as dg

from donnees_au_centre.landing import LoadReport
from donnees_au_centre.landing.report import LOADED
from donnees_au_centre.project.datasets import Refresh, refresh
from donnees_au_centre.project.metadata import governance_of
from donnees_au_centre.project.nodes import Manifest, Node, Source
from orchestration.translator import origin_key

# The longest of each: nobody is late on the shortest month.
_DAYS = {"jour": 1, "semaine": 7, "mois": 31, "annee": 366}
_PERIODS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
# Statuses of a file that came, also when it changed nothing.
CAME = (*LOADED, "identique")


def mart_policy(manifest: Manifest, node: Node) -> dg.FreshnessPolicy | None:
    """The policy of a mart; None without a promise."""
    promise = _promise(manifest, node)
    return dg.FreshnessPolicy.time_window(promise) if promise else None


def origin_policy(manifest: Manifest, sources: Collection[Source]) -> dg.FreshnessPolicy | None:
    """The policy of a folder of the landing zone, or of a system; None when nothing is promised.

    It warns when the promise is past and fails when dbt's limit is too; of several tables in one folder, the
    most patient counts: which of them is late is what the check `fraicheur` says.

    Args:
        manifest: where the defaults of domains are.
        sources: the tables whose files land there.
    """
    promises = [promise for source in sources if (promise := _promise(manifest, source))]
    limits = [limit for source in sources if (limit := _limit(source))]
    windows = sorted({max(spans) for spans in (promises, limits) if spans})
    if not windows:
        return None
    return dg.FreshnessPolicy.time_window(windows[-1], windows[0] if len(windows) > 1 else None)


def receipts(report: LoadReport | None) -> list[dg.AssetMaterialization]:
    """The folders in which a file came, and the systems that were read, as Dagster notes them."""
    found: dict[dg.AssetKey, int] = {}
    for table in report.tables if report else ():
        if came := sum(file.status in CAME for file in table.files):
            key = origin_key(table.domain, table.source, table.kind or None)
            found[key] = found.get(key, 0) + came
    return [dg.AssetMaterialization(key, metadata={"livraisons reçues": came}) for key, came in found.items()]


def _promise(manifest: Manifest, node: Node) -> timedelta | None:
    said: Refresh | None = refresh(governance_of(manifest, node).get("rafraichissement"))
    return timedelta(days=said.every * _DAYS[said.unit]) if said else None


def _limit(source: Source) -> timedelta | None:
    """The limit of dbt's source freshness: that of an error, else that of a warning."""
    limits = source.freshness
    for name in ("error_after", "warn_after"):
        limit = limits.get(name) or {}
        if limit.get("count") and limit.get("period") in _PERIODS:
            return int(limit["count"]) * _PERIODS[limit["period"]]
    return None
