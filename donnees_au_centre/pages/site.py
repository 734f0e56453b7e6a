"""Templates over the common frame, the style sheet beside the pages, and no reader of half a site."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from donnees_au_centre import french
from donnees_au_centre.administration import ours
from donnees_au_centre.catalogue import labels
from donnees_au_centre.inert import text

HERE = Path(__file__).parent
STATIC = HERE / "static"
# A line never ends between these marks and what they hold.
FRENCH_SPACE = re.compile(r"(?<=«) | (?=[»:;?!])")
CODE = re.compile(r"`([^`]+)`")
# The sites that stand side by side below build/, as GitLab Pages has them: folder -> title, first page.
SITES = {
    "site": ("Documentation", "index.html"),
    "catalogue": ("Catalogue des données", "index.html"),
    "reports": ("Qualité des données", "qualite/index.html"),
    "apprendre": ("Exercices de SQL", "index.html"),
}


def environment(templates: Path) -> Environment:
    """An environment whose templates may extend `_cadre.html.j2`, the frame of every page.

    Args:
        templates: the site's own.
    """
    made = Environment(
        loader=FileSystemLoader([templates, HERE / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=text,
    )
    made.filters |= {
        name: getattr(french, name)
        for name in ("day", "day_of", "decimal", "few", "listed", "moment", "number", "points", "total")
    }
    made.globals |= {"administration": ours(), "logo": ours().logo_address()}
    made.filters |= {"count": french.unbroken, "domain": labels.domain, "rich": rich}
    return made


def beside(build: Path, own: str) -> list[tuple[str, str]]:
    """The other sites that are there: title, and address from the folder of one's own.

    Args:
        build: where they stand.
        own: folder of the site that shows them.
    """
    return [
        (title, f"../{folder}/{page}")
        for folder, (title, page) in SITES.items()
        if folder != own and (build / folder / page).is_file()
    ]


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """Gives a folder to fill, with the style sheet in it; it takes the place of the last one at the end.

    Args:
        folder: of the site; what it held is gone afterwards, or kept when the filling fails.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        made, old = Path(scratch) / "nouveau", Path(scratch) / "ancien"
        made.mkdir()
        for path in STATIC.iterdir():
            shutil.copyfile(path, made / path.name)
        # The administration's colours, before what follows from them.
        style = made / "style.css"
        style.write_text(ours().style() + style.read_text("utf-8"), encoding="utf-8")
        yield made
        if folder.exists():
            folder.rename(old)
        made.rename(folder)


def rich(text: str) -> Markup:
    """A description of the YAML, escaped; `code` between backticks is shown as code."""
    said = FRENCH_SPACE.sub("\u00a0", " ".join(text.split()))
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(said))))
