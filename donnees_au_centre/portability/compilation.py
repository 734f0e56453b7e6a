"""The project compiled for the dbt target `denodo`, every character of it led back to its model.

dbt reads the project (only what changed since the last time), markers are put into the templates it holds
in memory, and it compiles them; no file is written but dbt's own cache, and no server is asked.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.patching import patch
from donnees_au_centre.portability.places import Place, place_in, place_of_test
from donnees_au_centre.portability.refusals import Refusal, read_refusal, refusal_in
from donnees_au_centre.portability.template import Piece, SourceMap, mark, unmark
from donnees_au_centre.project import UnreadableProjectError, parse
from donnees_au_centre.project.nodes import Manifest, Node
from donnees_au_centre.project.reader import dbt_options, results_of
from donnees_au_centre.settings import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest as DbtManifest

TARGET = "denodo"
# config.meta.sur_denodo of a model that has no VQL: PostgreSQL makes it, Denodo reads it as a base view.
BASE_VIEW = "vue_de_base"


@dataclass(frozen=True)
class CompiledNode:
    """A model or a data test, in VQL.

    Attributes:
        unique_id: dbt's name.
        resource_type: model or test.
        generic: True for a test declared in YAML; its SQL stands in no file.
        file: path from the root: the .sql file, or the YAML of a generic test.
        text: the content of the .sql file (line ends as \\n); empty for a generic test.
        sql: what dbt made of it for Denodo.
        source: from `sql` to `text`; empty for a generic test.
        declared: where a generic test is declared; None for the others.
        test_name: the generic test, as unique or not_null; empty for the others.
    """

    unique_id: str
    resource_type: str
    generic: bool
    file: str
    text: str
    sql: str
    source: SourceMap
    declared: Place | None = None
    test_name: str = ""

    def locate(self, offset: int) -> Place:
        """The place in the project of one character of `sql`."""
        return self.declared or place_in(self.file, self.text, self.source, offset)

    def literal_span(self, start: int, end: int) -> tuple[int, int] | None:
        """Where a stretch of `sql` stands word for word in `text`; None when a tag made some of it."""
        return self.source.literal_span(start, end)


@dataclass(frozen=True)
class Compilation:
    """What the project is for Denodo.

    Attributes:
        nodes: unique_id -> each model and data test that compiles.
        refusals: those that do not.
        manifest: dbt's manifest for the target denodo, as in manifest.json.

    A model that is a base view on Denodo (`is_base_view`) is in the manifest alone; the tests on it are here.
    """

    nodes: Mapping[str, CompiledNode]
    refusals: tuple[Refusal, ...]
    manifest: Manifest

    @property
    def models(self) -> dict[str, str]:
        """unique_id -> VQL of each model."""
        return {name: node.sql for name, node in self.nodes.items() if node.resource_type == "model"}


def compile_for_denodo(settings: Settings) -> Compilation:
    """Compiles every model and data test for Denodo, in this process; no database is opened.

    Args:
        settings: of the checkout; its target and database do not matter.

    Raises:
        PlatformError: the project does not parse for the target denodo, or a macro refuses its arguments
            while it is parsed.
    """
    use_adapter_of(settings.root)
    ours = replace(settings, target=TARGET, target_path=settings.root / "target" / TARGET)
    try:
        parsed = parse(ours, whole=True)
    except UnreadableProjectError as error:
        if refusal := refusal_in(error.said, settings.root):
            raise refusal.error() from None
        raise
    bases = {name for name, node in parsed.manifest.nodes.items() if is_base_view(node)}
    for unique_id in bases:
        # What reads them needs their name only.
        parsed.project.nodes[unique_id].raw_code = ""
    pieces = _mark_all(parsed.project)
    compiled, refusals = _compile(ours, parsed.project)
    nodes = {
        unique_id: _read(settings.root, parsed.project.nodes[unique_id], sql, pieces.get(unique_id, []))
        for unique_id, sql in compiled.items()
        if unique_id not in bases and parsed.project.nodes[unique_id].resource_type in ("model", "test")
    }
    return Compilation(nodes, tuple(refusals), parsed.manifest)


def is_base_view(node: Node) -> bool:
    """True for a model of the manifest that says `config.meta.sur_denodo: vue_de_base`."""
    return node.kind == "model" and node.meta.get("sur_denodo") == BASE_VIEW


def use_adapter_of(root: Path) -> None:
    """Puts this checkout's own dbt adapter before the installed one, which may be another checkout's."""
    import dbt.adapters
    import dbt.include

    for package, name in ((dbt.adapters, "adapters"), (dbt.include, "include")):
        folder = str(root / "denodo" / "adapter" / "dbt" / name)
        if Path(folder).is_dir() and folder not in package.__path__:
            package.__path__.insert(0, folder)


def _mark_all(project: DbtManifest) -> dict[str, list[Piece]]:
    """Puts markers into the templates of models and singular tests; unique_id -> their pieces."""
    pieces = {}
    for unique_id, node in project.nodes.items():
        if node.resource_type in ("model", "test") and not _is_generic(node):
            node.raw_code, pieces[unique_id] = mark(node.raw_code.replace("\r\n", "\n"))
    return pieces


def _is_generic(node: Any) -> bool:
    return getattr(node, "test_metadata", None) is not None


def _compile(settings: Settings, project: DbtManifest) -> tuple[dict[str, str], list[Refusal]]:
    """Has dbt render the templates it holds.

    A node that fails is noted and emptied; dbt skips those that read it, hence another round for them.
    """
    refusals: dict[str, Refusal] = {}
    while True:
        results = _compile_once(settings, project)
        failed = [result for result in results if str(result.status) == "error"]
        for result in failed:
            node = project.nodes[result.node.unique_id]
            refusals[node.unique_id] = read_refusal(node.original_file_path, result.message, settings.root)
            node.raw_code = ""
        if not failed:
            compiled = {result.node.unique_id: result.node.compiled_code or "" for result in results}
            kept = {name: sql for name, sql in compiled.items() if name not in refusals}
            return kept, [refusals[name] for name in sorted(refusals)]


def _compile_once(settings: Settings, project: DbtManifest) -> list[Any]:
    from dbt.cli.main import dbtRunner

    # What dbt writes there holds markers; only its answer serves.
    with tempfile.TemporaryDirectory() as folder, every_error():
        done = dbtRunner(manifest=project).invoke(
            [
                *("compile", *dbt_options(settings, Path(folder)), "--quiet"),
                *("--no-introspect", "--no-populate-cache", "--no-write-json"),
            ]
        )
    if done.result is None:
        raise PlatformError(
            f"Le projet ne se compile pas pour la cible denodo.\n{done.exception}",
            "Corrigez ce que le message nomme, puis relancez.",
        )
    return results_of(done)


@contextmanager
def every_error() -> Iterator[None]:
    """`dbt compile` stops at the first error, and has no option that says otherwise."""
    from dbt.task.compile import CompileTask

    former = CompileTask.raise_on_first_error
    patch(CompileTask, raise_on_first_error=lambda _task: False)
    try:
        yield
    finally:
        patch(CompileTask, raise_on_first_error=former)


def _read(root: Path, node: Any, compiled: str, pieces: list[Piece]) -> CompiledNode:
    generic = _is_generic(node)
    sql, source = unmark(compiled, pieces)
    text = ""
    if not generic:
        text = (root / node.original_file_path).read_text(encoding="utf-8")
        # dbt reads a file without the white space around it.
        source = source.shifted(len(text) - len(text.lstrip()))
    return CompiledNode(
        unique_id=node.unique_id,
        resource_type=str(node.resource_type),
        generic=generic,
        file=node.original_file_path,
        text=text,
        sql=sql,
        source=source,
        declared=place_of_test(root, node) if generic else None,
        test_name=node.test_metadata.name if generic else "",
    )
