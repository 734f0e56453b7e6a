"""The checker: refuses what documented VQL does not have, and says in French how to write it portably.

`check` never raises on a text; `fix` writes the portable form where it surely means the same on PostgreSQL.
Source: Denodo 7.0 manual, VQL guide; no server was asked.
"""

from denodo.checking.checker import check, fix
from denodo.checking.finding import Finding, Rule
from denodo.checking.rules import RULES

__all__ = ["RULES", "Finding", "Rule", "check", "fix"]
