"""What the platform replaces in other packages, in its own process: `git grep " patch("` lists all of it."""

from __future__ import annotations

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
