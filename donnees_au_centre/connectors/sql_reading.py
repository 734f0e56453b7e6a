"""Tables, views and queries of databases over SQLAlchemy: what the kinds for SQL have in common.

The database writes every value as text itself: exact decimals, dates that no Python can hold. A kind says how
to enter, how its database writes each type, and what its errors mean.
"""

from __future__ import annotations

import json
import re
import warnings
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any, ClassVar

from pydantic import Field

from donnees_au_centre.connectors.interface import (
    Batch,
    Column,
    Described,
    Options,
    PassingFault,
    RecordSource,
    Unreadable,
)
from donnees_au_centre.drivers import missing_driver
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.inert import line
from donnees_au_centre.numbered_lines import ESCAPES, Numbering
from donnees_au_centre.numbered_lines import NULL as COPY_NULL

# Rows of a batch: enough that Python's own part is small, few enough to stay in little memory.
ROWS = 5000
# Seconds after which a server that does not answer is down; after which a silent one is lost.
PATIENCE = 15
SILENCE = 3600
# Hosts to which the way is this machine.
LOCAL = ("", "localhost", "127.0.0.1", "::1")

_ZONED = re.compile(r"(.*\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d(?::?\d\d)?)")

# Schemas that hold what a server knows of itself.
_OF_SERVER = re.compile(
    r"(information_schema|performance_schema|mysql|sys|system|sys(cat|ibm|stat|fun|proc|tools|public)\w*|"
    r"nullid|sqlj|pg_\w+)$",
    re.IGNORECASE,
)

Row = Sequence[str | None]


class SqlOptions(Options):
    """What a declaration may say of any database."""

    query: str | None = Field(
        None, description="Une requête SELECT, à la place d'une table ou d'une vue (`location`)."
    )


class TlsOptions(SqlOptions):
    """The same, of a database whose connection is encrypted."""

    tls: bool = Field(
        True,
        description="Connexion chiffrée, au certificat vérifié ; false seulement pour un serveur d'un réseau "
        "fermé, qui n'a pas de certificat : tout ce réseau peut alors lire ce qui passe.",
    )


@dataclass(frozen=True)
class Fault:
    """What an error of a database means.

    Attributes:
        reason: in French, the end of a sentence.
        advice: what to do, in French.
        passing: whether it passes by itself.
        names: whether the database's words name tables and rights, never a value: they may be told.
    """

    reason: str
    advice: str
    passing: bool = False
    names: bool = False


GONE = Fault(
    "le serveur ne répond pas, ou plus",
    "Vérifiez l'adresse, que le serveur tourne et que cette machine l'atteint, puis relancez le chargement.",
    passing=True,
)
BUSY = Fault(
    "le serveur est trop occupé, ou d'autres sessions bloquent la lecture",
    "Relancez le chargement plus tard ; si cela dure, demandez à l'administrateur de la base ce qui la "
    "retient.",
    passing=True,
)
ACCOUNT = Fault(
    "le compte ou son mot de passe est refusé",
    "Vérifiez le compte de la connexion et son mot de passe : {variable}_PASSWORD, ou "
    "{variable}_PASSWORD_FILE.",
)
DATABASE = Fault(
    "la base de données est inconnue, ou fermée à ce compte",
    "Corrigez le nom de la base, dernier mot de {variable}, ou demandez-en l'accès à son administrateur.",
    names=True,
)
RIGHT = Fault(
    "le compte n'a pas le droit de lire",
    "Demandez à l'administrateur de la base le droit de lire (select), et lui seul.",
    names=True,
)
UNKNOWN = Fault(
    "une table, une vue ou une colonne n'existe pas",
    "Corrigez `location` ou `query` dans la déclaration, ou demandez à qui tient la base ce qui a changé.",
    names=True,
)
SYNTAX = Fault("la requête ne se lit pas", "Corrigez `query` : un seul SELECT, sans ; final.", names=True)
CERTIFICATE = Fault(
    "son certificat n'est pas de confiance, ou il n'en a pas",
    "Donnez l'autorité de l'administration par {variable}_CA_FILE ; pour un serveur sans certificat, sur un "
    "réseau fermé, `tls: false`.",
)
OTHER = Fault("une erreur que rien n'explique ici", "Demandez à l'administrateur de cette base.")


