"""French pages from templates; everything that comes from data is escaped."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import jinja2

from donnees_au_centre.administration import ours
from donnees_au_centre.french import local_zone
from donnees_au_centre.inert import text

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("donnees_au_centre.privacy", "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=text,
)


def render(template: str, **values: Any) -> str:
    """Renders a template of this package.

    Args:
        template: its file name.
        values: what it shows; `made` (day and hour) is added.
    """
    made = datetime.now(local_zone()).strftime("%d/%m/%Y à %H:%M")
    return _ENVIRONMENT.get_template(template).render(made=made, administration=ours(), **values)
