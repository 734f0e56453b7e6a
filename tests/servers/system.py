"""A system that files come from, as the tests of all kinds see it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from donnees_au_centre.connectors import FileSource, connection_named, kind_named

# The secret that no message may show.
SECRET = "s3cret-très/long+"


@dataclass
class System:
    """A server with a folder of files.

    Attributes:
        kind: of the sources that read it.
        environ: the connection `essai`, as an operator would define it.
        put: writes a file by its name.
        remove: takes one away.
        cut: makes the next content that is sent stop after so many bytes, once; None where it cannot.
        refused: the same connection with a wrong secret; None where no secret is asked.
        unverified: the same connection, of which nothing proves the server; None where nothing could.
        down: the same connection, where nobody listens.
        folder: the files' place, as `folder:` says it.
        options: of the declaration.
    """

    kind: str
    environ: Mapping[str, str]
    put: Callable[[str, bytes], object]
    remove: Callable[[str], object]
    cut: Callable[[int], object] | None = None
    refused: Mapping[str, str] | None = None
    unverified: Mapping[str, str] | None = None
    down: Mapping[str, str] | None = None
    folder: str = "depot"
    options: Mapping[str, Any] = field(default_factory=dict)

    def source(self, environ: Mapping[str, str] | None = None, folder: str | None = None) -> FileSource:
        """The reader of the files."""
        kind = kind_named(self.kind)
        connection = connection_named("essai", self.environ if environ is None else environ)
        place = self.folder if folder is None else folder
        found = kind(connection, place, kind.options_class(**self.options))
        assert isinstance(found, FileSource)
        return found


def free_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
