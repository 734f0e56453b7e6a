"""The server's settings and port, chosen for the machine it runs on."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

import psutil

HOST = "127.0.0.1"
# Ports tried from the preferred one on: easy to recognise in a saved connection.
NEARBY_PORTS = 40
MEGABYTE = 1024 * 1024


def is_free(port: int) -> bool:
    """Tells whether a program could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def choose_port(preferred: int) -> int:
    """Returns the preferred port when it is free, else one near it, else any free one; 0 means any."""
    if preferred:
        for port in range(preferred, min(preferred + NEARBY_PORTS, 65536)):
            if is_free(port):
                return port
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def usable_cores() -> int:
    """Counts the cores that this process may use, at least one."""
    with contextlib.suppress(AttributeError):  # macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def server_settings(durable: bool) -> dict[str, str]:
    """Gives the settings of a server for one analyst, sized by the cores and by the memory that is free.

    docs/exploitant/installation.md, « Réglages de PostgreSQL », says what each is worth, here and elsewhere.

    Args:
        durable: False for a throw-away server, which may lose its data in a crash.
    """
    memory = psutil.virtual_memory().available // MEGABYTE
    with contextlib.suppress(OSError, ValueError):  # a container's limit; "max" when it has none
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()) // MEGABYTE)
    shared = max(128, min(512, memory // 8))
    cores = usable_cores()
    settings = {
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{shared * 4}MB",
        "maintenance_work_mem": f"{shared // 2}MB",
        "work_mem": f"{max(16, min(256, memory // 64))}MB",
        # Each query may have all the cores; all of them together have no more workers than cores.
        "max_parallel_workers_per_gather": str(cores if cores > 1 else 0),
        "max_parallel_workers": str(cores),
        "max_worker_processes": str(max(8, cores)),
        # Tables are filled once and replaced: vacuuming what was only inserted costs as much as filling it.
        "autovacuum_vacuum_insert_threshold": "-1",
        # /dev/shm holds 64 MB in many containers, where a parallel hash join would fail.
        "dynamic_shared_memory_type": "mmap",
        "max_wal_size": "4GB",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "wal_compression": "on",
        # An old file of the log, kept to be written over, would keep the bytes of an erased person.
        "wal_recycle": "off",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # The messages of failed statements quote rows: they go to the client, not to a file.
        "log_min_messages": "log",
        # Nor does the end of a session (FATAL) or of a process quote the statement that it was at.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_checkpoints": "off",
    }
    # Durable means that what was committed survives a kill -9: measured at 0.3 ms a commit.
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        settings[name] = "on" if durable else "off"
    return settings
