"""One run: read the workbooks that are there, remember what they say, then write new ones."""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import psycopg

from donnees_au_centre.french import local_zone
from donnees_au_centre.pages.quality.site import Answers
from donnees_au_centre.pages.workbooks import memory
from donnees_au_centre.pages.workbooks.aside import Aside, look_aside
from donnees_au_centre.pages.workbooks.faults import Found, find, needs_sql
from donnees_au_centre.pages.workbooks.memory import Said
from donnees_au_centre.pages.workbooks.reader import Reader
from donnees_au_centre.pages.workbooks.returns import Returned, is_open, read_return, stamp_of
from donnees_au_centre.pages.workbooks.sheets import ASIDE, Content, identifier, workbook
from donnees_au_centre.project.datasets import Responsible, read_datasets
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.quality.facts import BROKEN, TEST, Control, Quality, Received
from donnees_au_centre.refusals import describe_error

# Below the folder of the workbooks: what stewards put back, and what was read of it or could not be.
RETURNS, READ, UNREADABLE = "retours", "lus", "illisibles"
# Bytes that the properties of a workbook take at most.
LONGEST_PROPERTIES = 64 << 10
# Unique ids of tests -> their SQL.
Compile = Callable[[Sequence[str]], Mapping[str, str]]


@dataclass
class Workbooks:
    """What came of a run.

    Attributes:
        paths: of the workbooks written.
        messages: what somebody must know, in French.
        noted: statements that were new.
        answers: administration -> what its stewards said.
    """

    paths: list[Path] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    noted: int = 0
    answers: dict[str, Answers] = field(default_factory=dict)


def write_workbooks(
    conninfo: str, manifest: Manifest, quality: Quality, folder: Path, compile_tests: Compile
) -> Workbooks:
    """Reads the workbooks of the folder and of its `retours`, keeps what they say, and writes new ones.

    A workbook that is open, that changed meanwhile, or whose notes could not be kept is left as it is.

    Args:
        conninfo: of an account that may take the stewards' roles and write in schema plateforme.
        quality: what is known.
        folder: of the workbooks, build/reports/gestionnaires.
        compile_tests: gives the SQL of tests, called once at most.

    Raises:
        psycopg.Error: the database cannot be reached.
    """
    (folder / RETURNS).mkdir(parents=True, exist_ok=True)
    done = Workbooks()
    here = {path.name: read_return(path) for path in _books(folder)}
    back = [read_return(path) for path in _books(folder / RETURNS)]
    with psycopg.connect(conninfo, autocommit=True) as connection:
        said = _remember(connection, [*here.values(), *back], done)
        if said is None:
            return done
        _put_away(folder, back, quality.made_at, done)
        contents = _contents(connection, manifest, quality, said, compile_tests)
    _answers(contents, said, done)
    for name, content in contents.items():
        _write(folder / name, content, here.get(name), quality.made_at, done)
    return done


def _books(folder: Path) -> list[Path]:
    # Names that begin so are what a spreadsheet leaves beside an open file.
    return [path for path in sorted(folder.glob("*.xlsx")) if not path.name.startswith(("~$", "."))]


def _remember(
    connection: psycopg.Connection, returned: Sequence[Returned], done: Workbooks
) -> dict[str, Said] | None:
    """What is said of each line, new statements included; None when they could not be kept."""
    done.messages += [one.problem for one in returned if one.problem]
    try:
        memory.prepare(connection)
        statements = [statement for one in returned for statement in one.statements]
        done.noted = memory.note(connection, statements, memory.recall(connection))
        standing = memory.recall(connection)
    except psycopg.Error as error:
        done.messages.append(
            f"Les notes des gestionnaires n'ont pas pu être gardées ({describe_error(error)}) : aucun "
            "classeur n'est "
            "remplacé. "
            f"Le compte de la plateforme doit pouvoir écrire {memory.TABLE} (docs/gestionnaire/qualite.md)."
        )
        return None
    return {mark: one for mark, one in standing.items() if one.text or one.day}


def _put_away(folder: Path, back: Iterable[Returned], now: datetime, done: Workbooks) -> None:
    """What was read of `retours` goes to `retours/lus`: it is kept, and not read again."""
    for one in back:
        if one.problem:
            continue
        try:
            if stamp_of(one.path) == one.stamp:
                _move(one.path, folder / RETURNS / READ, now)
        except OSError as error:
            done.messages.append(f"{one.path.name} est lu, mais n'a pas pu être rangé : {error.strerror}.")


def _move(path: Path, folder: Path, now: datetime) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    stamp = f"{now.astimezone(local_zone()):%Y-%m-%d_%H%M%S}"
    target = folder / f"{stamp}_{path.name}"
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{stamp}_{number}_{path.name}"
    return path.rename(target)