class SqlSource(RecordSource):
    """A database over SQLAlchemy."""

    options_class: ClassVar[type[Options]] = SqlOptions
    # SQLAlchemy's name of the dialect and its driver, and the package of the driver, as a registry names it.
    dialect: ClassVar[str]
    package: ClassVar[str] = ""

    @classmethod
    def check(cls, location: str, options: Any) -> None:
        """Takes a table or a query, one of the two.

        Raises:
            PlatformError: none, or both; or a location that is no `schema.table`.
        """
        check_place(location, options)

    def engine(self) -> Any:
        """SQLAlchemy's engine, without a pool: what is opened is closed."""
        import sqlalchemy

        try:
            return sqlalchemy.create_engine(self.address(), poolclass=sqlalchemy.NullPool, **self.entering())
        except (ModuleNotFoundError, sqlalchemy.exc.NoSuchModuleError):
            raise self.missing() from None
        except sqlalchemy.exc.ArgumentError:
            raise PlatformError(
                f"L'adresse {self.connection.variable()} ne convient pas à cette base.",
                "Corrigez-la : docs/exploitant/connexions.md donne un exemple par genre.",
            ) from None

    def missing(self) -> PlatformError:
        """What to say when the driver is not installed."""
        return missing_driver(self.driver, self.package)

    def address(self) -> Any:
        """SQLAlchemy's address, with the password."""
        from sqlalchemy import URL

        return URL.create(
            self.dialect,
            self.connection.user or None,
            self.connection.setting("password"),
            self.connection.host or None,
            self.connection.port,
            self.connection.path[1:] or None,
        )

    def entering(self) -> dict[str, Any]:
        """What SQLAlchemy is told besides: `connect_args`, `creator`."""
        return {}

    def begin(self) -> None:
        """Makes the session one that reads, in one snapshot where the database can."""

    @abstractmethod
    def fault(self, error: BaseException) -> Fault:
        """What an error of the driver means."""

    def written(self, column: Any, type_name: str) -> Any:
        """The expression by which the database writes a column as text, or as bytes.

        Args:
            column: SQLAlchemy's.
            type_name: as `columns` gave it.
        """
        return column

    def compared(self, since: str, type_name: str) -> Any:
        """What the cursor's column is compared with.

        Args:
            since: as the source writes it.
            type_name: of the cursor's column.
        """
        if self.incremental is not None and self.incremental.type == "number":
            return number(since)
        return since

    def types(self, names: Sequence[str]) -> Mapping[str, str]:
        """The types of the columns by name, as the source names them; of a query they may be unknown."""
        import sqlalchemy

        if self.options.query:
            return {}
        schema, table = place(self.location)
        dialect = self._opened.dialect
        with warnings.catch_warnings():
            # It does not know every type, which is no fault here.
            warnings.simplefilter("ignore")
            found = sqlalchemy.inspect(self._opened).get_columns(table, schema)
            return {
                name: _named(one["type"], dialect)
                for one in found
                for name in names
                if one["name"] in (name, dialect.normalize_name(name) if dialect.normalize_name else name)
            }

    def comments(self) -> tuple[str, Mapping[str, str]]:
        """What the database was told of the table, and of its columns by name; "" where it was not."""
        import sqlalchemy

        schema, table = place(self.location)
        inspector = sqlalchemy.inspect(self._opened)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = {one["name"]: one.get("comment") or "" for one in inspector.get_columns(table, schema)}
            # A dialect may know no comments.
            with suppress(NotImplementedError):
                return inspector.get_table_comment(table, schema)["text"] or "", found
        return "", found

    def rows(self, statement: Any) -> Iterator[list[Row]]:
        """Batches of what a query gives, every cell as text, as the database sends them."""
        found = self._opened.execute(statement, execution_options={"yield_per": ROWS})
        for rows in found.partitions():
            yield [
                [cell if cell is None or type(cell) is str else as_text(cell) for cell in row] for row in rows
            ]

    @contextmanager
    def open(self) -> Iterator[None]:
        """Opens a session that only reads, and looks for what is to be read."""
        with self._session():
            with self._said():
                self._names = [one[0] for one in self._described().cursor.description]
            _check_names(self._names)
            yield

    @contextmanager
    def _session(self) -> Iterator[None]:
        engine = self.engine()
        self._errors = _errors(engine)
        # What was read last did not come to its end: the rest is not waited for.
        self._streaming = False
        with self._said():
            self._opened = engine.connect()
        try:
            with self._said():
                self.begin()
            yield
        finally:
            # What is lost already needs no end.
            with suppress(*self._errors):
                if self._streaming:
                    self._opened.invalidate()
                self._opened.close()

    def places(self) -> list[str]:
        """The tables and views of every schema that the account sees, those of the server itself left out."""
        import sqlalchemy

        found: set[str] = set()
        with self._session(), self._said():
            inspector = sqlalchemy.inspect(self._opened)
            for schema in inspector.get_schema_names():
                if _OF_SERVER.match(schema):
                    continue
                found |= {f"{schema}.{name}" for name in inspector.get_table_names(schema)}
                # A dialect may know nothing of views.
                with suppress(NotImplementedError):
                    found |= {f"{schema}.{name}" for name in inspector.get_view_names(schema)}
        return sorted(place for place in found if place.count(".") == 1)

    def columns(self) -> list[Column]:
        """The columns of the table, or of what the query gives."""
        with self._said():
            types = self.types(self._names)
        return [Column(name, types.get(name, "")) for name in self._names]

    def described(self) -> Described:
        """The comments of the table; a query has none."""
        if self.options.query:
            return Described()
        with self._said():
            table, found = self.comments()
        normal = self._opened.dialect.normalize_name or str
        texts = {name: found.get(name) or found.get(normal(name)) for name in self._names}
        return Described(table, {name: ("", text) for name, text in texts.items() if text})

    def batches(self, columns: Sequence[Column], since: str | None) -> Iterator[Batch]:
        """Reads the rows as the database sends them."""
        statement = self.statement(columns, since)
        with self._said(reading=True):
            self._streaming = True
            yield from self.read(statement)
            self._streaming = False

    def read(self, statement: Any) -> Iterator[Batch]:
        """What a query gives."""
        count = 0
        for rows in self.rows(statement):
            yield batch(rows, count)
            count += len(rows)

    def statement(self, columns: Sequence[Column], since: str | None) -> Any:
        """The query for some columns, of all rows or of those from a value of the cursor on."""
        import sqlalchemy

        found = sqlalchemy.select(*(self.written(_column(one.name), one.type) for one in columns))
        found = found.select_from(self._source())
        if since is not None and self.incremental is not None:
            cursor = self.incremental.cursor
            kind = next((one.type for one in columns if one.name == cursor), "")
            found = found.where(_column(cursor) >= self.compared(since, kind))
        return found if self.few is None else found.limit(self.few)

    def count(self) -> int:
        """How many rows there are."""
        import sqlalchemy

        with self._said():
            query = sqlalchemy.select(sqlalchemy.func.count()).select_from(self._source())
            return int(self._opened.execute(query).scalar_one())

    def _described(self) -> Any:
        import sqlalchemy

        everything = sqlalchemy.select(sqlalchemy.text("*")).select_from(self._source())
        return self._opened.execute(everything.where(sqlalchemy.text("1 = 0")))

    def _source(self) -> Any:
        import sqlalchemy

        if self.options.query:
            # Nothing in it is a parameter, whatever its colons look like.
            query = self.options.query.rstrip("; \n").replace(":", "\\:")
            return sqlalchemy.text(f"({query}\n) lues")
        schema, table = place(self.location)
        return sqlalchemy.table(table, schema=schema)

    @contextmanager
    def _said(self, reading: bool = False) -> Iterator[None]:
        """Says what the database refuses in words for people; while it is read, its words may hold values."""
        try:
            yield
        except self._errors as error:
            cause = getattr(error, "orig", None) or error
            fault = self.fault(cause)
            said = "" if reading and not fault.names else self.connection.hides(_first(cause))
            raise told(self, fault, said) from None


