"""JSON APIs: pages of rows, asked as the API wants them asked."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urljoin

from pydantic import Field, field_validator

from donnees_au_centre.connectors import web
from donnees_au_centre.connectors.connections import SECRETS
from donnees_au_centre.connectors.interface import (
    Batch,
    Column,
    Options,
    PassingFault,
    RecordSource,
)
from donnees_au_centre.connectors.json_cells import follow
from donnees_au_centre.connectors.retrying import retried
from donnees_au_centre.connectors.spool import Spool
from donnees_au_centre.errors import PlatformError

Param = str | int | float | bool
Params = list[tuple[str, str]]


class Page(Options):
    """Pages that have numbers."""

    by: Literal["page"] = Field(description="Comment demander la suite.")
    param: str = Field(default="page", description="Paramètre qui porte le numéro de la page.")
    start: int = Field(default=1, description="Numéro de la première page.")
    size_param: str | None = Field(default=None, description="Paramètre qui porte la taille d'une page.")
    size: int = Field(default=100, ge=1, description="Lignes par page, si `size_param` est donné.")


class Offset(Options):
    """Pages that begin at a row."""

    by: Literal["offset"] = Field(description="Comment demander la suite.")
    param: str = Field(
        default="offset", description="Paramètre qui porte le rang de la première ligne, depuis 0."
    )
    size_param: str = Field(default="limit", description="Paramètre qui porte le nombre de lignes.")
    size: int = Field(default=100, ge=1, description="Lignes par page.")
    max: int | None = Field(default=None, description="Rang au-delà duquel l'API ne donne plus rien.")


class Cursor(Options):
    """Pages of which each says how to ask for the next."""

    by: Literal["cursor"] = Field(description="Comment demander la suite.")
    next: str = Field(description="Chemin, dans la réponse, du curseur de la page suivante.")
    param: str = Field(default="cursor", description="Paramètre qui le porte.")


class Link(Options):
    """Pages of which each gives the address of the next."""

    by: Literal["link"] = Field(description="Comment demander la suite.")
    next: str | None = Field(
        default=None,
        description="Chemin de cette adresse dans la réponse ; sinon, l'en-tête Link (rel=next).",
    )


class RestOptions(Options):
    """What a declaration says of an API."""

    rows: str = Field(
        default="*",
        description="Où sont les lignes dans une page : des clés séparées par des points, `*` à la fin.",
    )
    params: dict[str, Param | list[Param]] = Field(
        default={}, description="Paramètres de chaque demande, sans secret ; une liste répète le sien."
    )
    paging: Annotated[Page | Offset | Cursor | Link, Field(discriminator="by")] | None = Field(
        default=None,
        description=(
            "Comment demander la suite. `by: page` (param, start, size_param, size), `by: offset` (param, "
            "size_param, size, max), `by: cursor` (next : chemin du curseur, param), `by: link` (next : "
            "chemin de l'adresse, sinon l'en-tête Link). Sans elle, une seule réponse dit tout."
        ),
    )
    total: str | None = Field(
        default=None,
        description="Chemin du nombre annoncé de lignes : un autre nombre fait refuser la lecture.",
    )
    total_header: str | None = Field(default=None, description="En-tête de la réponse qui annonce ce nombre.")
    auth: Literal["none", "api_key", "bearer", "basic", "oauth2"] = Field(
        default="none",
        description=(
            "Comment s'annoncer : `api_key` (SOURCE_X_API_KEY), `bearer` (SOURCE_X_TOKEN), `basic` (le "
            "compte de l'adresse et SOURCE_X_PASSWORD), `oauth2` (SOURCE_X_TOKEN_URL, _CLIENT_ID, "
            "_CLIENT_SECRET, et _SCOPE s'il en faut un)."
        ),
    )
    key_header: str = Field(default="X-Api-Key", description="En-tête qui porte la clé de `auth: api_key`.")
    key_param: str | None = Field(
        default=None, description="Paramètre qui la porte, à la place de l'en-tête."
    )
    since_param: str | None = Field(
        default=None,
        description="Paramètre de l'API pour « depuis » : il reçoit le curseur de `incremental`.",
    )
    max_parallel: int = Field(
        default=4, ge=1, le=16, description="Pages demandées à la fois, si `total` est donné."
    )
    timeout: float = Field(
        default=60, gt=0, le=600, description="Secondes de silence après lesquelles on réessaie."
    )

    @field_validator("params")
    @classmethod
    def _no_secret(cls, params: dict[str, Param | list[Param]]) -> dict[str, Param | list[Param]]:
        if any(name.lower() in SECRETS for name in params):
            raise ValueError("une clé ne s'écrit pas dans une déclaration : utilisez `auth`")
        return params


@dataclass(frozen=True)
class _Asked:
    """One page, in the memory."""

    answer: web.Answer
    value: Any
    rows: Sequence[Any]
    total: int | None

    @property
    def escaped(self) -> bool:
        return b"\\u" in self.answer.body


class RestSource(RecordSource):
    """Une API JSON : ses pages sont lues toutes, et ses lignes mises à plat comme celles d'un fichier."""

    title: ClassVar[str] = "API JSON"
    schemes: ClassVar[tuple[str, ...]] = ("https", "http")
    options_class: ClassVar[type[Options]] = RestOptions
    tried: ClassVar[str] = "serveur HTTP local : quatre paginations, quatre façons de s'annoncer, pannes"
    options: RestOptions
    _count_advice = (
        "Vérifiez `paging` et `total` ; si l'API se trompe dans son compte, signalez-le au fournisseur."
    )

    @classmethod
    def check(cls, location: str, options: Any) -> None:
        """Refuses an address in place of a path.

        Raises:
            PlatformError: what to write.
        """
        if "://" in location or "?" in location or "#" in location:
            raise PlatformError(
                "`location` est un chemin de l'API, sans adresse ni paramètres.",
                "Mettez l'adresse dans `connection`, et ce qui suit le « ? » dans `params`.",
            )

    @contextmanager
    def open(self) -> Iterator[None]:
        """Asks for the first page.

        Raises:
            PassingFault, PlatformError: as the interface says.
        """
        options = self.options
        with self.connection.discreet():
            self._web = web.Web(self.connection, self._signature(), options.timeout, options.max_parallel)
            self._spool: tuple[tuple[str | None, str], Spool] | None = None
            try:
                self._prepare()
                self._first: _Asked | None = self._ask(self._params(None))
                self._announced = self._first.total
                with closing(Spool()) as page:
                    page.keep(self._first.rows, self._first.escaped)
                    self._usual = page.paths
                yield
            finally:
                self._web.close()
                self._let_go()

    def _prepare(self) -> None:
        """Asks for what must be known before the first page."""

    def columns(self) -> list[Column]:
        """The fields of the rows, in the order in which they came: an API declares none."""
        with self.connection.discreet():
            return [Column("_".join(path)) for path in self._met()]

    def announced(self) -> int | None:
        """What `total` says in the first page."""
        return self._announced

    def batches(self, columns: Sequence[Column], since: str | None) -> Iterator[Batch]:
        """Gives the rows of the one reading that `columns` began; another `since` is another reading."""
        with self.connection.discreet():
            yield from self._read(since).batches(columns)

    def _met(self) -> list[tuple[str, ...]]:
        """Where the columns are found: in what is read, and in a page that no cursor filters."""
        return list(dict.fromkeys((*self._read(self._expected()).paths, *self._usual)))

    def _expected(self) -> str | None:
        """From where on `batches` will most likely be asked."""
        return self.since if self.options.since_param else None

    def _read(self, since: str | None) -> Spool:
        """Reads all pages, unless it is done.

        Raises:
            PassingFault: a page cannot be had now, or the data changed between two pages.
            PlatformError: the API gives another number of rows than it announces, or the same page for ever.
        """
        if since is not None and self.options.since_param is None:
            raise PlatformError(
                "Cette API est lue depuis un curseur, et rien ne dit comment le lui demander.",
                "Écrivez `since_param` (le paramètre de l'API), ou ôtez `incremental`.",
            )
        what = since, self.incremental.cursor if since is not None and self.incremental else ""
        if self._spool is not None and self._spool[0] == what:
            return self._spool[1]
        self._let_go()
        spool = Spool()
        self._spool = what, spool
        try:
            first = self._first if since is None else None
            self._fill(spool, first or self._asked(self._params(since)), self._params(since))
        except BaseException:
            self._let_go()
            raise
        finally:
            # Another reading begins with a page of its own.
            self._first = None
        return spool

    def _let_go(self) -> None:
        if self._spool is not None:
            self._spool[1].close()
        self._spool = None

    def _fill(self, spool: Spool, first: _Asked, params: Params) -> None:
        self._check_reachable(first)
        if self.few is not None:
            spool.keep(first.rows, first.escaped)
            return
        for page in self._pages(first, params):
            self.check_time()
            if page.total != first.total:
                raise self._changed()
            if not spool.keep(page.rows, page.escaped):
                raise self._endless("deux fois la même page")
            if first.total is not None and spool.found > first.total:
                break
        if first.total is not None and spool.found != first.total:
            raise self._miscounted(first.total, spool.found)

    def _changed(self) -> PassingFault:
        return PassingFault(
            f"« {self.connection.shown} » a changé pendant sa lecture, et n'annonce plus autant de lignes.",
            "Relancez le chargement ; choisissez une heure où ces données ne changent pas.",
        )

    def _miscounted(self, total: int, found: int) -> PlatformError:
        given = f"au moins {found}" if found > total else str(found)
        return PlatformError(
            f"« {self.connection.shown} » annonce {total} lignes et en donne {given} : rien n'est chargé.",
            self._count_advice,
        )

    def _endless(self, what: str) -> PlatformError:
        return PlatformError(
            f"« {self.connection.shown} » donne {what} : la lecture n'en finirait pas.",
            "Vérifiez les paramètres de `paging` ; une API sans ordre stable demande un paramètre de tri, et "
            "une API qui redonne sa dernière page demande `total`.",
        )

    def _check_reachable(self, first: _Asked) -> None:
        paging = self.options.paging
        if isinstance(paging, Offset) and paging.max is not None and (first.total or 0) > paging.max:
            raise self._beyond(paging.max)

    def _beyond(self, most: int) -> PlatformError:
        return PlatformError(
            f"« {self.connection.shown} » a plus de lignes que les {most} qu'elle donne par pages.",
            "Lisez-la par morceaux (`params`), par un export, ou depuis un curseur (`incremental`).",
        )

    # Pages

    def _pages(self, first: _Asked, params: Params) -> Iterator[_Asked]:
        paging = self.options.paging
        if isinstance(paging, Page | Offset):
            if first.total is None:
                return self._one_by_one(first, params)
            return self._counted(first, first.total, params)
        return self._followed(first, params) if paging else iter((first,))

    def _counted(self, first: _Asked, total: int, params: Params) -> Iterator[_Asked]:
        """The pages of a known number of rows, several asked at a time, given in order."""
        yield first
        size, last = len(first.rows), first
        if not size:
            return
        count = math.ceil(total / size)
        for last in self._together(self._at(params, page, size) for page in range(1, count)):
            if not last.rows:
                return
            yield last
        # A full page does not say that it is the last: one more than announced would stay unseen.
        beyond = self._at(params, count, size)
        if len(last.rows) == size and beyond is not None:
            try:
                page = self._ask(beyond)
            except PlatformError:
                return
            if page.rows and page.rows != last.rows:
                yield page

    def _one_by_one(self, first: _Asked, params: Params) -> Iterator[_Asked]:
        """Pages until an empty one."""
        page, number, given = first, 0, 0
        while page.rows:
            yield page
            number, given = number + 1, given + len(page.rows)
            paging = self.options.paging
            where = self._at(params, number, 0, given)
            if where is None:
                assert isinstance(paging, Offset) and paging.max is not None
                raise self._beyond(paging.max)
            page = self._asked(where)

    def _at(self, params: Params, number: int, size: int, start: int | None = None) -> Params | None:
        """The parameters of a page; None beyond what the API gives.

        Args:
            params: those of every page.
            number: of the page, from 0.
            size: rows of a page, as the first one had them.
            start: the row where it begins, where that is not number * size.
        """
        paging = self.options.paging
        if isinstance(paging, Page):
            return with_params(params, {paging.param: str(paging.start + number)})
        assert isinstance(paging, Offset)
        begin = number * size if start is None else start
        left = paging.size if paging.max is None else min(paging.size, paging.max - begin)
        if left <= 0:
            return None
        return with_params(params, {paging.param: str(begin), paging.size_param: str(left)})

    def _followed(self, first: _Asked, params: Params) -> Iterator[_Asked]:
        """The pages of which each says where the next is."""
        paging, page, met = self.options.paging, first, set()
        while True:
            yield page
            if isinstance(paging, Link):
                following = follow(page.value, paging.next.split(".")) if paging.next else page.answer.next
            else:
                assert isinstance(paging, Cursor)
                following = follow(page.value, paging.next.split("."))
            if following is None or following == "":
                return
            if not isinstance(following, str):
                raise PlatformError(
                    f"« {self.connection.shown} » ne dit pas où est sa page suivante à `{paging.next}`.",
                    "Corrigez `paging.next` : le chemin d'un texte ou d'un nombre.",
                )
            if following in met:
                raise self._endless("deux fois la même suite")
            met.add(following)
            if isinstance(paging, Link):
                page = self._asked([], urljoin(page.answer.url, following))
            else:
                page = self._asked(with_params(params, {paging.param: str(following)}))

    def _together(self, asked: Iterable[Params | None]) -> Iterator[_Asked]:
        """Pages in order, as many at a time as may be; no more of them wait in the memory."""
        waiting: deque[Future[_Asked]] = deque()
        pool = ThreadPoolExecutor(self.options.max_parallel, "page")
        try:
            for params in filter(None, asked):
                waiting.append(pool.submit(self._asked, params))
                if len(waiting) > self.options.max_parallel:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    # One page

    def _asked(self, params: Params, url: str | None = None) -> _Asked:
        """A page, asked again when that may help."""
        work: Callable[[], _Asked] = partial(self._ask, params, url)
        return retried(work, web.PAUSES)

    def _ask(self, params: Params, url: str | None = None) -> _Asked:
        answer = self._web.get(url or self._web.url(self.location), params)
        value = self._web.json(answer)
        return _Asked(answer, value, self._rows(value), self._total(value, answer))

    def _params(self, since: str | None) -> Params:
        """The parameters of the first page."""
        options, paging = self.options, self.options.paging
        params = [
            (name, str(one).lower() if isinstance(one, bool) else str(one))
            for name, given in options.params.items()
            for one in (given if isinstance(given, list) else [given])
        ]
        if since is not None and options.since_param:
            params = with_params(params, {options.since_param: self._written(since)})
        if isinstance(paging, Page):
            first = {paging.param: str(paging.start)}
            size = {paging.size_param: str(paging.size)} if paging.size_param else {}
            return with_params(params, first | size)
        if isinstance(paging, Offset):
            most = min(paging.size, paging.max or paging.size)
            return with_params(params, {paging.param: "0", paging.size_param: str(most)})
        return params

    def _written(self, since: str) -> str:
        """A cursor as APIs take it: a moment in the one form of JSON."""
        if self.incremental is None or self.incremental.type != "time":
            return since
        return datetime.fromisoformat(since).isoformat()

    def _rows(self, value: Any) -> Sequence[Any]:
        """The rows of a page.

        Raises:
            PlatformError: they are not where the declaration looks for them.
        """
        *steps, last = self.options.rows.split(".")
        for step in steps:
            if not isinstance(value, dict) or step not in value:
                raise self._misplaced(f"l'étape « {step} » manque")
            value = value[step]
        if last != "*" or not isinstance(value, list):
            raise self._misplaced("il n'y a pas de liste à cet endroit")
        return value

    def _misplaced(self, what: str) -> PlatformError:
        return PlatformError(
            f"Les lignes de « {self.connection.shown} » ne sont pas là où la déclaration les cherche "
            f"({self.options.rows}) : {what}.",
            "Corrigez `rows` (des clés, puis `*` pour la liste), ou demandez au fournisseur ce qui a changé.",
        )

    def _total(self, value: Any, answer: web.Answer) -> int | None:
        options = self.options
        if options.total_header:
            said: Any = answer.headers.get(options.total_header.lower())
        elif options.total:
            said = follow(value, options.total.split("."))
        else:
            return None
        if not isinstance(said, str) or not said.isdecimal() or len(said) > len("999999999999"):
            raise PlatformError(
                f"« {self.connection.shown} » n'annonce pas de nombre à « "
                f"{options.total_header or options.total} ».",
                "Corrigez `total` (un chemin dans la réponse) ou `total_header`, ou ôtez-le.",
            )
        return int(said)

    def _signature(self) -> web.Signature | None:
        options, connection = self.options, self.connection
        if options.auth == "api_key":
            key = connection.needed("api_key", "une clé d'API")
            return (
                web.Key(key, param=options.key_param)
                if options.key_param
                else web.Key(key, options.key_header)
            )
        if options.auth == "bearer":
            return web.Key(f"Bearer {connection.needed('token', 'un jeton')}", "Authorization")
        if options.auth == "basic":
            return web.basic(connection)
        return web.ClientCredentials(connection) if options.auth == "oauth2" else None


def with_params(params: Params, others: dict[str, str]) -> Params:
    """The parameters with others in place of their own."""
    return [(name, value) for name, value in params if name not in others] + list(others.items())


KIND = RestSource
