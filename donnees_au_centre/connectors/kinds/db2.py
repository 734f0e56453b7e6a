"""DB2, over IBM's own driver."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from donnees_au_centre.connectors.sql_reading import (
    ACCOUNT,
    BUSY,
    CERTIFICATE,
    DATABASE,
    GONE,
    LOCAL,
    OTHER,
    PATIENCE,
    RIGHT,
    SYNTAX,
    UNKNOWN,
    Fault,
    SqlSource,
    TlsOptions,
    zoned,
)
from donnees_au_centre.errors import PlatformError

# Types that the driver gives as they are: text, and bytes.
_AS_THEY_ARE = ("char", "clob", "graphic", "xml", "blob", "binary")
_FINEST = "YYYY-MM-DD HH24:MI:SS.FF12"
# SQLCODE or SQLSTATE -> what it means; the code says more where both are known.
_MEANING: dict[str, Fault] = {
    **dict.fromkeys(("-30080", "-30081", "-1224", "-1229", "-1032", "-20542"), GONE),
    **dict.fromkeys(("-911", "-913", "-1040", "-1226", "-904", "-952"), BUSY),
    **dict.fromkeys(("-30082",), ACCOUNT),
    **dict.fromkeys(("-1013", "-30061", "-1031"), DATABASE),
    **dict.fromkeys(("-551", "-552", "-1060"), RIGHT),
    **dict.fromkeys(("-204", "-206", "-205"), UNKNOWN),
    **dict.fromkeys(("-104", "-199", "-203"), SYNTAX),
    **dict.fromkeys(("-10013", "-20576"), CERTIFICATE),
}
_CODE = re.compile(r"SQLCODE=(-\d+)|\bSQL(\d+)N\b")


class Db2Source(SqlSource):
    """Une table, une vue ou une requête d'une base DB2.

    Les valeurs sont écrites par le serveur : décimales exactes, dates en AAAA-MM-JJ, moments en AAAA-MM-JJ
    hh:mm:ss à douze décimales, octets en `0x…`.
    """

    title = "base DB2"
    driver = "db2"
    package = "ibm-db-sa"
    schemes = ("db2",)
    dialect = "db2+ibm_db"
    options_class = TlsOptions
    tried = "aucun serveur : le SQL produit, et lui seul"

    def entering(self) -> dict[str, Any]:
        """By a connection string of our own."""
        return {"creator": self._connected}

    def types(self, names: Sequence[str]) -> Mapping[str, str]:
        """As the catalogue names them; where it does not, in the driver's rougher words."""
        import ibm_db_dbi as driver

        rough = (
            (driver.STRING, "char"),
            (driver.TEXT, "clob"),
            (driver.XML, "xml"),
            (driver.BINARY, "blob"),
            (driver.DATE, "date"),
            (driver.TIME, "time"),
            (driver.DATETIME, "timestamp"),
            (driver.FLOAT, "double"),
            (driver.DECIMAL, "decimal"),
            (driver.BIGINT, "bigint"),
            (driver.NUMBER, "integer"),
        )
        described = {
            one[0]: next((name for kind, name in rough if one[1] is kind), "")
            for one in self._described().cursor.description
        }
        return described | {name: kind for name, kind in super().types(names).items() if kind}

    def written(self, column: Any, type_name: str) -> Any:
        """By the function that loses nothing."""
        import sqlalchemy

        kind = type_name.partition("(")[0].strip()
        if any(word in kind for word in _AS_THEY_ARE):
            return column
        if kind == "date":
            return sqlalchemy.func.char(column, sqlalchemy.literal_column("iso"))
        if kind == "time":
            return sqlalchemy.func.char(column, sqlalchemy.literal_column("jis"))
        if kind == "timestamp":
            return sqlalchemy.func.varchar_format(column, sqlalchemy.literal_column(f"'{_FINEST}'"))
        return sqlalchemy.func.varchar(column)

    def compared(self, since: str, type_name: str) -> Any:
        """A moment as a moment."""
        import sqlalchemy

        if self.incremental is not None and self.incremental.type == "time":
            return sqlalchemy.func.timestamp(sqlalchemy.literal(zoned(since)[0]))
        return super().compared(since, type_name)

    def statement(self, columns: Any, since: str | None) -> Any:
        """As any other, and said to be for reading: the server sends many rows at a time."""
        return super().statement(columns, since).suffix_with("for read only")

    def fault(self, error: BaseException) -> Fault:
        """By the code in its words."""
        if isinstance(error, OSError):
            return GONE
        found = _CODE.search(str(error))
        if found is None:
            return GONE if "Connection is not active" in str(error) else OTHER
        return _MEANING.get(found[1] or f"-{int(found[2])}", OTHER)

    def _connected(self) -> Any:
        try:
            import ibm_db_dbi
        except ImportError:
            raise self.missing() from None
        said = {
            "DATABASE": self.connection.path.strip("/"),
            "HOSTNAME": self.connection.host,
            "PORT": str(self.connection.port or 50000),
            "PROTOCOL": "TCPIP",
            "UID": self.connection.user,
            "PWD": self.connection.setting("password") or "",
            "ConnectTimeout": str(PATIENCE),
            "ProgramName": "donnees-au-centre",
        }
        if self.options.tls and self.connection.host not in LOCAL:
            said |= {"Security": "SSL", "SSLClientHostnameValidation": "Basic"}
            authority = self.connection.setting("ca_file")
            if authority:
                said["SSLServerCertificate"] = authority
        if any(";" in value for value in said.values()):
            raise PlatformError(
                "Un point-virgule dans l'adresse, le compte ou le mot de passe ne peut pas être dit à DB2.",
                "Demandez un mot de passe sans point-virgule.",
            )
        return ibm_db_dbi.connect(";".join(f"{name}={value}" for name, value in said.items()) + ";", "", "")


KIND = Db2Source
