"""The embedded PostgreSQL: a real server of the checkout's own, with nothing to install."""

from donnees_au_centre.warehouse.server import Connection, EmbeddedServer, Status

__all__ = ["Connection", "EmbeddedServer", "Status"]
