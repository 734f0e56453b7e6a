"""The marts of a domain are built beside those offered, tested there, and offered together, or not at all.

dbt builds each mart as a table of its own in <schema>_versions, and what reads it in the same command, tests
included, reads that one. When everything of a domain has passed, one transaction has the views by which
readers know its marts show the new tables (macros/publication/offer_sql.sql). Otherwise the views go on
showing what they showed. Where nobody else reads (dev, ci), only what failed, and what was made of it, stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from donnees_au_centre.building.connection import connected
from donnees_au_centre.building.offering import (
    Version,
    offer,
    prune,
    read_versions,
    versions_kept,
    wait_for_old_readers,
)
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted, moment
from donnees_au_centre.patching import patch
from donnees_au_centre.project.contracts import read_contracts
from donnees_au_centre.project.versions import HELD, SUFFIX, candidate_name, mart_of, offered_name

# Targets that others read: the marts of a domain go together, and no column is taken from readers.
SHARED = ("staging", "prod")
# Seconds that an offer asks again for a mart that somebody holds, unless vars: patience_verrou tells.
PATIENCE = 60.0
_BAD = ("error", "fail", "runtime error", "skipped", "partial success")


@dataclass(frozen=True)
class Mart:
    """A mart that a build makes anew.

    Attributes:
        unique_id: dbt's.
        domain: of the folder of its model.
        schema, name: by which readers know it.
        candidate: the table that the build makes, in the schema of versions.
    """

    unique_id: str
    domain: str
    schema: str
    name: str
    candidate: str

    @property
    def version(self) -> str:
        """The name of its table once it is offered."""
        return offered_name(self.candidate)

    def offer(self) -> dict[str, str]:
        """What offer_sql wants to know of it."""
        return {
            "schema": self.schema, "nom": self.name, "candidate": self.candidate, "version": self.version
        }  # fmt: skip


class Apart:
    """The marts that one command builds beside those offered; dbt's nodes name them so while it lasts.

    Args:
        nodes: dbt's nodes by unique id.
        selected: unique ids of what the command builds and tests.

    Attributes:
        marts: in the order of their unique ids.
    """

    def __init__(self, nodes: Mapping[str, Any], selected: AbstractSet[str]) -> None:
        """Sends them there."""
        begun = datetime.now(UTC)
        self.marts: list[Mart] = []
        self._before: list[tuple[Any, str, str, str | None]] = []
        for unique_id in sorted(selected & nodes.keys()):
            node = nodes[unique_id]
            if not _is_versioned(node):
                continue
            self._before.append((node, node.schema, node.alias, node.relation_name))
            mart = Mart(unique_id, node.fqn[1], node.schema, node.alias, candidate_name(node.alias, begun))
            self.marts.append(mart)
            node.schema, node.alias = f"{mart.schema}{SUFFIX}", mart.candidate
            node.relation_name = ".".join(f'"{part}"' for part in (node.database, node.schema, node.alias))

    def end(self) -> None:
        """Gives the nodes their names back."""
        for node, schema, alias, relation_name in self._before:
            node.schema, node.alias, node.relation_name = schema, alias, relation_name
        self._before.clear()


def _is_versioned(node: Any) -> bool:
    """The same as macro is_versioned."""
    return (
        node.resource_type == "model"
        and len(node.fqn) > 3
        and node.fqn[2] == "marts"
        and node.config.materialized == "table"
    )


def withheld(
    marts: Sequence[Mart], results: Sequence[Any], nodes: Mapping[str, Any], together: bool
) -> dict[str, str]:
    """The marts that are not to be offered, each with the reason in French.

    Args:
        marts: those that the command built.
        results: dbt's, of the whole command.
        nodes: dbt's nodes by unique id.
        together: True where a domain's marts are offered all or none.

    Returns:
        By unique id.
    """
    built = {mart.unique_id: mart.domain for mart in marts}
    # Of several versions of a model, dbt names the model.
    named = {mart.unique_id: mart.name for mart in marts}
    bad = [result for result in results if str(result.status) in _BAD]
    causes: dict[str, set[str]] = {}
    for result in bad:
        domain = domain_of(result.node, nodes)
        touched = {unique_id for unique_id in _of_node(result.node, nodes) if unique_id in built}
        if together:
            domains = {domain, *(built[unique_id] for unique_id in touched)}
            touched |= {unique_id for unique_id, its in built.items() if its in domains}
        for unique_id in touched:
            names = causes.setdefault(unique_id, set())
            if str(result.status) != "skipped":
                names.add(named.get(result.node.unique_id, result.node.name))
    held = {unique_id: _because(names) for unique_id, names in causes.items()}
    parents = {
        result.node.unique_id: result.node.depends_on_nodes for result in results if _makes(result.node)
    }
    # What was made of a table that stays behind stays behind with it, and together with it its domain.
    behind: dict[str, str] = {unique_id: named[unique_id] for unique_id in held}
    while True:
        late = {
            unique_id: behind[parent]
            for unique_id, reads in parents.items()
            for parent in reads
            if parent in behind and unique_id not in behind
        }
        if together:
            origins = {nodes[unique_id].fqn[1]: origin for unique_id, origin in late.items()}
            late |= {
                unique_id: origins[domain]
                for unique_id, domain in built.items()
                if domain in origins and unique_id not in behind
            }
        if not late:
            return held
        behind |= late
        held |= {
            unique_id: f"{origin}, qu'il lit ou que lit son domaine, n'est pas offert"
            for unique_id, origin in late.items()
            if unique_id in built and unique_id not in held
        }


def _makes(node: Any) -> bool:
    return node.resource_type in ("model", "snapshot")


def _of_node(node: Any, nodes: Mapping[str, Any]) -> list[str]:
    """The unique ids of what a result is about: a table itself, what a test was written for.

    A mart of another domain that a test also reads answers for nothing; of a test that is nobody's, all do.
    """
    attached = getattr(node, "attached_node", None) or getattr(node, "tested_node_unique_id", None)
    if node.resource_type not in ("test", "unit_test") or attached:
        return [attached or node.unique_id]
    if node.resource_type == "unit_test":
        # One that could not be played is still its declaration: of its model alone.
        return list(node.depends_on.nodes[:1])
    read = [one for one in node.depends_on_nodes if one in nodes]
    group = node.config.group
    return [one for one in read if nodes[one].fqn[1] == group] if group else read


def domain_of(node: Any, nodes: Mapping[str, Any]) -> str | None:
    """The domain that answers for a node; of a singular test its group's, or that of what it reads."""
    if node.resource_type == "test" and not getattr(node, "test_metadata", None):
        read = [nodes[unique_id].fqn[1] for unique_id in node.depends_on_nodes if unique_id in nodes]
        return node.config.group or (read[0] if read else None)
    return str(node.fqn[1]) if len(node.fqn) > 1 else None


