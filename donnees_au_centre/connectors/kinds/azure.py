"""Files of an Azure container (Blob, Data Lake)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO

from donnees_au_centre.connectors.connections import Connection
from donnees_au_centre.connectors.files import (
    CHUNK,
    SECONDS,
    absent,
    authority,
    below,
    changed,
    forbidden,
    refused,
    there,
    unreachable,
    unverified,
    written,
)
from donnees_au_centre.connectors.interface import FileSource, RemoteFile
from donnees_au_centre.drivers import missing_driver
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.inert import line

_PUBLIC = "blob.core.windows.net"
# Folders of a Data Lake are said to be files that are called so.
_FOLDER = "hdi_isfolder"


class Azure(FileSource):
    """Les fichiers d'un conteneur Azure : abfs://conteneur@compte.dfs.core.windows.net/…, ou az://conteneur/…."""

    title = "stockage Azure (Blob, Data Lake)"
    driver = "azure"
    schemes = ("abfs", "abfss", "az")
    tried = "Azurite 3.37 (Blob) ; les dossiers d'un Data Lake n'ont pas été essayés"

    @contextmanager
    def open(self) -> Iterator[None]:
        """Asks for one name of the container."""
        try:
            from azure.storage.blob import ContainerClient
        except ImportError:
            raise missing_driver("azure", "azure-storage-blob") from None
        connection = self.connection
        self._prefix = below(connection, self.location).lstrip("/")
        self._prefix += "/" if self._prefix else ""
        with connection.discreet(), ExitStack() as stack:
            address, container = _place(connection)
            if connection.setting("ca_file"):
                authority(connection)
            self._client: Any = stack.enter_context(
                ContainerClient(
                    address,
                    container,
                    credential=self._credential(stack),
                    # Tries are counted in one place, for all kinds.
                    retry_total=0,
                    connection_timeout=SECONDS,
                    read_timeout=SECONDS,
                    connection_verify=connection.setting("ca_file") or True,
                    max_single_get_size=4 * CHUNK,
                    max_chunk_get_size=4 * CHUNK,
                )
            )
            with self._told():
                next(iter(self._client.list_blobs(self._prefix, results_per_page=1)), None)
            yield

    def _credential(self, stack: ExitStack) -> Any:
        connection = self.connection
        if key := connection.setting("account_key"):
            from azure.core.credentials import AzureNamedKeyCredential

            return AzureNamedKeyCredential(_account(connection), key)
        if token := connection.setting("sas_token"):
            from azure.core.credentials import AzureSasCredential

            return AzureSasCredential(token.removeprefix("?"))
        if connection.setting("client_id"):
            from azure.identity import ClientSecretCredential

            return stack.enter_context(
                ClientSecretCredential(
                    connection.needed("tenant_id", "l'identifiant de l'annuaire"),
                    connection.needed("client_id", "l'identifiant de l'application"),
                    connection.needed("client_secret", "le secret de l'application"),
                )
            )
        connection.needed("account_key", "la clé du compte (ou de SAS_TOKEN, ou de CLIENT_ID)")
        return None

    def files(self) -> Iterator[RemoteFile]:
        """The blobs whose name has no further `/`."""
        with self.connection.discreet():
            pages = iter(self._client.walk_blobs(self._prefix, include=["metadata"], delimiter="/"))
            while True:
                with self._told():
                    found = next(pages, None)
                if found is None:
                    return
                name = found.name.removeprefix(self._prefix)
                if not name or name.endswith("/") or _FOLDER in (found.metadata or {}):
                    continue
                version = f"{found.etag}:{found.size}"
                yield RemoteFile(found.name, name, found.size, version, found.last_modified)

    def fetch(self, file: RemoteFile, to: BinaryIO) -> None:
        """Goes on after what is there, if it is still the same blob (If-Match)."""
        offset = there(to)
        if offset == file.size:
            return
        with self.connection.discreet():
            written(self._chunks(file, offset), to, self.connection, file)

    def _chunks(self, file: RemoteFile, offset: int) -> Iterator[bytes]:
        from azure.core import MatchConditions

        with self._told(file):
            found = self._client.download_blob(
                file.path,
                offset=offset or None,
                length=file.size - offset if offset and file.size else None,
                etag=f'"{file.version.rpartition(":")[0].strip(chr(34))}"',
                match_condition=MatchConditions.IfNotModified,
            )
            pieces = iter(found.chunks())
        while True:
            with self._told(file):
                chunk: bytes | None = next(pieces, None)
            if chunk is None:
                return
            yield chunk

    @contextmanager
    def _told(self, file: RemoteFile | None = None) -> Iterator[None]:
        """What the library raises, in the words of people."""
        from azure.core import exceptions

        connection, place = self.connection, file.path if file else self._prefix
        try:
            yield
        except exceptions.ClientAuthenticationError:
            names = ", ".join(
                connection.variable(name) for name in ("account_key", "sas_token", "client_secret")
            )
            raise refused(connection, names) from None
        except exceptions.ResourceModifiedError:
            raise (changed(file) if file else unreachable(connection, "conteneur modifié")) from None
        except exceptions.ResourceNotFoundError:
            raise absent(connection, place) from None
        except exceptions.HttpResponseError as error:
            status = error.status_code or 0
            code = line(str(getattr(error, "error_code", "") or status))
            if status == 412 and file is not None:
                raise changed(file) from None
            if status == 403:
                raise forbidden(connection, place) from None
            if status in (408, 429) or status >= 500 or not status:
                raise unreachable(connection, f"Azure, {code}") from None
            raise PlatformError(
                f"Le stockage de la connexion « {connection.shown} » refuse « {line(place)} » (Azure, "
                f"{code}).",
                "Vérifiez le conteneur et le chemin ; sinon, adressez-vous à qui tient le stockage.",
            ) from None
        except exceptions.AzureError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise unverified(connection, "certificat refusé") from None
            raise unreachable(connection, "connexion impossible ou coupée") from None
        except OSError:
            raise unreachable(connection, "connexion impossible ou coupée") from None


def _account(connection: Connection) -> str:
    named = connection.host.partition(".")[0] if connection.user else ""
    return named or connection.needed("account", "le nom du compte de stockage")


def _place(connection: Connection) -> tuple[str, str]:
    """The address of the account, and the container."""
    endpoint, host = connection.setting("endpoint"), connection.host
    if connection.user:
        return endpoint or f"https://{host.replace('.dfs.', '.blob.')}", connection.user
    return endpoint or f"https://{_account(connection)}.{_PUBLIC}", host


KIND = Azure
