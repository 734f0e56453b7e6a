"""Access as reviewed files: access/*.yml, and the PostgreSQL rights that follow from them."""

from orchestration.access.declaration import Declaration, declare
from orchestration.access.files import Entry, read_entries
from orchestration.access.plan import Change, apply_access, plan_access

__all__ = ["Change", "Declaration", "Entry", "apply_access", "declare", "plan_access", "read_entries"]
