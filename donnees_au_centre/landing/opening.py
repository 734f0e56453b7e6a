"""The one place that opens what lies below the landing zone, which others fill.

Only a regular file is read, by the descriptor that was checked: a name is walked folder by folder, and no
link is followed, not even one put there meanwhile. The zone itself is the user's, and may be a link.
"""

from __future__ import annotations

import errno
import io
import os
import pwd
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.inert import line
from donnees_au_centre.landing.limits import MAX_READ, tick

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_ASIDE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = _ASIDE | os.O_DIRECTORY
_BUFFER = 64 << 10
_KINDS = (
    (stat.S_ISLNK, "un lien symbolique"),
    (stat.S_ISDIR, "un dossier"),
    (stat.S_ISFIFO, "un tube (FIFO)"),
    (stat.S_ISSOCK, "une prise (socket)"),
    (stat.S_ISCHR, "un périphérique"),
    (stat.S_ISBLK, "un périphérique"),
)
_COPY = "Déposez une copie du fichier lui-même, ordinaire, dans ce dossier."


class Deposit(io.BufferedReader):
    """A file that was received, open for reading.

    Attributes:
        status: what the system said of it when it was opened.
        weight: bytes of what was deposited: the file itself, or the archive that it comes from.
    """

    def __init__(self, descriptor: int, weight: int | None = None) -> None:
        """Takes over a descriptor of a regular file."""
        self.status = os.fstat(descriptor)
        self.weight = self.status.st_size if weight is None else weight
        super().__init__(_Ticking(descriptor), _BUFFER)

    def read(self, size: int | None = -1, /) -> bytes:
        """Reads on.

        Raises:
            PlatformError: so many bytes are never wanted at once: the file lies about its own parts.
        """
        if size is None or size < 0:
            size = max(0, self.status.st_size - self.tell())
        if size > MAX_READ:
            raise PlatformError(
                f"Le fichier annonce une table des matières de {size >> 20} Mio : il n'est pas lu.",
                "Demandez d'où il vient, puis un nouveau fichier.",
            )
        return super().read(size)


class _Ticking(io.FileIO):
    """Raw bytes, at which the clock of the file is looked at."""

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        tick()
        return super().readinto(buffer)


@contextmanager
def opened(zone: Path, path: str, depositors: Collection[str] | None = None) -> Iterator[Deposit]:
    """Opens a file of the landing zone.

    Args:
        zone: root of the landing zone.
        path: of the file below it, `/` between folders.
        depositors: accounts that may deposit besides the usual ones; None when who did is not asked.

    Raises:
        PlatformError: it is no regular file, is reached by a link or has another name elsewhere; or its owner
            may not deposit, or everybody may change it.
        OSError: it cannot be read, or is no longer there.
    """
    *folders, name = path.split("/")
    with ExitStack() as stack:
        statuses, last = _descend(stack, zone, folders)
        found = os.stat(_part(name), dir_fd=last, follow_symlinks=False)
        _check_kind(found)
        try:
            file = Deposit(os.open(name, _ASIDE, dir_fd=last))
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENXIO):
                raise
            raise PlatformError(
                "Le fichier a été remplacé pendant qu'on l'ouvrait : rien n'en est lu.", _COPY
            ) from error
        stack.enter_context(file)
        _check_kind(file.status)
        if file.status.st_nlink > 1:
            raise PlatformError(
                "Le fichier a un autre nom ailleurs (lien physique) : il n'est peut-être pas à qui dépose, "
                "rien n'en est lu.",
                _COPY,
            )
        if depositors is not None:
            _check_owner(statuses, file.status, depositors)
        yield file


@contextmanager
def folder(zone: Path, path: Sequence[str]) -> Iterator[int]:
    """Opens a folder of the landing zone, for listing.

    Raises:
        PlatformError: it is reached by a link, or is no folder.
        OSError: it cannot be read.
    """
    with ExitStack() as stack:
        yield _descend(stack, zone, path)[1]