def told(source: RecordSource, fault: Fault, said: str) -> PlatformError:
    """The error for people.

    Args:
        source: what was read.
        fault: what the error means.
        said: the database's own words, without secret or value; "" for none.
    """
    message = f"La base de la connexion « {source.connection.shown} » ne se lit pas : {fault.reason}"
    advice = fault.advice.format(variable=source.connection.variable())
    return (PassingFault if fault.passing else PlatformError)(
        f"{message} ({line(said)})." if said else f"{message}.", advice
    )


def check_place(location: str, options: SqlOptions) -> None:
    """Takes a table or a query, one of the two.

    Raises:
        PlatformError: none, or both; or a location that is no `schema.table`.
    """
    if bool(location) == bool(options.query):
        raise PlatformError(
            "Il faut une table ou une requête, et une seule.",
            "Écrivez `location: schema.table`, ou `query:` sous `options:`.",
        )
    if location and not (1 <= len(parts := location.split(".")) <= 2 and all(parts)):
        raise PlatformError(f"« {line(location)} » ne nomme pas une table.", "Écrivez schema.table.")


def place(location: str) -> tuple[str | None, str]:
    """The schema and the table of a location."""
    schema, _, table = location.rpartition(".")
    return schema or None, table


def number(since: str) -> int | Decimal:
    """A value of a cursor of numbers, exactly.

    Raises:
        PlatformError: it is none.
    """
    try:
        found = Decimal(since)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise PlatformError(
            "La dernière valeur lue du curseur n'est pas un nombre.",
            "Corrigez `incremental` dans la déclaration : son type, ou sa colonne.",
        )
    return int(found) if found == found.to_integral_value() else found


