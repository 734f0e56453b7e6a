"""What is not a row, kept with its place and reason until its file's rows are in."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

_IN_MEMORY = 1 << 20
_TEXT_LIMIT = 10_000


class Reject(NamedTuple):
    """One refused record.

    Attributes:
        line: as in the column source_ligne.
        offset: position of its first byte in the file, or None where a format has none.
        motif: identifier of the reason, in French.
        detail: the reason in a French sentence.
        text: readable form, cut beyond 10,000 characters.
        raw: exact bytes.
    """

    line: int
    offset: int | None
    motif: str
    detail: str
    text: str
    raw: bytes


class RejectSpool:
    """Rejects of one file, on disk beyond 1 MiB, so that a thoroughly bad file does not fill the memory."""

    def __init__(self) -> None:  # noqa: D107
        # The file has no name and disappears with the process.
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self.count = 0

    def add(self, reject: Reject) -> None:
        """Keeps one reject."""
        if len(reject.text) > _TEXT_LIMIT:
            reject = reject._replace(
                text=reject.text[:_TEXT_LIMIT] + " … (la suite est dans la colonne octets)"
            )
        pickle.dump(tuple(reject), self._file, protocol=pickle.HIGHEST_PROTOCOL)
        self.count += 1

    def mark(self) -> tuple[int, int]:
        """A state to come back to with `back_to`."""
        return self._file.tell(), self.count

    def back_to(self, mark: tuple[int, int]) -> None:
        """Forgets the rejects added since the mark."""
        position, self.count = mark
        self._file.seek(position)
        self._file.truncate()

    def __iter__(self) -> Iterator[Reject]:
        """Gives the rejects in the order they came, from the first."""
        self._file.seek(0)
        for _ in range(self.count):
            yield Reject(*pickle.load(self._file))

    def close(self) -> None:
        """Frees the disk."""
        self._file.close()
