"""The kinds of files, each against a real server."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from donnees_au_centre.connectors import PassingFault
from donnees_au_centre.errors import PlatformError
from tests.conformance.files import EVERY_BYTE, FileConformance
from tests.servers.certificates import certificates
from tests.servers.http import Web, https, web
from tests.servers.system import System

if TYPE_CHECKING:
    from tests.servers.sftp import SftpSystem


class TestFolder(FileConformance):
    @pytest.fixture
    def system(self, tmp_path: Path) -> System:
        place = tmp_path / "depot"
        place.mkdir()
        return System(
            "folder",
            {"SOURCE_ESSAI": tmp_path.as_uri()},
            put=lambda name, content: (place / name).write_bytes(content),
            remove=lambda name: (place / name).unlink(),
        )

    def test_links_pipes_and_folders_are_left_out(self, system: System, tmp_path: Path) -> None:
        system.put("a.csv", b"a")
        (tmp_path / "depot/lien.csv").symlink_to("a.csv")
        (tmp_path / "depot/dossier.csv").mkdir()
        os.mkfifo(tmp_path / "depot/tube.csv")
        source = system.source()
        with source.open():
            assert [file.name for file in source.files()] == ["a.csv"]


@pytest.fixture(scope="module")
def sftp_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpSystem]:
    pytest.importorskip("asyncssh", reason="make drivers NAME=sftp")
    from tests.servers.sftp import sftp

    with sftp(tmp_path_factory.mktemp("sftp")) as system:
        yield system


class TestSftp(FileConformance):
    @pytest.fixture
    def system(self, sftp_system: SftpSystem) -> System:
        return sftp_system

    @pytest.mark.parametrize("way", ["known_hosts", "known_hosts_file", "fingerprint"])
    def test_the_server_is_known_in_three_ways(
        self, sftp_system: SftpSystem, name: str, way: str, tmp_path: Path
    ) -> None:
        hosts = tmp_path / "known_hosts"
        hosts.write_text(sftp_system.known_hosts)
        environ = {**sftp_system.environ, "SOURCE_ESSAI_HOST_KEY": sftp_system.fingerprint}
        if way != "fingerprint":
            del environ["SOURCE_ESSAI_HOST_KEY"]
            environ[f"SOURCE_ESSAI_{way.upper()}"] = str(hosts)
        sftp_system.put(name, b"a")
        source = sftp_system.source(environ)
        with source.open():
            assert [file.name for file in source.files()] == [name]

    def test_another_fingerprint_is_refused(self, sftp_system: SftpSystem) -> None:
        source = sftp_system.source({**sftp_system.environ, "SOURCE_ESSAI_HOST_KEY": "SHA256:autre"})
        with pytest.raises(PlatformError, match="n'est pas celle qui est attendue"), source.open():
            pass

    def test_without_a_key_of_the_server_nothing_is_asked(self, sftp_system: SftpSystem) -> None:
        environ = {k: v for k, v in sftp_system.environ.items() if not k.endswith("HOST_KEY")}
        with (
            pytest.raises(PlatformError, match="quelle est la clé du serveur"),
            sftp_system.source(environ).open(),
        ):
            pass

    def test_a_key_enters_with_its_phrase(self, sftp_system: SftpSystem, name: str, tmp_path: Path) -> None:
        (tmp_path / "cle").write_text(sftp_system.key)
        environ = {k: v for k, v in sftp_system.environ.items() if not k.endswith("PASSWORD")}
        environ |= {"SOURCE_ESSAI_KEY_FILE": str(tmp_path / "cle")}
        sftp_system.put(name, b"a")
        source = sftp_system.source({**environ, "SOURCE_ESSAI_KEY_PASSPHRASE": sftp_system.phrase})
        with source.open():
            assert [file.name for file in source.files()] == [name]
        source = sftp_system.source({**environ, "SOURCE_ESSAI_KEY_PASSPHRASE": "une autre"})
        with pytest.raises(PlatformError, match="ne se lit pas") as told, source.open():
            pass
        assert "une autre" not in str(told.value)


@pytest.fixture(scope="module")
def ftps_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    pytest.importorskip("pyftpdlib", reason="make drivers NAME=tests")
    from tests.servers.ftp import ftp

    with ftp(tmp_path_factory.mktemp("ftps")) as system:
        yield system


class TestFtps(FileConformance):
    @pytest.fixture
    def system(self, ftps_system: System) -> System:
        return ftps_system


@pytest.fixture(scope="module")
def ftp_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    pytest.importorskip("pyftpdlib", reason="make drivers NAME=tests")
    from tests.servers.ftp import ftp

    with ftp(tmp_path_factory.mktemp("ftp"), tls=False, mlsd=False) as system:
        yield system


class TestPlainFtp(FileConformance):
    """Without TLS, and without MLSD: names one by one."""

    @pytest.fixture
    def system(self, ftp_system: System) -> System:
        return ftp_system

    def test_it_must_be_allowed(self, ftp_system: System) -> None:
        with (
            pytest.raises(PlatformError, match="mot de passe en clair"),
            replace(ftp_system, options={}).source().open(),
        ):
            pass

    def test_it_is_told(self, ftp_system: System) -> None:
        assert "en clair" in ftp_system.source().warnings()[0]


@pytest.fixture(scope="module")
def http_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, Web]]:
    with https(tmp_path_factory.mktemp("https")) as found:
        yield found


class TestHttp(FileConformance):
    single = True

    @pytest.fixture
    def system(self, http_system: tuple[System, Web]) -> System:
        return http_system[0]

    @pytest.fixture
    def state(self, http_system: tuple[System, Web]) -> Iterator[Web]:
        state = http_system[1]
        yield state
        state.head = state.described = state.ranges = True
        state.moved, state.faults = {}, []

    def test_without_head_get_describes(self, system: System, state: Web, name: str) -> None:
        state.head = False
        system.put(name, b"abc")
        assert self.found(system, name).version
        assert self.fetched(system, name) == b"abc"

    def test_without_a_description_all_comes_each_time(self, system: System, state: Web, name: str) -> None:
        state.described = False
        system.put(name, EVERY_BYTE)
        file = self.found(system, name)
        assert (file.version, file.size) == ("", None)
        assert self.fetched(system, name, io.BytesIO(b"x")) == EVERY_BYTE

    def test_without_ranges_all_comes_again(self, system: System, state: Web, name: str) -> None:
        state.ranges = False
        system.put(name, EVERY_BYTE)
        assert self.fetched(system, name, io.BytesIO(b"xyz")) == EVERY_BYTE

    def test_a_body_that_ends_early_is_a_fault(self, system: System, state: Web, name: str) -> None:
        system.put(name, EVERY_BYTE)
        state.faults = [("short", 100)]
        with pytest.raises(PassingFault, match="coupée après 100 octets sur 256"):
            self.fetched(system, name)

    @pytest.mark.parametrize("code", [429, 500, 503])
    def test_a_busy_server_passes(self, system: System, state: Web, name: str, code: int) -> None:
        system.put(name, b"a")
        state.faults = [("status", code, {"Retry-After": "7"})]
        with pytest.raises(PassingFault, match=f"HTTP {code}") as told:
            self.fetched(system, name)
        assert told.value.wait == 7

    def test_no_secret_goes_to_another_place(
        self, system: System, state: Web, name: str, tmp_path: Path
    ) -> None:
        """Not even to another port of the same machine; and never to an address in clear."""
        with web(None) as plain:
            system.put(name, b"a")
            state.moved = {f"/depot/{n}": f"http://127.0.0.1:{plain.port}/x" for n in ("lien.csv",)}
            source = system.source(folder="depot/lien.csv")
            with pytest.raises(PlatformError, match="n'est pas en https"), source.open():
                list(source.files())
            assert plain.requests == []
            certificate = Path(system.environ["SOURCE_ESSAI_CA_FILE"]).with_name("serveur.pem")
            with web(certificate) as other:
                other.files = {"/x": b"ailleurs"}
                state.moved = {"/depot/lien.csv": f"https://127.0.0.1:{other.port}/x"}
                assert self.fetched(system, "lien.csv") == b"ailleurs"
                assert all("authorization" not in headers for _, _, headers in other.requests)

    def test_a_key_and_a_password_are_said_in_their_header(self) -> None:
        with web() as state:
            state.files = {"/x.csv": b"a"}
            environ = {
                "SOURCE_ESSAI": f"http://moi@127.0.0.1:{state.port}/x.csv",
                "SOURCE_ESSAI_PASSWORD": "secret",
                "SOURCE_ESSAI_API_KEY": "clef",
            }
            source = System("http", environ, print, print, folder="").source()
            with source.open():
                assert [file.name for file in source.files()] == ["x.csv"]
            headers = state.requests[0][2]
            assert headers["authorization"] == "Basic bW9pOnNlY3JldA=="
            assert headers["x-api-key"] == "clef"

    def test_no_secret_goes_in_clear(self) -> None:
        environ = {"SOURCE_ESSAI": "http://exemple.invalid/x.csv", "SOURCE_ESSAI_TOKEN": "jeton"}
        source = System("http", environ, print, print, folder="").source()
        with pytest.raises(PlatformError, match="secret en clair"), source.open():
            pass


@pytest.fixture(scope="module")
def s3_system() -> Iterator[System]:
    pytest.importorskip("moto", reason="make drivers NAME=tests")
    from tests.servers.s3 import s3

    with s3() as system:
        yield system


class TestS3(FileConformance):
    @pytest.fixture
    def system(self, s3_system: System) -> System:
        return s3_system


_STORES = {
    "s3": {"": "s3://depot", "REGION": "eu-west-1", "ACCESS_KEY_ID": "cle", "SECRET_ACCESS_KEY": "jeton"},
    "azure": {"": "az://depot", "ACCOUNT": "age", "ACCOUNT_KEY": "amV0b24="},
}


@pytest.mark.parametrize("kind", _STORES)
def test_the_certificate_of_a_store_is_verified(kind: str, tmp_path: Path) -> None:
    """Whoever answers, nothing is told to it before; and an authority of one's own can be given."""
    pytest.importorskip({"s3": "boto3", "azure": "azure.storage.blob"}[kind])
    authority, certificate = certificates(tmp_path)
    with web(certificate) as state:
        given = {**_STORES[kind], "ENDPOINT": f"https://127.0.0.1:{state.port}"}
        environ = {f"SOURCE_ESSAI_{name}".rstrip("_"): value for name, value in given.items()}
        system = System(kind, environ, print, print)
        with pytest.raises(PlatformError, match="n'est pas vérifié") as told, system.source().open():
            pass
        assert not isinstance(told.value, PassingFault)
        assert state.requests == []
        system.environ = {**environ, "SOURCE_ESSAI_CA_FILE": str(authority)}
        with pytest.raises(PlatformError, match="n'a rien à"), system.source().open():
            pass
        assert state.requests != []


@pytest.fixture(scope="module")
def azure_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    pytest.importorskip("azure.storage.blob", reason="make drivers NAME=azure")
    from tests.servers.azure import azure, missing

    if why := missing():
        pytest.skip(why)
    with azure(tmp_path_factory.mktemp("azurite")) as system:
        yield system


@pytest.mark.long
class TestAzure(FileConformance):
    heals = True

    @pytest.fixture
    def system(self, azure_system: System) -> System:
        return azure_system
