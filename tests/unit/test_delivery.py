"""What is delivered is put together from commits: of the platform, and of domains with their own cycle."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from donnees_au_centre.delivery.approvals import missing_approvals
from donnees_au_centre.delivery.assembly import ARCHIVE, PROJECT, RECEIPT, assemble
from donnees_au_centre.delivery.declaration import FOLDER, Delivery, Release, read_delivery
from donnees_au_centre.delivery.versions import plan_of_domain, plan_of_platform
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.codeowners import FILE, Wanted, concerned, read_sections
from donnees_au_centre.settings import ROOT

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
        return Delivery("v1", {name: Release.model_validate(said) for name, said in domains.items()})


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
    (tmp_path / FOLDER).mkdir(parents=True)
    for name, text in {
        "plateforme": "depot: x\nversion: v1\n",
        "age": "version: v2\ndossier: x\n",
        "agc": "{}\n",
        "ags": "version: v1\n",
        "agx": "depot: x\nversion: v1\n",
    }.items():
        (tmp_path / FOLDER / f"{name}.yml").write_text(text)
    with pytest.raises(PlatformError) as error:
        read_delivery(tmp_path, ["age", "agc"])
    assert error.value.message.count(str(FOLDER)) == 4
    assert "agx" not in error.value.message
    for name in ("age", "agc", "ags"):
        (tmp_path / FOLDER / f"{name}.yml").unlink()
    (tmp_path / FOLDER / "plateforme.yml").write_text("version: v1\n")
    assert read_delivery(tmp_path, ["age"]).platform == "v1"


def test_versions_follow_the_commits(platform: Repository) -> None:
    for name, text in {
        "CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n- Something new.\n\n## 0.1.0 – 2026-01-01\n",
        "pyproject.toml": (ROOT / "pyproject.toml").read_text().replace(read_version(), "0.1.0"),
        "publiccode.yml": 'softwareVersion: "0.1.0"\nreleaseDate: "2026-01-01"\n',
    }.items():
        platform.commit({name: text})
    platform.git("tag", "v0.1.0", "HEAD~1")
    plan = plan_of_platform(platform.root, date(2026, 12, 1))
    assert (plan.tag, plan.notes) == ("v0.2.0", "- Something new.")
    assert "## Unreleased\n\n## 0.2.0 – 2026-12-01\n\n- Something new." in plan.texts["CHANGELOG.md"]

    first = plan_of_domain(platform.root, "age")
    assert first.tag == "age-v0.1.0"
    platform.git("tag", "age-v1.4.0")
    with pytest.raises(PlatformError, match="Rien n'a changé de age"):
        plan_of_domain(platform.root, "age")
    platform.commit({"models/ags/marts/fct_marche.sql": "select 3\n"})
    with pytest.raises(PlatformError, match="Rien n'a changé de age"):
        plan_of_domain(platform.root, "age")
    platform.commit({"models/age/marts/dim_ecole.sql": "select 3\n"})
    assert plan_of_domain(platform.root, "age").tag == "age-v1.5.0"
    platform.git("commit", "-q", "--amend", "-m", "age!: a column leaves")
    planned = plan_of_domain(platform.root, "age")
    assert planned.tag == "age-v2.0.0" and "age!: a column leaves" in planned.notes
    platform.git("checkout", "-q", "-b", "essai")
    with pytest.raises(PlatformError, match="branche main"):
        plan_of_domain(platform.root, "age")
    platform.git("checkout", "-q", "main")
    (platform.root / "dbt_project.yml").write_text("name: changed\n")
    with pytest.raises(PlatformError, match="aucun commit"):
        plan_of_domain(platform.root, "age")


def read_version() -> str:
    found = re.search(r'(?m)^version = "(.+)"$', (ROOT / "pyproject.toml").read_text())
    assert found
    return found[1]


class Gitlab(BaseHTTPRequestHandler):
    """What GitLab answers about one merge request, whose author is in the group of age."""

    approved: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        if self.headers["PRIVATE-TOKEN"] != "jeton":
            self.send_error(401)
            return
        members = {"fwb%2Fage": ["lea", "max"], "fwb%2Fplateforme": ["noe"]}
        path, _, query = self.path.partition("?")
        said: Any = None
        headers = {}
        if path == "/projects/12/merge_requests/7":
            said = {"author": {"username": "lea"}}
        elif path == "/projects/12/merge_requests/7/approvals":
            said = {"approved_by": [{"user": {"username": name}} for name in self.approved]}
        elif found := re.fullmatch("/groups/(.+)/members", path):
            # A page a member.
            page = int(query.rpartition("=")[2])
            names = members.get(found[1], [])
            said = [{"username": name, "state": "active"} for name in names[page - 1 : page]] or None
            headers = {"x-next-page": str(page + 1) if page < len(names) else ""}
        if said is None:
            self.send_error(404)
            return
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def log_message(self, *_: object) -> None:
        pass


def test_each_owner_of_what_changes_approves(monkeypatch: pytest.MonkeyPatch) -> None:
    sections = read_sections((ROOT / FILE).read_text("utf-8"))
    alone = concerned(sections, ["models/age/marts/dim_etablissement.sql", "policies/releases/age.yml"])
    assert [one.section for one in alone] == ["Enseignement"]
    touched = concerned(sections, ["seeds/age/codes.csv", "donnees_au_centre/errors.py"])
    assert [one.section for one in touched] == ["Enseignement", "Plateforme"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gitlab)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = {
        "CI_API_V4_URL": f"http://127.0.0.1:{server.server_port}",
        "CI_PROJECT_ID": "12", "CI_MERGE_REQUEST_IID": "7", "GITLAB_TOKEN": "jeton",
    }  # fmt: skip

    more: list[Wanted] = []

    def missing(*approved: str) -> list[str]:
        monkeypatch.setattr(Gitlab, "approved", list(approved))
        return [one.section for one in missing_approvals([*touched, *more], place)]

    try:
        # The author's own does not count; a member of the group's second page does.
        assert missing("lea") == ["Enseignement", "Plateforme"]
        assert missing("lea", "max") == ["Plateforme"]
        assert missing("max", "noe") == []
        more = [Wanted("Deux", ("fwb/age", "fwb/plateforme"), 2), Wanted("Avis", ("zoe",), optional=True)]
        assert missing("max", "noe") == []
        more = [Wanted("Deux", ("fwb/age", "zoe"), 2)]
        assert missing("max", "noe") == ["Deux"]
        assert missing("max", "noe", "zoe") == []
        with pytest.raises(PlatformError, match="401") as error:
            missing_approvals(touched, {**place, "GITLAB_TOKEN": "faux-jeton"})
        assert "faux-jeton" not in str(error.value)
        with pytest.raises(PlatformError, match="GITLAB_TOKEN"):
            missing_approvals(touched, {})
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(PlatformError, match="ne répond pas"):
        missing_approvals(touched, place)
