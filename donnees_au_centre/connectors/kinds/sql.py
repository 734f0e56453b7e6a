"""Any database that SQLAlchemy has a dialect for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from donnees_au_centre.connectors.sql_reading import BUSY, GONE, OTHER, Fault, SqlSource
from donnees_au_centre.errors import PlatformError

# What databases call text and bytes: read as they are.
_TEXT = ("char", "text", "string", "clob", "enum")
_BYTES = ("blob", "binary", "bytea", "bytes", "raw", "image")
# What makes a database write values in one way, whatever the server is set to.
_SESSION = {
    "oracle": (
        "alter session set nls_date_format = 'YYYY-MM-DD HH24:MI:SS' "
        "nls_timestamp_format = 'YYYY-MM-DD HH24:MI:SS.FF' "
        "nls_timestamp_tz_format = 'YYYY-MM-DD HH24:MI:SS.FF TZH:TZM' nls_numeric_characters = '.,'"
    ),
}
_LOST = (
    "refused",
    "timed out",
    "timeout",
    "unreachable",
    "reset by peer",
    "closed the connection",
    "broken pipe",
)
_TAKEN = ("too many", "deadlock", "is locked", "lock wait")


class OtherSqlSource(SqlSource):
    """Une table, une vue ou une requête d'une autre base, par le dialecte SQLAlchemy que nomme l'adresse.

    Chaque valeur est convertie en texte par la base elle-même (`cast`) et arrive comme elle l'écrit ; les
    octets d'une table arrivent en `0x…`.
    """

    title = "base de données (dialecte SQLAlchemy)"
    schemes = ("dialecte+pilote",)
    tried = "une base SQLite"

    @classmethod
    def takes(cls, scheme: str) -> bool:
        """Every dialect; the one that is not installed is told when it is opened."""
        return bool(scheme)

    def missing(self) -> PlatformError:
        """Which dialect is missing; this project brings none of them."""
        return PlatformError(
            f"Le dialecte « {self.connection.address.scheme} » de la connexion « {self.connection.shown} », "
            "ou son pilote, n'est pas installé.",
            "Demandez à l'administrateur d'installer son paquet dans l'environnement du chargement ; ou "
            f"corrigez le début de {self.connection.variable()} : dialecte+pilote://.",
        )

    def address(self) -> Any:
        """The address with all that it says to the dialect."""
        from sqlalchemy import URL

        return URL.create(
            self.connection.address.scheme,
            self.connection.user or None,
            self.connection.setting("password"),
            self.connection.host or None,
            self.connection.port,
            self.connection.path[1:] or None,
            dict(parse_qsl(self.connection.address.query)),
        )

    def begin(self) -> None:
        """Makes the database write values in one way."""
        session = _SESSION.get(self._opened.dialect.name)
        if session:
            self._opened.exec_driver_sql(session)

    def types(self, names: Sequence[str]) -> Mapping[str, str]:
        """As the dialect finds them."""
        try:
            return super().types(names)
        except NotImplementedError:
            return {}

    def written(self, column: Any, type_name: str) -> Any:
        """By a cast, but for what is text or bytes."""
        import sqlalchemy

        dialect = self._opened.dialect.name
        if dialect == "sqlite":
            # There a type is the value's own, whatever the column's is.
            text = sqlalchemy.cast(column, sqlalchemy.Text)
            return sqlalchemy.case((sqlalchemy.func.typeof(column) == "blob", column), else_=text)
        if any(word in type_name for word in (*_TEXT, *_BYTES)):
            return column
        if dialect == "oracle":
            return sqlalchemy.cast(column, sqlalchemy.String(4000))
        return sqlalchemy.cast(column, sqlalchemy.Text)

    def compared(self, since: str, type_name: str) -> Any:
        """A moment as a moment, where the database has moments."""
        import sqlalchemy

        found = super().compared(since, type_name)
        timed = self.incremental is not None and self.incremental.type == "time"
        if timed and self._opened.dialect.name != "sqlite":
            return sqlalchemy.cast(sqlalchemy.literal(found), sqlalchemy.TIMESTAMP)
        return found

    def fault(self, error: BaseException) -> Fault:
        """By the words that databases have in common; what they mean otherwise, they say themselves."""
        if isinstance(error, OSError):
            return GONE
        said = str(error).lower()
        if any(word in said for word in _LOST):
            return GONE
        return BUSY if any(word in said for word in _TAKEN) else OTHER


KIND = OtherSqlSource
