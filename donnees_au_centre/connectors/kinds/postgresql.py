"""PostgreSQL, read by COPY."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from psycopg import sql
from pydantic import Field

from donnees_au_centre.connectors.interface import (
    Batch,
    Column,
    Described,
    Incremental,
    Options,
    PassingFault,
    RecordSource,
)
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.refusals import describe_error

# Hosts to which the way is this machine.
LOCAL = ("", "localhost", "127.0.0.1", "::1")
# Bytes that are handed on at once.
_BATCH = 1 << 18
# Seconds after which a server that says nothing is down; that whoever keeps a table for itself is waited for;
# that a statement may take at most.
PATIENCE, LOCKED, LONGEST = 15, 60, 24 * 3600
# What makes PostgreSQL write each value in one way, whatever the account or the server is set to.
_WRITING = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "xmloption": "content",
    # Where nothing has changed, the same rows come in the same order: that is how it shows.
    "synchronize_seqscans": "off",
    "max_parallel_workers_per_gather": "0",
    "idle_in_transaction_session_timeout": "0",
}
# A partition is read with its table; a name with a point in it is for `query`.
_PLACES = """
select concat(schemas.nspname, '.', tables.relname)
from pg_class as tables
inner join pg_namespace as schemas on schemas.oid = tables.relnamespace
where
    tables.relkind in ('r', 'p', 'v', 'm', 'f') and not tables.relispartition
    and schemas.nspname !~ '^(pg_|information_schema$)'
    and position('.' in schemas.nspname || tables.relname) = 0
    and has_schema_privilege(schemas.oid, 'usage') and has_table_privilege(tables.oid, 'select')
