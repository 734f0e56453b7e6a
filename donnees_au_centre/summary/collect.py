"""Collects the summary of a run from the database, the manifest, and what dbt and the loader reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

from donnees_au_centre.landing import read_declarations
from donnees_au_centre.landing.audit import Received, read_received
from donnees_au_centre.landing.rejects import OUT_OF_TABLE
from donnees_au_centre.landing.row_counts import count_rows
from donnees_au_centre.landing.tables import REJECTS_TABLE
from donnees_au_centre.project.nodes import ISSUES_SUFFIX, Manifest, Node
from donnees_au_centre.project.versions import HELD, REUSED
from donnees_au_centre.project.wording import in_french

# Of a table of which nothing ever came.
NOTHING = Received(0, None, None)
NATURES = {"rejet": "rejected", "exclusion": "excluded", "anomalie": "anomalies"}
# dbt has other words for the same outcome of a model and of a test.
OUTCOMES = {"pass": "success", "fail": "failure", "runtime error": "error"}


@dataclass(frozen=True)
class Run:
    """What the commands know of a run, and the database does not.

    Attributes:
        landing: the landing zone, as a path.
        target: the dbt target.
        seconds: duration of each step, by its French title.
        connection: host, port, database, user, password_file (None on a server that is not ours).
        unmatched: files of the landing zone that match no declaration, relative to it.
        hints: what some of these look like, in French.
        gone: files that left the landing zone, and whose rows are still in the raw tables.
        load_failures: message by "<domain>.<source>.<table>" of each table that could not be loaded.
        results: the `results` of dbt's run_results.json; empty when nothing was built.
        problem: what stopped the run, in French; None when it went to its end.
        outdated: domains that stand on figures of others that were not of the day, in French.
        audit: ancre (of the audit journal, "" without one), lecture (whether reading is traced, in French).
    """

    landing: str
    target: str
    seconds: Mapping[str, float]
    connection: Mapping[str, str | None]
    unmatched: Sequence[str] = ()
    hints: Mapping[str, str] = field(default_factory=dict)
    gone: Sequence[str] = ()
    load_failures: Mapping[str, str] = field(default_factory=dict)
    results: Sequence[Mapping[str, Any]] = ()
    problem: str | None = None
    outdated: Sequence[str] = ()
    audit: Mapping[str, str] = field(default_factory=dict)


@dataclass
class SourceTable:
    """One declared source table, and what became of its rows.

    Attributes:
        unique_id: dbt's.
        domain, source, table: its names.
        files: files it holds rows of.
        rows: rows of the raw table.
        unreadable: lines kept aside by the reader, by reason.
        rejected, excluded, anomalies: lines of staging's écarts, by reason.
        rejected_rows, excluded_rows: rows that are not in staging for it.
        typed: staging has typed its rows; without it, nothing is known of their écarts.
        outdated: staging had typed rows that a load has changed since.
        never_received: no file ever came, and none failed.
        failure: why it could not be loaded; None when it could.
        last_received: last receipt, ISO 8601, UTC; None when nothing came.
    """

    unique_id: str
    domain: str
    source: str
    table: str
    files: int = 0
    rows: int = 0
    unreadable: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    excluded: dict[str, int] = field(default_factory=dict)
    anomalies: dict[str, int] = field(default_factory=dict)
    rejected_rows: int = 0
    excluded_rows: int = 0
    typed: bool = False
    outdated: bool = False
    never_received: bool = False
    failure: str | None = None
    last_received: str | None = None

    @property
    def label(self) -> str:
        """The name used by the loader: `age.signaletique_fase.signaletique_fase`."""
        return f"{self.domain}.{self.source}.{self.table}"

    @property
    def short(self) -> str:
        """The name without the domain, nor a table that only repeats its source."""
        return self.source if self.source == self.table else f"{self.source}.{self.table}"


@dataclass(frozen=True)
class Summary:
    """The whole of build/summary.json. No value of any row is in it: rows may be about people.

    Attributes:
        made_at: when, ISO 8601, UTC.
        succeeded: True when everything was loaded, built and tested without error.
        sources: one entry a declared source table, by domain and name.
        models, seeds, tests, unit_tests: how many by status (success, warn, failure, error, skipped).
        held: reason -> marts that were built, and are not offered because of it.
        reused: how many of each kind were taken as they were, for nothing that they are made of had changed.
        failures: name, kind, status and first line of the message of what failed or warned.
    """

    made_at: str
    succeeded: bool
    problem: str | None
    landing: str
    target: str
    sources: list[SourceTable]
    unmatched: list[str]
    models: dict[str, int]
    seeds: dict[str, int]
    tests: dict[str, int]
    unit_tests: dict[str, int]
    failures: list[dict[str, str]]
    held: dict[str, list[str]]
    reused: dict[str, int]
    seconds: dict[str, float]
    connection: dict[str, str | None]
    audit: dict[str, str] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)


def summarise(conninfo: str, manifest: Manifest, run: Run) -> Summary:
    """Reads what the run left in the database and puts it together with what the tools reported.

    Args:
        conninfo: libpq connection string.
        manifest: the content of dbt's manifest.json.
        run: what the commands know.

    Raises:
        psycopg.Error: the database cannot be read.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        sources = read_sources(connection, manifest)
    for source in sources:
        source.failure = run.load_failures.get(source.label)
        source.never_received = source.files == 0 and source.rows == 0 and source.failure is None
    kinds = {node_id: node.kind for node_id, node in manifest.nodes.items()}
    kinds |= dict.fromkeys(manifest.unit_tests, "unit_test")
    counts = {kind: Counter[str]() for kind in ("model", "seed", "test", "unit_test")}
    failures = []
    held: dict[str, list[str]] = {}
    reused: Counter[str] = Counter()
    for result in run.results:
        name = result["unique_id"]
        kind = kinds.get(name, name.split(".")[0])
        # Nothing is built of an exposure, and dbt says so.
        if kind == "exposure":
            continue
        status = OUTCOMES.get(result["status"], result["status"])
        if (result.get("message") or "").startswith(HELD):
            held.setdefault(result["message"], []).append(_named(manifest, name, kind))
        counts.get(kind, counts["model"])[status] += 1
        reused[kind] += (result.get("message") or "").startswith(REUSED)
        if status not in ("success", "skipped"):
            failures.append(
                {
                    "name": _named(manifest, name, kind),
                    "kind": kind,
                    "status": status,
                    "message": _told(result.get("message") or ""),
                }
            )
    bad = {"failure", "error"} & {status for found in counts.values() for status in found}
    return Summary(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        succeeded=not (bad or run.problem or run.load_failures),
        problem=run.problem,
        landing=run.landing,
        target=run.target,
        sources=sources,
        unmatched=sorted(run.unmatched),
        hints=dict(run.hints),
        gone=sorted(run.gone),
        outdated=list(run.outdated),
        models=dict(counts["model"]),
        seeds=dict(counts["seed"]),
        tests=dict(counts["test"]),
        unit_tests=dict(counts["unit_test"]),
        failures=failures,
        held=held,
        reused=dict(+reused),
        seconds=dict(run.seconds),
        connection=dict(run.connection),
        audit=dict(run.audit),
    )


