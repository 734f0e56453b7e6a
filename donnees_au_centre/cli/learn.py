"""`learn`: the site where a first query is written in the browser, made from the sample and served here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import psycopg

from donnees_au_centre.cli.confirmation import is_set
from donnees_au_centre.cli.lineage import lineage_of
from donnees_au_centre.cli.services import choose_port, serve
from donnees_au_centre.cli.session import Session, parse_or_fail, python_tool
from donnees_au_centre.learning.engine import install
from donnees_au_centre.learning.exercises import read_courses, read_ideas
from donnees_au_centre.learning.sample import check_sample, marts_named, read_tables
from donnees_au_centre.learning.site import write_site
from donnees_au_centre.pages.site import beside
from donnees_au_centre.settings import Settings

FOLDER = "apprendre"


def learn(settings: Settings, options: Mapping[str, str]) -> int:
    """Writes build/apprendre, and serves it until Ctrl-C; with SANS_SERVEUR=1 it is written only.

    Raises:
        PlatformError: an exercise cannot be followed, the marts of the sample are not there, npm is not, or
            the port is in use.
    """
    check_sample(settings)
    serving = not is_set(options.get("SANS_SERVEUR"))
    port = choose_port(options.get("PORT"), 8090) if serving else 0
    courses, ideas = read_courses(settings.root), read_ideas(settings.root)
    session = Session(settings)
    access = session.open_database()
    environment = session.enter(access)
    parsed = parse_or_fail(session)
    named = [name for course in courses.values() for one in course.exercises for name in one.tables]
    marts = marts_named(parsed.manifest, named)
    with session.step("PostgreSQL pour le navigateur (PGlite)"):
        engine = install(settings.root)
    with session.step("Tables de l'échantillon"), psycopg.connect(access.conninfo()) as connection:
        connection.read_only = True
        tables = read_tables(connection, marts)
    with session.step("Lignage"):
        lineage = lineage_of(settings, parsed)
    folder = settings.build / FOLDER
    # Served from here, this folder is alone; published, it stands beside the other sites.
    others = () if serving else beside(settings.build, FOLDER)
    page = write_site(courses, ideas, tables, lineage, engine, folder, datetime.now().astimezone(), others)
    print(f"\nApprendre : {page}\nCe dossier se pose tel quel sur un serveur : docs/apprendre/README.md.")
    if not serving:
        return 0
    command = python_tool("donnees_au_centre.serving.folder", Path(folder), "Apprendre", str(port))
    return serve(settings, "apprendre", command, {**os.environ, **environment})
