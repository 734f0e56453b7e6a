"""SQL Server, over FreeTDS."""

from __future__ import annotations

import os
import ssl
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
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
    SILENCE,
    SYNTAX,
    UNKNOWN,
    Fault,
    SqlSource,
    TlsOptions,
    zoned,
)
from donnees_au_centre.errors import PlatformError

# Type -> the text type and the style of `convert` by which nothing is lost; 0 for no style.
_WRITTEN: dict[str, tuple[str, int]] = {
    **dict.fromkeys(("bit", "tinyint", "smallint", "int", "bigint"), ("varchar(20)", 0)),
    **dict.fromkeys(("decimal", "numeric"), ("varchar(41)", 0)),
    # Four decimals; 17 digits, that no two floats share.
    **dict.fromkeys(("money", "smallmoney"), ("varchar(30)", 2)),
    **dict.fromkeys(("float", "real"), ("varchar(40)", 3)),
    "date": ("varchar(10)", 23),
    **dict.fromkeys(
        ("time", "smalldatetime", "datetime", "datetime2", "datetimeoffset"), ("varchar(40)", 121)
    ),
    # 0x…
    **dict.fromkeys(("binary", "varbinary", "timestamp"), ("varchar(max)", 1)),
    "uniqueidentifier": ("varchar(36)", 0),
}
_TEXT = "nvarchar(max)"
# The type in which a cursor of moments is compared: its own, or the finest.
_MOMENTS = {"smalldatetime": "datetime", "datetimeoffset": "datetimeoffset(7)", "datetime": "datetime"}
_FAULTS: dict[Fault, tuple[int, ...]] = {
    GONE: (2, 53, 233, 10053, 10054, 10060, 17142, 20003, 20004, 20006, 20009, 20047, 40197, 40501, 40613),
    BUSY: (701, 1204, 1205, 1222, 3960, 8645, 10928, 10929, 17809, 49918, 49919, 49920),
    ACCOUNT: (18452, 18456, 18486, 18487, 18488),
    DATABASE: (911, 916, 4060),
    RIGHT: (229, 230, 262, 297, 300),
    UNKNOWN: (207, 208, 4104, 4121),
    SYNTAX: (102, 105, 156, 319, 1033, 8155, 8156),
}
_MEANING = {number: fault for fault, numbers in _FAULTS.items() for number in numbers}
# FreeTDS takes what it must verify from a file that the environment names.
_ENTERING = threading.Lock()
_AUTHORITIES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")


