"""Documented VQL, the SQL of Denodo: read, checked, and run on PostgreSQL with the documented meaning.

No Denodo server takes part: what is held here is the documentation (documented VQL).
"""

from __future__ import annotations

from denodo.checking import Finding, check, fix
from denodo.dialect import Denodo
from denodo.lexer import VqlSyntaxError
from denodo.postgresql import NotTranslatable, to_postgresql

__all__ = ["Denodo", "Finding", "NotTranslatable", "VqlSyntaxError", "check", "fix", "to_postgresql"]
