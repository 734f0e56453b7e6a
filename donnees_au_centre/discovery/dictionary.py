"""What a provider says of its columns: in a table, a sheet beside the data, a JSON schema, or a database.

A dictionary is read for the columns of one table. The column that names them is the one whose cells are their
names; the one that describes them says so in its header. Nothing is guessed: where two could be meant, the
error names both.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO

from donnees_au_centre.discovery.charset import charset_of
from donnees_au_centre.discovery.columns import name_key
from donnees_au_centre.discovery.delimited import delimited
from donnees_au_centre.discovery.documents import rows_of
from donnees_au_centre.discovery.layout import Layout, layout_of
from donnees_au_centre.discovery.look import MOST_BYTES, TEXTS, unpacked
from donnees_au_centre.discovery.typings import NULL_MARKS
from donnees_au_centre.discovery.workbooks import sheets_of
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.inert import line
from donnees_au_centre.landing.identifiers import to_identifier
from donnees_au_centre.landing.kinds import kind_of, name_of
from donnees_au_centre.landing.workbook import BOOKS

_MOST_ROWS = 20_000
# Characters of a description that are kept, and beyond which a cell is no name.
LONGEST, _LONGEST_NAME = 400, 200
# Share of the columns, or of the cells, from which cells are the names of columns; and of all that differ.
_ENOUGH, _DISTINCT = 0.5, 0.5
# Share of the columns that the one sheet among several which describes the table names.
_NEARLY_ALL = 0.9
# Names that an error tells.
_TOLD = 8
# What headers of descriptions say, those in French first; then those of labels.
_DESCRIBING = (
    {
        "description",
        "descriptions",
        "descriptif",
        "definition",
        "definitions",
        "signification",
        "explication",
    },
    {"omschrijving", "beschrijving", "definitie", "betekenis", "beschreibung", "meaning"},
)
_LABELLING = ({"libelle", "libelles", "intitule", "label", "titre", "title"}, {"benaming", "bezeichnung"})
# What they begin or end with, in another language.
_ELSEWHERE = {"nl", "en", "de", "neerlandais", "dutch", "anglais", "english", "engels", "allemand", "german"}
# How the words of the header begin under which stands whose column each is.
_OF_TABLES = ("table", "tabel", "fichier", "file", "bestand", "feuille", "dataset", "jeu", "entite", "vue")
# Where JSON keeps the schemas of several tables, or that of one.
_SEVERAL, _ONE = ("resources", "results", "datasets", "tables"), ("schema", "dataset", "items")
_PARTS = ("name", "title", "label", "description")
_BLOCK = re.compile(r"</?(?:p|br|div|li|ul|ol|h\d|tr|td|th|table)\b[^<>]{0,200}>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
# dbt would take these for Jinja.
_JINJA = re.compile(r"(?<=\{)(?=[{%#])|(?<=[}%#])(?=\})")


@dataclass(frozen=True)
class Table:
    """A table that may describe columns.

    Attributes:
        title: of its sheet or resource; "" where it has none.
        headers: of its columns, as received; "" where there is none.
        rows: their cells.
    """

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]

    def shown(self, place: int) -> str:
        """How people find one of its columns: its header, else its place from 1."""
        return f"« {line(self.headers[place])} »" if self.headers[place] else f"la colonne {place + 1}"

    def cells(self, place: int) -> list[str]:
        """The cells of a column; "" for those that a shorter row lacks."""
        return [row[place].strip() if place < len(row) else "" for row in self.rows]


@dataclass(frozen=True)
class Words:
    """What a dictionary says of the columns of a table.

    Attributes:
        texts: by column; each one line, bounded, that dbt and a terminal may be given.
        named: the column of the dictionary that names them, for people.
        described: the one that describes them.
        title: of its sheet or resource; "" for none.
        silent: columns that it names without a word on them, or with their name alone.
        disputed: columns of which it says two things.
        unknown: names in it that no column has.
        table: what is said of the whole table.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    named: str = ""
    described: str = ""
    title: str = ""
    silent: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    table: str = ""


NO_WORDS = Words()


