"""`python -m orchestration.building <dbt command>`: dbt itself, as the platform runs it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from orchestration.building import PARENT, prepare


def watch_parent(pid: int) -> None:
    """Interrupts this process when the one that started it is gone.

    Args:
        pid: of the process that started this one.
    """
    while os.getppid() == pid:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGINT)


def main() -> None:
    """Runs dbt's own command line."""
    from dbt.cli.main import cli

    prepare()
    if parent := os.environ.pop(PARENT, ""):
        threading.Thread(target=watch_parent, args=(int(parent),), daemon=True).start()
    sys.argv[0] = "dbt"
    cli()


if __name__ == "__main__":
    main()
