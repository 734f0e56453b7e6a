"""The rooms of the code stand one above another: no import runs back up, no two modules import each other."""

from __future__ import annotations

from pathlib import Path

from dev.rooms import ROOMS, faults, modules_in, room_of

ROOT = Path(__file__).parents[2]


def test_no_import_runs_back_up() -> None:
    found = faults(ROOT)
    assert not found, "\n" + "\n".join(found)


def test_every_folder_of_the_platform_is_a_room_and_every_room_a_folder() -> None:
    assert {room_of(module) for module in modules_in(ROOT)} == set(ROOMS)
    folders = {file.parent.name for file in (ROOT / "donnees_au_centre").glob("*/*.py")}
    named = {room.folder.removeprefix("donnees_au_centre/") for room in ROOMS}
    assert folders <= named, f"Name in dev/rooms.py: {', '.join(sorted(folders - named))}"


def small(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        file = folder / f"{name.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def test_an_import_back_up_is_named_with_its_line_even_within_a_function(tmp_path: Path) -> None:
    root = small(
        tmp_path,
        donnees_au_centre__landing__loader="def f():\n    from donnees_au_centre.project import nodes\n",
        donnees_au_centre__project__nodes="import donnees_au_centre.landing.loader\n",
        donnees_au_centre__pages__site="from orchestration import work\n",
        orchestration__work="",
    )
    back, other, ring, *_ = faults(root)
    assert back.startswith("donnees_au_centre/landing/loader.py:2 imports donnees_au_centre.project.nodes:")
    assert "stands after donnees_au_centre/landing" in back
    assert other.startswith("donnees_au_centre/pages/site.py:1 imports orchestration.work:")
    assert "in a ring" in ring


def test_the_ground_floor_knows_itself_alone_and_denodo_nobody(tmp_path: Path) -> None:
    root = small(
        tmp_path,
        denodo__dialect="from donnees_au_centre.errors import PlatformError\n",
        donnees_au_centre__errors="",
        donnees_au_centre__french="from donnees_au_centre.errors import PlatformError\n",
        donnees_au_centre__keys="import denodo.dialect\n",
    )
    assert [fault.partition(" imports ")[0] for fault in faults(root)] == [
        "denodo/dialect.py:1",
        "donnees_au_centre/keys.py:1",
    ]