class SqlServerSource(SqlSource):
    """Une table, une vue ou une requête d'une base SQL Server ou Azure SQL.

    Les valeurs sont écrites par le serveur : décimales exactes, flottants à 17 chiffres, dates en
    AAAA-MM-JJ hh:mm:ss, octets en `0x…`. Un seul instantané si la base permet l'isolement SNAPSHOT.
    """

    title = "base SQL Server"
    driver = "sqlserver"
    package = "pymssql"
    schemes = ("sqlserver", "mssql")
    dialect = "mssql+pymssql"
    options_class = TlsOptions
    tried = "aucun serveur : le SQL produit, et lui seul"

    def entering(self) -> dict[str, Any]:
        """By a file of its own, that says what is verified."""
        return {"creator": self._connected}

    def begin(self) -> None:
        """One snapshot, where the database allows it."""
        allowed = self._opened.exec_driver_sql(
            "select snapshot_isolation_state from sys.databases where name = db_name()"
        ).scalar()
        self._opened.rollback()
        self._snapshot = allowed == 1
        if self._snapshot:
            self._opened.execution_options(isolation_level="SNAPSHOT")

    def announced(self) -> int | None:
        """The rows of a table, when the snapshot holds them still."""
        return self.count() if self._snapshot and not self.options.query and self.few is None else None

    def types(self, names: Sequence[str]) -> Mapping[str, str]:
        """As the server describes the result: `decimal(38,10)`."""
        import sqlalchemy

        everything = sqlalchemy.select(sqlalchemy.text("*")).select_from(self._source())
        found = self._opened.execute(
            sqlalchemy.text(
                "select name, system_type_name from sys.dm_exec_describe_first_result_set(:query, null, 0) "
                "where is_hidden = 0"
            ),
            {"query": str(everything.compile(dialect=self._opened.dialect))},
        )
        return {name: kind or "" for name, kind in found}

    def written(self, column: Any, type_name: str) -> Any:
        """By `convert`, with the style that loses nothing."""
        kind = _base(type_name)
        if kind == "image":
            return _convert(_convert(column, "varbinary(max)"), "varchar(max)", 1)
        return _convert(column, *_WRITTEN.get(kind, (_TEXT, 0)))

    def compared(self, since: str, type_name: str) -> Any:
        """A moment, or the number of a version of a row, in the type of its column."""
        import sqlalchemy

        found = super().compared(since, type_name)
        kind = _base(type_name)
        if kind == "timestamp":
            return _convert(sqlalchemy.literal(found), "binary(8)", 1)
        if self.incremental is None or self.incremental.type != "time":
            return found
        return _convert(sqlalchemy.literal(moment(since, kind)), _MOMENTS.get(kind, "datetime2(7)"), 121)

    def fault(self, error: BaseException) -> Fault:
        """By its number, or the one in its words: a refused account is told behind a lost connection."""
        said = str(error)
        if "certificate" in said.lower() or "SSL" in said or "TLS" in said:
            return CERTIFICATE
        told = error.args[0] if error.args else 0
        number = told[0] if isinstance(told, tuple) else told
        for one, fault in ((18456, ACCOUNT), (4060, DATABASE)):
            if f"({one}" in said or ("Login failed" in said and fault is ACCOUNT):
                return fault
        if isinstance(error, OSError) or number == 20002 or type(error).__name__ == "InterfaceError":
            return GONE
        return _MEANING.get(number, OTHER) if isinstance(number, int) else OTHER

    def _connected(self) -> Any:
        import pymssql

        with tempfile.TemporaryDirectory() as folder, _ENTERING:
            file = Path(folder, "freetds.conf")
            file.write_text(self._conf(), encoding="utf-8")
            before = os.environ.get("FREETDSCONF")
            os.environ["FREETDSCONF"] = str(file)
            try:
                return pymssql.connect(
                    server="source",
                    port="",
                    user=self.connection.user,
                    password=self.connection.setting("password") or "",
                    database=self.connection.path.strip("/"),
                    login_timeout=PATIENCE,
                    timeout=self.left(SILENCE),
                    appname="donnees-au-centre",
                )
            finally:
                os.environ.pop("FREETDSCONF")
                if before is not None:
                    os.environ["FREETDSCONF"] = before

    def _conf(self) -> str:
        said = {
            "host": self.connection.host,
            "port": str(self.connection.port or 1433),
            "tds version": "7.4",
            "client charset": "UTF-8",
        }
        if self.options.tls and self.connection.host not in LOCAL:
            said |= {
                "encryption": "require",
                "ca file": self._authority(),
                "check certificate hostname": "yes",
            }
        return "[source]\n" + "".join(f" {name} = {value}\n" for name, value in said.items())

    def _authority(self) -> str:
        given = self.connection.setting("ca_file")
        places = (given,) if given else (ssl.get_default_verify_paths().cafile, *_AUTHORITIES)
        for place in places:
            if place and Path(place).is_file():
                return place
        raise PlatformError(
            "Cette machine n'a pas de fichier d'autorités, qui dirait à quel serveur se fier.",
            f"Donnez celui de l'administration, en PEM, par {self.connection.variable('ca_file')}.",
        )


def moment(since: str, kind: str) -> str:
    """A moment as SQL Server reads it: digits as its type has them, the zone in full."""
    since, zone = zoned(since)
    whole, _, fraction = since.partition(".")
    digits = fraction[: 3 if kind in ("datetime", "smalldatetime") else 7]
    since = f"{whole}.{digits}" if digits else whole
    if not zone or kind != "datetimeoffset":
        return since
    hours, minutes = ("+00", "00") if zone == "Z" else (zone[:3], zone[3:].lstrip(":") or "00")
    return f"{since} {hours}:{minutes}"


def _base(type_name: str) -> str:
    return type_name.partition("(")[0]


def _convert(column: Any, into: str, style: int = 0) -> Any:
    import sqlalchemy

    parts = [sqlalchemy.literal_column(into), column]
    if style:
        parts.append(sqlalchemy.literal_column(str(style)))
    return sqlalchemy.func.convert(*parts)


KIND = SqlServerSource
