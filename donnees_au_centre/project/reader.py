"""One reading of the dbt project by dbt, and what serves for the parts that cannot be read."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.behavior_flags import keep_flags_few
from donnees_au_centre.project.inheritance import inherit
from donnees_au_centre.project.isolation import keep, left_out, parts_at_fault, readable_copy
from donnees_au_centre.project.light_start import start_lightly
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.unreadable import ADVICE, explain, unreadable_texts
from donnees_au_centre.settings import Settings

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest as DbtManifest

MANIFEST = "manifest.json"
PARTIAL_PARSE = "partial_parse.msgpack"
# Beside the last good reading: which files it was.
MARK = "lecture"
MEND = (
    "Corrigez le fichier nommé ci-dessus, puis relancez ; git diff montre ce qui a changé, make fix réécrit "
    "en UTF-8 ce qui ne l'est pas."
)


@dataclass(frozen=True)
class ParseResult:
    """What dbt understands of the project.

    Attributes:
        manifest: what is in manifest.json.
        project: dbt's own object, that `dbtRunner(manifest=...)` runs without parsing again.
        root: the project that dbt read: the checkout, or a copy of what can be read of it.
        error: in French, what cannot be read and what stands for it; None when all was read.
        broken: the domains that are not as their files say; empty when that is true of all of them, or none.
        healed: True when dbt's memory of an earlier reading was at fault, and was made again.
    """

    manifest: Manifest
    project: DbtManifest
    root: Path
    error: str | None = None
    broken: frozenset[str] = frozenset()
    healed: bool = False

    @property
    def notice(self) -> str | None:
        """In French, what cannot be read, what serves instead and what to do; None when all was read."""
        if self.error is None:
            return None
        return f"{self.error}\nQue faire : {MEND}"

    def concerns(self, domains: Collection[str]) -> bool:
        """True when one of these domains is not what its files say."""
        return self.error is not None and (not self.broken or not self.broken.isdisjoint(domains))


class UnreadableProjectError(PlatformError):
    """Nothing could be read of the project that was asked for.

    Args:
        message: in French.
        said: dbt's own words.
    """

    def __init__(self, message: str, said: str) -> None:
        """Keeps dbt's words for those who know more of them; a macro's own advice is better than ours."""
        problem, _, advice = message.partition(ADVICE)
        super().__init__(problem, advice[:1].upper() + advice[1:] or MEND)
        self.said = said


def parse(settings: Settings, whole: bool = False) -> ParseResult:
    """Has dbt read the project (only what changed), and keeps the result as the last good one.

    What cannot be read of a domain stops that domain alone: it is taken as it was last read, or left out, and
    the others are read as they are. Runs dbt in this process; the environment must hold the PG* variables of
    profiles.yml.

    Args:
        whole: True for what must be said of the project as it is: nothing may stand for a part of it.

    Raises:
        UnreadableProjectError: the project does not parse and `whole`, or no part of it ever did.
    """
    with _one_at_a_time(settings.target_path):
        texts = unreadable_texts(settings.root)
        reading = None if texts else _read(settings, settings.root)
        if reading and reading.project:
            _keep(settings, reading.project)
            return ParseResult(read_manifest(settings), reading.project, settings.root, healed=reading.healed)
        faults = [f"{file} : {why}." for file, why in texts.items()]
        said = reading.said if reading else ""
        if reading:
            faults.append(explain(said, settings.root))
        if whole:
            raise UnreadableProjectError("Le projet dbt ne se lit pas.\n" + "\n".join(faults), said)
        return _without_faults(settings, list(texts), said, faults)


@dataclass(frozen=True)
class _Reading:
    """One reading by dbt: its project, or what it says when there is none."""

    project: DbtManifest | None
    said: str
    healed: bool


def _read(settings: Settings, root: Path) -> _Reading:
    """Has dbt read a project; a second time and wholly when its memory may be at fault."""
    start_lightly()
    # Imported here: it takes two seconds, which readers of an existing manifest do not pay.
    from dbt.cli.main import dbtRunner

    keep_flags_few()
    _keep_test_descriptions()
    errors: list[str] = []

    def note(event: Any) -> None:
        if event.info.level == "error":
            errors.append(event.info.msg)

    # Its manifest is written by `_keep`: where nothing has changed, it is there.
    options = dbt_options(settings, settings.target_path, root=root)
    command = ["parse", "--no-write-json", *options]
    remembered = (settings.target_path / PARTIAL_PARSE).exists()
    done = dbtRunner(callbacks=[note]).invoke(command)
    project = _project_of(done)
    # A description moved to another file counts as described twice; a unit test renamed together with the
    # description of its model stays under both names.
    suspect = _haunted(project) if project else root == settings.root
    if remembered and suspect:
        errors.clear()
        done = dbtRunner(callbacks=[note]).invoke([*command, "--no-partial-parse"])
        return _Reading(_project_of(done), _words(errors, done), done.success)
    return _Reading(project, _words(errors, done), False)


def _project_of(done: dbtRunnerResult) -> DbtManifest | None:
    """What `dbt parse` gives; None when it failed."""
    from dbt.contracts.graph.manifest import Manifest as DbtManifest

    return done.result if done.success and isinstance(done.result, DbtManifest) else None


def results_of(done: dbtRunnerResult) -> list[Any]:
    """dbt's own results, a node each, of a command that ran or compiled nodes; none when it failed before."""
    return list(getattr(done.result, "results", ()))


