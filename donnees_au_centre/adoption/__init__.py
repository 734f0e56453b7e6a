"""Somebody else's dbt project, held against the rules of this one; nothing of it is run."""

from donnees_au_centre.adoption.checklist import Item, Topic, checklist
from donnees_au_centre.adoption.foreign import Foreign, read_foreign

__all__ = ["Foreign", "Item", "Topic", "checklist", "read_foreign"]
