"""dbt in less time, for campaigns: it does the same to a database, and nothing twice."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import repeat
from types import CodeType
from typing import Any

import pytest

from donnees_au_centre.building.dbt_run import FINISHED, SPOKEN

# Objects made between two looks of the collector: a manifest is many of them, and none is in a circle.
OBJECTS = 200_000


@contextmanager
def haste() -> Iterator[None]:
    """Has dbt, in this process, make no event that nobody hears, and compile no template a second time.

    What it reads, renders and sends is untouched, and nothing that depends on a project is kept from one
    reading to the next.
    """
    import parsedatetime  # type: ignore[import-untyped]
    from dbt.context.configured import ConfiguredContext
    from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
    from dbt.context.manifest import ManifestContext
    from dbt.plugins.manager import PluginManager
    from dbt_common.clients.jinja import MacroFuzzEnvironment
    from dbt_common.events.base_types import BaseEvent, DebugLevel, InfoLevel
    from dbt_common.events.event_manager import EventManager

    made, fired, shown = BaseEvent.__init__, EventManager.fire_event, ManifestContext.to_dict
    compiled = MacroFuzzEnvironment.compile
    heard = {FINISHED, *SPOKEN}
    # By all that the code of a template depends on.
    codes: dict[tuple[Any, ...], CodeType] = {}

    def is_heard(event: Any) -> bool:
        return not isinstance(event, (DebugLevel, InfoLevel)) or type(event).__name__ in heard

    def make(self: Any, *given: Any, **more: Any) -> None:
        if is_heard(self):
            made(self, *given, **more)

    def fire(self: Any, e: Any, *given: Any, **more: Any) -> None:
        if is_heard(e):
            fired(self, e, *given, **more)

    def to_dict(self: Any) -> Any:
        if not isinstance(self.namespace, MacroNamespace):
            return shown(self)
        found = ConfiguredContext.to_dict(self)
        for part in reversed([*self.namespace._search_order()]):
            found.update(part)
        return found

    def compile_once(self: Any, source: Any, *given: Any, **more: Any) -> Any:
        key = (type(self), frozenset(self.extensions), source, given, tuple(more.items()))
        if key not in codes:
            codes[key] = compiled(self, source, *given, **more)
        return codes[key]

    collected = gc.get_threshold()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseEvent, "__init__", make)
        patch.setattr(EventManager, "fire_event", fire)
        patch.setattr(ManifestContext, "to_dict", to_dict)
        patch.setattr(MacroNamespaceBuilder, "build_namespace", _namespace_builder())
        patch.setattr(MacroFuzzEnvironment, "compile", compile_once)
        # The words of a language, read anew for each result of a query.
        patch.setattr(parsedatetime, "Constants", cache(parsedatetime.Constants))
        patch.setattr(PluginManager, "get_prefixed_modules", cache(PluginManager.get_prefixed_modules))
        gc.set_threshold(OBJECTS, 20, 20)
        try:
            yield
        finally:
            gc.set_threshold(*collected)


def _namespace_builder() -> Any:
    """What builds dbt's own namespace of macros, whose 800 objects are made without a call each."""
    from dbt.clients.jinja import MacroGenerator
    from dbt.context.macros import MacroNamespace

    class Generator(tuple, MacroGenerator):
        """A macro, and what all those of its namespace share: context, node, stack."""

        macro = property(lambda self: self[0])
        context = property(lambda self: self[1][0])
        node = property(lambda self: self[1][1])
        stack = property(lambda self: self[1][2])

    def build_namespace(self: Any, macros_by_package: Any, ctx: Any) -> MacroNamespace:
        shared = repeat((ctx, self.node, self.thread_ctx))
        internal: dict[str, dict[str, Any]] = {}
        for package, macros in macros_by_package.items():
            both = zip(macros.values(), shared, strict=False)
            made = dict(zip(macros, map(tuple.__new__, repeat(Generator), both), strict=True))
            if package in self.internal_package_names:
                internal[package] = made
                continue
            self.packages[package] = made
            if package == self.search_package:
                self.locals = made
            elif package == self.root_package:
                self.globals = made
        ours: dict[str, Any] = {}
        for package in reversed(self.internal_package_names_order):
            ours.update(internal.get(package, {}))
        return MacroNamespace(
            global_namespace=self.globals,
            local_namespace=self.locals,
            global_project_namespace=ours,
            packages=self.packages,
        )

    return build_namespace
