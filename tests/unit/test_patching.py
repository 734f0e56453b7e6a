"""One module of a package, without what the package imports; then all of it, with the same module."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from donnees_au_centre.patching import alone


def test_a_module_comes_alone_and_its_package_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "paquet_essai"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from paquet_essai.lourd import poids\nfrom paquet_essai.voulu import X\n"
    )
    (package / "voulu.py").write_text("class X: ...\n")
    (package / "lourd.py").write_text("poids = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    with alone("paquet_essai"):
        from paquet_essai.voulu import X  # type: ignore[import-not-found]
    assert not {"paquet_essai", "paquet_essai.lourd"} & sys.modules.keys()
    with alone("paquet_essai"):
        pass
    import paquet_essai  # type: ignore[import-not-found]

    assert paquet_essai.X is X and paquet_essai.poids == 1
    # What is there already stays.
    with alone("paquet_essai"):
        assert sys.modules["paquet_essai"] is paquet_essai
    assert sys.modules["paquet_essai"] is paquet_essai
    for name in ("paquet_essai", "paquet_essai.voulu", "paquet_essai.lourd"):
        monkeypatch.delitem(sys.modules, name)
