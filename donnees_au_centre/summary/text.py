"""The summary as a text for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from donnees_au_centre.french import counted, decimal, number
from donnees_au_centre.inert import line
from donnees_au_centre.landing.bounds import WAITS
from donnees_au_centre.landing.rejects import MOTIFS
from donnees_au_centre.summary.collect import SourceTable, Summary

# Reasons shown for one source table and one kind; the rest is counted, and is in build/summary.json.
REASONS_SHOWN = 5
FILES_SHOWN = 20
# Shortest « Autres étapes » shown, in seconds: less is but the rounding of the others.
REST_SHOWN = 0.5
TOTAL = "Total"
UNKNOWN = "–"
NAMES = {
    "success": "réussi",
    "warn": "en avertissement",
    "failure": "en échec",
    "error": "en erreur",
    "skipped": "non exécuté",
}
AGREEING = {"success", "skipped"}


def render(summary: Summary) -> str:
    """Writes the summary in French, aligned, ending with the connection card."""
    waits = any(WAITS in (source.failure or "") for source in summary.sources)
    parts = [
        f"Résumé\n  Zone de dépôt : {summary.landing}",
        _sources(summary.sources),
        _reasons("Lignes illisibles, mises de côté au chargement", summary.sources, "unreadable"),
        _reasons("Lignes refusées au typage (rejets)", summary.sources, "rejected"),
        _reasons("Lignes écartées exprès (exclusions)", summary.sources, "excluded"),
        _reasons("Cellules illisibles, vidées (anomalies)", summary.sources, "anomalies"),
        _list(
            "Jamais reçu",
            [f"{source.domain}.{source.short}" for source in summary.sources if source.never_received],
        ),
        _list(
            "Fichiers qu'aucune source ne déclare",
            [" : ".join(filter(None, (path, summary.hints.get(path)))) for path in summary.unmatched],
        ),
        _list(
            "Fichiers ôtés de la zone, dont les lignes restent (make withdraw FICHIER=… les retire)",
            summary.gone,
        ),
        _list(
            "Chargements en échec" + (" ou en attente d'un accord" if waits else ""),
            [f"{source.label} : {source.failure}" for source in summary.sources if source.failure],
        ),
        _build(summary),
        _list(
            "En échec ou en avertissement",
            [
                f"{failure['name']} ({_status(failure['status'])}) : {failure['message']}"
                for failure in summary.failures
            ],
        ),
        _list(
            "Marts restés comme ils étaient",
            [f"{', '.join(sorted(names))} : {reason}" for reason, names in summary.held.items()],
        ),
        _list("Construit sur des chiffres qui ne sont pas du jour", summary.outdated),
        _durations(summary.seconds),
        _audit(summary.audit),
        _card(summary.connection),
    ]
    return "\n\n".join(part for part in parts if part)


def _sources(sources: Sequence[SourceTable]) -> str:
    if not sources:
        return ""
    header = ["AG", "table source", "fichiers", "lignes", "illisibles", "rejets", "exclusions", "anomalies"]
    rows = [
        [
            source.domain,
            source.short,
            *map(_known, _counts(source)),
        ]
        for source in sources
    ]
    totals = [_sum(column) for column in zip(*map(_counts, sources), strict=True)]
    text = _table([header, *rows, ["", "total", *map(_known, totals)]], "Reçu", numbers_from=2)
    if all(source.typed for source in sources):
        return text
    return f"{text}\n  {UNKNOWN} : lignes pas encore typées, dont les écarts ne sont pas connus"


def _counts(source: SourceTable) -> tuple[int | None, ...]:
    ecarts = (source.rejected_rows, source.excluded_rows, sum(source.anomalies.values()))
    return (
        source.files,
        source.rows,
        sum(source.unreadable.values()),
        *(ecarts if source.typed else [None] * len(ecarts)),
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    """The sum of what is known; None when nothing is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _known(count: int | None) -> str:
    return UNKNOWN if count is None else number(count)


