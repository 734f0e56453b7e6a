"""What every kind of files does: lists, tells what changed, gives every byte, resumes, keeps its secrets."""

from __future__ import annotations

import io
import os
import traceback
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import BinaryIO

import pytest

from donnees_au_centre.connectors import PassingFault, RemoteFile
from donnees_au_centre.errors import PlatformError
from tests.servers.system import System

EVERY_BYTE = bytes(range(256))
LARGE = os.urandom(1 << 20) * 20
_names = count()


class FileConformance:
    """Inherited by the tests of a kind, which give `system`; each test has a name of its own there."""

    # Whether the place is one file, which a test names, and not a folder.
    single = False
    # Whether its library asks again for what was cut, by itself.
    heals = False

    @pytest.fixture
    def system(self) -> System:
        raise NotImplementedError

    @pytest.fixture
    def name(self, system: System) -> Iterator[str]:
        name = f"élèves {next(_names)}.csv"
        yield name
        with suppress(Exception):  # a test may never have put it there
            system.remove(name)

    def place(self, system: System, name: str) -> str:
        return f"{system.folder}/{name}" if self.single else system.folder

    def found(self, system: System, name: str) -> RemoteFile:
        source = system.source(folder=self.place(system, name))
        with source.open():
            return next(file for file in source.files() if file.name == name)

    def fetched(self, system: System, name: str, to: BinaryIO | None = None) -> bytes:
        to = to or io.BytesIO()
        source = system.source(folder=self.place(system, name))
        with source.open():
            source.fetch(next(file for file in source.files() if file.name == name), to)
        to.seek(0)
        return to.read()

    def test_a_file_is_listed(self, system: System, name: str) -> None:
        system.put(name, b"a,b\n")
        file = self.found(system, name)
        assert file.size in (4, None)
        assert file.version

    def test_the_version_changes_with_the_content(self, system: System, name: str) -> None:
        system.put(name, b"a,b\n")
        first = self.found(system, name).version
        assert self.found(system, name).version == first
        system.put(name, b"a,b\n1,2\n")
        assert self.found(system, name).version != first

    @pytest.mark.parametrize("content", [b"", b"\n", EVERY_BYTE, LARGE], ids=["0", "1", "256", "20M"])
    def test_every_byte_comes(self, system: System, name: str, content: bytes) -> None:
        system.put(name, content)
        assert self.fetched(system, name) == content

    def test_what_is_there_is_not_asked_again(self, system: System, name: str) -> None:
        """The beginning is a wrong one, on purpose: it shows that the rest alone was asked for."""
        system.put(name, EVERY_BYTE)
        there = io.BytesIO(b"x" * 100)
        assert self.fetched(system, name, there) == b"x" * 100 + EVERY_BYTE[100:]

    def test_a_cut_is_resumed(self, system: System, name: str) -> None:
        if system.cut is None:
            pytest.skip("this system cannot be cut")
        content = LARGE[: 6 << 20]
        system.put(name, content)
        to = io.BytesIO()
        source = system.source(folder=self.place(system, name))
        with source.open():
            file = next(file for file in source.files() if file.name == name)
            system.cut(len(content) // 2)
            if self.heals:
                source.fetch(file, to)
            else:
                with pytest.raises(PassingFault):
                    source.fetch(file, to)
                assert 0 < len(to.getvalue()) < len(content)
        assert self.fetched(system, name, to) == content

    def test_a_file_that_grew_is_refused(self, system: System, name: str) -> None:
        system.put(name, b"a,b\n")
        source = system.source(folder=self.place(system, name))
        with source.open():
            file = next(file for file in source.files() if file.name == name)
            system.put(name, b"a,b\n1,2\n")
            with pytest.raises(PlatformError, match="a changé pendant sa lecture") as told:
                source.fetch(file, io.BytesIO())
        assert not isinstance(told.value, PassingFault)

    def test_a_wrong_secret_is_refused_and_not_said(self, system: System, name: str) -> None:
        if system.refused is None:
            pytest.skip("this system asks for no secret")
        system.put(name, b"a,b\n")
        source = system.source(system.refused, self.place(system, name))
        with pytest.raises(PlatformError) as told, source.open():
            list(source.files())
        assert not isinstance(told.value, PassingFault)
        self.check_silent(system, told.value)

    def test_a_system_that_is_down_passes(self, system: System, name: str) -> None:
        if system.down is None:
            pytest.skip("this system is always there")
        source = system.source(system.down, self.place(system, name))
        with pytest.raises(PassingFault) as told, source.open():
            list(source.files())
        self.check_silent(system, told.value)

    def test_a_system_that_nothing_proves_is_refused(self, system: System, name: str) -> None:
        if system.unverified is None:
            pytest.skip("nothing proves this system here")
        system.put(name, b"a,b\n")
        source = system.source(system.unverified, self.place(system, name))
        with pytest.raises(PlatformError, match=r"vérifié|attendue") as told, source.open():
            list(source.files())
        assert not isinstance(told.value, PassingFault)
        self.check_silent(system, told.value)

    def test_what_is_not_there_is_said(self, system: System) -> None:
        source = system.source(folder="nulle/part.csv")
        try:
            with source.open():
                assert list(source.files()) == []
        except PlatformError as error:
            assert "n'a rien à" in error.message
            assert not isinstance(error, PassingFault)

    def check_silent(self, system: System, error: PlatformError) -> None:
        """No secret in what people are told."""
        for environ in (system.environ, system.refused or {}):
            for variable, value in environ.items():
                if variable.endswith(("PASSWORD", "TOKEN", "ACCOUNT_KEY", "SECRET_ACCESS_KEY")):
                    assert value not in "".join(traceback.format_exception(error))
