"""The systems that sources come from: one file a kind, behind one small interface.

Nothing here knows of raw tables: `landing` writes what these readers give, all in the same way.
"""

from donnees_au_centre.connectors.connections import (
    Connection,
    UndefinedConnection,
    check_connection,
    connection_named,
    unexpected,
)
from donnees_au_centre.connectors.interface import (
    Batch,
    Column,
    Described,
    FileSource,
    Incremental,
    Options,
    PassingFault,
    RecordSource,
    RemoteFile,
    Source,
    Unreadable,
)
from donnees_au_centre.connectors.registry import kind_named, kinds, reader_of, system_named
from donnees_au_centre.connectors.retrying import retried

__all__ = [
    "Batch",
    "Column",
    "Connection",
    "Described",
    "FileSource",
    "Incremental",
    "Options",
    "PassingFault",
    "RecordSource",
    "RemoteFile",
    "Source",
    "UndefinedConnection",
    "Unreadable",
    "check_connection",
    "connection_named",
    "kind_named",
    "kinds",
    "reader_of",
    "retried",
    "system_named",
    "unexpected",
]
