"""Elementary's page, from Elementary's own tables: one file that opens anywhere and calls nobody.

    python -m donnees_au_centre.anomalies.page <profiles> <work> <target> <page>

Elementary's own command asks the internet whether a newer version exists as soon as it is imported, and
counts its users; its Python classes do neither. The version is pinned in requirements.in.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from donnees_au_centre.administration import ours

# Days of runs that the page shows.
DAYS = 30
# The page is one file, scripts and styles included: a browser need not fetch anything, and now may not.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; worker-src blob:"
)


def offline(html: str) -> str:
    """Makes a page of Elementary's that makes no request: no font, icon or measure of use from elsewhere."""
    without_links = re.sub(r"<link\b[^>]*>\s*", "", html)
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    # Before Elementary's data, which it writes in front of the whole document.
    return f"{policy}{without_links}"


def write_page(profiles: Path, work: Path, target: str, page: Path) -> bool:
    """Writes the page; never a row of the data (`disable_samples`).

    Args:
        profiles: folder of the profile `elementary`.
        work: folder for what Elementary writes beside the page.
        target: dbt target.
        page: the file to write.

    Returns:
        False when Elementary could not read its tables.
    """
    from elementary.config.config import Config
    from elementary.monitor.data_monitoring.report.data_monitoring_report import DataMonitoringReport
    from elementary.utils.log import set_root_logger_handlers

    work.mkdir(parents=True, exist_ok=True)
    set_root_logger_handlers("elementary", str(work / "edr.log"), quiet_logs=True)
    config = Config(
        config_dir=str(work),
        profiles_dir=str(profiles),
        profile_target=target,
        target_path=str(work),
        env=target,
        run_dbt_deps_if_needed=False,
        quiet_logs=True,
    )
    draft = work / "page.html"
    # Elementary does without, though its signature does not say so.
    nothing: Any = None
    report = DataMonitoringReport(config, tracking=nothing, disable_samples=True)
    done, _ = report.generate_report(
        days_back=DAYS,
        file_path=str(draft),
        should_open_browser=False,
        exclude_elementary_models=True,
        project_name=ours().platform.name,
    )
    if done:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(offline(draft.read_text(encoding="utf-8")), encoding="utf-8")
    for left in (draft, work / "elementary_output.json"):
        left.unlink(missing_ok=True)
    return bool(done)


if __name__ == "__main__":
    profiles, work, target, page = sys.argv[1:]
    sys.exit(0 if write_page(Path(profiles), Path(work), target, Path(page)) else 1)