def _named(manifest: Manifest, unique_id: str, kind: str) -> str:
    """What a result is about: a unit test is named <model>.<test>."""
    node = None if kind == "unit_test" else manifest.nodes.get(unique_id)
    # A data test ends with a hash.
    return node.name if node else ".".join(unique_id.split(".")[2 : 4 if kind == "unit_test" else 3])


def _told(message: str) -> str:
    """The line that tells why: the first one, or the one below our own heading; others may quote a row."""
    first, _, rest = in_french(message).strip().partition("\n")
    return rest.partition("\n")[0].strip() if first.startswith("Erreur dans ") and rest else first


def read_sources(
    connection: psycopg.Connection, manifest: Manifest, domains: Collection[str] | None = None
) -> list[SourceTable]:
    """Counts what each declared source table holds, and what became of its rows.

    Args:
        domains: whose tables; of all when None.

    Raises:
        psycopg.Error: the database cannot be read.
    """
    relations = {
        (schema, name)
        for schema, name in connection.execute(
            "select n.nspname, c.relname from pg_class as c inner join pg_namespace as n "
            "on c.relnamespace = n.oid where c.relkind in ('r', 'p', 'v', 'm')"
        )
    }
    audited = ("plateforme", "chargements") in relations
    received = read_received(connection) if audited else {}
    unreadable = {
        domain: _unreadable(connection, domain)
        for domain in {source.domain for source in manifest.sources.values()}
        if (f"raw_{domain}", REJECTS_TABLE) in relations and (domains is None or domain in domains)
    }
    ecarts = _ecarts_models(manifest)
    built = _built(connection, [(one.schema, one.relation) for models in ecarts.values() for one in models])
    ids = {
        (node.domain, node.source_name, node.name): unique_id for unique_id, node in manifest.sources.items()
    }
    found = []
    # A declaration that cannot be followed is among the errors of the load already.
    for table in read_declarations(manifest.sources.values(), []):
        if domains is not None and table.domain not in domains:
            continue
        unique_id = ids[table.domain, table.source, table.name]
        source = SourceTable(unique_id, domain=table.domain, source=table.source, table=table.name)
        came = received.get((table.domain, table.source, table.name), NOTHING)
        source.files = came.files
        source.last_received = came.last.astimezone(UTC).isoformat(timespec="seconds") if came.last else None
        if (table.schema, table.identifier) in relations:
            source.rows = count_rows(connection, table)
        source.unreadable = unreadable.get(table.domain, {}).get((table.source, table.name), {})
        models = [one for one in ecarts.get(unique_id, ()) if (one.schema, one.relation) in relations]
        # A load changed the raw rows after an écarts table was built of them.
        source.outdated = any(
            came.changed > built[model.schema, model.relation]
            for model in models
            if came.changed and (model.schema, model.relation) in built
        )
        source.typed = bool(models) and not source.outdated
        for model in models if source.typed else ():
            _add_ecarts(connection, source, model)
        found.append(source)
    return found