order by 1
"""
# Of the columns of a result, by the number of their table and their place in it.
_COMMENTS = """
select asked.name, col_description(asked.relation::oid, asked.place::int)
from unnest(%s::text[], %s::bigint[], %s::int[]) as asked (name, relation, place)
"""
# A column of texts holds moments and numbers in the order of their letters.
_TEXTS = re.compile(r"(text|varchar|bpchar|char|name|citext)\b")
_COMPARED = {"time": "timestamptz", "number": "numeric"}
_WHAT = "Demandez à l'administrateur de cette base, ou corrigez la déclaration."


class PostgresOptions(Options):
    """What a declaration may say of a PostgreSQL source."""

    query: str | None = Field(
        None,
        description="Une requête SELECT, à la place d'une table ou d'une vue (`location`).",
    )
    tls: bool = Field(
        True,
        description="Connexion chiffrée, au certificat vérifié ; false seulement pour un serveur d'un réseau "
        "fermé, qui n'a pas de certificat : tout ce réseau peut alors lire ce qui passe.",
    )


class PostgresSource(RecordSource):
    """Une table, une vue ou une requête d'une base PostgreSQL, lue par COPY en un seul instantané.

    Les valeurs arrivent comme PostgreSQL les écrit : décimales exactes, `t` et `f`, `NaN`, `infinity`, dates
    en AAAA-MM-JJ, heures avec fuseau en UTC, octets en `\\x…`.
    """

    title = "base PostgreSQL"
    schemes = ("postgresql", "postgres")
    options_class = PostgresOptions
    tried = "un serveur PostgreSQL 18"

    @classmethod
    def check(cls, location: str, options: Any) -> None:
        """Takes a table or a query, one of the two.

        Raises:
            PlatformError: none, or both; or a location that is no `schema.table`.
        """
        if bool(location) == bool(options.query):
            raise PlatformError(
                "Il faut une table ou une requête, et une seule.",
                "Écrivez `location: schema.table`, ou `query:` sous `options:`.",
            )
        if location and not 1 <= len(location.split(".")) <= 2:
            raise PlatformError(f"« {location} » ne nomme pas une table.", "Écrivez schema.table.")

    @contextmanager
    def open(self) -> Iterator[None]:
        """Opens one snapshot of the base, in which nothing can be written."""
        with self._said():
            connection = psycopg.connect(self._conninfo(), connect_timeout=PATIENCE)
        # Closed, whatever became of it: there is nothing to keep of what was read.
        with closing(connection):
            with self._said():
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                connection.read_only = True
                for name, value in (_WRITING | self._patience()).items():
                    connection.execute("select set_config(%s, %s, true)", [name, value])
            self._connection = connection
            yield

    def _patience(self) -> dict[str, str]:
        """How long the server may work, and wait for a lock, whatever the account is set to."""
        return {"statement_timeout": f"{self.left(LONGEST)}s", "lock_timeout": f"{self.left(LOCKED)}s"}

    def places(self) -> list[str]:
        """The tables and views that the account may read, those of the server itself left out."""
        with self.open(), self._said():
            return [place for (place,) in self._connection.execute(_PLACES)]

    def columns(self) -> list[Column]:
        """The columns of the table, or of what the query gives."""
        with self._said():
            query = sql.SQL("select * from {} limit 0").format(self._read())
            description = self._connection.execute(query).description or []
            return [Column(one.name, self._type(one)) for one in description]

    def described(self) -> Described:
        """The comments of the table and of its columns; of a query, those of columns that it hands on."""
        with self._said():
            query = sql.SQL("select * from {} limit 0").format(self._read())
            result = self._connection.execute(query).pgresult
            assert result is not None
            fields = [
                ((result.fname(one) or b"").decode(), result.ftable(one), result.ftablecol(one))
                for one in range(result.nfields)
            ]
            found = self._connection.execute(_COMMENTS, [list(one) for one in zip(*fields, strict=True)])
            texts = {name: ("", text) for name, text in found if text}
            if self.options.query:
                return Described("", texts)
            tables = {relation for _, relation, _ in fields}
            of_table = self._connection.execute(
                "select obj_description(%s::oid, 'pg_class')", [next(iter(tables))]
            ).fetchone()
            return Described((of_table and of_table[0]) or "", texts)

    def batches(self, columns: Sequence[Column], since: str | None) -> Iterator[Batch]:
        """Copies what the server sends, as it comes."""
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
        where: sql.Composable = sql.SQL("true")
        if since is not None and self.incremental is not None:
            where = self._from(columns, self.incremental, since)
        few = sql.SQL("" if self.few is None else f" limit {self.few:d}")
        statement = sql.SQL("copy (select row_number() over (), {} from {} where {}{}) to stdout").format(
            names, self._read(), where, few
        )
        with self._said(), self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            held: list[bytes] = []
            size = 0
            # The server sends row by row.
            for row in copy:
                held.append(bytes(row))
                size += len(row)
                if size >= _BATCH:
                    yield Batch(copied=b"".join(held))
                    held, size = [], 0
            if held:
                yield Batch(copied=b"".join(held))

    def _type(self, column: psycopg.Column) -> str:
        """The name of a type; the number of one that the base made itself is another in a restored base."""
        shown = column.type_display
        if not shown.isdecimal():
            return shown
        named = self._connection.execute("select format_type(%s::oid, null)", [column.type_code]).fetchone()
        return str(named[0]) if named else shown

    def _from(self, columns: Sequence[Column], incremental: Incremental, since: str) -> sql.Composable:
        """The condition that leaves what is as late as a cursor, compared as the loader compares it."""
        cursor: sql.Composable = sql.Identifier(incremental.cursor)
        described = next((one.type for one in columns if one.name == incremental.cursor), "")
        if incremental.type == "text":
            cursor = sql.SQL('{}::text collate "C"').format(cursor)
        elif _TEXTS.match(described):
            cursor = sql.SQL("{}::{}").format(cursor, sql.SQL(_COMPARED[incremental.type]))
        return sql.SQL("{} >= {}").format(cursor, sql.Literal(since))

    def _read(self) -> sql.Composable:
        if self.options.query:
            return sql.SQL("({}\n) as lues").format(sql.SQL(self.options.query.rstrip("; \n")))
        return sql.Identifier(*self.location.split("."))

    def _conninfo(self) -> str:
        database = self.connection.path.strip("/")
        local = self.connection.host in LOCAL
        authority = self.connection.setting("ca_file")
        settings: dict[str, Any] = {
            "host": self.connection.host or None,
            "port": self.connection.port,
            "dbname": database or None,
            "user": self.connection.user or None,
            "password": self.connection.setting("password"),
            "application_name": "donnees-au-centre",
            "client_encoding": "utf8",
            "keepalives_idle": 60,
            "tcp_user_timeout": 300_000,
        }
        if self.options.tls and not local:
            settings |= {"sslmode": "verify-full", "sslrootcert": authority or "system"}
        return psycopg.conninfo.make_conninfo("", **{k: v for k, v in settings.items() if v is not None})

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Says what the base refuses in words for people, without a value or a secret."""
        try:
            yield
        except psycopg.Error as error:
            said = self.connection.hides(describe_error(error))
            name = self.connection.shown
            if passing(error):
                raise PassingFault(
                    f"La base de la connexion « {name} » ne répond pas, ou plus : {said}",
                    "Vérifiez qu'elle tourne et que cette machine l'atteint, puis relancez le chargement.",
                ) from None
            raise PlatformError(f"La base de la connexion « {name} » a refusé : {said}", _WHAT) from None


def passing(error: psycopg.Error) -> bool:
    """Whether what a PostgreSQL server said passes by itself: gone, starting, stopping, too busy."""
    state = error.sqlstate or ""
    if isinstance(error, psycopg.OperationalError) and not state:
        said = str(error)
        return not any(word in said for word in ("authentication failed", "does not exist", "certificate"))
    return state.startswith(("08", "53", "57P")) or state in ("40001", "40P01", "55P03", "57014")


KIND = PostgresSource
