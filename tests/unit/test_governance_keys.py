"""The keys of pseudonyms: what asks for them, where they come from, how they reach a session."""

from __future__ import annotations

import base64
import hashlib
import hmac
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from donnees_au_centre.cli.database import env
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.keys import (
    KEY_FILE,
    Need,
    decode,
    keep_only,
    keys_of_checkout,
    needs,
    pads,
    pgoptions,
    session_keys,
)
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import ROOT, Settings

KEY = "5a" * 32
OTHER = "c3" * 32


@pytest.fixture
def checkout(tmp_path: Path) -> Settings:
    """A checkout on a server of its own, with models of two administrations that need keys."""
    for domain, purpose in (("agaj", "suivi"), ("agaj", "recherche"), ("sg", "effectifs")):
        folder = tmp_path / "models" / domain / "staging" / "source"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"stg_{purpose}.sql").write_text(
            f"select {{{{ pseudonymise(clean_text('n'), '{domain}', '{purpose}') }}}} as pseudonyme\n"
            "{# not a call: pseudonymise('n', 'agaj', 'commentaire') #}"
        )
    return replace(Settings.load({}), root=tmp_path)


def test_models_say_which_keys_they_need(checkout: Settings) -> None:
    agaj = [Need("agaj", "recherche"), Need("agaj", "suivi")]
    assert needs(checkout.root) == [*agaj, Need("sg", "effectifs")]
    assert needs(checkout.root, ["agaj"]) == agaj
    assert needs(checkout.root, ["age"]) == []
    assert Need("sg", "effectifs").variable == "DAC_CLE_SG_EFFECTIFS"


def test_the_project_needs_a_key_for_each_sensitive_source() -> None:
    assert {(need.domain, need.purpose) for need in needs(ROOT)} >= {
        ("agaj", "suivi"), ("agmj", "suivi"), ("sg", "effectifs"), ("agc", "subventions"),
    }  # fmt: skip


def test_a_domain_gets_its_own_keys_only(checkout: Settings) -> None:
    production = replace(checkout, target="prod")
    environ = {"DAC_CLE_SG_EFFECTIFS": KEY, "PGOPTIONS": "-c role=lecteur"}
    options = pgoptions(["sg"], production, environ)
    inner, outer = pads(bytes.fromhex(KEY))
    assert options == f"-c role=lecteur -c dac.i_sg_effectifs={inner} -c dac.o_sg_effectifs={outer}"
    assert pgoptions(["age"], production, environ) == "-c role=lecteur"
    # What an earlier command exported does not add up.
    assert pgoptions(["sg"], production, {**environ, "PGOPTIONS": options}) == options


def test_a_missing_key_is_named_before_anything_runs(checkout: Settings) -> None:
    with pytest.raises(PlatformError, match="DAC_CLE_AGAJ_SUIVI") as caught:
        pgoptions(["agaj"], replace(checkout, target="prod"), {"DAC_CLE_AGAJ_RECHERCHE": KEY})
    assert "Que faire" in str(caught.value) and KEY not in str(caught.value)
    assert not (checkout.root / KEY_FILE).exists()


def test_keys_are_read_in_hexadecimal_and_in_base64() -> None:
    raw = bytes(range(200, 232))
    for text in (raw.hex(), raw.hex().upper(), base64.b64encode(raw).decode()):
        assert decode("DAC_CLE_X_Y", text) == raw
    assert decode("DAC_CLE_X_Y", base64.urlsafe_b64encode(b"\xff" * 33).decode()) == b"\xff" * 33


@pytest.mark.parametrize("text", ["ab" * 31, "mot de passe", "é" * 64, base64.b64encode(b"x" * 31).decode()])
def test_a_bad_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(PlatformError, match="DAC_CLE_X_Y") as caught:
        decode("DAC_CLE_X_Y", text)
    assert text not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("size", [32, 64, 65, 200])
def test_the_pads_are_those_of_hmac(size: int) -> None:
    key = bytes(number % 251 for number in range(size))
    inner, outer = (bytes.fromhex(pad) for pad in pads(key))
    digest = hashlib.sha256(outer + hashlib.sha256(inner + "é".encode()).digest()).hexdigest()
    assert digest == hmac.new(key, "é".encode(), hashlib.sha256).hexdigest()


