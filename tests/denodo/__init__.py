"""The bench of documented VQL: trees written back, and run on PostgreSQL with the meaning of the manual."""

from __future__ import annotations

from tests.denodo.dialect import Denodo
from tests.denodo.postgresql import NotTranslatable, to_postgresql

__all__ = ["Denodo", "NotTranslatable", "to_postgresql"]