def time_of(text: str | None) -> datetime | None:
    """A moment that dbt writes, in UTC when it names no zone; None when it writes none."""
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _words(errors: list[str], done: dbtRunnerResult) -> str:
    return "\n".join(errors) or str(done.exception or "")


def _keep_test_descriptions() -> None:
    """Has dbt, in this process, describe again a singular test that it reads again.

    It reads one again whenever a model above it changes, were it by a word, and does so for every kind of
    file but these: the test would lose its description, and the project have to be read wholly.
    """
    from dbt.contracts.files import ParseFileType
    from dbt.parser import partial

    partial.key_to_prefix.setdefault("data_tests", "test")
    partial.parse_file_type_to_key.setdefault(ParseFileType.SingularTest, "data_tests")


def _haunted(project: DbtManifest) -> bool:
    """True when a unit test stands in no file any more, or a singular test lost what its file says of it."""
    for test in project.unit_tests.values():
        file = project.files.get(test.file_id)
        written = (getattr(file, "dict_from_yaml", None) or {}).get("unit_tests") or ()
        if test.name not in {one.get("name") for one in written}:
            return True
    told = {
        one.get("name")
        for file in project.files.values()
        for one in (getattr(file, "dict_from_yaml", None) or {}).get("data_tests") or ()
    }
    return any(
        node.name in told and node.patch_path is None
        for node in project.nodes.values()
        if str(node.resource_type) == "test" and not getattr(node, "test_metadata", None)
    )


def _without_faults(settings: Settings, files: list[str], said: str, faults: list[str]) -> ParseResult:
    """Reads the project with something else for the parts at fault; the last good reading when that fails."""
    kept = settings.target_path / "last_good" / "projet"
    parts: dict[str, Path | None] = {}
    words, error = said, "\n".join(faults)
    while more := parts_at_fault(files, words, settings.root, kept, parts):
        parts |= more
        files = []
        root = readable_copy(settings.root, settings.target_path / "lisible", parts)
        reading = _read(settings, root)
        if reading.project and any(
            str(node.resource_type) != "test" for node in reading.project.nodes.values()
        ):
            broken = frozenset(left_out(settings.root, parts))
            told = _told(settings.root, error, parts)
            _write(settings, reading.project)
            return ParseResult(read_manifest(settings), reading.project, root, told, broken)
        words = reading.said
    return _last_good(settings, error, said)


def _told(root: Path, error: str, parts: Mapping[str, Path | None]) -> str:
    as_before = left_out(root, [part for part, origin in parts.items() if origin])
    absent = left_out(root, [part for part, origin in parts.items() if not origin])
    lines = [f"Le projet dbt ne se lit pas en entier.\n{error}"]
    if as_before:
        whose = "leur" if len(as_before) > 1 else "sa"
        lines.append(f"{', '.join(as_before)} : {whose} dernière lecture réussie sert, sans vos changements.")
    if absent:
        many = len(absent) > 1
        lines.append(
            f"{', '.join(absent)} : laissé{'s' if many else ''} de côté, sans lecture réussie qui serve."
        )
    return "\n".join([*lines, "Le reste du projet est lu tel qu'il est."])


