"""Column-level lineage over the compiled SQL, and the personal data that lose their tag along it."""

from orchestration.lineage.graph import ColumnId, Fault, Flow, Lineage, Origin, Relation
from orchestration.lineage.leaks import Leak, leaks
from orchestration.lineage.trace import trace

__all__ = ["ColumnId", "Fault", "Flow", "Leak", "Lineage", "Origin", "Relation", "leaks", "trace"]
