"""Access as reviewed files, of groups and in policies/access/, and the PostgreSQL rights that follow."""

from donnees_au_centre.access.declaration import Declaration, declare
from donnees_au_centre.access.files import Entry, read_entries
from donnees_au_centre.access.plan import Change, apply_access, plan_access

__all__ = ["Change", "Declaration", "Entry", "apply_access", "declare", "plan_access", "read_entries"]
