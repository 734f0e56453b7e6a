"""The grammar: one reader of VQL, which also reads what only PostgreSQL has, so that it can be named.

Source: Denodo 7.0 manual, VQL guide.
"""

from denodo.grammar.statements import deep_calls, parse, read

__all__ = ["deep_calls", "parse", "read"]
