"""The folder: the files, and the French page that opens first."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from donnees_au_centre.pages.connections.files import ODBC_DRIVER, Place, connection_files
from donnees_au_centre.pages.site import environment, replaced

TEMPLATES = Path(__file__).parent / "templates"


def write_connections(place: Place, folder: Path, now: datetime) -> Path:
    """Writes the files and their page in place of the last ones.

    Args:
        place: the database.
        folder: what it held is gone afterwards.
        now: when it is written, with its time zone.

    Returns:
        The page.
    """
    files = connection_files(place)
    names = {name.rpartition(".")[2]: name for name in files}
    template = environment(TEMPLATES).get_template("connexions.html.j2")
    with replaced(folder) as made:
        for name, text in files.items():
            (made / name).write_text(text, "utf-8")
        said = template.render(place=place, names=names, driver=ODBC_DRIVER, made_at=now, root="")
        (made / "index.html").write_text(said, "utf-8")
    return folder / "index.html"
