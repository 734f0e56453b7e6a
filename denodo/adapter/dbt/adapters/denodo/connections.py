"""Connections that refuse to open: this adapter compiles, and that is all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

from dbt.adapters.contracts.connection import AdapterResponse, Connection, Credentials
from dbt.adapters.sql import SQLConnectionManager
from dbt_common.exceptions import DbtRuntimeError

REFUSAL = (
    "La cible denodo n'ouvre aucune connexion : cette cible compile seulement. "
    "Pourquoi : le SQL est écrit pour Denodo d'après sa documentation (VQL documenté) ; aucun serveur Denodo "
    "n'est joint d'ici. "
    "Que faire : dbt compile --target denodo pour lire le VQL ; dbt build --target dev pour construire sur "
    "PostgreSQL. Si la compilation d'un modèle ou d'une macro a besoin d'une requête (run_query, "
    "statement), remplacez-la par une liste écrite."
)


@dataclass
class DenodoCredentials(Credentials):
    """What profiles.yml says of the target: two names for dbt, and no server.

    Attributes:
        database: a name for the whole, which no VQL shows.
        schema: the virtual database of what has no folder of its own.
    """

    database: str = "denodo"
    schema: str = "commun"

    @property
    def type(self) -> str:
        """The name of the adapter in profiles.yml."""
        return "denodo"

    @property
    def unique_field(self) -> str:
        """What tells one server from another: there is none."""
        return "denodo"

    def _connection_keys(self) -> tuple[str, ...]:
        return ("database", "schema")


class DenodoConnectionManager(SQLConnectionManager):
    """Refuses every connection, in words that say what to do."""

    TYPE = "denodo"

    @classmethod
    def open(cls, connection: Connection) -> NoReturn:
        """Refuses.

        Raises:
            DbtRuntimeError: always.
        """
        raise DbtRuntimeError(REFUSAL)

    def cancel(self, connection: Connection) -> None:
        """Nothing ever runs that could be cancelled."""

    def cancel_open(self) -> list[str]:
        """No connection is ever open."""
        return []

    @classmethod
    def get_response(cls, cursor: Any) -> AdapterResponse:
        """Refuses, as no cursor can exist.

        Raises:
            DbtRuntimeError: always.
        """
        raise DbtRuntimeError(REFUSAL)

    @classmethod
    def data_type_code_to_name(cls, type_code: int | str) -> str:
        """Refuses, as no result can exist.

        Raises:
            DbtRuntimeError: always.
        """
        raise DbtRuntimeError(REFUSAL)

    @contextmanager
    def exception_handler(self, sql: str) -> Iterator[None]:
        """Lets every error through as it is."""
        yield
