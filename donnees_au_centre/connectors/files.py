"""What the kinds of files share: paths, the faults that people are told, and bytes that are counted."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import BinaryIO

from donnees_au_centre.connectors.connections import Connection
from donnees_au_centre.connectors.interface import PassingFault, RemoteFile
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.inert import line

# Bytes that are asked at once, and seconds that an answer may take.
CHUNK = 1 << 20
SECONDS = 60.0


def below(connection: Connection, location: str) -> str:
    """The path of a location: that of the connection, then its own, `/` first and none last.

    Raises:
        PlatformError: it climbs.
    """
    parts = [part for part in f"{connection.path}/{location}".split("/") if part not in ("", ".")]
    if ".." in parts:
        raise PlatformError(
            f"Le dossier « {line(location)} » remonte par « .. ».",
            "Écrivez dans `folder` un chemin sous celui de la connexion.",
        )
    return "/" + "/".join(parts)


def name_of(path: str) -> str:
    """The last part of a path."""
    return PurePosixPath(path).name


def there(to: BinaryIO) -> int:
    """How many bytes a file has, at the end of which the next ones are written."""
    return to.seek(0, os.SEEK_END)


def anew(to: BinaryIO) -> None:
    """Forgets the bytes of a file: its system gives it from the beginning only."""
    to.seek(0)
    to.truncate()


def written(chunks: Iterable[bytes], to: BinaryIO, connection: Connection, file: RemoteFile) -> None:
    """Writes what comes, and compares it with the size that was seen.

    Raises:
        PassingFault: it ended before.
        PlatformError: there is more of it.
    """
    for chunk in chunks:
        to.write(chunk)
    if file.size is None:
        return
    if to.tell() < file.size:
        raise ended_early(connection, file, to.tell())
    if to.tell() > file.size:
        raise changed(file)


def authority(connection: Connection) -> ssl.SSLContext:
    """What certificates are verified with: the machine's authorities, or SOURCE_X_CA_FILE alone.

    Raises:
        PlatformError: the file of the authority cannot be read.
    """
    place = connection.setting("ca_file")
    try:
        return ssl.create_default_context(cafile=place)
    except (OSError, ssl.SSLError) as error:
        raise PlatformError(
            f"Le fichier d'autorité que nomme {connection.variable('ca_file')} ne se lit pas "
            f"({error.strerror or 'aucun certificat'}).",
            "Donnez le chemin d'un fichier PEM : le certificat de l'autorité qui a signé celui du serveur.",
        ) from None


def unreachable(connection: Connection, why: str, wait: float | None = None) -> PassingFault:
    """The system does not answer, or no longer."""
    said = f" ({connection.hides(why)})" if why else ""
    return PassingFault(
        f"La connexion « {connection.shown} » ne répond pas{said}.",
        "Vérifiez que le serveur tourne et que cette machine peut l'atteindre (adresse, port, pare-feu) ; le "
        "prochain chargement essaiera de nouveau.",
        wait,
    )


def ended_early(connection: Connection, file: RemoteFile, received: int) -> PassingFault:
    """What came is shorter than what was seen."""
    whole = f" sur {file.size}" if file.size is not None else ""
    return PassingFault(
        f"La connexion « {connection.shown} » a été coupée après {received} octets{whole} de "
        f"« {line(file.name)} ».",
        "Le prochain essai reprend où celui-ci s'est arrêté ; si cela dure, adressez-vous à qui tient le "
        "serveur.",
    )


def changed(file: RemoteFile) -> PlatformError:
    """The file is no longer the one that was seen."""
    return PlatformError(
        f"Le fichier « {line(file.name)} » a changé pendant sa lecture : son dépôt n'était sans doute pas "
        "fini, rien n'en est pris.",
        "Attendez la fin du dépôt : le prochain chargement le prendra.",
    )


def refused(connection: Connection, settings: str) -> PlatformError:
    """The account is not known, or its secret is not the right one.

    Args:
        connection: whose.
        settings: the variables that give them, in French.
    """
    return PlatformError(
        f"La connexion « {connection.shown} » refuse ce compte.",
        f"Vérifiez {settings}, et que le compte n'est ni bloqué ni expiré.",
    )


def forbidden(connection: Connection, path: str) -> PlatformError:
    """The account may not read there."""
    return PlatformError(
        f"La connexion « {connection.shown} » ne laisse pas lire « {line(path)} ».",
        "Demandez à qui tient le serveur le droit de lire ce dossier et ses fichiers.",
    )


def absent(connection: Connection, path: str) -> PlatformError:
    """There is nothing at the path."""
    return PlatformError(
        f"La connexion « {connection.shown} » n'a rien à « {line(path)} ».",
        "Vérifiez `folder` dans la déclaration, et le chemin à la fin de l'adresse de la connexion.",
    )


def unverified(connection: Connection, why: str) -> PlatformError:
    """The certificate of the server does not show who it is."""
    return PlatformError(
        f"Le certificat du serveur de la connexion « {connection.shown} » n'est pas vérifié "
        f"({connection.hides(why)}) : rien ne lui est dit, rien n'en est lu.",
        f"Si une autorité privée l'a signé, donnez son certificat par {connection.variable('ca_file')} ; "
        "sinon, demandez à qui tient le serveur ce qui a changé.",
    )
