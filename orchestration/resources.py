"""The systems of declared sources, as Dagster resources: for assets that somebody writes by hand."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
from pydantic import Field

from donnees_au_centre.connectors import RecordSource, Source, kind_named, reader_of
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.nodes import Source as Declared


class SourceSystem(dg.ConfigurableResource):
    """Un système que la plateforme sait lire, pour du code Dagster ordinaire.

    `opened("schema.table")` donne le lecteur ; `rows("schema.table")` les lignes : un texte par colonne.
    """

    kind: str = Field(description="Le genre du système, comme `kind:` d'une source : postgresql, rest, sftp…")
    connection: str = Field(
        description="Le nom de la connexion (SOURCE_<NOM> dans l'environnement), ou une adresse publique."
    )

    @contextmanager
    def opened(self, location: str = "", **options: Any) -> Iterator[Source]:
        """Opens the system.

        Args:
            location: what to read there: a table, a path, a data set; a folder for files.
            options: what the kind may be told.

        Raises:
            PlatformError: its connection is not given, or it refuses.
        """
        kind = kind_named(self.kind)
        source = reader_of(self.kind, self.connection, location, kind.options_class(**options))
        kind.check(location, source.options)
        with source.connection.discreet(), source.open():
            yield source

    def rows(self, location: str = "", **options: Any) -> Iterator[dict[str, str | None]]:
        """The records of a system that gives rows, one dictionary each.

        Args:
            location: as of `opened`.
            options: as of `opened`.

        Raises:
            PlatformError: the kind gives files, or the system refuses.
        """
        with self.opened(location, **options) as source:
            if not isinstance(source, RecordSource):
                raise PlatformError(
                    f"Le genre « {self.kind} » donne des fichiers, et pas des lignes.",
                    "Lisez-les par opened(…).files() et .fetch(…).",
                )
            columns = source.columns()
            names = [column.name for column in columns]
            for batch in source.batches(columns, None):
                for row in batch.cells():
                    yield dict(zip(names, row, strict=True))


def resources_of(sources: Iterable[Declared]) -> dict[str, SourceSystem]:
    """One resource a system that some sources declare, by its kind and connection: `rest_www_exemple_be`."""
    found: dict[str, SourceSystem] = {}
    for declared in sources:
        named, connection = declared.external.get("kind"), str(declared.external.get("connection") or "")
        try:
            kind = kind_named(str(named)) if named else None
        except PlatformError:
            # make lint names it.
            continue
        if kind is None:
            continue
        # Of a public address its machine: several of one kind are several systems.
        place = (urlsplit(connection).hostname or "") if "://" in connection else connection
        name = f"{named}_{re.sub(r'[^a-z0-9]+', '_', place)}" if place else str(named)
        said = f"{inspect.getdoc(kind)}\n\n{inspect.getdoc(SourceSystem)}"
        described = type(kind.__name__, (SourceSystem,), {"__doc__": said, "__module__": __name__})
        found[name] = described(kind=str(named), connection=connection)
    return found