def read_manifest(settings: Settings) -> Manifest:
    """Reads the manifest of the last parse, and completes it with what the YAML says once for all.

    Raises:
        PlatformError: there is none yet.
    """
    try:
        content = json.loads(settings.manifest_path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PlatformError(
            f"Le projet dbt n'a pas encore été lu pour la base {settings.database} "
            f"({settings.manifest_path} manque).",
            "Lancez make demo, ou make build, puis recommencez.",
        ) from None
    inherit(content)
    return Manifest(content)


def dbt_options(
    settings: Settings, target_path: Path, log_path: Path | None = None, root: Path | None = None
) -> list[str]:
    """The options that lead dbt to this project and its artefacts, from any folder, silently.

    Args:
        target_path: where dbt writes its artefacts.
        log_path: folder of dbt.log; no log when None.
        root: of the project; the checkout's when None.
    """
    options = {
        "--project-dir": root or settings.root,
        "--profiles-dir": settings.root / "profiles",
        "--target": settings.target,
        "--target-path": target_path,
        "--log-path": log_path or target_path,
        "--log-level": "none",
        "--log-level-file": "info" if log_path else "none",
    }
    return [*(str(part) for pair in options.items() for part in pair), "--no-send-anonymous-usage-stats"]


def _keep(settings: Settings, project: DbtManifest) -> None:
    """Writes the manifest and keeps what was read, unless both are those of the last good reading."""
    kept = settings.target_path / "last_good"
    kept.mkdir(exist_ok=True)
    mark = kept / MARK
    if not mark.is_file() or mark.read_text("utf-8") != _mark(settings):
        _write(settings, project)
        for name in (MANIFEST, PARTIAL_PARSE):
            _replace(settings.target_path / name, kept / name)
        # The last: a process that dies before it has written less than all.
        mark.write_text(_mark(settings), "utf-8")
    keep(settings.root, kept / "projet")


def _write(settings: Settings, project: DbtManifest) -> None:
    """Writes manifest.json in one stroke, as dbt would."""
    new = settings.manifest_path.with_name(f"{MANIFEST}.{os.getpid()}.new")
    project.write(str(new))
    os.replace(new, settings.manifest_path)


def _mark(settings: Settings) -> str:
    """What tells one writing of dbt's memory, and of our manifest, from another."""
    marks = []
    for name in (MANIFEST, PARTIAL_PARSE):
        try:
            found = (settings.target_path / name).stat()
        except FileNotFoundError:
            return ""
        marks.append(f"{name} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}")
    return "\n".join(marks)


def _last_good(settings: Settings, error: str, said: str) -> ParseResult:
    from dbt.contracts.graph.manifest import Manifest as DbtManifest

    kept = settings.target_path / "last_good"
    if not all((kept / name).is_file() for name in (MANIFEST, PARTIAL_PARSE)):
        raise UnreadableProjectError(
            f"Le projet dbt ne se lit pas, et aucune lecture réussie n'est gardée.\n{error}", said
        )
    # Every reader of the manifest must see the same one.
    _replace(kept / MANIFEST, settings.manifest_path)
    project = DbtManifest.from_msgpack((kept / PARTIAL_PARSE).read_bytes())
    told = f"Le projet dbt ne se lit pas : sa dernière lecture réussie sert, sans vos changements.\n{error}"
    return ParseResult(read_manifest(settings), project, settings.root, told)


def _replace(source: Path, destination: Path) -> None:
    """Copies a file over another in one stroke: a reader, or a crash, never meets half of it."""
    new = destination.with_name(f"{destination.name}.{os.getpid()}.new")
    shutil.copyfile(source, new)
    os.replace(new, destination)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Holds the other processes that would parse into the same folder: dbt's own writes are not atomic."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".parse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
