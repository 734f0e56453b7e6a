"""Measures an assistant on twenty tasks: `python -m benchmarks.assistant --assistant 'cmd {prompt_file}'`.

Each task of assistant.yml begins in a copy of the project, without history, remote or solutions, in the
task's starting state. The command runs there, then the task's checks say whether the work is done: the
project's own rules, portable SQL, what the manifest holds, which files may change, what the answer names.
`--self-check` proves the checks instead: each refuses the untouched state and accepts the reference solution.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from donnees_au_centre.project import read_manifest
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import ROOT, Settings

TASKS = Path(__file__).with_suffix(".yml")
PROMPT, ANSWER = "CONSIGNE.md", "REPONSE.md"
# A server that need not exist: rules are read without one.
NOWHERE = {
    **{"PGHOST": "127.0.0.1", "PGPORT": "5432", "PGUSER": "personne", "PGPASSWORD": ""},
    "PGDATABASE": "donnees_au_centre",
}
_GIT = ("git", "-c", "user.name=mesure", "-c", "user.email=mesure@example.org")


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        name: unique.
        prompt: what is asked, in French.
        start, solution: file -> its whole text, or what is replaced in it; a solution may be `rendre`: the
            files as they were before the starting state.
        allowed: patterns of the files that the work may change.
        checks: kind of check -> what it wants.
    """

    name: str
    prompt: str
    start: Mapping[str, Any]
    solution: Any
    allowed: Sequence[str]
    checks: Mapping[str, Any]


def tasks(file: Path = TASKS) -> list[Task]:
    """The tasks, in their order."""
    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [
        Task(name, one["consigne"], one.get("depart", {}), one["solution"], one["permis"], one["controles"])
        for name, one in said.items()
    ]


