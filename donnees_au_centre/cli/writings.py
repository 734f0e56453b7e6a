"""What a `new-*` command writes: taken back when it fails, else noted in a journal for `undo`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dev.pictures import PAGE, drawn
from dev.pictures import ROOT as DRAWN
from donnees_au_centre.cli.changes import ancestor
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.git import git

# An entry a file, in the order of their numbers; git does not follow this folder.
FOLDER = Path(".cache") / "ecrits"
# Where what a command wrote may be used.
PLACES = (
    *("landing", "macros", "models", "observability", "policies", "seeds", "snapshots"),
    *("tests/generic", "tests/singular"),
)
# Of a received file the name alone is looked at: it is not ours to read, and may be large.
RECEIVED = "landing/"
_GIT = "git ne peut dire ce que le projet contient", "Lancez la commande dans un clone du projet."


@dataclass(frozen=True)
class Written:
    """One file as a command left it.

    Attributes:
        path: below the checkout; absolute when it is elsewhere, as a landing zone may be.
        before: its text before the command; None when it was not there.
        digest: SHA-256 of what the command left.
    """

    path: str
    before: str | None
    digest: str


@dataclass(frozen=True)
class Entry:
    """What one command wrote.

    Attributes:
        command: as it is typed after make, with its subject.
        moment: when, local time in ISO 8601.
        files: what it wrote.
        uses: patterns of what uses it, in the other files of the project or in their names.
        left: French sentences: what taking the files back leaves.
    """

    command: str
    moment: str
    files: Sequence[Written]
    uses: Sequence[str]
    left: Sequence[str]


@dataclass
class Writing:
    """A command at work: what it is about to write, as it was before.

    Attributes:
        root: the checkout.
        before: path -> text, None for what was not there.
        uses, left: see Entry; the command adds to them.
    """

    root: Path
    before: dict[str, str | None] = field(default_factory=dict)
    uses: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def will_change(self, *paths: str) -> None:
        """Notes files as they are; a text file that is there, or one that is not there yet."""
        for path in paths:
            file = self.root / path
            if path not in self.before:
                self.before[path] = file.read_bytes().decode() if file.is_file() else None

    def create(self, files: Mapping[str, str]) -> None:
        """Writes new files; never over an existing one.

        Raises:
            FileExistsError: one of them exists.
        """
        for path, text in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as opened:
                self.before[path] = None
                opened.write(text)

    def changed(self) -> list[str]:
        """The files that are no longer as they were."""
        return [path for path, before in self.before.items() if _now(self.root / path) != _of(before)]


def redraw(at_work: Writing) -> None:
    """Draws again the pictures of the documentation, in the checkout that they are made of."""
    page = at_work.root / PAGE
    if at_work.root == DRAWN and page.is_file():
        at_work.will_change(PAGE)
        # A page of somebody else's may have no place for them.
        with suppress(ValueError):
            page.write_text(drawn(page.read_text(encoding="utf-8")), encoding="utf-8")


@contextmanager
def writing(root: Path, command: str) -> Iterator[Writing]:
    """A command that writes: what it wrote goes to the journal, or is taken back when it fails.

    Args:
        root: the checkout.
        command: see Entry.
    """
    at_work = Writing(root)
    try:
        yield at_work
        files = [
            Written(path, at_work.before[path], digest)
            for path in at_work.changed()
            if (digest := _now(root / path))
        ]
        moment = datetime.now().astimezone().isoformat(timespec="seconds")
        _note(root, Entry(command, moment, files, at_work.uses, at_work.left))
    except BaseException:
        if changed := at_work.changed():
            _restore(root, {path: at_work.before[path] for path in changed})
            print("Rien n'est gardé de ce qui était écrit.")
        raise


def _note(root: Path, entry: Entry) -> None:
    numbers = [int(path.stem) for path in _entries(root)]
    file = root / FOLDER / f"{max(numbers, default=0) + 1:05}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asdict(entry), ensure_ascii=False, indent=1), encoding="utf-8")


def _entries(root: Path) -> list[Path]:
    return sorted((root / FOLDER).glob("[0-9]*.json"))


def last_entry(root: Path) -> Entry | None:
    """What the last command wrote that is not undone yet; None when there is nothing.

    Raises:
        PlatformError: the journal cannot be read.
    """
    files = _entries(root)
    if not files:
        return None
    try:
        said: dict[str, Any] = json.loads(files[-1].read_text(encoding="utf-8"))
        return Entry(**{**said, "files": [Written(**one) for one in said["files"]]})
    except (OSError, ValueError, TypeError, KeyError):
        raise PlatformError(
            f"{files[-1].relative_to(root)} ne se lit pas : ce que la dernière commande a écrit est oublié.",
            "Effacez ce fichier, et défaites à la main : git status montre ce qui n'est pas enregistré.",
        ) from None


def forget_last(root: Path) -> None:
    """Takes the last entry out of the journal."""
    _entries(root)[-1].unlink()


def obstacles(root: Path, entry: Entry) -> list[str]:
    """Why an entry cannot be undone safely, each obstacle named in French; none when it can.

    Raises:
        PlatformError: git cannot say what the project contains.
    """
    found = []
    for one in entry.files:
        now = _now(root / one.path)
        if now is None and one.before is not None:
            found.append(f"{one.path} : complété par la commande, et disparu depuis")
        elif now not in (None, one.digest, _of(one.before)):
            found.append(f"{one.path} : changé depuis")
        elif one.before is None and _is_shared(root, one.path):
            found.append(f"{one.path} : déjà enregistré sur la branche principale, d'autres l'ont")
    own = {one.path for one in entry.files}
    return found + [f"{path} : se sert de ce qui a été écrit" for path in _users(root, entry.uses, own)]


def take_back(root: Path, entry: Entry) -> None:
    """Removes what a command created, and gives back to the files that it changed their former text."""
    _restore(root, {one.path: one.before for one in entry.files})


def _restore(root: Path, before: Mapping[str, str | None]) -> None:
    for path, text in before.items():
        file = root / path
        if text is not None:
            file.write_bytes(text.encode())
            continue
        file.unlink(missing_ok=True)
        # A folder that is left empty would count as a domain or a source.
        for folder in file.parents:
            if folder == root or not folder.is_dir() or any(folder.iterdir()):
                break
            folder.rmdir()


def _now(file: Path) -> str | None:
    if not file.is_file():
        return None
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _of(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


def _is_shared(root: Path, path: str) -> bool:
    """True when the main branch has this file: others may have it too."""
    if Path(path).is_absolute():
        return False
    try:
        git(root, "cat-file", "-e", f"{ancestor(root)}:./{path}", problem="", advice="")
    except PlatformError:
        return False
    return True


def _users(root: Path, uses: Sequence[str], own: Collection[str]) -> list[str]:
    """The other files of the project in which one of these patterns is, or whose name has it."""
    patterns = [re.compile(pattern) for pattern in uses]
    asked = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PLACES)
    names = git(root, *asked, problem=_GIT[0], advice=_GIT[1]).decode().split("\0")
    found = []
    for name in sorted({*filter(None, names)} - {*own}):
        if (file := root / name).is_file():
            text = "" if name.startswith(RECEIVED) else file.read_text(encoding="utf-8", errors="replace")
            if any(pattern.search(f"{name}\n{text}") for pattern in patterns):
                found.append(name)
    return found
