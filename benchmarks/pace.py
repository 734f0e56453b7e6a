"""How fast this machine is at the moment: limits in seconds are meant for an ordinary one."""

from __future__ import annotations

import time

# What an ordinary core of today takes for the loop below, with CPython 3.11.
ORDINARY = 0.05
TURNS = 1_000_000


def slowness() -> float:
    """How many times slower than an ordinary core this one is now; 1 when it is as fast, or faster."""
    best = min(_loop() for _ in range(3))
    return max(1.0, best / ORDINARY)


def _loop() -> float:
    begun = time.process_time()
    total = 0
    for turn in range(TURNS):
        total += turn
    return time.process_time() - begun