def status(zone: Path, path: str) -> os.stat_result | None:
    """What the system says of a name of the landing zone, a link itself; None when nothing is there."""
    *folders, name = path.split("/")
    try:
        with ExitStack() as stack:
            return os.stat(_part(name), dir_fd=_descend(stack, zone, folders)[1], follow_symlinks=False)
    except (OSError, PlatformError):
        return None


def _descend(stack: ExitStack, zone: Path, folders: Sequence[str]) -> tuple[list[os.stat_result], int]:
    """Opens the folders from the zone down: what the system says of each, and the last one."""
    last = os.open(zone, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    stack.callback(os.close, last)
    statuses = [os.fstat(last)]
    for place, part in enumerate(folders, start=1):
        try:
            below = os.open(_part(part), _FOLDER, dir_fd=last)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise _no_folder("/".join(folders[:place]), part, last) from error
            raise
        stack.callback(os.close, below)
        last = below
        statuses.append(os.fstat(last))
    return statuses, last


def _part(name: str) -> str:
    if name in ("", ".", ".."):
        raise PlatformError(
            "Le chemin sort de la zone de dépôt, ou n'y mène pas.",
            "Donnez le chemin du fichier dans la zone.",
        )
    return name


def _no_folder(path: str, name: str, parent: int) -> PlatformError:
    """Why a part of a path is no folder, named without following it."""
    try:
        link = stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
    except OSError:
        link = True
    if link:
        return linked(path)
    return PlatformError(f"« {line(path)} » n'est pas un dossier.", "Donnez le chemin dans la zone.")


def linked(path: str) -> PlatformError:
    """The error for a symbolic link below the zone."""
    return PlatformError(
        f"« {line(path)} » est un lien symbolique : aucun n'est suivi, rien n'en est lu.",
        "Mettez à sa place un vrai dossier ou un vrai fichier, copié.",
    )


def open_to_all(zone: Path) -> bool:
    """Whether every account of the machine may write in the landing zone itself."""
    return _anybody_writes(zone.stat())


def _check_kind(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = next((words for test, words in _KINDS if test(found.st_mode)), "autre chose qu'un fichier")
        raise PlatformError(f"Ce n'est pas un fichier ordinaire, mais {kind} : rien n'en est lu.", _COPY)


def _check_owner(
    folders: Sequence[os.stat_result], found: os.stat_result, depositors: Collection[str]
) -> None:
    """Refuses a file of which nobody can say who deposited it.

    The zone, its administration's folder and this very account tell who may; root may everything anyway.
    """
    usual = {0, os.geteuid(), *(one.st_uid for one in folders[:2])}
    if found.st_uid not in usual | {_uid(name) for name in depositors}:
        raise PlatformError(
            f"Le fichier appartient au compte « {_name(found.st_uid)} », qui ne dépose pas ici : rien n'en "
            "est lu.",
            "Demandez qui l'a déposé. Si ce compte le peut, nommez-le dans `depositors` de la déclaration ; "
            "déposent aussi le propriétaire de la zone, celui du dossier de l'AG et le compte du chargement.",
        )
    # On some file systems everybody may write everywhere, the zone included: that says nothing. And through a
    # folder that is closed to them others reach nothing, be it open (what is moved from a Windows disk is).
    if _anybody_writes(folders[0]) or not all(one.st_mode & stat.S_IXOTH for one in folders):
        return
    if _anybody_writes(found) or any(map(_anybody_writes, folders[1:])):
        raise PlatformError(
            "Tout compte de cette machine peut écrire ce fichier, ou son dossier : rien ne dit qui l'a fait, "
            "il n'est pas lu.",
            "Ôtez ce droit (chmod o-w sur le fichier et ses dossiers), vérifiez le contenu, puis relancez.",
        )


def _anybody_writes(found: os.stat_result) -> bool:
    """In a sticky folder everybody may put files, and change only their own."""
    sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
    return bool(found.st_mode & stat.S_IWOTH) and not sticky


def _uid(name: str) -> int:
    if name.isdecimal():
        return int(name)
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise PlatformError(
            f"Le compte « {name} » de `depositors` n'existe pas sur cette machine.",
            "Corrigez la déclaration : un nom de compte, ou son numéro.",
        ) from None


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"n° {uid}"
