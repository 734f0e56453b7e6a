"""The summary as a text for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from orchestration.summary.collect import SourceTable, Summary

# Reasons shown for one source table and one kind; the rest is counted, and is in build/summary.json.
REASONS_SHOWN = 5
FILES_SHOWN = 20
NAMES = {
    "success": "réussis",
    "warn": "en avertissement",
    "failure": "en échec",
    "error": "en erreur",
    "skipped": "non exécutés",
}


def render(summary: Summary) -> str:
    """Writes the summary in French, aligned, ending with the connection card."""
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
        _list("Fichiers qu'aucune source ne déclare", summary.unmatched),
        _list(
            "Chargements en échec",
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
        _table([[title, f"{_decimal(seconds)} s"] for title, seconds in summary.seconds.items()], "Durées"),
        _card(summary.connection),
    ]
    return "\n\n".join(part for part in parts if part)


def number(value: int) -> str:
    """Writes an integer as in French: 1 234 567, with narrow no-break spaces."""
    return f"{value:,}".replace(",", "\u202f")


def _decimal(value: float) -> str:
    return f"{value:.1f}".replace(".", ",")


def _sources(sources: Sequence[SourceTable]) -> str:
    header = ["AG", "table source", "fichiers", "lignes", "illisibles", "rejets", "exclusions", "anomalies"]
    rows = [
        [
            source.domain,
            source.short,
            *map(number, _counts(source)),
        ]
        for source in sources
    ]
    totals = [sum(column) for column in zip(*map(_counts, sources), strict=True)] if sources else []
    return _table([header, *rows, ["", "total", *map(number, totals)]], "Reçu", numbers_from=2)


def _counts(source: SourceTable) -> tuple[int, ...]:
    return (
        source.files,
        source.rows,
        sum(source.unreadable.values()),
        source.rejected_rows,
        source.excluded_rows,
        sum(source.anomalies.values()),
    )


def _reasons(title: str, sources: Iterable[SourceTable], kind: str) -> str:
    lines = []
    for source in sources:
        reasons = sorted(getattr(source, kind).items(), key=lambda item: (-item[1], item[0]))
        place = f"{source.domain}.{source.short}"
        lines += [[place, number(count), reason] for reason, count in reasons[:REASONS_SHOWN]]
        if left := reasons[REASONS_SHOWN:]:
            lines.append([place, number(sum(count for _, count in left)), f"{len(left)} autres motifs"])
    return _table(lines, title, numbers_from=1, numbers_to=2) if lines else ""


def _build(summary: Summary) -> str:
    if not (summary.models or summary.tests):
        return f"Rien n'a été construit : {summary.problem}" if summary.problem else ""
    return "\n".join(
        ["Construit", f"  Modèles : {_statuses(summary.models)}", f"  Tests   : {_statuses(summary.tests)}"]
    )


def _statuses(counts: Mapping[str, int]) -> str:
    order = [*NAMES, *sorted(set(counts) - set(NAMES))]
    return ", ".join(f"{number(counts[status])} {_status(status)}" for status in order if counts.get(status))


def _status(status: str) -> str:
    return NAMES.get(status, status)


def _list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    shown = [f"  {item}" for item in items[:FILES_SHOWN]]
    if len(items) > FILES_SHOWN:
        shown.append(f"  … et {number(len(items) - FILES_SHOWN)} autres (build/summary.json les nomme tous)")
    return "\n".join([f"{title} ({number(len(items))})", *shown])


def _card(connection: Mapping[str, str | None]) -> str:
    where = connection["password_file"]
    lines = [
        ["Serveur", f"{connection['host']}, port {connection['port']}"],
        ["Base", str(connection["database"])],
        ["Utilisateur", str(connection["user"])],
        ["Mot de passe", f"dans le fichier {where}" if where else "celui de la variable PGPASSWORD"],
        ["Schémas", "un par AG (age, ags, …), commun et transversal"],
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
