"""MySQL and MariaDB, read in the text form of their own protocol."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from donnees_au_centre.connectors.interface import Batch
from donnees_au_centre.connectors.sql_reading import (
    ACCOUNT,
    BUSY,
    CERTIFICATE,
    DATABASE,
    GONE,
    LOCAL,
    NULL,
    OTHER,
    PATIENCE,
    RIGHT,
    ROWS,
    SILENCE,
    SYNTAX,
    UNKNOWN,
    Fault,
    SqlSource,
    TlsOptions,
    batch_of_bytes,
    place,
    zoned,
)
from donnees_au_centre.errors import PlatformError

# The character set of what is bytes and no text.
_BINARY = 63
# Bytes that are received at once; size of a packet that another one continues.
_BUFFER = 1 << 17
_WHOLE = 0xFFFFFF
# What the server's numbers mean; 2000 and above come from the driver.
_FAULTS: dict[Fault, tuple[int, ...]] = {
    GONE: (1053, 1077, 1079, 1927, 2002, 2003, 2006, 2013, 2014, 2055),
    BUSY: (1040, 1041, 1203, 1205, 1213, 1226, 1317, 1969, 3024, 3572, 4031),
    ACCOUNT: (1045, 1130, 1251, 1698, 1820, 1862, 3118, 3955),
    DATABASE: (1044, 1046, 1049),
    RIGHT: (1142, 1143, 1227, 1345, 1356, 1370),
    UNKNOWN: (1051, 1054, 1109, 1146, 1449),
    SYNTAX: (1060, 1064, 1149, 1235, 1248),
    CERTIFICATE: (2026,),
}
_MEANING = {number: fault for fault, numbers in _FAULTS.items() for number in numbers}


class MySqlSource(SqlSource):
    """Une table, une vue ou une requête d'une base MySQL ou MariaDB, lue en un seul instantané.

    Les valeurs arrivent comme le serveur les écrit à son propre client : décimales exactes, dates
    `0000-00-00`, durées négatives ; les octets en `0x…`, un BIT en nombre.
    """

    title = "base MySQL ou MariaDB"
    driver = "mysql"
    package = "PyMySQL"
    schemes = ("mysql", "mariadb")
    dialect = "mysql+pymysql"
    options_class = TlsOptions
    tried = "un serveur MariaDB 10.11"

    def entering(self) -> dict[str, Any]:
        """Encrypted, but for this machine itself."""
        plain = not self.options.tls or self.connection.host in LOCAL
        return {
            "connect_args": {
                "charset": "utf8mb4",
                # The driver would write a text in Latin-1.
                "password": (self.connection.setting("password") or "").encode(),
                "connect_timeout": PATIENCE,
                "read_timeout": self.left(SILENCE),
                "program_name": "donnees-au-centre",
                **({"ssl_disabled": True} if plain else {"ssl": self._trusted()}),
            }
        }

    def begin(self) -> None:
        """One snapshot, in which nothing can be written."""
        # A slow warehouse must not make the server give up.
        self._opened.exec_driver_sql("set session net_write_timeout = 3600")
        self._opened.exec_driver_sql("set transaction isolation level repeatable read")
        self._opened.exec_driver_sql("start transaction with consistent snapshot, read only")

    def announced(self) -> int | None:
        """The rows of a table that the snapshot holds still."""
        if self.few is not None or self.options.query:
            return None
        if self._about("tables", "engine, table_type") != [("InnoDB", "BASE TABLE")]:
            return None
        return self.count()

    def types(self, names: Sequence[str]) -> Mapping[str, str]:
        """As the server writes them: `decimal(38,10)`; of a query, as its protocol calls them."""
        from pymysql.constants import FIELD_TYPE

        if not self.options.query:
            return {name: kind for name, kind in self._about("columns", "column_name, column_type")}
        called = {value: name.lower() for name, value in vars(FIELD_TYPE).items() if name.isupper()}
        return {one[0]: called.get(one[1], "") for one in self._described().cursor.description}

    def comments(self) -> tuple[str, Mapping[str, str]]:
        """As the server's catalogue has them; of a view, it has a word that is no comment."""
        tables = self._about("tables", "table_type, table_comment")
        whole = "".join(comment for kind, comment in tables if kind == "BASE TABLE")
        return whole, {name: said for name, said in self._about("columns", "column_name, column_comment")}

    def compared(self, since: str, type_name: str) -> Any:
        """A moment without the zone of the warehouse, which no type here has."""
        if self.incremental is not None and self.incremental.type == "time":
            return zoned(since)[0]
        return super().compared(since, type_name)

    def read(self, statement: Any) -> Iterator[Batch]:
        """Reads the packets of the server, without the driver's idea of the types."""
        from pymysql.cursors import SSCursor

        compiled = statement.compile(dialect=self._opened.dialect)
        driver = self._opened.connection.driver_connection
        # Nothing waits in the former one: all that was asked for was read.
        driver._rfile.close()
        driver._rfile = driver._sock.makefile("rb", _BUFFER)
        cursor = driver.cursor(SSCursor)
        cursor.execute(str(compiled), compiled.params)
        # The one way around what the driver makes of values, and as fast as Python can be.
        result = cursor._result
        cells = _Cells(result.fields)
        result._read_row_from_packet = lambda packet: cells.read(packet._data, 0)
        before = 0
        try:
            while rows := _rows(driver, result, cells):
                yield batch_of_bytes(rows, cells.nulls, before)
                cells.nulls = 0
                before += len(rows)
        finally:
            if result.unbuffered_active:
                # Left in the midst: the driver would read all the rest first.
                result.unbuffered_active = False
                driver._force_close()

    def fault(self, error: BaseException) -> Fault:
        """By its number."""
        if isinstance(error, OSError):
            return CERTIFICATE if isinstance(error, ssl.SSLError) else GONE
        number = error.args[0] if error.args else 0
        said = str(error)
        if "CERTIFICATE_VERIFY" in said or ("SSL" in said and number in (0, 2003, 2026)):
            return CERTIFICATE
        if type(error).__name__ == "InterfaceError":
            return GONE
        return _MEANING.get(number, OTHER)

    def _about(self, catalogue: str, what: str) -> list[tuple[str, ...]]:
        import sqlalchemy

        schema, table = place(self.location)
        found = self._opened.execute(
            sqlalchemy.text(
                f"select {what} from information_schema.{catalogue} "
                "where table_schema = coalesce(:schema, database()) and table_name = :table"
            ),
            {"schema": schema, "table": table},
        )
        return [tuple(map(str, row)) for row in found]

    def _trusted(self) -> ssl.SSLContext:
        authority = self.connection.setting("ca_file")
        try:
            return ssl.create_default_context(cafile=authority)
        except OSError:
            raise PlatformError(
                f"Le fichier de {self.connection.variable('ca_file')} ne se lit pas comme des certificats.",
                "Vérifiez son chemin : il contient l'autorité, en PEM.",
            ) from None


