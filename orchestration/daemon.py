"""`python -m orchestration.daemon`: schedules, sensors and the queue, without the interface."""

from __future__ import annotations

import signal
import tempfile
from pathlib import Path

from dagster._daemon.cli import run_command

from orchestration import start_checks
from orchestration.nursery import locations


def main() -> None:
    """Works until it is asked to stop, for locations of its own or for those that EMPLACEMENTS names."""
    start_checks.require()
    # As Ctrl-C: what was started is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="dagster-") as folder, locations(Path(folder)) as workspace:
        run_command.main(["--log-level", "warning", "-w", str(workspace)], standalone_mode=False)


if __name__ == "__main__":
    main()
