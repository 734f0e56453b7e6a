"""Files of an S3 bucket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, BinaryIO

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

_KEYS = (("access", "_id"), ("secret_access", ""))
_ACCOUNT = (
    *("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
    *("AuthFailure", "InvalidClientTokenId"),
)
_BUSY = (
    "SlowDown",
    "RequestTimeout",
    "Throttling",
    "ThrottlingException",
    "InternalError",
    "RequestLimitExceeded",
)


class S3(FileSource):
    """Les fichiers d'un seau S3, chez Amazon ou derrière une autre adresse (`SOURCE_X_ENDPOINT`)."""

    title = "stockage S3"
    driver = "s3"
    schemes = ("s3",)
    tried = "moto 5.2, un serveur d'essai"

    @contextmanager
    def open(self) -> Iterator[None]:
        """Asks for one name of the bucket."""
        try:
            from botocore.config import Config

            session = _session()
        except ImportError:
            raise missing_driver("s3", "boto3") from None
        connection = self.connection
        self._bucket = connection.host
        self._prefix = below(connection, self.location).lstrip("/")
        self._prefix += "/" if self._prefix else ""
        with connection.discreet():
            endpoint = connection.setting("endpoint")
            if connection.setting("ca_file"):
                authority(connection)
            self._client: Any = session.client(
                "s3",
                endpoint_url=endpoint,
                region_name=connection.setting("region") or "us-east-1",
                aws_access_key_id=connection.needed("access_key_id", "l'identifiant de la clé d'accès"),
                aws_secret_access_key=connection.needed("secret_access_key", "la clé d'accès secrète"),
                aws_session_token=connection.setting("session_token"),
                verify=connection.setting("ca_file"),
                config=Config(
                    connect_timeout=SECONDS,
                    read_timeout=SECONDS,
                    # Tries are counted in one place, for all kinds.
                    retries={"total_max_attempts": 1},
                    s3={"addressing_style": "path" if endpoint else "auto"},
                ),
            )
            try:
                with self._told():
                    self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)
                yield
            finally:
                with suppress(Exception):
                    self._client.close()

    def files(self) -> Iterator[RemoteFile]:
        """The objects whose name has no further `/`."""
        with self.connection.discreet():
            token: dict[str, str] = {}
            while True:
                with self._told():
                    page = self._client.list_objects_v2(
                        Bucket=self._bucket, Prefix=self._prefix, Delimiter="/", **token
                    )
                for found in page.get("Contents", ()):
                    name = found["Key"].removeprefix(self._prefix)
                    if name:
                        version = f"{found['ETag']}:{found['Size']}"
                        yield RemoteFile(found["Key"], name, found["Size"], version, found["LastModified"])
                if not page.get("IsTruncated"):
                    return
                token = {"ContinuationToken": page["NextContinuationToken"]}

    def fetch(self, file: RemoteFile, to: BinaryIO) -> None:
        """Goes on after what is there, if it is still the same object (If-Match)."""
        offset = there(to)
        if offset and offset == file.size:
            return
        asked = {"Range": f"bytes={offset}-"} if offset else {}
        with self.connection.discreet():
            with self._told(file):
                found = self._client.get_object(
                    Bucket=self._bucket, Key=file.path, IfMatch=file.version.rpartition(":")[0], **asked
                )
            with found["Body"] as body:
                written(self._chunks(file, body), to, self.connection, file)

    def _chunks(self, file: RemoteFile, body: Any) -> Iterator[bytes]:
        while True:
            with self._told(file):
                chunk: bytes = body.read(CHUNK)
            if not chunk:
                return
            yield chunk

    @contextmanager
    def _told(self, file: RemoteFile | None = None) -> Iterator[None]:
        """What the library raises, in the words of people."""
        from botocore import exceptions

        connection, place = self.connection, file.path if file else f"{self._bucket}/{self._prefix}"
        try:
            yield
        except exceptions.ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if code == "PreconditionFailed" and file is not None:
                raise changed(file) from None
            if code in _ACCOUNT or status == 401:
                names = (
                    f"{connection.variable('access_key_id')} et {connection.variable('secret_access_key')}"
                )
                raise refused(connection, names) from None
            if status == 403:
                raise forbidden(connection, place) from None
            if status == 404:
                raise absent(connection, place) from None
            if code in _BUSY or status in (429, 500, 502, 503, 504):
                raise unreachable(connection, f"S3, {code or status}") from None
            raise PlatformError(
                f"Le stockage de la connexion « {connection.shown} » refuse « {line(place)} » (S3, "
                f"{line(code)}).",
                f"Vérifiez {connection.variable('region')} et {connection.variable('endpoint')} ; sinon, "
                "adressez-vous à qui tient le stockage.",
            ) from None
        except exceptions.SSLError:
            raise unverified(connection, "certificat refusé") from None
        except exceptions.ParamValidationError:
            raise PlatformError(
                f"« {line(self._bucket)} » ne nomme pas un seau S3.",
                f"Écrivez s3://seau/chemin dans {connection.variable()}.",
            ) from None
        except (
            *(exceptions.HTTPClientError, exceptions.ConnectionError, exceptions.IncompleteReadError),
            OSError,
        ):
            raise unreachable(connection, "connexion impossible ou coupée") from None
        except exceptions.BotoCoreError as error:
            raise PlatformError(
                f"La connexion « {connection.shown} » ne convient pas à un stockage S3 "
                f"({type(error).__name__}).",
                f"Vérifiez {connection.variable('endpoint')} (https://machine) et "
                f"{connection.variable('region')}.",
            ) from None


@cache
def _session() -> Any:
    """What describes the service, which is long to read."""
    import boto3

    return boto3.session.Session()


KIND = S3
