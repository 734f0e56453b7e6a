"""The SQL that a person would write on PostgreSQL, for each call: `compiled.yml`."""

from __future__ import annotations

from pathlib import Path

import yaml

FILE = Path(__file__).with_name("compiled.yml")


def read_hand_written() -> dict[str, str]:
    """Call -> SQL."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8")) or {}
