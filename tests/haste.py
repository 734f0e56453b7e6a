"""dbt in less time, for campaigns: it does the same to a database, and nothing twice."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
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
    from dbt_common.clients.jinja import MacroFuzzEnvironment
    from dbt_common.events.base_types import BaseEvent, DebugLevel, InfoLevel
    from dbt_common.events.event_manager import EventManager

    made, fired = BaseEvent.__init__, EventManager.fire_event
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

    def compile_once(self: Any, source: Any, *given: Any, **more: Any) -> Any:
        key = (type(self), frozenset(self.extensions), source, given, tuple(more.items()))
        if key not in codes:
            codes[key] = compiled(self, source, *given, **more)
        return codes[key]

    collected = gc.get_threshold()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseEvent, "__init__", make)
        patch.setattr(EventManager, "fire_event", fire)
        patch.setattr(MacroFuzzEnvironment, "compile", compile_once)
        # The words of a language, read anew for each result of a query.
        patch.setattr(parsedatetime, "Constants", cache(parsedatetime.Constants))
        gc.set_threshold(OBJECTS, 20, 20)
        try:
            yield
        finally:
            gc.set_threshold(*collected)