def _contents(
    connection: psycopg.Connection,
    manifest: Manifest,
    quality: Quality,
    said: Mapping[str, Said],
    compile_tests: Compile,
) -> dict[str, Content]:
    """File name -> what the workbook of a steward holds."""
    bad = [one for one in quality.controls if one.bad and one.kind == TEST and one.outcome != BROKEN]
    wanted = needs_sql(manifest, bad)
    compiled = compile_tests(wanted) if wanted else {}
    readers = {
        domain: Reader(connection, manifest, domain)
        for domain in {
            *(one.domain for one in quality.controls),
            *(one.domain for one in quality.sources),
            *(one.domain for one in read_datasets(manifest)),
        }
    }
    contents: dict[str, Content] = {}
    for steward, domains in _stewards(manifest, quality).items():
        found = [find(readers[one.domain], one, compiled) for one in bad if one.steward == steward]
        aside = [look_aside(readers[one.domain], one) for one in quality.sources if one.steward == steward]
        contents[_file_name(steward, contents)] = Content(
            steward=steward,
            roles={domain: readers[domain].role for domain in domains if not readers[domain].obstacle},
            found=found,
            aside=aside,
            unplayable=list(_unplayable(quality, steward)),
            said=said,
            again=frozenset(_again(found, aside, said)),
            notices=(),
            made_at=quality.made_at,
        )
    return contents


def _stewards(manifest: Manifest, quality: Quality) -> dict[Responsible, list[str]]:
    """Each steward, and the administrations whose data sets it looks after."""
    found: dict[Responsible, list[str]] = {}
    answering: list[Control | Received] = [*quality.controls, *quality.sources]
    for one in (*read_datasets(manifest), *answering):
        if one.steward and one.domain not in found.setdefault(one.steward, []):
            found[one.steward].append(one.domain)
    return dict(sorted(found.items(), key=lambda pair: pair[0].email))


def _file_name(steward: Responsible, taken: Mapping[str, Content]) -> str:
    """`data-steward.age.xlsx`; the whole address when two mailboxes begin alike."""
    short = f"{steward.email.partition('@')[0]}.xlsx"
    return short if short not in taken else f"{steward.email.replace('@', '_')}.xlsx"


def _unplayable(quality: Quality, steward: Responsible) -> Iterable[str]:
    for one in quality.controls:
        if one.steward == steward and one.outcome == BROKEN:
            yield f"Contrôle impossible, dans {one.label} : {one.text} L'équipe Plateforme le répare."
    for model in quality.broken:
        if model.steward == steward:
            yield (
                f"{model.name} n'est pas offert. {model.reason}"
                if model.held
                else (f"{model.name} n'a pas pu être construite. L'équipe Plateforme la répare.")
            )


def _again(found: Iterable[Found], aside: Iterable[Aside], said: Mapping[str, Said]) -> Iterable[str]:
    """Marks of lines with a note, in fault again since: in a later run, or in what was received later.

    What was put aside stays there until its source is received again, however often it is built.
    """
    for at, lines in (
        *((one.control.at, one.lines) for one in found),
        *((one.source.last, one.lines) for one in aside),
    ):
        for line in lines:
            if at and line.mark in said and said[line.mark].read_at < at:
                yield line.mark


def _answers(contents: Mapping[str, Content], said: Mapping[str, Said], done: Workbooks) -> None:
    again = {mark for content in contents.values() for mark in content.again}
    listed = {line.mark for content in contents.values() for line in content.lines(ASIDE)}
    for domain in {one.domain for one in said.values()}:
        own = [mark for mark, one in said.items() if one.domain == domain]
        back = [mark for mark in own if mark in again]
        aside = sum(mark in listed for mark in back)
        done.answers[domain] = Answers(len(own), len(back) - aside, aside)


def _says_all(path: Path, content: Content) -> bool:
    """Whether a workbook is as it was written, and says what a new one would."""
    seconds, rest = divmod(path.stat().st_mtime_ns, 10**9)
    if rest:
        return False
    told = f">{identifier(content, seconds)}<"
    try:
        with zipfile.ZipFile(path) as book:
            part = book.getinfo("docProps/core.xml")
            return part.file_size <= LONGEST_PROPERTIES and told.encode() in book.read(part)
    # What is damaged, encrypted or folded in a way of its own is no file of ours.
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError):
        return False


def _write(path: Path, content: Content, old: Returned | None, now: datetime, done: Workbooks) -> None:
    """Puts a new workbook in place of the one that was read, if that one is still what was read."""
    if old and old.held:
        return
    try:
        if old and old.corrupt:
            kept = _move(path, path.parent / UNREADABLE, now)
            notice = f"{path.name} était illisible : il est gardé dans {UNREADABLE}/{kept.name}."
            done.messages.append(notice)
            content = replace(content, notices=(*content.notices, notice))
        elif path.exists() and (old is None or stamp_of(path) != old.stamp or is_open(path)):
            done.messages.append(
                f"{path.name} a changé pendant la lecture : il est gardé, et sera lu la prochaine fois."
            )
            return
        if old and not old.corrupt and _says_all(path, content):
            done.paths.append(path)
            return
        handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(workbook(content))
            # What nobody has saved since has the date that it tells of itself.
            os.utime(scratch, (int(now.timestamp()),) * 2)
            Path(scratch).replace(path)
        finally:
            Path(scratch).unlink(missing_ok=True)
    except OSError as error:
        done.messages.append(
            f"{path.name} n'a pas pu être remplacé ({error.strerror}) : l'ancien est gardé. Fermez-le, puis "
            "relancez make report."
        )
        return
    done.paths.append(path)