def _because(names: AbstractSet[str]) -> str:
    if not names:
        return "une partie de ce dont il est fait n'a pas été construite"
    shown = ", ".join(sorted(names)[:3]) + (f" et {len(names) - 3} autres" if len(names) > 3 else "")
    return f"à corriger d'abord : {shown}"


@cache
def offer_together() -> None:
    """Has dbt, in this process, build marts apart and offer those of a domain together."""
    from dbt.task.run import RunTask

    played, ended = RunTask.execute_with_hooks, RunTask.after_run

    def execute_with_hooks(self: Any, selected_uids: AbstractSet[str]) -> Any:
        made = selected_uids if self.config.credentials.type == "postgres" else frozenset()
        # What is taken as it was stays where it is.
        reuse = getattr(self, "reuse", None)
        self.apart = Apart(self.manifest.nodes, made - reuse.since.keys() if reuse else made)
        try:
            # Said before anything is built.
            versions_kept()
            return played(self, selected_uids)
        finally:
            self.apart.end()

    def after_run(self: Any, adapter: Any, results: Sequence[Any]) -> None:
        if self.apart.marts:
            _conclude(self, results)
        ended(self, adapter, results)

    patch(RunTask, execute_with_hooks=execute_with_hooks, after_run=after_run)


def _conclude(task: Any, results: Sequence[Any]) -> None:
    """Offers the marts of each domain that passed, and says of the others that they stay as they were."""
    from dbt.events.types import NodeFinished
    from dbt_common.events.functions import fire_event
    from dbt_common.events.types import Note

    def say(line: str) -> None:
        fire_event(Note(msg=line))

    marts: list[Mart] = task.apart.marts
    held = withheld(marts, results, task.manifest.nodes, task.config.target_name in SHARED)
    by_id = {result.node.unique_id: result for result in results}
    offered: set[str] = set()
    dropped = 0
    for last in (False, True):
        try:
            with connected(task.config.credentials, "publication") as connection:
                dropped += _publish(connection, task, held, by_id, offered, say)
            break
        except psycopg.OperationalError as error:
            if last:
                _lost(marts, held, by_id, offered, error)
            else:
                say("La connexion de la publication a été perdue : elle reprend.")
    task.apart.end()
    for mart in marts:
        if result := by_id.get(mart.unique_id):
            fire_event(NodeFinished(node_info=result.node.node_info, run_result=result.to_msg_dict()))
    if dropped:
        say(f"Marts : {counted(dropped, 'ancienne version retirée', 'anciennes versions retirées')}.")