def _reasons(title: str, sources: Iterable[SourceTable], kind: str) -> str:
    lines = []
    for source in sources:
        named = {MOTIFS.get(reason, reason): count for reason, count in getattr(source, kind).items()}
        reasons = sorted(named.items(), key=lambda item: (-item[1], item[0]))
        place = f"{source.domain}.{source.short}"
        lines += [[place, number(count), reason] for reason, count in reasons[:REASONS_SHOWN]]
        if left := reasons[REASONS_SHOWN:]:
            others = "1 autre motif" if len(left) == 1 else f"{len(left)} autres motifs"
            lines.append([place, number(sum(count for _, count in left)), others])
    return _table(lines, title, numbers_from=1, numbers_to=2) if lines else ""


def _build(summary: Summary) -> str:
    lines = [
        f"  {title} : {_statuses(counts, feminine)}{_reused(summary.reused.get(kind, 0), feminine)}"
        for kind, title, counts, feminine in (
            ("model", "Modèles", summary.models, False),
            ("seed", "Tables de référence", summary.seeds, True),
            ("test", "Tests", summary.tests, False),
            ("unit_test", "Tests unitaires", summary.unit_tests, False),
        )
        if counts
    ]
    if lines:
        said = ["  repris : ni fichier ni règle n'a changé depuis qu'ils sont bons (TOUT=1 refait tout)"]
        return "\n".join(["Construit", *lines, *(said if summary.reused else ())])
    return f"Rien n'a été construit : {summary.problem}" if summary.problem else ""


def _statuses(counts: Mapping[str, int], feminine: bool) -> str:
    order = [*NAMES, *sorted(set(counts) - set(NAMES))]
    shown = []
    for status in order:
        if count := counts.get(status):
            ending = f"{'e' if feminine else ''}{'s' if count > 1 else ''}" if status in AGREEING else ""
            shown.append(f"{number(count)} {_status(status)}{ending}")
    return ", ".join(shown)


def _reused(count: int, feminine: bool) -> str:
    """Of those that ended well, how many were taken as they were."""
    if not count:
        return ""
    ending = ("es" if count > 1 else "e") if feminine else ""
    return f", dont {number(count)} repris{ending}"


def _status(status: str) -> str:
    return NAMES.get(status, status)


def _durations(seconds: Mapping[str, float]) -> str:
    steps = {title: value for title, value in seconds.items() if title != TOTAL}
    if TOTAL in seconds:
        rest = seconds[TOTAL] - sum(steps.values())
        if rest > REST_SHOWN:
            steps["Autres étapes"] = rest
        steps[TOTAL] = seconds[TOTAL]
    return _table([[title, f"{decimal(value)} s"] for title, value in steps.items()], "Durées")


def _audit(audit: Mapping[str, str]) -> str:
    if not audit:
        return ""
    anchor = audit.get("ancre") or "aucune : ce compte ne peut pas lire le journal"
    return f"Journal d'audit\n  Ancre à garder : {anchor}\n  {audit.get('lecture', '')}".rstrip()


def _list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    shown = [f"  {line(item)}" for item in items[:FILES_SHOWN]]
    if len(items) > FILES_SHOWN:
        left = counted(len(items) - FILES_SHOWN, "autre")
        shown.append(f"  … et {left} (tout est dans build/summary.json)")
    return "\n".join([f"{title} ({number(len(items))})", *shown])


def _card(connection: Mapping[str, str | None]) -> str:
    where = connection["password_file"]
    lines = [
        ["Serveur", f"{connection['host']}, port {connection['port']}"],
        ["Base", str(connection["database"])],
        ["Utilisateur", str(connection["user"])],
        ["Mot de passe", f"dans le fichier {where}" if where else "celui de la variable PGPASSWORD"],
        ["Schémas", "un par AG, commun et transversal"],
        ["Double-clic", "make connections écrit les fichiers qui l'ouvrent"],
    ]
    return _table(lines, "Pour Power BI, Excel ou DBeaver (connexion PostgreSQL)")


def _table(
    rows: Sequence[Sequence[str]], title: str, numbers_from: int | None = None, numbers_to: int | None = None
) -> str:
    """Aligns columns, numbers to the right."""
    if not rows:
        return ""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    right = range(len(widths))[slice(numbers_from, numbers_to)] if numbers_from is not None else ()
    lines = [title]
    for row in rows:
        cells = [
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(f"  {'  '.join(cells)}".rstrip())
    return "\n".join(lines)
