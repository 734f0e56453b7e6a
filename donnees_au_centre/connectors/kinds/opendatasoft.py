"""Data sets of an Opendatasoft portal: Explore API v2.1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, ClassVar, Literal

from pydantic import Field

from donnees_au_centre.connectors import web
from donnees_au_centre.connectors.connections import Connection
from donnees_au_centre.connectors.interface import Column, Described, Options, PassingFault
from donnees_au_centre.connectors.json_cells import DECODER, follow
from donnees_au_centre.connectors.kinds.rest import (
    Offset,
    Param,
    Params,
    RestOptions,
    RestSource,
    with_params,
)
from donnees_au_centre.connectors.retrying import retried
from donnees_au_centre.connectors.spool import Spool
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.inert import line

_DATASETS = "api/explore/v2.1/catalog/datasets"
_DATASET = re.compile(r"[\w@.-]+")
# What a page of the API holds at most, and the rank beyond which it gives no page.
_PAGE, _REACHED = 100, 10_000
# Lines of an export that are kept together.
_LINES = 1000
_POINT = "geo_point_2d"
_PARTS = {"lon": "longitude", "lat": "latitude"}
_OBJECTS = (_POINT, "geo_shape", "file")
_ERRORS = ("error_code", "errorcode")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DATES, _NUMBERS = ("date", "datetime"), ("int", "double")


class OpendatasoftOptions(Options):
    """What a declaration says of a data set."""

    where: str | None = Field(default=None, description="Filtre ODSQL : `annee >= 2020`.")
    select: str | None = Field(
        default=None, description="Champs voulus, séparés par des virgules ; tous sans elle."
    )
    order_by: str | None = Field(default=None, description="Ordre des lignes : `id asc`.")
    refine: list[str] = Field(default=[], description="Facettes, chacune `champ:valeur`.")
    through: Literal["export", "records"] = Field(
        default="export",
        description=(
            "`export` : tout le jeu d'un trait, sans plafond. `records` : par pages de 100, jusqu'à 10 000 "
            "lignes, là où le portail refuse les exports."
        ),
    )
    max_parallel: int = Field(default=4, ge=1, le=16, description="Pages demandées à la fois, par `records`.")
    timeout: float = Field(
        default=60, gt=0, le=600, description="Secondes de silence après lesquelles on réessaie."
    )


class OpendatasoftSource(RestSource):
    """Un jeu de données d'un portail Opendatasoft : exporté d'un trait, et compté avant d'être chargé."""

    title: ClassVar[str] = "portail Opendatasoft"
    options_class: ClassVar[type[Options]] = OpendatasoftOptions
    tried: ClassVar[str] = (
        "serveur HTTP local qui suit les règles d'Explore v2.1 ; aucun portail public n'a été appelé"
    )
    _count_advice = (
        "Le portail l'annonce parfois en pleine mise à jour : relancez plus tard ; si cela dure, "
        "signalez-le à ceux qui publient ce jeu."
    )

    def __init__(self, connection: Connection, location: str, options: OpendatasoftOptions) -> None:
        """Says what is wanted of the data set as options of an API."""
        self.wanted = options
        params: dict[str, Param | list[Param]] = {
            name: given
            for name in ("where", "select", "order_by")
            if (given := getattr(options, name)) is not None
        }
        if options.refine:
            params["refine"] = list(options.refine)
        self._exports = options.through == "export"
        super().__init__(
            connection,
            f"{_DATASETS}/{location}/records",
            RestOptions(
                rows="results.*",
                total="total_count",
                params=params if not self._exports else params | {"limit": 1},
                paging=None if self._exports else Offset(by="offset", size=_PAGE, max=_REACHED),
                since_param="where",
                max_parallel=options.max_parallel,
                timeout=options.timeout,
            ),
        )
        self.dataset = location

    @classmethod
    def check(cls, location: str, options: Any) -> None:
        """Refuses what names no data set.

        Raises:
            PlatformError: what to write.
        """
        if not _DATASET.fullmatch(location):
            raise PlatformError(
                f"« {line(location[:100])} » ne nomme pas un jeu de données.",
                "Écrivez dans `location` son identifiant, la fin de son adresse sur le portail : "
                "`signaletique-fase`.",
            )

    def _prepare(self) -> None:
        """Asks for the fields of the data set.

        Raises:
            PlatformError: it has no rows.
        """
        described = self._web.json(self._web.get(self._web.url(f"{_DATASETS}/{self.dataset}")))
        fields = follow(described, ("fields",))
        if not isinstance(fields, list) or follow(described, ("has_records",)) is False:
            raise PlatformError(
                f"Le jeu « {self.dataset} » n'a pas d'enregistrements à lire.",
                "S'il a des fichiers joints, lisez-les par `kind: http` ; sinon, vérifiez `location`.",
            )
        self._dataset = described
        self._types = {str(follow(one, ("name",))): str(follow(one, ("type",))) for one in fields}
        self._objects = [name for name, kind in self._types.items() if kind in _OBJECTS]

    def described(self) -> Described:
        """The title of the data set, and what it says of its fields; nothing of what `select` computes."""
        said = {
            _text(one, "name"): (_text(one, "label"), _text(one, "description"))
            for one in follow(self._dataset, ("fields",))
        }
        if self.wanted.select:
            plain = {one.strip() for one in self.wanted.select.split(",")}
            said = {name: texts for name, texts in said.items() if name in plain}
        return Described(
            _text(follow(self._dataset, ("metas", "default")), "title"),
            {
                column: _of_part(*said[name], column.removeprefix(name)[1:])
                for name, column in self._named()
                if name in said
            },
        )

    def columns(self) -> list[Column]:
        """The fields of the data set, then what only its rows have; a point is two columns, _lon and _lat."""
        return [Column(column, self._types.get(name, "")) for name, column in self._named()]

    def _named(self) -> list[tuple[str, str]]:
        """The field and the name of each column."""
        met: dict[str, list[str]] = {}
        with self.connection.discreet():
            for path in self._met():
                met.setdefault(path[0], []).append("_".join(path))
        fields = {} if self.wanted.select else self._types
        found = []
        for name in dict.fromkeys((*fields, *met)):
            absent = [f"{name}_lon", f"{name}_lat"] if self._types.get(name) == _POINT else [name]
            found += [(name, column) for column in met.get(name, absent)]
        return found

    def _fill(self, spool: Spool, first: Any, params: Params) -> None:
        if not self._exports:
            super()._fill(spool, first, params)
            return
        if self.few is not None:
            # An export may take a while to begin.
            page = self._asked(with_params(params, {"limit": str(_PAGE)}))
            spool.keep(page.rows, page.escaped)
            return
        self._export(spool, params)
        if spool.found == first.total:
            return
        if self._asked(params).total != first.total:
            raise self._changed()
        raise self._miscounted(first.total, spool.found)

    def _read(self, since: str | None) -> Spool:
        # An export cannot be taken up where it was cut: it is asked whole again.
        return retried(partial(super()._read, since), web.PAUSES if self._exports else ())

    def _export(self, spool: Spool, params: Params) -> None:
        """Keeps the lines of the export.

        Raises:
            PassingFault: it is cut, or the portal says in its midst that it failed.
        """
        url = self._web.url(f"{_DATASETS}/{self.dataset}/exports/jsonl")
        wanted = [(name, value) for name, value in params if name != "limit"]
        values: list[Any] = []
        texts: list[bytes] = []
        for text in self._web.lines(url, wanted):
            if not text.strip():
                continue
            values.append(self._record(text))
            texts.append(text)
            if len(values) == _LINES:
                self.check_time()
                self._keep(spool, values, texts)
                values, texts = [], []
        self._keep(spool, values, texts)

    def _keep(self, spool: Spool, values: Sequence[Any], texts: Sequence[bytes]) -> None:
        escaped = any(b"\\u" in text for text in texts)
        spool.keep(self._plain(values), escaped, texts)

    def _record(self, text: bytes) -> Any:
        try:
            value = DECODER.decode(text.decode("utf-8"))
        except (ValueError, RecursionError):
            raise self._web.cut() from None
        found = [key for key in _ERRORS if key in value] if isinstance(value, dict) else []
        if found and found[0] not in self._types:
            raise PassingFault(
                f"« {self.connection.shown} » s'est arrêté au milieu de l'export de « {self.dataset} » : "
                f"erreur {line(str(value[found[0]])[:60])}.",
                "Relancez le chargement ; si cela dure, signalez-le à ceux qui publient ce jeu.",
            )
        return value

    def _rows(self, value: Any) -> Sequence[Any]:
        return list(self._plain(super()._rows(value)))

    def _plain(self, values: Sequence[Any]) -> Iterator[Any]:
        """The records without the objects that are null: theirs are the columns of their members."""
        for value in values:
            for name in self._objects:
                if isinstance(value, dict) and value.get(name, 0) is None:
                    del value[name]
            yield value

    def _expected(self) -> str | None:
        # Before the columns are known, the cursor may have a name that the portal has not.
        return self.since if self.incremental and self.incremental.cursor in self._types else None

    def _written(self, since: str) -> str:
        """The condition that only leaves what is as late as a cursor."""
        assert self.incremental is not None
        field, kind = self.incremental.cursor, self._types.get(self.incremental.cursor, "")
        since = super()._written(since)
        if "'" in since or "\\" in since or (kind in _NUMBERS and not _NUMBER.fullmatch(since)):
            raise PlatformError(
                f"Le curseur de « {self.dataset} » n'est pas une valeur de « {line(field)} ».",
                "Choisissez un autre champ, ou ôtez `incremental` : le jeu sera lu entier.",
            )
        value = since if kind in _NUMBERS else f"'{since}'"
        condition = f"{field} >= {'date' if kind in _DATES else ''}{value}"
        return f"({self.wanted.where}) and {condition}" if self.wanted.where else condition

    def _signature(self) -> web.Signature | None:
        key = self.connection.setting("api_key")
        return web.Key(f"Apikey {key}", "Authorization") if key else None


def _text(value: Any, name: str) -> str:
    found = follow(value, (name,))
    return found if isinstance(found, str) else ""


def _of_part(label: str, description: str, part: str) -> tuple[str, str]:
    """What is said of a field, as said of a column that is a part of it."""
    if not part:
        return label, description
    shown = _PARTS.get(part, part)
    return (
        f"{label} ({shown})" if label else "",
        description if label or not description else f"{description} ({shown})",
    )


KIND = OpendatasoftSource
