"""Processor seconds of Python and of PostgreSQL, those of what has ended too."""

from __future__ import annotations

import resource
from contextlib import suppress

import psutil

# Seconds until a server has counted the sessions that have just ended.
SETTLING = 0.5


def python_seconds() -> float:
    """Of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def server_seconds(postmaster: int) -> float:
    """Of all the processes of a server.

    Args:
        postmaster: the id of its main process, which has counted an ended session after SETTLING.
    """
    main = psutil.Process(postmaster)
    total = sum(main.cpu_times()[:4])
    for process in main.children():
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:2])
    return total
