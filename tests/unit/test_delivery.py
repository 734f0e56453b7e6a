"""What is delivered is put together from commits: of the platform, and of domains with their own cycle."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from donnees_au_centre.delivery.assembly import ARCHIVE, PROJECT, RECEIPT, assemble
from donnees_au_centre.delivery.declaration import FILE, Delivery, read_delivery
from donnees_au_centre.errors import PlatformError

FILES = {
    "dbt_project.yml": "name: essai\n",
    "macros/age.sql": "platform\n",
    "models/age/_age.yml": "groups: []\n",
    "models/age/marts/dim_ecole.sql": "select 1\n",
    "models/ags/marts/fct_marche.sql": "select 1\n",
    "policies/contracts/age.yml": "dim_ecole: {}\n",
    "seeds/age/codes.csv": "a\n1\n",
}


class Repository:
    """A git repository with files, each change a commit."""

    def __init__(self, root: Path, files: dict[str, str]) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "-q", "-b", "main")
        self.commit(files)

    def git(self, *arguments: str) -> str:
        said = [
            "-c",
            "user.name=essai",
            "-c",
            "user.email=essai@fwb.example",
            "-c",
            "protocol.file.allow=always",
        ]
        done = subprocess.run(
            ["git", *said, *arguments], cwd=self.root, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, files: dict[str, str]) -> str:
        for name, text in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", "essai: files")
        return self.git("rev-parse", "HEAD")

    def deliver(self, **domains: dict[str, str]) -> Delivery:
        return Delivery.model_validate({"plateforme": "v1", "domaines": domains})


@pytest.fixture
def platform(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "plateforme", FILES)
    made.git("tag", "v1")
    return made


def read(into: Path) -> dict[str, str]:
    project = into / PROJECT
    return {str(path.relative_to(project)): path.read_text() for path in project.rglob("*") if path.is_file()}


def test_a_domain_goes_ahead_alone(platform: Repository, tmp_path: Path) -> None:
    platform.git("rm", "-q", "models/age/marts/dim_ecole.sql")
    ahead = platform.commit(
        {
            "models/age/marts/dim_site.sql": "select 2\n",
            "models/ags/marts/fct_marche.sql": "select 'not mine'\n",
            "macros/age.sql": "not mine either\n",
            "policies/contracts/age.yml": "dim_site: {}\n",
        }
    )
    platform.git("tag", "age-v2")
    into = tmp_path / "livraison"
    parts = assemble(platform.root, platform.deliver(age={"version": "age-v2"}), into)
    assert [(part.name, part.version) for part in parts] == [("plateforme", "v1"), ("age", "age-v2")]
    assert parts[1].commit == ahead
    expected = {
        **FILES,
        "models/age/marts/dim_site.sql": "select 2\n",
        "policies/contracts/age.yml": "dim_site: {}\n",
    }
    del expected["models/age/marts/dim_ecole.sql"]
    assert read(into) == expected
    receipt = json.loads((into / RECEIPT).read_text())
    archive = (into / ARCHIVE).read_bytes()
    assert receipt["sha256"] == hashlib.sha256(archive).hexdigest()
    # The same commits make the same archive: what was tested is what is promoted.
    assemble(platform.root, platform.deliver(age={"version": ahead}), tmp_path / "encore")
    assert (tmp_path / "encore" / ARCHIVE).read_bytes() == archive


@pytest.mark.parametrize("layout", ["depot", "dossier"])
def test_a_domain_has_a_repository_of_its_own(platform: Repository, tmp_path: Path, layout: str) -> None:
    own = Repository(
        tmp_path / "age",
        {"models/age/_age.yml": "groups: [mine]\n", "README.md": "ours\n", "models/ags/x.sql": "not mine\n"},
    )
    own.git("tag", "v3")
    if layout == "dossier":
        platform.git("submodule", "add", "-q", str(own.root), "domaines/age")
        platform.git("commit", "-qm", "essai: a submodule")
        platform.git("tag", "-f", "v1")
        # Checked out later than what the repository holds.
        (platform.root / "domaines/age/models/age/_age.yml").write_text("later\n")
        said = {"dossier": "domaines/age"}
    else:
        said = {"depot": str(own.root), "version": "v3"}
    into = tmp_path / "livraison"
    assemble(platform.root, platform.deliver(age=said), into)
    got = read(into)
    assert got["models/age/_age.yml"] == "groups: [mine]\n"
    assert "seeds/age/codes.csv" not in got and "README.md" not in got and "models/ags/x.sql" not in got
    assert got["models/ags/marts/fct_marche.sql"] == "select 1\n"


def test_what_cannot_be_put_together_says_why(platform: Repository, tmp_path: Path) -> None:
    def refused(**said: str) -> str:
        with pytest.raises(PlatformError) as error:
            assemble(platform.root, platform.deliver(age=said), tmp_path / "livraison")
        return str(error.value)

    assert "age-v9" in refused(version="age-v9")
    assert "git submodule update" in refused(dossier="domaines/age")
    secret = refused(depot="https://robot:jeton-secret@127.0.0.1:9/age.git", version="v1")
    assert "jeton-secret" not in secret and "https://…@127.0.0.1" in secret
    empty = Repository(tmp_path / "vide", {"README.md": "nothing\n"})
    assert "models/age/" in refused(depot=str(empty.root), version="main")


def test_the_declaration_is_read_whole(tmp_path: Path) -> None:
    assert read_delivery(tmp_path, ["age"]) == Delivery()
    file = tmp_path / FILE
    file.parent.mkdir(parents=True)
    file.write_text(
        "plateforme: v1\ndomaines:\n  age: {version: v2, dossier: x}\n  agc: {}\n"
        "  ags: {dossier: x, depot: y}\n"
    )
    with pytest.raises(PlatformError) as error:
        read_delivery(tmp_path, ["age"])
    assert str(error.value).count(f"{FILE}") == 4
    file.write_text("domaines: {agx: {version: v1}}\n")
    with pytest.raises(PlatformError, match="n'existe pas ici"):
        read_delivery(tmp_path, ["age"])
