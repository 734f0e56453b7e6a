"""The generator: the same bytes every time, the committed sample, constant memory, the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from dev.sample import SCALABLE, SOURCES, generate
from dev.sample.__main__ import main
from donnees_au_centre.errors import PlatformError
from tests.campaigns import long

ROOT = Path(__file__).resolve().parents[2]
KILOBYTE = 1000


def contents(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The sample as the generator writes it: landing/ also holds what the project has received since."""
    folder = tmp_path_factory.mktemp("zone")
    generate(folder)
    return contents(folder)


def test_committed_sample_is_what_the_generator_writes(sample: dict[str, bytes]) -> None:
    committed = contents(ROOT / "landing")
    assert [path for path in sample if sample[path] != committed.get(path)] == []


def test_bytes_depend_neither_on_hash_order_nor_on_locale(tmp_path: Path, sample: dict[str, bytes]) -> None:
    for name, hash_seed, locale in (("one", "1", "C"), ("two", "2", "C.UTF-8")):
        subprocess.run(
            [
                sys.executable,
                "-m",
                "dev.sample",
                "--sortie",
                str(tmp_path / name),
                "--echelle",
                "0.3",
            ],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "LC_ALL": locale, "PYTHONUTF8": "0"},
            check=True,
            capture_output=True,
        )
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert one == two
    assert len(one) == len(sample)


def test_another_seed_gives_other_content_in_the_same_files(tmp_path: Path) -> None:
    generate(tmp_path / "one", seed=1)
    generate(tmp_path / "two", seed=2)
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert sorted(one) == sorted(two)
    register = "age/signaletique_fase/signaletique-fase_2025-10-20.csv"
    assert one[register] != two[register]


def test_sample_is_small(sample: dict[str, bytes]) -> None:
    sizes = {path: len(content) for path, content in sample.items()}
    assert [path for path, size in sizes.items() if size > 300 * KILOBYTE] == []
    assert sum(sizes.values()) < 1000 * KILOBYTE


def test_every_file_is_in_the_folder_of_a_source_and_every_source_has_a_file(
    sample: dict[str, bytes],
) -> None:
    folders = {path.rsplit("/", 1)[0] for path in sample}
    assert folders == set(SOURCES)


def test_file_names_fit_the_patterns_of_the_real_zone(tmp_path: Path) -> None:
    tallies = generate(tmp_path, only=["age/signaletique_fase", "ags/points_verts"])
    assert sorted(tallies) == [
        "age/signaletique_fase/signaletique-fase_2025-10-20.csv",
        "ags/points_verts/points_verts_2025-06-14.csv",
        "ags/points_verts/points_verts_2025-06-14.json",
    ]


def written_and_peak(root: Path, **options: Any) -> tuple[int, int]:
    """Bytes written and the most memory that Python held meanwhile; imports and caches are not counted."""
    generate(root / "first", **{**options, "scale": 0.1, "rows": None})
    tracemalloc.start()
    try:
        generate(root / "zone", **options)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return sum(map(len, contents(root / "zone").values())), peak


@long
def test_memory_stays_small_at_a_large_scale(tmp_path: Path) -> None:
    written, peak = written_and_peak(tmp_path, scale=4, only=sorted(set(SOURCES) - {SCALABLE}))
    assert written > 2000 * KILOBYTE
    assert peak < 1000 * KILOBYTE


@long
def test_memory_of_the_benchmark_table_does_not_grow_with_its_rows(tmp_path: Path) -> None:
    written, peak = written_and_peak(tmp_path, rows=100_000, only=[SCALABLE])
    assert written > 4000 * KILOBYTE
    assert peak < 1000 * KILOBYTE


@pytest.mark.parametrize("rows", [1, 19, 20, 7_777])
def test_benchmark_table_has_exactly_the_rows_asked_for(tmp_path: Path, rows: int) -> None:
    tallies = generate(tmp_path, only=[SCALABLE], rows=rows)
    assert sum(tally.lignes for tally in tallies.values()) == rows
    keys = set()
    found = pupils = total = 0
    for path, tally in tallies.items():
        lines = (tmp_path / path).read_text(encoding="utf-8").splitlines()[1:]
        records = [line.split(";") for line in lines if line.count(";") == 7]
        assert len(lines) - len(records) == tally.rejets_chargement.total()
        found += len(records)
        plain = [record for record in records if record[2].isdecimal() and record[7].isdecimal()]
        keys.update(tuple(record[:7]) for record in plain)
        pupils += sum(int(record[7]) for record in plain)
        total += sum(int(record[7]) for record in records if record[1] == "")
        assert len(plain) == tally.lignes - tally.rejets.total() - tally.exclusions.total()
    assert found == rows
    assert pupils == total
    kept = sum(t.lignes - t.rejets.total() - t.exclusions.total() for t in tallies.values())
    assert len(keys) == kept, "the key of the school population must be unique"


def test_scale_multiplies_the_rows(tmp_path: Path) -> None:
    one = generate(tmp_path / "one", only=["age/signaletique_fase", "sg/agents"])
    five = generate(tmp_path / "five", only=["age/signaletique_fase", "sg/agents"], scale=5)
    for path, tally in one.items():
        assert 4.5 < five[path].lignes / tally.lignes < 5.5
        assert five[path].rejets.total() == 5 * tally.rejets.total() > 0


def test_tiny_scale_still_writes_every_file(tmp_path: Path, sample: dict[str, bytes]) -> None:
    tallies = generate(tmp_path, scale=0.001)
    assert sorted(tallies) == sorted(sample)


def test_unknown_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="age/inconnue"):
        generate(tmp_path, only=["age/inconnue"])


def test_rows_need_the_table_that_scales(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match=SCALABLE):
        generate(tmp_path, rows=10)
    assert contents(tmp_path) == {}


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "age").write_text("un fichier à la place du dossier", encoding="utf-8")
    with pytest.raises(PlatformError, match="signaletique-fase") as caught:
        generate(tmp_path, only=["age/signaletique_fase"])
    assert "--sortie" in caught.value.advice


def test_command_writes_the_zone_and_the_tally(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zone, report = tmp_path / "zone", tmp_path / "bilan.json"
    assert main(["--sortie", str(zone), "--seulement", "agaj/prises_en_charge", "--bilan", str(report)]) == 0
    tally = json.loads(report.read_text(encoding="utf-8"))
    assert sorted(tally) == sorted(contents(zone))
    assert tally["agaj/prises_en_charge/prises_en_charge_2024.csv"] == {
        "lignes": 150,
        "lignes_vides": 1,
        "rejets_chargement": {"ligne_vide": 1, "nombre_de_champs": 1},
        "rejets": {"cle_absente": 1, "mesure_invalide": 1},
        "exclusions": {},
        "anomalies": {"date_de_fin": 1, "date_de_naissance": 1},
        "particularites": {"fin_avant_debut": 1},
    }
    assert "2 fichiers, 300 lignes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--echelle", "zéro"], "« zéro » n'est pas un nombre supérieur à zéro"),
        (["--echelle", "-1"], "« -1 » n'est pas un nombre"),
        (["--lignes", "1.5"], "« 1.5 » n'est pas un nombre entier"),
        (["--lignes"], "une valeur est attendue"),
        (["--seulement", "age/rien"], "age/rien"),
        (["--fichier", "x"], "option inconnue"),
        (["--sortie", "zone", "--bilan", "zone/bilan.json"], "serait dans la zone de dépôt"),
    ],
)
def test_wrong_commands_fail_in_french(
    arguments: list[str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    message = capsys.readouterr().err
    assert expected in message
    assert "Que faire" in message
    assert contents(tmp_path) == {}
