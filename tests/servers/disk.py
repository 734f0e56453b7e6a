"""A disk that is soon full: a file system in memory, of so many bytes, mounted for a test."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mounts it on a new folder; skips the test where this account may not.

    Args:
        folder: that does not exist yet.
        size: in the words of tmpfs (`2m`).
    """
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=1777", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("ce compte ne peut pas monter de disque (mount)")
    try:
        yield folder
    finally:
        # Without waiting for a process that still has a file there.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
