"""The freshness of sources, by dbt, noted in the history."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from donnees_au_centre.history.recording import Recording, ages_of
from donnees_au_centre.project import ParseResult
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import Settings
from orchestration.child_run import dbt_run


@dataclass
class Freshness:
    """What dbt found.

    Attributes:
        results: of sources.json, of the sources asked for.
        error: why dbt could not work; None when it could.
        notices: what went wrong with the history, in French; it fails nothing.
    """

    results: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None
    notices: list[str] = field(default_factory=list)


def watched_sources(manifest: Manifest) -> list[str]:
    """Unique ids of the source tables whose freshness has a limit."""
    return [source.unique_id for source in manifest.own_sources if source.has_freshness_limit]


def note_freshness(
    settings: Settings, name: str, parsed: ParseResult, sources: Collection[str], launcher: str
) -> Freshness:
    """Has dbt measure the freshness of some sources, and notes it in the history.

    Args:
        name: of the location, and so of its folder of results.
        sources: unique ids; those without a limit are left out.
        launcher: what started it, for the history.
    """
    watched = set(watched_sources(parsed.manifest))
    chosen = [unique_id for unique_id in sources if unique_id in watched]
    if not chosen:
        return Freshness()
    names = [f"source:{parsed.manifest.node(unique_id).label}" for unique_id in chosen]
    # It asks of no table but these.
    arguments = ["source", "freshness", "--no-populate-cache", "--select", *names]
    run = dbt_run(settings, name, parsed.project, arguments)
    recording = Recording(settings, "", parsed.manifest, "source freshness", launcher, name)
    issue: str | None = "interrompu"
    results: list[dict[str, Any]] = []
    notice = ""
    try:
        for _ in run.results():
            pass
        issue = "echec" if run.error else "reussi"
        results = [one for one in run.kept("sources.json") if one["unique_id"] in chosen]
    finally:
        for age in ages_of(results):
            recording.note_age(age)
        notice = recording.end(issue)
    return Freshness(results, run.error, [notice] if notice else [])
