"""`python -m donnees_au_centre.serving.dbt_docs <folder> <port>`: the three files of dbt's documentation."""

from __future__ import annotations

import sys
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from donnees_au_centre.serving.listening import on_port

# dbt leaves much more in that folder: compiled SQL, results of runs.
FILES = {"/": "index.html", "/manifest.json": "manifest.json", "/catalog.json": "catalog.json"}


def pages(folder: Path) -> Starlette:
    """The application.

    Args:
        folder: where `dbt docs generate` wrote.
    """

    def give(request: Request) -> FileResponse:
        return FileResponse(folder / FILES[request.url.path])

    return Starlette(routes=[Route(path, give) for path in FILES])


if __name__ == "__main__":
    folder, port = sys.argv[1:]
    on_port(pages(Path(folder)), "Documentation", int(port)).run()
