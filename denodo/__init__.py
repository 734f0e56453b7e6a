"""Documented VQL, the SQL of Denodo: read and checked.

No Denodo server takes part: what is held here is the documentation (documented VQL).
"""

from __future__ import annotations

from denodo.checking import Finding, check, fix
from denodo.lexer import VqlSyntaxError

__all__ = ["Finding", "VqlSyntaxError", "check", "fix"]