def _promised(root: Path) -> dict[tuple[str, str], list[str]]:
    """The columns that readers were promised, by domain and mart; where nothing is said, all are."""
    try:
        contracts = read_contracts(root)
    except PlatformError:
        return {}
    return {
        (domain, name): list(contract.columns)
        for domain, found in contracts.items()
        for name, contract in found.items()
    }


def _publish(
    connection: psycopg.Connection,
    task: Any,
    held: dict[str, str],
    by_id: Mapping[str, Any],
    offered: set[str],
    say: Callable[[str], None],
) -> int:
    """Offers what is not offered yet and may be; says of the rest why not; takes old versions away.

    Args:
        connection: in autocommit; when it is lost, the same may be asked for again on another.
        task: dbt's.
        held: the marts that are not to be offered, with the reason; those that could not be are added.
        by_id: dbt's results.
        offered: unique ids of the marts that are; added to.
        say: told what is waited for.

    Returns:
        How many old versions were taken away.
    """
    marts: list[Mart] = task.apart.marts
    columns = "refuser" if task.config.target_name in SHARED else "refaire"
    patience = float(task.config.vars.to_dict().get("patience_verrou", PATIENCE))
    promised = _promised(Path(task.config.project_root))
    versions = read_versions(connection, {mart.schema for mart in marts})
    before = {(one.schema, one.name): one for one in versions if one.shown}
    # An offer whose answer was lost.
    shown = {(one.schema, one.table) for one in before.values()}
    offered |= {mart.unique_id for mart in marts if (mart.schema, mart.version) in shown}
    for mart in marts:
        if mart.unique_id in held:
            _hold_back(by_id.get(mart.unique_id), held[mart.unique_id], before.get((mart.schema, mart.name)))
    ready = [mart for mart in marts if mart.unique_id not in held.keys() | offered]
    wait_for_old_readers(connection, [(f"{mart.schema}{SUFFIX}", mart.candidate) for mart in ready], say)
    for domain in sorted({mart.domain for mart in ready}):
        mine = [mart for mart in ready if mart.domain == domain]
        try:
            promising = [{**mart.offer(), "promises": promised.get((domain, mart.name))} for mart in mine]
            offer(connection, promising, columns, say, patience)
        except PlatformError as error:
            _refuse(mine, held, by_id, before, error)
        else:
            offered |= {mart.unique_id for mart in mine}
    # Of the domain's other marts, too: nobody else builds there, and a build that was killed left its own.
    domains = {mart.domain for mart in marts}
    every = {
        (node.schema.removesuffix(SUFFIX), mart_of(node.schema, node.alias)[1])
        for node in task.manifest.nodes.values()
        if _is_versioned(node) and node.fqn[1] in domains
    }
    return prune(connection, sorted(every), versions_kept())


def _refuse(
    marts: Sequence[Mart],
    held: dict[str, str],
    by_id: Mapping[str, Any],
    before: Mapping[tuple[str, str], Version],
    error: PlatformError,
) -> None:
    """Has the first of a domain's marts say why none could be offered, and the others that none is."""
    _fail(by_id[marts[0].unique_id], error)
    for mart in marts:
        held[mart.unique_id] = "la publication de son domaine n'a pas abouti"
        _hold_back(by_id.get(mart.unique_id), held[mart.unique_id], before.get((mart.schema, mart.name)))


def _lost(
    marts: Sequence[Mart],
    held: dict[str, str],
    by_id: Mapping[str, Any],
    offered: AbstractSet[str],
    error: Exception,
) -> None:
    """Says of the marts that nobody could offer, for want of a connection, that they are not."""
    said = PlatformError(
        f"Les marts n'ont pas pu être offerts : la connexion à la base a été perdue deux fois ({error}).",
        "Voyez si le serveur répond, puis relancez la construction : les anciens chiffres restent en place.",
    )
    ready = [mart for mart in marts if mart.unique_id not in held.keys() | offered]
    for domain in sorted({mart.domain for mart in ready}):
        _refuse([mart for mart in ready if mart.domain == domain], held, by_id, {}, said)


def _fail(result: Any, error: PlatformError) -> None:
    """Has one mart say why none of its domain could be offered."""
    from dbt.artifacts.schemas.results import RunStatus

    result.status, result.message = RunStatus.Error, str(error)


def _hold_back(result: Any, reason: str, shown: Version | None) -> None:
    """Says of a mart that was built that readers do not see it."""
    from dbt.artifacts.schemas.results import RunStatus

    if result is None or str(result.status) != "success":
        return
    stays = "il n'y en a pas encore d'autre"
    if shown:
        since = f" du {moment(shown.built)}" if shown.built else ""
        stays = f"les chiffres{since} restent"
    result.status = RunStatus.Skipped
    result.message = f"{HELD} : {reason}. En attendant, {stays}."
