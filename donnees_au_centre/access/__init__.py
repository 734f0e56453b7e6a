"""Access as reviewed files: policies/access/*.yml, and the PostgreSQL rights that follow from them."""

from donnees_au_centre.access.declaration import Declaration, declare
from donnees_au_centre.access.files import Entry, read_entries
from donnees_au_centre.access.plan import Change, apply_access, plan_access

__all__ = ["Change", "Declaration", "Entry", "apply_access", "declare", "plan_access", "read_entries"]