class _Cells:
    """Makes cells as text, each behind its length, of packets.

    Attributes:
        nulls: how many of them were null.
    """

    def __init__(self, fields: Sequence[Any]) -> None:
        from pymysql.connections import TEXT_TYPES
        from pymysql.constants import FIELD_TYPE

        self.nulls = 0
        self._changes: list[Callable[[bytes], bytes] | None] = [
            _number
            if one.type_code == FIELD_TYPE.BIT
            else _bytes
            if one.type_code in TEXT_TYPES and one.charsetnr == _BINARY
            else None
            for one in fields
        ]

    def read(self, data: bytes, start: int) -> list[bytes]:
        """The cells of the row that starts at a place."""
        row: list[bytes] = []
        add = row.append
        for change in self._changes:
            size = data[start]
            start += 1
            if size > 250:
                if size == 251:
                    self.nulls += 1
                    add(NULL)
                    continue
                width = {252: 2, 253: 3, 254: 8}[size]
                size = int.from_bytes(data[start : start + width], "little")
                start += width
            end = start + size
            add(data[start:end] if change is None else change(data[start:end]))
            start = end
        return row


def _rows(driver: Any, result: Any, cells: _Cells) -> list[list[bytes]]:
    """The next rows: those that have come whole are read from where they wait, any other by the driver."""
    rows: list[list[bytes]] = []
    while len(rows) < ROWS and result.unbuffered_active:
        waiting, number, start = driver._rfile.peek(), driver._next_seq_id, 0
        there = len(waiting)
        while start + 4 < there:
            size = waiting[start] | waiting[start + 1] << 8 | waiting[start + 2] << 16
            content = start + 4
            # Not the end, an error, or what comes in several packets.
            if content + size > there or waiting[start + 3] != number or not 0 < size < _WHOLE:
                break
            if waiting[content] >= 0xFE:
                break
            rows.append(cells.read(waiting, content))
            start = content + size
            number = number + 1 & 0xFF
        if start:
            driver._rfile.read(start)
            driver._next_seq_id = number
        elif row := result._read_rowdata_packet_unbuffered():
            rows.append(row)
    return rows


def _bytes(cell: bytes) -> bytes:
    return b"0x" + cell.hex().upper().encode()


def _number(cell: bytes) -> bytes:
    return b"%d" % int.from_bytes(cell, "big")


KIND = MySqlSource
