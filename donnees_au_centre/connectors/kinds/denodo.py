"""Denodo, over the door that it keeps for PostgreSQL's clients: texts as they come, no function called."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from donnees_au_centre.connectors.interface import Batch, Column, RecordSource
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
    ROWS,
    SYNTAX,
    UNKNOWN,
    Fault,
    Row,
    TlsOptions,
    batch,
    check_place,
    number,
    told,
    zoned,
)

PORT = 9996
# Seconds that a session may take at most.
_LONGEST = 24 * 3600
# SQLSTATE, or how it begins -> what it means.
_MEANING = {
    "08": GONE,
    "57P": GONE,
    "53": BUSY,
    "40": BUSY,
    "55P03": BUSY,
    "57014": BUSY,
    "28": ACCOUNT,
    "3D": DATABASE,
    "42501": RIGHT,
    "42601": SYNTAX,
    "42": UNKNOWN,
    "3F": UNKNOWN,
}
# What a refused connection says, which has no code.
_SAID = {
    "authentication failed": ACCOUNT,
    "does not exist": DATABASE,
    "certificate": CERTIFICATE,
    "SSL": CERTIFICATE,
    "root.crt": CERTIFICATE,
}


class DenodoSource(RecordSource):
    """Une vue ou une requête VQL d'un serveur Denodo, par son accès PostgreSQL (port 9996).

    Les valeurs arrivent comme Denodo les écrit sur cet accès. Rien n'est lu en un instantané : une vue peut
    changer pendant sa lecture.
    """

    title = "vue Denodo"
    schemes = ("denodo",)
    options_class = TlsOptions
    tried = "un serveur PostgreSQL, qui parle le même protocole ; aucun serveur Denodo"

    @classmethod
    def check(cls, location: str, options: Any) -> None:
        """Takes a view or a query, one of the two.

        Raises:
            PlatformError: none, or both; or a location that is no `base.vue`.
        """
        check_place(location, options)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Opens a session; it asks nothing that a client of PostgreSQL would not ask."""
        import psycopg

        with self._said():
            session = psycopg.connect(
                host=self.connection.host or None,
                port=self.connection.port or PORT,
                dbname=self.connection.path.strip("/") or None,
                user=self.connection.user or None,
                password=self.connection.setting("password"),
                connect_timeout=PATIENCE,
                client_encoding="utf8",
                application_name="donnees-au-centre",
                gssencmode="disable",
                keepalives_idle=60,
                autocommit=True,
                **self._encrypted(),
            )
        # It knows no timeout of PostgreSQL's clients: what asks too long is told to stop.
        stop = threading.Timer(self.left(_LONGEST), session.cancel)
        stop.daemon = True
        if self.deadline is not None:
            stop.start()
        try:
            self._session = session
            with self._said():
                self._fields = self._described()
            yield
        finally:
            stop.cancel()
            session.close()

    def columns(self) -> list[Column]:
        """The columns of the view, or of what the query gives."""
        return self._fields

    def batches(self, columns: Sequence[Column], since: str | None) -> Iterator[Batch]:
        """Reads the rows as the server sends them, without a cursor on its side."""
        names = ", ".join(_quoted(column.name) for column in columns)
        query = f"select {names} from {self._from()}"
        if since is not None and self.incremental is not None:
            query += f" where {_quoted(self.incremental.cursor)} >= {self._compared(since)}"
        if self.few is not None:
            query += f" limit {self.few:d}"
        count = 0
        with self._said(reading=True):
            for rows in self._rows(query, len(columns)):
                yield batch(rows, count)
                count += len(rows)

    def _rows(self, query: str, width: int) -> Iterator[list[Row]]:
        from psycopg import errors, generators, pq

        server = self._session.pgconn
        server.send_query(query.encode())
        server.set_chunked_rows_mode(ROWS)
        self._session.wait(generators.send(server))
        # Never in the library's own wait, that no signal ends.
        while (result := self._session.wait(generators.fetch(server))) is not None:
            if result.status in (pq.ExecStatus.TUPLES_CHUNK, pq.ExecStatus.TUPLES_OK):
                places = range(width)
                value = result.get_value
                rows: list[Row] = [
                    [_text(value(one, two)) for two in places] for one in range(result.ntuples)
                ]
                if rows:
                    yield rows
            else:
                raise errors.error_from_result(result)

    def _described(self) -> list[Column]:
        from psycopg import errors, postgres, pq

        result = self._session.pgconn.exec_(f"select * from {self._from()} where 1 = 0".encode())
        if result.status != pq.ExecStatus.TUPLES_OK:
            raise errors.error_from_result(result)
        types = postgres.types
        found = []
        for place in range(result.nfields):
            known = types.get(result.ftype(place))
            found.append(Column((result.fname(place) or b"").decode(), known.name if known else ""))
        return found

    def _from(self) -> str:
        if self.options.query:
            return f"({self.options.query.rstrip('; ' + chr(10))}\n) lues"
        return ".".join(map(_quoted, self.location.split(".")))

    def _compared(self, since: str) -> str:
        kind = self.incremental.type if self.incremental is not None else "text"
        if kind == "number":
            return str(number(since))
        text = "'" + since.replace("'", "''") + "'"
        if kind == "text":
            return text
        if ":" not in since:
            return f"date {text}"
        return f"timestamp{' with time zone' if zoned(since)[1] else ''} {text}"

    def _encrypted(self) -> dict[str, Any]:
        if self.connection.host in LOCAL:
            return {}
        if not self.options.tls:
            return {"sslmode": "disable"}
        return {"sslmode": "verify-full", "sslrootcert": self.connection.setting("ca_file") or "system"}

    @contextmanager
    def _said(self, reading: bool = False) -> Iterator[None]:
        """Says what the server refuses in words for people; while it is read, its words may hold values."""
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            fault = _fault(error)
            words = (str(error).strip().splitlines() or [""])[0]
            said = "" if reading and not fault.names else self.connection.hides(words)
            raise told(self, fault, said) from None


def _fault(error: Any) -> Fault:
    if error.sqlstate:
        for length in (5, 3, 2):
            if error.sqlstate[:length] in _MEANING:
                return _MEANING[error.sqlstate[:length]]
        return OTHER
    return next((fault for word, fault in _SAID.items() if word in str(error)), GONE)


def _text(cell: bytes | None) -> str | None:
    return None if cell is None else cell.decode("utf-8", "surrogateescape")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


KIND = DenodoSource
