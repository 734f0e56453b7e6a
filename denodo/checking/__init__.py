"""The checker: refuses what documented VQL does not have, and says in French how to write it portably.

`check` never raises on a text; `fix` writes the portable form where it surely means the same on PostgreSQL.
Source: Denodo 7.0 manual, VQL guide; no server was asked.
"""

from denodo.checking.checker import check, fix
from denodo.finding import Finding
from denodo.rules import RULES, Rule

__all__ = ["RULES", "Finding", "Rule", "check", "fix"]
