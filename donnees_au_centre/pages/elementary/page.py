"""Elementary's page in one file that asks nothing of any network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg

from donnees_au_centre.administration import ours
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import local_zone
from donnees_au_centre.pages.elementary.artifacts import Artifacts
from donnees_au_centre.pages.elementary.past import Past, points, read_past
from donnees_au_centre.pages.elementary.runner import HistoryRunner, shown_failures
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.versions import REUSED
from donnees_au_centre.refusals import describe_error

# The page and the API are Elementary's own business: another version needs a look
# (docs/exploitant/historique.md).
VERSION = "0.25.1"
# The newest run of which something was made or tested, and what the last look at the sources found.
_NEWS = """
select
    (
        select e.execution_id from historique.executions as e
        where e.commencee_le <= %(now)s and exists (
            select from historique.resultats as r
            where r.execution_id = e.execution_id and not exists (
                select from historique.messages as m
                where m.execution_id = r.execution_id and m.noeud_id = r.noeud_id
                    and m.message like %(reused)s
            )
        )
        order by e.execution_id desc limit 1
    ),
    (
        select string_agg(concat_ws(' ', f.noeud_id, f.recu_le, f.statut), ',' order by f.noeud_id)
        from historique.fraicheurs as f
        where f.execution_id = (select max(execution_id) from historique.fraicheurs)
    )
