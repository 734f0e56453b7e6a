"""Column-level lineage over the compiled SQL, and the personal data that lose their tag along it."""

from donnees_au_centre.project.lineage.graph import ColumnId, Fault, Flow, Lineage, Origin, Relation
from donnees_au_centre.project.lineage.leaks import Leak, leaks
from donnees_au_centre.project.lineage.trace import trace

__all__ = ["ColumnId", "Fault", "Flow", "Leak", "Lineage", "Origin", "Relation", "leaks", "trace"]