def zoned(since: str) -> tuple[str, str]:
    """A moment, and its zone as the warehouse writes it: "" when it has none."""
    found = _ZONED.fullmatch(since)
    return (found[1], found[2]) if found else (since, "")


def as_text(cell: Any) -> str:
    """What a driver gives, as text, when that loses nothing: bytes are written 0x….

    Raises:
        PlatformError: it has made something else of it.
    """
    if isinstance(cell, str):
        return str(cell)
    if isinstance(cell, bytes | bytearray | memoryview):
        return f"0x{bytes(cell).hex().upper()}"
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)
    raise PlatformError(
        f"Le pilote donne une valeur sous une forme qui peut perdre des chiffres ({type(cell).__name__}).",
        "Lisez par une requête (`query`) qui convertit elle-même cette colonne en texte.",
    )


def batch(rows: list[Row], before: int) -> Batch:
    """A batch in the shortest form that there is: as COPY reads it.

    Args:
        rows: cells as text.
        before: how many records came before.
    """
    text = "".join(filter(None, chain.from_iterable(rows)))
    if "\0" in text or not _encodes(text):
        return _sorted_out(rows)
    escaped = "\\" in text or "\n" in text or "\t" in text or "\r" in text
    lines = [
        "\t".join(["\\N" if cell is None else cell for cell in row])
        if not escaped
        else "\t".join([COPY_NULL if cell is None else cell.translate(ESCAPES) for cell in row])
        for row in rows
    ]
    return Batch(copied=_NUMBERING.all(before + 1, [one.encode() for one in lines]))


def batch_of_bytes(rows: list[list[bytes]], nulls: int, before: int) -> Batch:
    """The same of rows of which nothing was decoded.

    Args:
        rows: cells in UTF-8; the null ones are NULL itself.
        nulls: how many are.
        before: how many records came before.
    """
    lines = [b"\t".join(row) for row in rows]
    text = b"\n".join(lines)
    plain = (
        text.count(b"\\") == nulls
        and text.count(b"\n") == len(rows) - 1
        and text.count(b"\t") == sum(map(len, rows)) - len(rows)
        and b"\r" not in text
        and b"\0" not in text
        and _decodes(text)
    )
    if plain:
        return Batch(copied=_NUMBERING.all(before + 1, lines))
    return batch(
        [[None if cell is NULL else cell.decode("utf-8", "surrogateescape") for cell in row] for row in rows],
        before,
    )


# How COPY reads null, in bytes.
NULL = COPY_NULL.encode()
_NUMBERING = Numbering(b"\t")


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _decodes(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _sorted_out(rows: list[Row]) -> Batch:
    kept: list[Row] = []
    unreadable = []
    for row in rows:
        text = "".join(filter(None, row))
        if "\0" not in text and _encodes(text):
            kept.append(row)
            continue
        motif, detail = (
            ("caractere_nul", "Une cellule contient un caractère nul, que PostgreSQL ne peut pas garder.")
            if "\0" in text
            else ("caractere_invalide", "Une cellule contient un caractère qui n'en est pas un.")
        )
        shown = json.dumps(row, ensure_ascii=True)
        unreadable.append(
            Unreadable(motif, detail, shown, shown.encode("utf-8", "surrogateescape"), len(kept))
        )
    return Batch(rows=kept, unreadable=unreadable)


def _column(name: str) -> Any:
    import sqlalchemy
    from sqlalchemy.sql import quoted_name

    return sqlalchemy.column(quoted_name(name, True))


def _named(kind: Any, dialect: Any) -> str:
    import sqlalchemy

    try:
        return str(kind.compile(dialect=dialect)).lower()
    except sqlalchemy.exc.SQLAlchemyError:
        return ""


def _check_names(names: Sequence[str]) -> None:
    if not all(names) or len(set(names)) < len(names):
        raise PlatformError(
            "La requête donne deux colonnes du même nom, ou une sans nom.",
            "Nommez chaque colonne de `query` : `… as nom`.",
        )


def _errors(engine: Any) -> tuple[type[BaseException], ...]:
    import sqlalchemy

    return (sqlalchemy.exc.SQLAlchemyError, engine.dialect.dbapi.Error, OSError)


def _first(error: BaseException) -> str:
    """The database's own words, without what SQLAlchemy adds."""
    said = error.args[-1] if error.args else error
    if isinstance(said, tuple):
        said = said[-1]
    if isinstance(said, bytes):
        said = said.decode("utf-8", "replace")
    return (str(said).strip().splitlines() or [""])[0][:300].rstrip(". ")
