"""The dbt adapter `denodo`: it compiles models to Denodo's VQL and never connects.

It lies in the folder `dbt` of denodo/adapter, which the installed checkout adds to the path: dbt finds
adapters wherever a folder `dbt/adapters` is on it.
"""

from dbt.adapters.base import AdapterPlugin
from dbt.adapters.denodo.connections import DenodoConnectionManager, DenodoCredentials
from dbt.adapters.denodo.impl import DenodoAdapter
from dbt.adapters.denodo.relation import DenodoRelation
from dbt.include import denodo

__all__ = [
    "DenodoAdapter",
    "DenodoConnectionManager",
    "DenodoCredentials",
    "DenodoRelation",
    "Plugin",
]

Plugin = AdapterPlugin(
    # dbt's protocol does not fit dbt's own BaseAdapter.
    adapter=DenodoAdapter,  # type: ignore[arg-type]
    credentials=DenodoCredentials,
    include_path=denodo.PACKAGE_PATH,
)
