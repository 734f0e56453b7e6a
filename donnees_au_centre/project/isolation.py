"""The project without what cannot be read: one domain's fault must not stop the others.

A part of the project is a domain (its folders of models, seeds, snapshots) or the SQL file of a singular
test. A part at fault is taken as it was when it was last read, or left out when it never was.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from donnees_au_centre.project.unreadable import MISSING, NODES, files_named, sources_of

BY_DOMAIN = ("models", "seeds", "snapshots")
# Copies that no command reads any more, after this many seconds.
_OLD = 2 * 86400


def part_of(file: Path | str) -> str | None:
    """The part that a file, relative to the root, belongs to; None for what is everyone's."""
    folder, *inner = Path(file).parts
    if folder in BY_DOMAIN and len(inner) > 1:
        return inner[0]
    return (
        Path(file).as_posix() if folder == "tests" and file_is_sql(file) and "generic" not in inner else None
    )


def file_is_sql(file: Path | str) -> bool:
    """True for a SQL file."""
    return Path(file).suffix == ".sql"


def domain_of_part(root: Path, part: str) -> str:
    """The domain that a part concerns: itself, or the group of a singular test; without one, the part."""
    if not part.endswith(".sql"):
        return part
    text = (root / part).read_bytes().decode("utf-8", errors="replace") if (root / part).is_file() else ""
    group = re.search(r"group\s*=\s*['\"](\w+)['\"]", text)
    return group[1] if group else part


def parts_at_fault(
    files: Iterable[str], message: str, root: Path, kept: Path, tried: Mapping[str, Path | None]
) -> dict[str, Path | None]:
    """What to take from elsewhere next, so that the rest is read.

    A part that has not changed since it was read is not the cause, even where dbt names it: a mart renamed in
    one domain is missed in another. Then what has changed is.

    Args:
        files: that are no text or no YAML.
        message: dbt's.
        kept: the project as it was last read; may not exist.
        tried: what an attempt before took from elsewhere, and failed.

    Returns:
        part -> the root to take it from, None to leave it out; nothing when no part explains the fault.
    """
    parts = dict.fromkeys(map(part_of, [*files, *files_named(message, root)]))
    named = [part for part in parts if part is not None]
    if not kept.is_dir():
        new = [part for part in named if part not in tried]
        # Without an unreadable file dbt names the fault first, then what it is about.
        return dict.fromkeys(new if list(files) else new[:1])
    changed = changed_parts(root, kept)
    if (gone := _part_of_missing(message, root, kept)) and gone not in tried:
        return {gone: kept}
    new = [part for part in named if part in changed and part not in tried] or sorted(
        part for part in changed if part is not None and part not in tried
    )
    if new:
        return dict.fromkeys(new, kept)
    return dict.fromkeys([part for part in named if tried.get(part, kept) is not None][:1])


def _part_of_missing(message: str, root: Path, kept: Path) -> str | None:
    """The part that had what dbt misses; None when it is still there, or never was."""
    missing = {match["name"] for match in MISSING.finditer(message)}
    now, then = ({file for file in sources_of(base) if file.suffix in NODES} for base in (root, kept))
    gone = missing - {file.stem for file in now}
    return next((part_of(file) for file in sorted(then) if file.stem in gone), None)


def changed_parts(root: Path, kept: Path) -> set[str | None]:
    """The parts whose files are not those that were last read; None among them for what is everyone's."""
    now, then = ({file: _digest(base / file) for file in sources_of(base)} for base in (root, kept))
    return {part_of(file) for file in now.keys() | then.keys() if now.get(file) != then.get(file)}


def keep(root: Path, kept: Path) -> None:
    """Copies what dbt has just read, for the day when a part of it cannot be read."""
    if kept.is_dir() and not changed_parts(root, kept):
        return
    new = kept.with_name(f"{kept.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    _copy({file: root / file for file in sources_of(root)}, new)
    shutil.rmtree(kept, ignore_errors=True)
    new.rename(kept)


def readable_copy(root: Path, folder: Path, parts: Mapping[str, Path | None]) -> Path:
    """Makes a project of what can be read.

    Args:
        folder: where such copies stand; each has a folder of its own, for dbt reads seeds while it runs.
        parts: what to take from elsewhere, as `parts_at_fault` tells.

    Returns:
        Its root.
    """
    files = {file: root / file for file in sources_of(root) if part_of(file) not in parts}
    for part, origin in parts.items():
        if origin is not None:
            files |= {file: origin / file for file in sources_of(origin) if part_of(file) == part}
    files |= {
        Path(name): root / name for name in ("dbt_project.yml", ".dbtignore") if (root / name).is_file()
    }
    state = hashlib.sha256(repr(sorted((str(file), _digest(path)) for file, path in files.items())).encode())
    copy = folder / state.hexdigest()[:12]
    if not copy.is_dir():
        _forget_old(folder)
        new = folder / f"{copy.name}.new"
        shutil.rmtree(new, ignore_errors=True)
        _copy(files, new)
        new.rename(copy)
    copy.touch()
    return copy


def left_out(root: Path, parts: Collection[str]) -> list[str]:
    """The domains that parts concern, sorted."""
    return sorted({domain_of_part(root, part) for part in parts})


def _copy(files: Mapping[Path, Path], folder: Path) -> None:
    folder.mkdir(parents=True)
    for file, origin in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(origin, folder / file)


def _forget_old(folder: Path) -> None:
    for copy in folder.glob("*"):
        if time.time() - copy.stat().st_mtime > _OLD:
            shutil.rmtree(copy, ignore_errors=True)


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()
