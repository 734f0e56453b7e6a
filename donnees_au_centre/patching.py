"""What the platform replaces in other packages, in its own process: `git grep " patch("` lists all of it.

And what it does without, where one module of a package is wanted and not all that the package imports.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from typing import Any


def patch(owner: Any, **replacements: Any) -> None:
    """Replaces functions of another package.

    Args:
        owner: the class or module that has them.
        replacements: by name; what each calls of the function it replaces is its own business. Whoever
            replaces does so once a process (functools.cache).
    """
    for name, replacement in replacements.items():
        setattr(owner, name, replacement)


@contextmanager
def alone(*packages: str) -> Iterator[None]:
    """Has modules of these packages be imported without what the packages themselves import at once.

    Whoever names a package later gets all of it, with the same modules.

    Args:
        packages: each after the one that holds it.
    """
    absent = [name for name in packages if name not in sys.modules]
    try:
        for name in absent:
            spec = find_spec(name)
            assert spec
            sys.modules[name] = module_from_spec(spec)
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)