"""
# The name, in a page, of the digest of what it is about, and where that stands: among its first characters.
_ABOUT, _HEAD = "historique", 4_000
# Whatever the page's scripts would load, measure or send, the browser refuses it.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; worker-src blob:; connect-src 'none'; base-uri 'none'; "
    "form-action 'none'"
)
# The page asks its maker's service who is logged in: it is told at once that there is no answer.
_SILENCE = (
    "<script>XMLHttpRequest.prototype.send = function () "
    '{ setTimeout(() => this.dispatchEvent(new ProgressEvent("error"))); };</script>'
)
# Its font, which it would fetch, is one of the machine's instead.
_FONTS = "".join(
    f'@font-face {{ font-family: "{name}"; src: {", ".join(f"local({font!r})" for font in fonts)}; }}'
    for name, fonts in (
        ("Geist", ("Segoe UI", "Helvetica Neue", "Arial", "Liberation Sans", "DejaVu Sans")),
        ("Geist Mono", ("Consolas", "Menlo", "Liberation Mono", "DejaVu Sans Mono")),
    )
)
# What the shipped page asks for: an icon beside it, and fonts.
_LINKS = re.compile(r"<link\b[^>]*>", re.DOTALL)
# Columns of the test results shown at first: who answers, in place of words that hardly change.
_COLUMNS = {
    '{id:"testOwners",header:"Test owners",width:200,defaultUntoggled:!0,': (
        '{id:"testOwners",header:"Owners",width:135,'
    ),
    **{
        column: f"{column}defaultUntoggled:!0,"
        for column in (
            '{id:"sourceType",header:"Source",width:120,',
            '{id:"testSubType",header:"Test type",width:140,',
        )
    },
}
# How the data of Elementary's demonstration (0.8 MB, with models of theirs, used in their own tests only)
# begin, and how the variable that holds them all ends.
_DEMONSTRATION = re.compile(r'\w+="[^"]{25}",\w+=\d+,\w+=JSON\.parse\(')
_DEMONSTRATED = re.compile(r",(\w+)=\{creation_time:(\w+),[^{}]*\}")


def write_report(
    connection: psycopg.Connection, manifest: Manifest, path: Path, now: datetime, days: int = 30
) -> Path:
    """Writes Elementary's page from the history of runs, unless the one that is there says all of it already.

    Args:
        connection: to the database that holds schema `historique`; reading it is enough (role `rapport`).
        path: the file to write; its folder is made.
        now: the moment the page speaks of, with a time zone.
        days: how far back results are shown; the last outcome of a control counts however old.

    Returns:
        The same path.

    Raises:
        PlatformError: Elementary cannot make its page from what it was given.
    """
    said = _said(connection, manifest, now, days)
    if _says(path, said):
        return path
    artifacts = Artifacts(manifest)
    past = read_past(connection, artifacts.played_ids, now, days)
    data = report_data(artifacts, past, now, days)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(data, said), encoding="utf-8")
    return path


def _said(connection: psycopg.Connection, manifest: Manifest, now: datetime, days: int) -> str:
    """What a page is about, in a digest; runs that took everything as it was are no news."""
    # The programs too: who mends them wants to see it.
    programs = [path.read_text("utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]
    news = connection.execute(_NEWS, {"now": now, "reused": f"{REUSED}%"}).fetchone()
    day = now.astimezone(local_zone()).date()
    parts = [programs, version("elementary-data"), ours().platform.name, manifest.digest(), days, day, news]
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _says(path: Path, said: str) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return f'content="{said}"' in file.read(_HEAD)
    except FileNotFoundError:
        return False


def report_data(artifacts: Artifacts, past: Past, now: datetime, days: int) -> dict[str, Any]:
    """What Elementary's own API makes of the history.

    Raises:
        PlatformError: it cannot; its error names what it did not understand.
    """
    # Imported here: it takes seconds, which only this page pays.
    from elementary.monitor.api.report.report import ReportAPI

    limit = points(len(artifacts.played_ids))
    # Not one of Elementary's own runners: only `run_operation` is asked of it.
    runner: Any = HistoryRunner(artifacts, past, now)
    made, error = ReportAPI(runner).get_report_data(
        days_back=days,
        test_runs_amount=limit,
        exclude_elementary_models=True,
        project_name=ours().platform.name,
        disable_samples=True,
        skip_test_result_rows=True,
        env=f"{days} jours, au plus {limit} résultats par nœud",
        warehouse_type="postgres",
    )
    if error is not None:
        raise PlatformError(
            f"Elementary {version('elementary-data')} n'a pas pu faire sa page : {describe_error(error)}.",
            f"Ce projet est fait pour elementary-data {VERSION} : rétablissez cette version "
            "(requirements.in, make lock), ou adaptez donnees_au_centre/pages/elementary.",
        )
    data = _plain(made)
    data["creation_time"] = now.astimezone(UTC).replace(microsecond=0).isoformat()
    _complete(data, artifacts, past)
    return data


def render(data: Mapping[str, Any], said: str = "") -> str:
    """The page: Elementary's, with the data inside and without anything to fetch.

    Args:
        data: as ReportDataSchema gives them.
        said: a digest of what the page is about, kept in it; none when nobody asks for it again.
    """
    from elementary.utils.json_utils import inf_and_nan_to_str

    try:
        text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(inf_and_nan_to_str(data), separators=(",", ":"))
    encoded = base64.b64encode(text.encode("ascii")).decode("ascii")
    shipped = (files("elementary.monitor.data_monitoring.report") / "index.html").read_text("utf-8")
    head, mark, rest = shipped.partition("<script")
    head = _LINKS.sub("", head).replace(
        "<title>Elementary Data", f"<title>{escape(ours().platform.name)} – Elementary"
    )
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}" />'
    about = f'<meta name="{_ABOUT}" content="{said}" />'
    head = head.replace(
        "<head>", f'<head>\n    {policy}\n    {about}\n    <link rel="icon" href="data:," />', 1
    )
    head += f"{_SILENCE}\n    <style>{_FONTS}</style>\n    "
    script = f"<script>window.elementaryData = JSON.parse(atob('{encoded}'));</script>"
    if not mark or policy not in head:
        raise PlatformError(
            f"La page livrée avec elementary-data {version('elementary-data')} n'a plus la forme connue.",
            f"Rétablissez la version {VERSION}, ou adaptez donnees_au_centre/pages/elementary/page.py.",
        )
    for theirs, wanted in _COLUMNS.items():
        rest = rest.replace(theirs, wanted)
    return f"{head}{script}\n    {mark}{_without_demonstration(rest)}"


def _without_demonstration(page: str) -> str:
    """The page without those data; as it is when they are not where they were known to be."""
    # Found by their literal text: one expression over the whole took over a second.
    at = page.find("={creation_time:")
    end = _DEMONSTRATED.search(page, max(0, at - 20)) if at >= 0 else None
    begin = page.rfind(f'{end[2]}="', 0, at) if end else -1
    if end is None or begin < 0 or not _DEMONSTRATION.match(page, begin):
        return page
    return f"{page[:begin]}{end[1]}={{}}{page[end.end() :]}"


def _plain(made: Any) -> dict[str, Any]:
    """A ReportDataSchema as dicts and lists; its own `dict()` copies all of it again, and takes as long."""
    data = dict(made)
    data["env"] = made.env.dict()
    data["invocations"] = [one.dict() for one in made.invocations]
    data["models"] = {
        unique_id: {
            key: value.dict() if hasattr(value, "dict") else value for key, value in described.items()
        }
        for unique_id, described in made.models.items()
    }
    return data


def _complete(data: Mapping[str, Any], artifacts: Artifacts, past: Past) -> None:
    """Says what the API leaves out (who answers for a control) or guesses (rows, from a message's digits)."""
    controls = {**artifacts.tests, **artifacts.project.sources}
    owners = {unique_id: artifacts.owners(controls[unique_id]) for unique_id in past if unique_id in controls}
    for results in [*data["test_results"].values(), *data["test_runs"].values()]:
        for result in results:
            about = result["metadata"]
            about["test_owners"] = owners[about["test_unique_id"]]
            if "failed_rows_count" in result.get("test_results", {}):
                rows = shown_failures(past[about["test_unique_id"]][-1])
                result["test_results"]["failed_rows_count"] = -1 if rows is None else rows