def said(name: str, text: str | None, label: str | None = None) -> str:
    """What a provider says of a column or a table, as a description.

    Args:
        name: of the column: what only repeats it says nothing.
        text: its description, maybe in HTML.
        label: its label, which comes before where the description does not say it too.

    Returns:
        One line of LONGEST characters at most; "" where it says nothing.
    """
    found, short = _plain(name, text), _plain(name, label)
    if found and short and name_key(short) not in name_key(found):
        found = f"{short.rstrip('. :')} : {found}"
    found = found or short
    if len(found) > LONGEST:
        found = f"{found[:LONGEST].rpartition(' ')[0] or found[:LONGEST]}…"
    return found if not found or found[-1] in ".!?…»" else f"{found.rstrip(' ;,:')}."


def _plain(name: str, text: str | None) -> str:
    bare = html.unescape(_TAG.sub("", _BLOCK.sub(" ", (text or "")[: LONGEST * 20])))
    bare = _JINJA.sub(" ", line(" ".join(bare.split())))
    key = name_key(bare)
    return "" if not key or bare.lower() in NULL_MARKS or key == name_key(name) else bare


def tables_of(file: BinaryIO) -> list[Table]:
    """The tables of a dictionary.

    Args:
        file: seekable: a text, a workbook, or JSON: Table Schema, Data Package, JSON Schema, the description
            of a data set by an Opendatasoft portal, or any list of objects.

    Raises:
        PlatformError: it is none of these.
    """
    inner = unpacked(file)[1]
    kind = kind_of(inner)
    if kind in BOOKS:
        return [_laid(one.title, one.layout) for one in sheets_of(inner, kind, _MOST_ROWS) if one.layout]
    if kind != "json" and kind not in TEXTS:
        raise PlatformError(
            f"Le dictionnaire est {name_of(kind)} : il n'est pas lu.",
            "Donnez un CSV, un classeur, ou un schéma en JSON.",
        )
    inner.seek(0)
    data = inner.read(MOST_BYTES)
    text = charset_of(data).text(data)
    if kind == "json":
        return _of_json(text)
    layout = layout_of(delimited(text, _MOST_ROWS).grid)
    return [_laid("", layout)] if layout else []


def _laid(title: str, layout: Layout) -> Table:
    """A table as it lies in a sheet; a first line of texts that says « description » is its header."""
    headers, rows = layout.names, layout.rows
    if not layout.header_rows and rows and any(_says(cell, *_DESCRIBING, *_LABELLING) for cell in rows[0]):
        headers, rows = [*rows[0], *[""] * (len(headers) - len(rows[0]))], rows[1:]
    return Table(title, [" ".join(one.split()) for one in headers], rows)


def _of_json(text: str) -> list[Table]:
    try:
        document = json.loads(text)
        if found := list(_schemas(document, "")):
            return found
        if isinstance(document, Mapping) and all(isinstance(one, str) for one in document.values()):
            return [Table("", ("name", "description"), list(document.items()))]
        where = rows_of(text)
    except (ValueError, RecursionError):
        raise PlatformError(
            "Le JSON du dictionnaire est illisible : tronqué, abîmé, ou d'une autre forme.",
            "Redemandez-le, ou donnez un CSV ou un classeur.",
        ) from None
    records = list(islice(_records(document, where.path.split("."), {}), _MOST_ROWS)) if where else []
    headers = list(dict.fromkeys(key for one in records for key in one))
    return [Table("", headers, [[_text(one.get(key)) for key in headers] for one in records])]


def _schemas(value: Any, title: str) -> Iterator[Table]:
    """The schemas in a JSON document: fields that are listed, or properties that are named."""
    if not isinstance(value, Mapping):
        return
    title = _text(value.get("name") or value.get("dataset_id") or value.get("path")) or title
    listed, named = value.get("fields"), value.get("properties")
    fields: list[Any] = listed if isinstance(listed, list) else []
    if isinstance(named, Mapping):
        fields = [{**one, "name": name} for name, one in named.items() if isinstance(one, Mapping)]
    rows = [
        [_text(one.get(part)) for part in _PARTS]
        for one in fields
        if isinstance(one, Mapping) and one.get("name")
    ]
    if rows:
        kept = [place for place in range(len(_PARTS)) if any(row[place] for row in rows)]
        yield Table(
            title, [_PARTS[place] for place in kept], [[row[place] for place in kept] for row in rows]
        )
        return
    for key in _SEVERAL:
        for one in value[key] if isinstance(value.get(key), list) else ():
            yield from _schemas(one, "")
    for key in _ONE:
        yield from _schemas(value.get(key), title)


