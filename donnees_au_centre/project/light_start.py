"""dbt, started with less: a quarter of what its import and its first command cost serves no command.

None of it changes what dbt does.
"""

from __future__ import annotations

import builtins
from functools import cache, lru_cache
from multiprocessing import get_context
from types import CodeType
from typing import Any

from donnees_au_centre.patching import patch


@cache
def start_lightly() -> None:
    """To call before the first import of dbt, in this process."""
    from mashumaro.config import BaseConfig
    from mashumaro.core.meta import helpers
    from mashumaro.core.meta.code import builder

    # Every class writes its readers and writers when first used, as most of dbt's own do.
    # Source: mashumaro's README, `lazy_compilation`.
    BaseConfig.lazy_compilation = True
    # What stands for them until then is the same text for hundreds of classes.
    patch(builder, exec=_execute)
    # Asked four times of each class, and of all that it stands upon.
    patch(helpers, is_dataclass_dict_mixin=cache(helpers.is_dataclass_dict_mixin))
    patch(builder, resolve_type_params=cache(builder.resolve_type_params))

    from mashumaro.jsonschema import schema

    # A class made and compiled for each default of a field; who validates looks at none.
    patch(schema, _default=lambda _type, _value, _config: None)

    from dbt import mp_context

    # Its locks are for threads: "spawn" would start a process that watches them.
    patch(mp_context, _MP_CONTEXT=get_context("fork"))

    from dbt.plugins import PluginManager

    # Every installed module is looked at, by each command.
    patch(PluginManager, get_prefixed_modules=cache(PluginManager.get_prefixed_modules))


def _execute(source: str, names: dict[str, Any], found: Any) -> None:
    """`exec`, which compiles a text once."""
    builtins.exec(_compiled(source), names, found)


# Fifty texts come again and again while dbt is imported.
@lru_cache(maxsize=64)
def _compiled(source: str) -> CodeType:
    return compile(source, "<string>", "exec")