class Checkout:
    """A copy of the project at one revision, in which tasks begin one after the other.

    Args:
        folder: where; dbt's memory of an earlier task in it stays, and makes the next reading shorter.
    """

    def __init__(self, folder: Path) -> None:
        """Copies what is committed here."""
        self.folder = folder
        archive = subprocess.run(("git", "archive", "HEAD"), cwd=ROOT, stdout=subprocess.PIPE, check=True)
        folder.mkdir()
        subprocess.run(("tar", "-x"), cwd=folder, input=archive.stdout, check=True)
        for hidden in (TASKS, Path(__file__)):
            (folder / hidden.relative_to(ROOT)).unlink(missing_ok=True)
        self._git("init", "-q", "-b", "main")
        self._record("project: as it stands")
        self._whole = self._head()

    def begin(self, task: Task) -> None:
        """Puts the starting state of a task, as one commit without a history."""
        self._git("checkout", "-q", "-f", "--detach", self._whole)
        self._git("clean", "-qfd")
        write(self.folder, task.start)
        self._git("checkout", "-q", "--orphan", "depart")
        self._record("project: the starting state")
        self._git("checkout", "-q", "--detach")
        self._git("branch", "-q", "-D", "depart")
        self._start = self._head()

    def solve(self, task: Task) -> None:
        """Writes the reference solution."""
        if task.solution == "rendre":
            self._git("checkout", "-q", self._whole, "--", *task.start)
        else:
            write(self.folder, task.solution)

    def changed(self) -> list[str]:
        """The files that differ from the starting state, committed or not."""
        self._git("add", "-A")
        return self._git("diff", "--name-only", "-z", self._start).split("\0")[:-1]

    def _record(self, subject: str) -> None:
        self._git("add", "-A")
        self._git("commit", "-q", "--allow-empty", "-m", subject)

    def _head(self) -> str:
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(
            (*_GIT, *arguments), cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout


def write(folder: Path, files: Mapping[str, Any]) -> None:
    """Writes whole files, and replaces texts that stand once in others.

    Raises:
        ValueError: a text to replace is not there: the task no longer fits the project.
    """
    for name, said in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = said
        if not isinstance(said, str):
            text = path.read_text(encoding="utf-8")
            for change in said:
                if text.count(change["de"]) != 1:
                    raise ValueError(f"{name} does not hold this text once: {change['de']!r}")
                text = text.replace(change["de"], change["vers"])
        path.write_text(text, encoding="utf-8")


def faults(checkout: Checkout, task: Task) -> list[str]:
    """What a task still lacks, in French; empty when it is done."""
    changed = [name for name in checkout.changed() if name != PROMPT]
    found = [
        f"{name} : ce fichier n'avait pas à changer."
        for name in changed
        if not any(fnmatchcase(name, pattern) for pattern in task.allowed)
    ]
    for kind, wanted in task.checks.items():
        found += list(_CHECKS[kind](checkout.folder, wanted))
    return found


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a module of the copy, which its own folder gives before any other."""
    return subprocess.run(
        (sys.executable, "-m", *arguments),
        cwd=folder,
        env={**os.environ, **NOWHERE, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )


def _rules(folder: Path, _wanted: Any) -> Iterator[str]:
    done = _run(folder, "donnees_au_centre.project")
    if done.returncode:
        yield f"Les règles du projet : {(done.stdout + done.stderr).strip()}"


def _portable(folder: Path, wanted: Sequence[str]) -> Iterator[str]:
    for name in wanted:
        done = _run(folder, "denodo", "check", name)
        if done.returncode:
            yield f"SQL portable : {done.stdout.strip() or done.stderr.strip()}"


def _texts(folder: Path, wanted: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[str]:
    """What files say (`dit`) and do not say (`tait`), as patterns whatever the capitals."""
    for name, said in wanted.items():
        path = folder / name
        text = path.read_text(encoding="utf-8") if path.is_file() else None
        if text is None:
            yield f"{name} manque."
            continue
        missing = [one for one in said.get("dit", ()) if not re.search(one, text, re.I)]
        present = [one for one in said.get("tait", ()) if re.search(one, text, re.I)]
        yield from (f"{name} ne dit pas {one}." for one in missing)
        yield from (f"{name} dit encore {one}." for one in present)


def _manifest(folder: Path, wanted: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What dbt reads: written by `regles`, which comes before."""
    target = folder / "target/donnees_au_centre"
    settings = Settings(folder, "dev", folder, "donnees_au_centre", target, folder, folder)
    manifest = read_manifest(settings)
    yield from (f"Le manifeste n'a pas {one}." for one in wanted if not _holds(manifest, one))


def _holds(manifest: Manifest, wanted: Mapping[str, Any]) -> bool:
    model = next((one for one in manifest.models if one.name == wanted["modele"]), None)
    if model is None:
        return False
    if column := wanted.get("colonne"):
        if column not in model.columns:
            return False
        if former := wanted.get("ancien_nom_de"):
            said = model.columns[column].meta.get("ancien_nom") or {}
            return bool(said.get("remplace_par") == former)
    if kind := wanted.get("controle"):
        return any(
            test.tested_id == model.unique_id
            and test.generic == kind
            and test.column_name == wanted["colonne"]
            for test in manifest.checks
        )
    count = sum(test.tested_id == model.unique_id for test in manifest.own_unit_tests)
    return count >= int(wanted.get("tests_unitaires", 0))


_CHECKS: Mapping[str, Callable[[Path, Any], Iterator[str]]] = {
    "regles": _rules,
    "manifeste": _manifest,
    "portable": _portable,
    "textes": _texts,
}


def self_check(chosen: Sequence[Task], folder: Path) -> list[str]:
    """What is wrong with the checks; empty when each refuses the start and accepts the solution."""
    checkout, wrong = Checkout(folder), []
    for task in chosen:
        begun = time.monotonic()
        checkout.begin(task)
        if not faults(checkout, task):
            wrong.append(f"{task.name} : le point de départ passe déjà.")
        checkout.solve(task)
        if left := faults(checkout, task):
            wrong.append(f"{task.name} : la solution de référence ne passe pas.\n" + "\n".join(left))
        print(f"{task.name} : vérifiée en {time.monotonic() - begun:.0f} s.", flush=True)
    return wrong


def measure(chosen: Sequence[Task], command: str, folder: Path, minutes: float) -> int:
    """Gives each task to an assistant; prints what it lacked, and returns how many it did.

    Args:
        command: of the assistant; `{prompt_file}` is the file of the task's prompt.
        minutes: that it has for each.
    """
    checkout, done = Checkout(folder), 0
    for task in chosen:
        checkout.begin(task)
        prompt = folder / PROMPT
        prompt.write_text(task.prompt, encoding="utf-8")
        words = [word.replace("{prompt_file}", str(prompt)) for word in shlex.split(command)]
        begun, ended = time.monotonic(), "finie"
        try:
            subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, timeout=60 * minutes, check=False)
        except subprocess.TimeoutExpired:
            ended = "arrêtée"
        seconds = time.monotonic() - begun
        left = faults(checkout, task)
        done += not left
        print(f"{'réussie' if not left else 'manquée'}  {task.name} ({ended} en {seconds:.0f} s)", flush=True)
        for one in left:
            print("    " + one.replace("\n", "\n    "), flush=True)
    print(f"{done} sur {len(chosen)}")
    return done


def main() -> int:
    """Runs what is asked; 1 when the checks are wrong, or the command line is."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--assistant", help="command, with {prompt_file}")
    parser.add_argument("--self-check", action="store_true")
    parser.add_argument("--task", action="append", help="only this one; may be repeated")
    parser.add_argument("--minutes", type=float, default=15)
    given = parser.parse_args()
    chosen = [task for task in tasks() if not given.task or task.name in given.task]
    if not chosen or bool(given.assistant) == given.self_check:
        parser.error("give --assistant or --self-check, and tasks that exist")
    folder = Path(tempfile.mkdtemp(prefix="assistant-"))
    try:
        if given.assistant:
            measure(chosen, given.assistant, folder / "projet", given.minutes)
            return 0
        wrong = self_check(chosen, folder / "projet")
        print("\n".join(wrong) or f"Les contrôles des {len(chosen)} tâches sont éprouvés.")
        return 1 if wrong else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