def _records(value: Any, path: Sequence[str], keys: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The objects behind a path of `rows_of`, each with the keys that lead to it."""
    if not path:
        if isinstance(value, Mapping):
            yield {**keys, **value}
    elif path[0] != "*":
        if isinstance(value, Mapping):
            yield from _records(value.get(path[0]), path[1:], keys)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _records(one, path[1:], {**keys, f"cle {len(keys) + 1}": key})
    elif isinstance(value, list):
        for one in value:
            yield from _records(one, path[1:], keys)


def _text(value: Any) -> str:
    """A text of JSON; of one in several languages, the French one."""
    if isinstance(value, Mapping):
        value = next((value[key] for key in ("fr", "fr-FR", "fr_BE", "fr-BE") if key in value), "")
    return value if isinstance(value, str) else ""


# What it says of the columns of a table


@dataclass(frozen=True)
class _Names:
    """A column of a dictionary whose cells may be names: the table, the place, the columns by row."""

    table: Table
    place: int
    hits: Mapping[int, str]
    filled: int

    @property
    def columns(self) -> set[str]:
        return {*self.hits.values()}


def words_of(
    tables: Sequence[Table],
    columns: Mapping[str, str],
    about: Sequence[str],
    names: str = "",
    texts: str = "",
) -> Words:
    """What a dictionary says of the columns of a table.

    Args:
        tables: as `tables_of` gave them.
        columns: name -> header as received, "" where it is not known.
        about: what the table may be called in the dictionary, the surest first; the name of a file without
            its ending.
        names: header of the dictionary's column that names the columns, or its place from 1; "" to find it.
        texts: the same, of the column that describes them.

    Raises:
        PlatformError: it names none of the columns, or cannot be read in one way only; the message names the
            columns that could be meant.
    """
    if not any(table.rows for table in tables):
        raise PlatformError("Le dictionnaire n'a aucune ligne.", "Vérifiez le fichier, ou redemandez-le.")
    known = _known(columns)
    several, called = len(tables) > 1, [to_identifier(one, 1) for one in about]
    candidates = [
        one
        for table in (_about(table, called, about[0], several) for table in tables)
        for one in _candidates(table, known, names)
    ]
    if not candidates:
        raise _nothing(tables, len(columns), about[0], names)
    chosen = _chosen(candidates, len(columns), called, bool(names))
    described, labelled = _texts_of(chosen, texts)
    return _words(chosen, described, labelled)


def describing(tables: Sequence[Table], columns: Mapping[str, str]) -> str:
    """The title of the one table that names most columns, and says that it describes them; "" for none."""
    known = _known(columns)
    found = {
        table.title
        for table in tables
        for one in _candidates(table, known, "")
        if len(one.columns) >= _ENOUGH * len(columns)
        if any(_says(header, *_DESCRIBING, *_LABELLING) for header in table.headers)
    }
    return found.pop() if len(found) == 1 else ""


def _known(columns: Mapping[str, str]) -> dict[str, str]:
    """What each column may be called -> its name; a header that two of them have calls neither."""
    called: dict[str, set[str]] = {}
    for name, header in columns.items():
        called.setdefault(to_identifier(header or name, 1), set()).add(name)
    # A new name that the source gave to one column may be the received one of another.
    for name in columns:
        called.setdefault(name, {name})
    return {key: next(iter(of)) for key, of in called.items() if len(of) == 1}


def _about(table: Table, about: Sequence[str], name: str, several: bool) -> Table:
    """The rows of a dictionary of several tables that are about one of them.

    Raises:
        PlatformError: it tells the tables apart, and none of them is this one.
    """
    for place, header in enumerate(table.headers):
        cells = table.cells(place)
        told = any(word.startswith(_OF_TABLES) for word in name_key(header).split())
        if told:
            # Written once, above the rows that it stands for.
            for row in range(1, len(cells)):
                cells[row] = cells[row] or cells[row - 1]
        distinct = {*cells} - {""}
        if not 2 <= len(distinct) <= _DISTINCT * len(cells):
            continue
        called = {cell: _called(cell) for cell in distinct}
        if known := next((one for one in about if any(one in names for names in called.values())), None):
            rows = [
                row for row, cell in zip(table.rows, cells, strict=True) if cell and known in called[cell]
            ]
            return Table(table.title, table.headers, rows)
        if told and several:
            return Table(table.title, table.headers, [])
        if told:
            raise PlatformError(
                f"Le dictionnaire décrit plusieurs tables ({table.shown(place)} : "
                f"{_listed(sorted(distinct))}), et aucune ne s'appelle {name}.",
                "Donnez-en une copie où ne sont que les lignes de cette table.",
            )
    return table


def _called(text: str) -> list[str]:
    """What a text may call a table: with its schema or without, with the ending of its file or without."""
    before, _, after = text.rpartition(".")
    return list(dict.fromkeys(to_identifier(one, 1) for one in (text, before or text, after)))


def _candidates(table: Table, known: Mapping[str, str], names: str) -> Iterator[_Names]:
    for place in range(len(table.headers)):
        if names and not _is(table, place, names):
            continue
        cells = table.cells(place)
        hits = {
            row: known[key]
            for row, cell in enumerate(cells)
            if 0 < len(cell) < _LONGEST_NAME and (key := to_identifier(cell, 1)) in known
        }
        if hits:
            yield _Names(table, place, hits, sum(map(bool, cells)))


def _nothing(tables: Sequence[Table], total: int, name: str, names: str) -> PlatformError:
    found = [table.shown(place) for table in tables for place in range(len(table.headers))]
    where = f" sous NOMS={line(names)}" if names else ""
    return PlatformError(
        f"Aucune cellule du dictionnaire{where} ne nomme l'une des {counted(total, 'colonne')} de {name}.",
        f"Est-ce le dictionnaire de cette table ? Ses colonnes : {', '.join(found[:_TOLD])}.",
    )


def _chosen(candidates: Sequence[_Names], total: int, about: Sequence[str], named: bool) -> _Names:
    """The column that names the columns.

    Raises:
        PlatformError: none surely does, or two could.
    """
    sure = [one for one in candidates if named or _is_sure(one, total)]
    if not sure:
        raise PlatformError(
            "Rien ne dit quelle colonne du dictionnaire nomme celles de la table : "
            f"{' ; '.join(_hits_shown(one, total) for one in candidates[:_TOLD])}.",
            'Si l\'une le fait, donnez son en-tête : NOMS="…".',
        )
    table = _table_of(sure, total, about)
    sure = [one for one in sure if one.table is table]
    best = max(sure, key=lambda one: len(one.columns))
    rivals = [one for one in sure if _contradict(best, one)]
    if rivals:
        raise PlatformError(
            "Deux colonnes du dictionnaire nomment celles de la table, et ne s'accordent pas : "
            f"{' ; '.join(_hits_shown(one, total) for one in (best, *rivals))}.",
            'Donnez l\'en-tête de la bonne : NOMS="…".',
        )
    return best


def _is_sure(one: _Names, total: int) -> bool:
    """Whether it names most columns, or its cells mostly name some, and repeat few."""
    repeated = len(one.columns) < _DISTINCT * len(one.hits)
    return len(one.columns) >= _ENOUGH * total or (len(one.hits) >= _ENOUGH * one.filled and not repeated)


def _contradict(one: _Names, other: _Names) -> bool:
    return any(other.hits.get(row, column) != column for row, column in one.hits.items())


def _table_of(sure: Sequence[_Names], total: int, about: Sequence[str]) -> Table:
    """Of several sheets that name the columns: the one called like the table, or that alone names nearly all.

    Raises:
        PlatformError: none, or several of them.
    """
    most = {id(one.table): one for one in sorted(sure, key=lambda one: len(one.columns))}
    found = [*most.values()]
    if len(found) == 1:
        return found[0].table
    called = [one for name in about for one in found if to_identifier(one.table.title, 1) == name]
    whole = [one for one in found if len(one.columns) >= _NEARLY_ALL * total]
    if called or len(whole) == 1:
        return (called or whole)[0].table
    raise PlatformError(
        "Plusieurs feuilles ou tables du dictionnaire pourraient décrire celle-ci : "
        f"{_listed([one.table.title for one in found])}.",
        "Donnez une copie qui n'a que la bonne.",
    )


def _texts_of(chosen: _Names, texts: str) -> tuple[int | None, int | None]:
    """The column of the descriptions, and that of the labels; None for none.

    Raises:
        PlatformError: no header says which one, or several do.
    """
    table = chosen.table
    others = [place for place in range(len(table.headers)) if place != chosen.place]
    if texts:
        found = [place for place in others if _is(table, place, texts)]
        if len(found) != 1:
            raise PlatformError(
                f"COLONNE={line(texts)} n'est pas une colonne du dictionnaire, ou en nomme plusieurs.",
                f"Parmi : {_all_shown(table, others)} ; ou son rang, de 1 à {len(table.headers)}.",
            )
        return found[0], None
    described, labelled = (_headed(table, others, words) for words in (_DESCRIBING, _LABELLING))
    if len(described) == 1:
        return described[0], labelled[0] if len(labelled) == 1 else None
    if not described and len(labelled) == 1:
        return None, labelled[0]
    several = described or labelled
    why = (
        "Plusieurs colonnes du dictionnaire pourraient décrire" if several else "Rien ne dit laquelle décrit"
    )
    raise PlatformError(
        f"{why} : {_all_shown(table, several or others) or 'il n’en a qu’une'}.",
        'Donnez l\'en-tête de la bonne, ou son rang : COLONNE="…".',
    )


def _headed(table: Table, places: Sequence[int], words: Sequence[Collection[str]]) -> list[int]:
    """The columns whose headers say so, those in French first."""
    for one in words:
        found = [place for place in places if _says(table.headers[place], one)]
        here = [place for place in found if not _is_elsewhere(table.headers[place])]
        if found:
            return here or found
    return []


def _words(chosen: _Names, described: int | None, labelled: int | None) -> Words:
    table = chosen.table
    names = table.cells(chosen.place)
    nothing = [""] * len(names)
    texts = table.cells(described) if described is not None else nothing
    labels = table.cells(labelled) if labelled is not None else nothing
    heard: dict[str, dict[str, str]] = {}
    for row, column in chosen.hits.items():
        text = said(names[row], texts[row], labels[row])
        heard.setdefault(column, {})
        if text:
            heard[column].setdefault(name_key(text), text)
    places = [place for place in (labelled, described) if place is not None]
    return Words(
        {column: next(iter(found.values())) for column, found in heard.items() if len(found) == 1},
        table.shown(chosen.place),
        " et ".join(table.shown(place) for place in places),
        table.title,
        tuple(column for column, found in heard.items() if not found),
        tuple(column for column, found in heard.items() if len(found) > 1),
        tuple(dict.fromkeys(one for row, one in enumerate(names) if one and row not in chosen.hits)),
    )


def _is(table: Table, place: int, asked: str) -> bool:
    """Whether a column is the one that a person names, by its header or its place from 1."""
    named = name_key(table.headers[place]) == name_key(asked) and bool(name_key(asked))
    headed = any(name_key(one) == name_key(asked) for one in table.headers)
    return named or (not headed and asked.strip() == str(place + 1))


def _says(header: str, *words: Collection[str]) -> bool:
    return any(word in one for word in name_key(header).split() for one in words)


def _is_elsewhere(header: str) -> bool:
    words = name_key(header).split()
    return bool(words) and not _ELSEWHERE.isdisjoint((words[0], words[-1]))


def _hits_shown(one: _Names, total: int) -> str:
    where = f" (feuille {line(one.table.title)})" if one.table.title else ""
    return f"{one.table.shown(one.place)}{where} en nomme {len(one.columns)} sur {total}"


def _all_shown(table: Table, places: Sequence[int]) -> str:
    return ", ".join(table.shown(place) for place in places[:_TOLD])


def _listed(several: Sequence[str]) -> str:
    shown = [line(one[:_LONGEST_NAME]) for one in several if one]
    return ", ".join(shown[:_TOLD]) + ("…" if len(shown) > _TOLD else "")
