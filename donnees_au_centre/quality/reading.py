"""Works out the state of quality from the history and the manifest.

Reads `historique` and `plateforme.chargements`, which the role `rapport` may read, and no table of data.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import psycopg

from donnees_au_centre.catalogue import labels
from donnees_au_centre.catalogue.last_runs import due
from donnees_au_centre.french import day_of
from donnees_au_centre.history.measures import ASIDE, FILES, ROWS
from donnees_au_centre.history.upstream import read_upstream
from donnees_au_centre.landing.audit import RECEIPTS, REFUSED
from donnees_au_centre.project.nodes import Manifest, Node
from donnees_au_centre.quality import facts
from donnees_au_centre.quality.advice import CASE, LATE, advice, unit_of
from donnees_au_centre.quality.facts import Broken, Control, Coverage, Day, Quality, Received, Run, Trouble
from donnees_au_centre.quality.project import Project
from donnees_au_centre.quality.results import History, Last

# Days in which a control must have been played for its result still to stand.
MEMORY = 100


def read_quality(
    connection: psycopg.Connection, manifest: Manifest, now: datetime, period: int = 30
) -> Quality:
    """Works out everything that pages and messages say.

    Args:
        connection: by an account that reads schema historique and plateforme.chargements.
        now: with its time zone.
        period: days that trends look back over.

    Raises:
        psycopg.Error: the database cannot be read.
    """
    history = History(connection, now, max(period, MEMORY))
    project = Project(manifest)
    history.last |= _held(history, manifest)
    controls, unplayed = _controls(history, project, now - timedelta(days=period))
    domains = {name: labels.domain(name) for name in project.domains}
    return Quality(
        made_at=now.astimezone(UTC),
        period=period,
        domains=domains,
        controls=tuple(controls),
        unplayed=tuple(unplayed),
        broken=tuple(_broken(history, project)),
        sources=tuple(_sources(connection, project, now, period)),
        coverage={name: _coverage(project, name) for name in domains},
        days=_days(history, project, day_of(now), period),
        runs=tuple(_runs(history, now - timedelta(days=period))),
        troubles=(*_stopped(history, project), *_outdated(connection, manifest, project, now)),
    )


def _held(history: History, manifest: Manifest) -> dict[str, Last]:
    """The contracts that held: a model that is built has no null where its contract wants none.

    One that fails to build leaves the former rows, which kept it; the model itself is told as broken.
    """
    found = {}
    for check in manifest.contract_checks:
        built = history.last.get(check.tested_id or "")
        if built and built.good:
            days = {day: outcome for day, outcome in built.days.items() if outcome == facts.GOOD}
            found[check.unique_id] = Last(facts.GOOD, built.good, built.good, 0, days)
    return found


def _controls(history: History, project: Project, start: datetime) -> tuple[list[Control], list[str]]:
    wanted = [
        *project.checks,
        *(name for name, source in project.sources.items() if source.has_freshness_limit),
    ]
    played = {name: history.last[name] for name in wanted if name in history.last}
    bad = {name: one.good for name, one in played.items() if one.outcome != facts.GOOD}
    since = history.first_after(bad, good=False)
    mended = history.first_after(
        {name: one.bad for name, one in played.items() if one.outcome == facts.GOOD and one.bad}, good=True
    )
    recent = {name: at for name, at in mended.items() if at >= start}
    details = history.outcomes_at({name: played[name].at for name in bad})
    formers = history.outcomes_at({name: played[name].bad for name in recent})
    found = []
    for name, last in played.items():
        test = project.checks.get(name)
        node = test or project.sources[name]
        about = test.tested_id if test else name
        domain = project.domain(name)
        owner, steward = project.responsibles(about, domain)
        _, rows, message = details.get(name, (last.outcome, 0, ""))
        found.append(
            Control(
                unique_id=name,
                kind=facts.TEST if test else facts.FRESHNESS,
                domain=domain,
                name=node.label,
                text=labels.check(test) if test else "La source a été reçue dans le délai attendu.",
                advice=advice(test) if test else LATE,
                dataset=about,
                label=_label(project.manifest, about, node),
                column=test.column_name if test else None,
                file=node.file,
                outcome=last.outcome,
                rows=rows if test and last.outcome != facts.BROKEN else None,
                message=message,
                at=history.begun[last.at],
                since=since.get(name),
                former=formers[name][0] if name in formers else None,
                mended=recent.get(name),
                owner=owner,
                steward=steward,
                affected=project.affected(about),
                personal=project.personal(about),
                strategic=project.strategic(about),
                counted=unit_of(test) if test else CASE,
            )
        )
    found.sort(key=lambda one: (project.domains.index(one.domain), one.label, one.name))
    return found, [name for name in wanted if name not in played]


def _broken(history: History, project: Project) -> Iterable[Broken]:
    failed = {
        name: one for name, one in history.last.items() if name in project.models and one.outcome in facts.BAD
    }
    since = history.first_after({name: one.good for name, one in failed.items()}, good=False)
    details = history.outcomes_at({name: one.at for name, one in failed.items()})
    for name, last in sorted(failed.items()):
        node = project.models[name]
        domain = node.domain
        owner, steward = project.responsibles(name, domain)
        yield Broken(
            unique_id=name,
            domain=domain,
            name=node.label,
            file=node.file,
            text=_sentence(node.description),
            message=details[name][2] if name in details else "",
            at=history.begun[last.at],
            since=since.get(name, history.begun[last.at]),
            owner=owner,
            steward=steward,
            affected=project.affected(name),
            strategic=project.strategic(name),
        )


def _outdated(
    connection: psycopg.Connection, manifest: Manifest, project: Project, now: datetime
) -> Iterable[Trouble]:
    """The domains that stand on figures of others that were not of the day."""
    for old in read_upstream(connection, manifest, now).standing():
        said = old.sentence
        yield Trouble(
            kind=facts.OUTDATED,
            domain=old.domain,
            name=old.upstream,
            text=f"{said[0].upper()}{said[1:]}.",
            advice=old.advice,
            since=old.since or now.astimezone(UTC),
            owner=project.responsibles(None, old.domain)[0],
            steward=project.responsibles(None, old.upstream)[1],
        )


def _stopped(history: History, project: Project) -> Iterable[Trouble]:
    """The domains whose last build in Dagster ended before its time."""
    last = {
        scope: (issue, begun)
        for _, _, begun, _, command, launcher, scope, issue, *_ in history.runs
        if command == "build" and launcher == f"dagster {scope}"
    }
    for domain in project.domains:
        issue, begun = last.get(domain, ("", None))
        if issue == facts.STOPPED and begun is not None:
            owner, steward = project.responsibles(None, domain)
            yield Trouble(
                kind=facts.STOPPED,
                domain=domain,
                name=domain,
                text="La dernière construction s'est arrêtée avant sa fin : on lit les chiffres d'avant, "
                "ou une partie des nouveaux.",
                advice="Prévenir l'équipe Plateforme : elle voit pourquoi (machine arrêtée, mémoire épuisée, "
                f"processus tué), puis relance {domain} dans Dagster.",
                since=begun.astimezone(UTC),
                owner=owner,
                steward=steward,
            )


def _sources(
    connection: psycopg.Connection, project: Project, now: datetime, period: int
) -> Iterable[Received]:
    measures = _measures(connection, now)
    former = _measures(connection, now - timedelta(days=period))
    receipts, failures = _receipts(connection, now)
    today = day_of(now)
    for name, source in project.sources.items():
        if not source.external:
            continue
        dataset = project.datasets[name]
        key = (dataset.domain, source.source_name, source.name)
        held = measures.get(name, {})
        last = receipts.get(key)
        promised = due(day_of(last), dataset.refresh) if last and dataset.refresh else None
        reason, counted_only, failed_at = failures.get(key, ("", True, None))
        if dataset.has_personal_data and not counted_only:
            # The loader's own words may quote what stands in the file; where it gives a motif, they count.
            reason = "La dernière livraison n'est pas chargée ; le journal des chargements dit pourquoi."
        yield Received(
            unique_id=name,
            domain=dataset.domain,
            label=source.name if source.name == source.source_name else dataset.name,
            text=_sentence(dataset.description),
            files=int(held.get(FILES, 0)),
            rows=int(held.get(ROWS, 0)),
            last=last.astimezone(UTC) if last else None,
            promise=labels.refresh(dataset.refresh) if dataset.refresh else "",
            due=promised,
            late=promised is not None and promised < today,
            failure=reason,
            **{
                ours: {
                    measure.removeprefix(f"{kind} : "): int(value)
                    for measure, value in sorted(held.items())
                    if measure.startswith(f"{kind} : ")
                }
                for ours, kind in zip(("unreadable", "rejected", "excluded", "anomalies"), ASIDE, strict=True)
            },
            former={kind: int(former[name][kind]) for kind in ASIDE if kind in former.get(name, {})},
            owner=dataset.owner,
            steward=dataset.steward,
            personal=dataset.has_personal_data,
            of_system=dataset.gives_rows,
            failed_at=failed_at.astimezone(UTC) if failed_at else None,
        )


def _measures(connection: psycopg.Connection, at: datetime) -> dict[str, dict[str, float]]:
    """The newest measures of each source before a moment."""
    rows = connection.execute(
        "with mesurees as (select m.noeud_id, max(m.execution_id) as execution_id "
        "from historique.mesures as m inner join historique.executions as e "
        "on m.execution_id = e.execution_id where e.commencee_le <= %s and m.mesure = %s "
        "group by m.noeud_id) "
        "select n.unique_id, m.mesure, m.valeur from mesurees as d "
        "inner join historique.mesures as m "
        "on d.noeud_id = m.noeud_id and d.execution_id = m.execution_id "
        "inner join historique.noeuds as n on d.noeud_id = n.noeud_id where n.unique_id like 'source.%%'",
        [at, ROWS],
    ).fetchall()
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for name, measure, value in rows:
        found[name][measure] = value
    return found


def _receipts(
    connection: psycopg.Connection, now: datetime
) -> tuple[dict[tuple[str, str, str], datetime], dict[tuple[str, str, str], tuple[str, bool, datetime]]]:
    """By source table: the last receipt; why the newest load of one of its files failed or waits, whether
    these words only count, and its receipt.
    """
    if connection.execute("select to_regclass('plateforme.chargements')").fetchone() == (None,):
        return {}, {}
    last = connection.execute(
        "select domaine, source_nom, table_nom, max(recu_le) from plateforme.chargements "
        "where statut = any(%s) and recu_le <= %s group by domaine, source_nom, table_nom",
        [list(RECEIPTS), now],
    ).fetchall()
    failed = connection.execute(
        "select c.domaine, c.source_nom, c.table_nom, c.fichier, c.message, c.motif, c.recu_le "
        "from plateforme.chargements as c "
        "inner join (select max(chargement_id) as chargement_id from plateforme.chargements "
        "group by domaine, source_nom, table_nom, fichier) as d on c.chargement_id = d.chargement_id "
        "where c.statut = any(%s) order by c.chargement_id",
        [list(REFUSED)],
    ).fetchall()
    return (
        {(domain, source, table): at for domain, source, table, at in last},
        {
            (domain, source, table): (f"{file} : {why}", bool(motif), at)
            for domain, source, table, file, why, motif, at in failed
        },
    )


def _coverage(project: Project, domain: str) -> Coverage:
    models = [one for one in project.models.values() if one.domain == domain]
    tested = {test.tested_id for test in project.checks.values()}
    columns = [column for one in models for column in one.columns.values()]
    held = [one for one in project.datasets.values() if one.domain == domain]
    return Coverage(
        models=len(models),
        described=sum(bool(one.description.strip()) for one in models),
        tested=sum(one.unique_id in tested for one in models),
        columns=len(columns),
        columns_described=sum(bool(column.description.strip()) for column in columns),
        datasets=len(held),
        owned=sum(one.owner_assigned for one in held),
        stewarded=sum(one.steward_assigned for one in held),
    )


def _days(history: History, project: Project, today: date, period: int) -> dict[str, tuple[Day, ...]]:
    """The controls as they stood at the end of each day: a control keeps its outcome until the next one."""
    controls = [
        (project.domain(name), history.last[name].days)
        for name in (*project.checks, *project.sources)
        if name in history.last
    ]
    days = [today - timedelta(days=back) for back in range(period, -1, -1)]
    good: dict[str, Counter[date]] = defaultdict(Counter)
    played: dict[str, Counter[date]] = defaultdict(Counter)
    for domain, outcomes in controls:
        standing = None
        earlier = [day for day in outcomes if day < days[0]]
        if earlier:
            standing = outcomes[max(earlier)]
        for day in days:
            standing = outcomes.get(day, standing)
            for name in (domain, ""):
                played[name][day] += standing is not None
                good[name][day] += standing == facts.GOOD
    return {
        name: tuple(Day(day, good[name][day], played[name][day]) for day in days)
        for name in ("", *project.domains)
    }


def _runs(history: History, start: datetime) -> Iterable[Run]:
    runs = [row for row in history.runs if row[2] >= start]
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    rows = history.connection.execute(
        "select execution_id, statut, count(*) from historique.resultats "
        "where execution_id between %s and %s group by execution_id, statut",
        [min((row[0] for row in runs), default=0), max((row[0] for row in runs), default=0)],
    ).fetchall()
    for number, outcome, nodes in rows:
        counts[number][outcome] = nodes
    for number, key, begun, ended, command, launcher, scope, issue, revision, manifest in reversed(runs):
        yield Run(
            number,
            key,
            begun.astimezone(UTC),
            ended.astimezone(UTC),
            command,
            launcher,
            scope,
            issue,
            revision,
            manifest,
            dict(counts[number]),
        )


def _label(manifest: Manifest, unique_id: str | None, node: Node) -> str:
    return (manifest.find(unique_id or "") or node).label


def _sentence(text: str) -> str:
    first, dot, _ = " ".join(text.split()).partition(". ")
    return first + dot.strip()
