"""`python -m donnees_au_centre.serving.folder <folder> <name> <port>`: a static site, for one browser."""

from __future__ import annotations

import sys
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from donnees_au_centre.serving.listening import on_port


def pages(folder: Path) -> Starlette:
    """The application: every file of the folder, and index.html for the folder itself."""
    return Starlette(routes=[Mount("/", StaticFiles(directory=folder, html=True))])


if __name__ == "__main__":
    folder, name, port = sys.argv[1:]
    on_port(pages(Path(folder)), name, int(port)).run()
