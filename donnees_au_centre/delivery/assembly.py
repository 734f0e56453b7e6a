"""One project out of the platform at a revision and of domains at theirs: what is tested, then promoted."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from donnees_au_centre.delivery.declaration import PLATFORM, Delivery, Release
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.git import discreet, git

RECEIPT = "livraison.json"
PROJECT, ARCHIVE = "projet", "projet.tar.gz"
# Repositories of domains, kept from one time to the next.
MIRRORS = Path(".cache") / "livraison"


@dataclass(frozen=True)
class Part:
    """Where a part of what is delivered comes from.

    Attributes:
        name: `plateforme`, or a domain.
        origin: the repository it comes from, without its secrets; "" for this one.
        version: as it was asked for.
        commit: what that is.
    """

    name: str
    origin: str
    version: str
    commit: str


def belongs_to(domain: str, path: PurePosixPath) -> bool:
    """True for a file that is a domain's own: models/age/…, seeds/age/…, policies/contracts/age.yml…"""
    parts = path.parts
    return (len(parts) > 2 and parts[1] == domain and parts[0] not in ("donnees_au_centre", "tests")) or (
        len(parts) > 1 and parts[0] in ("observability", "policies") and parts[-1] == f"{domain}.yml"
    )


def assemble(root: Path, delivery: Delivery, into: Path) -> list[Part]:
    """Writes the project that is delivered into a folder, and its archive and receipt beside it.

    Of a domain's revision only the domain's own files are taken; all else is the platform's. The archive of
    the same commits is the same to the last byte.

    Args:
        root: a checkout of the platform's repository.
        delivery: what is asked for.
        into: made anew.

    Returns:
        Where each part comes from: the platform, then the domains by name.

    Raises:
        PlatformError: a repository cannot be reached, or a revision is unknown, or has nothing of its domain.
    """
    shutil.rmtree(into, ignore_errors=True)
    project = into / PROJECT
    project.mkdir(parents=True)
    parts = [Part(PLATFORM, "", delivery.platform, _commit(root, delivery.platform))]
    _write(project, _files(root, parts[0].commit))
    for domain, release in sorted(delivery.domains.items()):
        place, part = _place(root, domain, release)
        kept = {path: held for path, held in _files(place, part.commit).items() if belongs_to(domain, path)}
        if not any(path.parts[0] == "models" for path in kept):
            raise PlatformError(
                f"{part.version} de {domain} n'a rien sous models/{domain}/.",
                f"Le dépôt d'un domaine a les mêmes chemins qu'ici : models/{domain}/…, seeds/{domain}/…",
            )
        for path in sorted(project.rglob("*")):
            if path.is_file() and belongs_to(domain, PurePosixPath(path.relative_to(project).as_posix())):
                path.unlink()
        _write(project, kept)
        parts.append(part)
    digest = _archive(project, into / ARCHIVE)
    receipt = {
        "archive": ARCHIVE,
        "sha256": digest,
        "parts": [
            {"nom": part.name, "depot": part.origin, "version": part.version, "commit": part.commit}
            for part in parts
        ],
    }
    (into / RECEIPT).write_text(json.dumps(receipt, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return parts


def _place(root: Path, domain: str, release: Release) -> tuple[Path, Part]:
    if release.folder:
        folder = root / release.folder
        if not (folder / ".git").exists():
            raise PlatformError(
                f"{release.folder} n'est pas un sous-module git présent.",
                f"git submodule update --init {release.folder}, puis relancez.",
            )
        # The commit that the platform's repository holds, not what happens to be checked out.
        held = _git(root, "rev-parse", f"HEAD:{release.folder}").decode().strip()
        return folder, Part(domain, release.folder, held[:12], _commit(folder, held))
    version = release.version or ""
    if not release.repository:
        return root, Part(domain, "", version, _commit(root, version))
    mirror = root / MIRRORS / f"{domain}.git"
    if not mirror.exists():
        mirror.mkdir(parents=True)
        _git(mirror, "init", "--quiet", "--bare")
    _git(mirror, "fetch", "--quiet", "--force", "--prune", "--", release.repository, "+refs/*:refs/*")
    return mirror, Part(domain, discreet(release.repository), version, _commit(mirror, version))


def _commit(place: Path, version: str) -> str:
    asked = ("rev-parse", "--verify", "--end-of-options", f"{version}^{{commit}}")
    return _git(place, *asked).decode().strip()


def _files(place: Path, commit: str) -> dict[PurePosixPath, tuple[bytes, int]]:
    """The files of a commit: content and mode, by path."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(_git(place, "archive", "--format=tar", commit))) as archive:
        for member in archive:
            if member.isfile() and (held := archive.extractfile(member)):
                found[PurePosixPath(member.name)] = (held.read(), member.mode & 0o755)
    return found


def _write(project: Path, files: dict[PurePosixPath, tuple[bytes, int]]) -> None:
    for path, (content, mode) in files.items():
        file = project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(mode)


def _archive(project: Path, archive: Path) -> str:
    """Writes the archive, without times nor owners; returns its SHA-256 in hexadecimal."""
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as files,
    ):
        for path in sorted(path for path in project.rglob("*") if path.is_file()):
            member = tarfile.TarInfo(path.relative_to(project).as_posix())
            member.size, member.mode = path.stat().st_size, path.stat().st_mode & 0o755
            with path.open("rb") as content:
                files.addfile(member, content)
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def _git(place: Path, *arguments: str) -> bytes:
    return git(
        place,
        *arguments,
        problem=f"git {' '.join(arguments[-2:])} échoue",
        advice="Vérifiez la version et le dépôt dans policies/releases/ ; en CI, GIT_DEPTH=0.",
    )