def _built(
    connection: psycopg.Connection, tables: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], datetime]:
    """When each écarts table was built.

    Each build ends by the statistics of its table: their date is that of the build, for plain dbt too. A
    view, or a table without this date, is taken as it is.
    """
    found = connection.execute(
        "select schemaname, relname, last_analyze from pg_stat_all_tables where last_analyze is not null "
        "and (schemaname, relname) in (select * from unnest(%s::text[], %s::text[]))",
        [[schema for schema, _ in tables], [name for _, name in tables]],
    )
    return {(schema, name): at for schema, name, at in found}


def _unreadable(connection: psycopg.Connection, domain: str) -> dict[tuple[str, str], dict[str, int]]:
    """How many lines of each table of a domain the reader kept aside, by reason."""
    query = sql.SQL(
        "select source_nom, table_nom, motif, count(*) from {} where motif <> %s "
        "group by source_nom, table_nom, motif"
    ).format(sql.Identifier(f"raw_{domain}", REJECTS_TABLE))
    found: dict[tuple[str, str], dict[str, int]] = {}
    for source, table, reason, lines in connection.execute(query, [OUT_OF_TABLE]):
        found.setdefault((source, table), {})[reason] = lines
    return found


def _ecarts_models(manifest: Manifest) -> dict[str, list[Node]]:
    """The écarts models that read each source table, by the source's unique id."""
    models: dict[str, list[Node]] = {}
    for node in manifest.nodes.values():
        if node.kind == "model" and node.name.endswith(ISSUES_SUFFIX):
            for origin in node.reads:
                models.setdefault(origin, []).append(node)
    return models


def _add_ecarts(connection: psycopg.Connection, source: SourceTable, model: Node) -> None:
    """Counts the lines of an écarts model by reason, and the rows they are about, in one reading."""
    query = sql.SQL(
        "with ecarts as materialized ("
        "select nature, motif, colonne, source_fichier, source_ligne from {}"
        ") "
        "select nature, motif, colonne, count(*), 0 from ecarts group by nature, motif, colonne "
        "union all "
        "select nature, null, null, 0, count(*) from ("
        "select distinct nature, source_fichier, source_ligne from ecarts"
        ") as rows group by nature order by 4 desc, 2"
    ).format(sql.Identifier(model.schema, model.relation))
    for nature, reason, column, lines, rows in connection.execute(query):
        if reason is not None:
            reasons = getattr(source, NATURES[nature])
            label = f"{column} : {reason}"
            reasons[label] = reasons.get(label, 0) + lines
        elif nature == "rejet":
            source.rejected_rows += rows
        elif nature == "exclusion":
            source.excluded_rows += rows
