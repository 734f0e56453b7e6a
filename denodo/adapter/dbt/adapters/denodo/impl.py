"""The adapter: dbt's own defaults, and no question to any server."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dbt.adapters.base import ConstraintSupport
from dbt.adapters.denodo.connections import DenodoConnectionManager
from dbt.adapters.denodo.relation import DenodoRelation
from dbt.adapters.sql import SQLAdapter
from dbt_common.contracts.constraints import ConstraintType

# A view declares its primary key (PRIMARY KEY in CREATE VIEW); Denodo enforces nothing.
_CONSTRAINTS = {
    ConstraintType.check: ConstraintSupport.NOT_SUPPORTED,
    ConstraintType.not_null: ConstraintSupport.NOT_SUPPORTED,
    ConstraintType.unique: ConstraintSupport.NOT_SUPPORTED,
    ConstraintType.primary_key: ConstraintSupport.NOT_ENFORCED,
    ConstraintType.foreign_key: ConstraintSupport.NOT_SUPPORTED,
}


class DenodoAdapter(SQLAdapter):
    """Compiles dbt projects to VQL. Whatever needs a server is refused by the connections.

    Macros are dispatched to `denodo__…`, then `default__…`.
    """

    ConnectionManager = DenodoConnectionManager
    Relation = DenodoRelation

    CONSTRAINT_SUPPORT = _CONSTRAINTS

    @classmethod
    def date_function(cls) -> str:
        """The present moment in VQL. source: Denodo 7.0 manual, date_processing_functions."""
        return "now()"

    @classmethod
    def is_cancelable(cls) -> bool:
        """Nothing runs, nothing is cancelled."""
        return False

    def set_relations_cache(
        self, relation_configs: Iterable[Any], clear: bool = False, required_schemas: Any = None
    ) -> None:
        """Leaves the cache empty: `dbt compile` fills it before anything else, and would ask a server."""