def test_a_checkout_makes_its_keys_once(checkout: Settings) -> None:
    path = checkout.root / KEY_FILE
    first = pgoptions(["sg"], checkout, {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    assert pgoptions(["sg"], checkout, {}) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = keys_of_checkout(path, needs(checkout.root))
    assert len(set(made.values())) == len(made) == 3
    # The environment's key is preferred.
    assert pads(bytes.fromhex(OTHER))[0] in pgoptions(["sg"], checkout, {"DAC_CLE_SG_EFFECTIFS": OTHER})


def test_git_ignores_the_keys() -> None:
    assert f"/{KEY_FILE}" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_sessions_have_the_keys_for_a_while(checkout: Settings) -> None:
    environ = {"DAC_CLE_SG_EFFECTIFS": KEY}
    with session_keys(["sg"], checkout, environ):
        assert "dac.i_sg_effectifs" in environ["PGOPTIONS"]
    assert "PGOPTIONS" not in environ


def test_a_code_location_forgets_the_keys_of_the_others() -> None:
    environ = {
        "DAC_CLE_SG_EFFECTIFS": KEY,
        "DAC_CLE_AGAJ_SUIVI": OTHER,
        "PGOPTIONS": "-c role=x -c dac.i_agaj_suivi=00 -c dac.o_agaj_suivi=00",
        "PATH": "/bin",
    }
    keep_only("sg", environ)
    assert environ == {"DAC_CLE_SG_EFFECTIFS": KEY, "PGOPTIONS": "-c role=x", "PATH": "/bin"}


def test_the_keys_are_shown_to_no_terminal(checkout: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    (checkout.root / "models" / "sg").mkdir(exist_ok=True)
    with pytest.raises(PlatformError, match="CLES=inconnue"):
        env(checkout, {"CLES": "inconnue"})
    with pytest.raises(PlatformError, match="ne s'affichent pas"):
        env(checkout, {"CLES": "sg"})


def test_a_dagster_step_has_the_keys_of_its_domain_only_and_while_dbt_runs(
    checkout: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    import dagster as dg

    from donnees_au_centre.project import ParseResult
    from orchestration import work
    from orchestration.assets import Assets

    seen: list[str] = []

    class Run:
        error = None

        def __init__(self, *_: object) -> None: ...

        def results(self) -> list:
            seen.append(os.environ.get("PGOPTIONS", ""))
            return []

        def kept(self, _name: str) -> list:
            return []

    class Recording:
        def __init__(self, *_: object) -> None: ...

        def end(self, *_: object) -> str:
            return ""

    monkeypatch.setattr(work, "dbt_run", Run)
    monkeypatch.setattr(work, "Recording", Recording)
    monkeypatch.setattr(work, "note_run", lambda *_, **__: None)
    monkeypatch.setattr(work, "trace_after_build", lambda *_: [])
    monkeypatch.delenv("PGOPTIONS", raising=False)
    monkeypatch.setenv("DAC_CLE_SG_EFFECTIFS", KEY)
    monkeypatch.delenv("DAC_CLE_AGAJ_SUIVI", raising=False)
    asset = dg.AssetKey("stg_effectifs")
    fqn = ["donnees_au_centre", "sg", "staging", "source", "stg_effectifs"]
    node = {"resource_type": "model", "name": "stg_effectifs", "fqn": fqn}
    manifest = {
        "metadata": {"project_name": "p"},
        "nodes": {"model.p.stg_effectifs": node},
        "sources": {},
        "unit_tests": {},
    }
    catalogue = Assets([], [], [], {}, {asset: "model.p.stg_effectifs"}, {}, ["fqn:donnees_au_centre.sg"])
    production = replace(checkout, target="prod")
    step = work.Work(production, "sg", catalogue, "essai", ParseResult(Manifest(manifest), None, None))
    assert list(step.run([asset], [], work.Journal())) == []
    (options,) = seen
    assert "dac.i_sg_effectifs" in options and "agaj" not in options
    assert "PGOPTIONS" not in os.environ
    # Without its key the step stops at once, and says which one.
    monkeypatch.delenv("DAC_CLE_SG_EFFECTIFS")
    with pytest.raises(dg.Failure, match="DAC_CLE_SG_EFFECTIFS"):
        list(step.run([asset], [], work.Journal()))
    assert len(seen) == 1
