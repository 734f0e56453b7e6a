"""Documented VQL, the SQL of Denodo: read, checked, and run on PostgreSQL with the documented meaning.

No Denodo server takes part: what is held here is the documentation (documented VQL).
"""

from __future__ import annotations

from denodo.dialect import Denodo
from denodo.lexer import VqlSyntaxError

__all__ = ["Denodo", "VqlSyntaxError"]
