"""How a relation is written in VQL: `database.view`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dbt.adapters.base import BaseRelation
from dbt.adapters.contracts.relation import ComponentName, Policy

from denodo.catalogue import is_reserved

# What VQL reads without quotes; other names lose their case or do not parse.
# source: Denodo 7.0 manual, syntax_conventions
PLAIN_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass
class TwoLevels(Policy):
    """A view belongs to a virtual database, which is dbt's schema; nothing is above."""

    database: bool = False
    schema: bool = True
    identifier: bool = True


@dataclass
class OnlyWhenNeeded(Policy):
    """No quotes by policy: `DenodoRelation` puts them where a name needs them."""

    database: bool = False
    schema: bool = False
    identifier: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class DenodoRelation(BaseRelation):
    """A view of a virtual database: dbt's schema is the virtual database, dbt's identifier the view.

    A name is quoted when it is a reserved word, or not a plain lower-case one. A subquery that dbt writes
    gets no alias, which VQL does not ask for and whose name (`_dbt_…`) it would refuse.
    """

    include_policy: Policy = field(default_factory=TwoLevels)
    quote_policy: Policy = field(default_factory=OnlyWhenNeeded)
    require_alias: bool = False

    def _render_iterator(self) -> Iterator[tuple[ComponentName | None, str | None]]:
        for key, part in super()._render_iterator():
            # dbt names the query of an ephemeral model itself, without quotes.
            if part is None or self.is_cte or (PLAIN_NAME.fullmatch(part) and not is_reserved(part)):
                yield key, part
            else:
                yield key, self.quoted(part)

    def quoted(self, identifier: str) -> str:
        """The name in double quotes, those that it holds doubled."""
        return '"' + identifier.replace('"', '""') + '"'
