"""What one page says: what is wrong and who acts, freshness, rejects, what improved, coverage.

Made from `Quality` alone. Nothing here tells a count of rows from 1 to 4, nor lets it be worked out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from donnees_au_centre import french
from donnees_au_centre.administration import ours
from donnees_au_centre.french import day, unbroken
from donnees_au_centre.landing.rejects import MOTIFS
from donnees_au_centre.project.datasets import Responsible
from donnees_au_centre.quality.advice import in_fault, verdict
from donnees_au_centre.quality.facts import (
    BROKEN,
    FAILED,
    FRESHNESS,
    OUTDATED,
    STOPPED,
    WARNED,
    Affected,
    Broken,
    Control,
    Coverage,
    Day,
    Quality,
    Received,
    Trouble,
)

# What is wrong -> its badge and its style; the gravest first. No table at all is worse than a fault in it.
UNBUILT, HELD_BACK = "non_construit", "pas_offert"
GRAVITIES = {
    STOPPED: ("Construction interrompue", "state-defaut"),
    UNBUILT: ("Table non construite", "state-defaut"),
    HELD_BACK: ("Chiffres d'avant", "state-defaut"),
    FAILED: ("Échec", "state-defaut"),
    BROKEN: ("Contrôle impossible", "state-defaut"),
    OUTDATED: ("Chiffres lus d'avant", "state-surveiller"),
    WARNED: ("Avertissement", "state-surveiller"),
}
# Kind of lines put aside -> what happened to them, for one reader who knows no dbt.
KINDS = {
    "unreadable": ("Lignes illisibles", "mises de côté avant d'entrer"),
    "rejected": ("Lignes refusées", "une information obligatoire manque ou ne se lit pas"),
    "excluded": ("Lignes laissées de côté exprès", "connues d'avance (des totaux, par exemple)"),
    "anomalies": ("Valeurs vidées", "la valeur ne se lit pas ; le reste de la ligne est gardé"),
}
# Of these, fewer is better; what is left out on purpose is no fault.
FAULTY = ("unreadable", "rejected", "anomalies")
STATES = {
    "echec": ("Chargement en échec", "state-defaut"),
    "retard": ("En retard", "state-defaut"),
    "jamais": ("Jamais reçue", "state-surveiller"),
    "sans": ("Sans promesse", "plain"),
    "jour": ("À jour", "state-bon"),
}
# Sentences listed on the page of the ministry; the others stand on the pages of the administrations.
MOST = 25


@dataclass(frozen=True)
class Problem:
    """Something that somebody must look at.

    Attributes:
        gravity: key of GRAVITIES.
        title: what is checked, or what is missing, in French.
        label: what it is about.
        dataset: unique id of that; None when there is none.
        domain: that answers for it.
        column: None for a whole table.
        rows: cases in fault (rows, or values that stand in several; or files), in words; "" when not known.
        since: `depuis 3 jours`.
        begun: the same, as a moment.
        advice: what to do.
        steward, owner: who acts, who is told.
        marts, boards: names of what is affected downstream.
        strategic, personal: as in Control.
        file, name, message: for whoever repairs it; no count in them.
    """

    gravity: str
    title: str
    label: str
    dataset: str | None
    domain: str
    column: str | None
    rows: str
    since: str
    begun: datetime
    advice: str
    steward: Responsible | None
    owner: Responsible | None
    marts: tuple[str, ...]
    boards: tuple[str, ...]
    strategic: bool
    personal: bool
    file: str
    name: str
    message: str


@dataclass(frozen=True)
class Reason:
    """Lines put aside for one reason.

    Attributes:
        source: label of the source table.
        kind: key of KINDS.
        reason: French.
        lines: how many; at least 1.
        steward: who can have it corrected.
    """

    source: str
    kind: str
    reason: str
    lines: int
    steward: Responsible | None


@dataclass(frozen=True)
class Line:
    """A source table and whether its data came as promised.

    Attributes:
        source: as received.
        state: key of STATES.
        said: in words, `en retard de 12 jours`; "" when the badge says it all.
    """

    source: Received
    state: str
    said: str


@dataclass(frozen=True)
class View:
    """All that one page shows.

    Attributes:
        domain: "" for the ministry.
        name: how people name it.
        good, played: controls.
        sentence: the one that says it all.
        days: those with a score, oldest first, the last one as things stand now.
        change: of the score since the first of these days, in points; None without two days.
        problems: the gravest first.
        actors: who must act -> how many problems; None when nobody is named.
        freshness: the latest first.
        reasons: the most frequent first.
        improved: sentences.
        mended: controls that became good, the newest first.
        coverage: of the domain, or the sum.
        controls: of the domain, or all.
    """

    domain: str
    name: str
    good: int
    played: int
    sentence: str
    days: tuple[Day, ...]
    change: float | None
    problems: tuple[Problem, ...]
    actors: tuple[tuple[Responsible | None, int], ...]
    freshness: tuple[Line, ...]
    reasons: tuple[Reason, ...]
    improved: tuple[str, ...]
    mended: tuple[Control, ...]
    coverage: Coverage | None
    controls: tuple[Control, ...]

    @property
    def score(self) -> str:
        """`96,8`; "" when nothing was played."""
        return french.score(self.good, self.played) if self.played else ""

    def count(self, *outcomes: str) -> int:
        """How many controls stand so."""
        return sum(control.outcome in outcomes for control in self.controls)

    def states(self) -> dict[str, int]:
        """State of freshness -> source tables, the worst first."""
        found = {state: sum(line.state == state for line in self.freshness) for state in STATES}
        return {state: many for state, many in found.items() if many}


def view(quality: Quality, domain: str = "") -> View:
    """Puts together the page of a domain, or of the ministry.

    Args:
        quality: what is known.
        domain: "" for the ministry.
    """
    controls = quality.of(domain) if domain else quality.controls
    broken = [one for one in quality.broken if domain in ("", one.domain)]
    sources = [one for one in quality.sources if domain in ("", one.domain)]
    today = french.day_of(quality.made_at)
    good, played = sum(not control.bad for control in controls), len(controls)
    days = _days(quality.days.get(domain, ()), today, good, played)
    scores = [one.score for one in days if one.score is not None]
    change = scores[-1] - scores[0] if len(scores) > 1 else None
    found = [
        *(_of_broken(one, quality.made_at) for one in broken),
        *(_of_trouble(one, quality.made_at) for one in quality.troubles if domain in ("", one.domain)),
        *(_of_control(control, quality.made_at) for control in controls if control.bad),
    ]
    problems = tuple(sorted(found, key=_gravest))
    freshness = tuple(sorted((_line(one, today) for one in sources), key=_latest))
    reasons = tuple(_reasons(sources))
    done = [(control.mended, control) for control in controls if control.mended and control.former]
    mended = [control for _, control in sorted(done, key=lambda one: one[0], reverse=True)]
    return View(
        domain=domain,
        name=quality.domains.get(domain, domain) if domain else ours().naming.whole,
        good=good,
        played=played,
        sentence=_sentence(quality, controls, problems, freshness, reasons),
        days=days,
        change=change,
        problems=problems,
        actors=_actors(problems),
        freshness=freshness,
        reasons=reasons,
        improved=tuple(_improved(quality, sources, days, change)),
        mended=tuple(mended),
        coverage=_coverage(quality, domain),
        controls=tuple(controls),
    )


def downstream(affected: Iterable[Affected]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the marts, then of the dashboards, each once."""
    found: dict[bool, list[str]] = {True: [], False: []}
    for one in affected:
        found[one.kind == "mart"].append(one.name)
    return tuple(dict.fromkeys(found[True])), tuple(dict.fromkeys(found[False]))


def kinds_of(source: Received) -> dict[str, Mapping[str, int]]:
    """Kind of lines put aside -> reason -> lines."""
    return {kind: getattr(source, kind) for kind in KINDS}


def _days(days: Sequence[Day], today: date, good: int, played: int) -> tuple[Day, ...]:
    """The days with a score; today as the controls stand, so that the last point is the score shown."""
    past = [one for one in days if one.day < today and one.played]
    return (*past, Day(today, good, played)) if played else tuple(past)


def _of_control(control: Control, now: datetime) -> Problem:
    marts, boards = downstream(control.affected)
    begun = control.since or control.at
    told = control.rows if control.kind != FRESHNESS else None
    return Problem(
        gravity=control.outcome,
        title=verdict(control.text, control.outcome),
        label=control.label,
        dataset=control.dataset,
        domain=control.domain,
        column=control.column,
        rows=in_fault(told, control.counted) if told else "",
        since=french.ago(begun, now),
        begun=begun,
        advice=control.advice,
        steward=control.steward,
        owner=control.owner,
        marts=marts,
        boards=boards,
        strategic=control.strategic,
        personal=control.personal,
        file=control.file,
        name=control.name,
        # dbt's message about a test that found rows tells how many.
        message=control.message if control.outcome == BROKEN else "",
    )


def _of_broken(one: Broken, now: datetime) -> Problem:
    marts, boards = downstream(one.affected)
    return Problem(
        gravity=HELD_BACK if one.held else UNBUILT,
        title=f"{one.name} n'est pas offert. {one.reason}"
        if one.held
        else f"{one.name} n'a pas pu être construite : ce qu'on y lit date d'avant la panne.",
        label=one.name,
        dataset=one.unique_id,
        domain=one.domain,
        column=None,
        rows="",
        since=french.ago(one.since, now),
        begun=one.since,
        advice="Corriger ce qui est nommé ; la construction suivante offrira le mart."
        if one.held
        else "Prévenir l'équipe Plateforme : le message technique lui dit par où commencer.",
        steward=one.steward,
        owner=one.owner,
        marts=marts,
        boards=boards,
        strategic=one.strategic,
        personal=False,
        file=one.file,
        name=one.name,
        message=one.message,
    )


def _of_trouble(one: Trouble, now: datetime) -> Problem:
    return Problem(
        gravity=one.kind,
        title=one.text,
        label=one.name,
        dataset=None,
        domain=one.domain,
        column=None,
        rows="",
        since=french.ago(one.since, now),
        begun=one.since,
        advice=one.advice,
        steward=one.steward,
        owner=one.owner,
        marts=(),
        boards=(),
        strategic=False,
        personal=False,
        file=f"models/{one.name}/",
        name=one.name,
        message="",
    )


def _gravest(problem: Problem) -> tuple[int, bool, datetime, str]:
    return list(GRAVITIES).index(problem.gravity), not problem.strategic, problem.begun, problem.name


def _actors(problems: Iterable[Problem]) -> tuple[tuple[Responsible | None, int], ...]:
    found: dict[Responsible | None, int] = {}
    for problem in problems:
        found[problem.steward] = found.get(problem.steward, 0) + 1
    return tuple(sorted(found.items(), key=lambda one: (-one[1], one[0].function if one[0] else "")))


def _line(source: Received, today: date) -> Line:
    if source.failure:
        return Line(source, "echec", french.late(source.due, today) if source.late and source.due else "")
    if source.late and source.due:
        return Line(source, "retard", french.late(source.due, today))
    if source.last is None:
        return Line(source, "jamais", "")
    return Line(source, "jour" if source.due else "sans", "")


def _latest(line: Line) -> tuple[int, date, str]:
    return list(STATES).index(line.state), line.source.due or date.max, line.source.label


def _reasons(sources: Iterable[Received]) -> list[Reason]:
    found = [
        Reason(source.label, kind, _spoken(kind, reason), lines, source.steward)
        for source in sources
        for kind, reasons in kinds_of(source).items()
        for reason, lines in reasons.items()
        if lines
    ]
    # Counts that are not told do not show in the order either.
    hidden = [french.small(one.lines) for one in found]
    keyed = sorted(
        zip(hidden, found, strict=True),
        key=lambda pair: (pair[0], 0 if pair[0] else -pair[1].lines, pair[1].source, pair[1].reason),
    )
    return [one for _, one in keyed]


def _spoken(kind: str, reason: str) -> str:
    return MOTIFS.get(reason, reason) if kind == "unreadable" else reason


def _improved(
    quality: Quality, sources: Sequence[Received], days: Sequence[Day], change: float | None
) -> Iterable[str]:
    if change is not None and change >= 0.05:
        yield f"Le score est monté : {french.points(change)} depuis le {day(days[0].day)}."
    for kind in FAULTY:
        known = [one for one in sources if kind in one.former]
        before = sum(one.former[kind] for one in known)
        now = sum(sum(kinds_of(one)[kind].values()) for one in known)
        if now < before:
            words = KINDS[kind][0].lower()
            was, is_now = french.rounded(before), french.rounded(now)
            if was == is_now:
                yield f"Un peu moins de {words} qu'il y a {unbroken(quality.period, 'jour')}."
            else:
                days_ago = unbroken(quality.period, "jour")
                yield f"Moins de {words} : {was} il y a {days_ago}, {is_now} aujourd'hui."


def _coverage(quality: Quality, domain: str) -> Coverage | None:
    if domain:
        return quality.coverage.get(domain)
    names = tuple(Coverage.__dataclass_fields__)
    found = list(quality.coverage.values())
    if not found:
        return None
    return Coverage(**{name: sum(getattr(one, name) for one in found) for name in names})


def _sentence(
    quality: Quality,
    controls: Sequence[Control],
    problems: Sequence[Problem],
    freshness: Sequence[Line],
    reasons: Sequence[Reason],
) -> str:
    if not controls and not quality.controls:
        return "Aucun contrôle n'a encore été joué : cette page se remplira après la première exécution."
    if not controls:
        return "Aucun contrôle n'a de résultat ici : la qualité de ces données n'est pas encore mesurée."
    bad = sum(control.bad for control in controls)
    unbuilt = sum(problem.gravity == UNBUILT for problem in problems)
    held = sum(problem.gravity == HELD_BACK for problem in problems)
    failed = sum(control.outcome in (FAILED, BROKEN) for control in controls)
    outdated = any(problem.gravity == OUTDATED for problem in problems)
    stopped = sum(problem.gravity == STOPPED for problem in problems)
    late = sum(line.state == "retard" for line in freshness)
    unloaded = sum(line.state == "echec" for line in freshness)
    if not (bad or stopped or unbuilt or held or outdated or late or unloaded):
        never = sum(line.state == "jamais" for line in freshness)
        end = f" ; {unbroken(never, 'source')} n'a encore rien reçu" if never == 1 else ""
        end = f" ; {unbroken(never, 'source')} n'ont encore rien reçu" if never > 1 else end
        return f"Tout va bien : {_all(len(controls))}{end}.{_left(reasons)}"
    parts = []
    if bad:
        state = f"ne sont pas bons, dont {failed} en échec"
        if failed in (0, bad):
            state = f"{'est' if bad == 1 else 'sont'} en {'échec' if failed else 'avertissement'}"
        parts.append(f"{unbroken(bad, 'contrôle')} sur {french.number(len(controls))} {state}")
    if unbuilt:
        parts.append(
            "une table n'a pas pu être construite"
            if unbuilt == 1
            else f"{unbuilt}\u00a0tables n'ont pas pu être construites"
        )
    if held:
        its = "ses" if held == 1 else "leurs"
        parts.append(f"{unbroken(held, 'mart garde', 'marts gardent')} {its} chiffres d'avant")
    if stopped:
        parts.append(f"{unbroken(stopped, 'construction')} interrompue{'s' if stopped > 1 else ''}")
    if outdated:
        parts.append("ce qui est lu d'autres domaines n'est pas du jour")
    if unloaded:
        parts.append(f"{unbroken(unloaded, 'chargement')} en échec")
    if late:
        be = (
            "est en retard sur ce qui était promis" if late == 1 else "sont en retard sur ce qui était promis"
        )
        parts.append(f"{unbroken(late, 'source')} {be}")
    oldest = min((problem.begun for problem in problems), default=None)
    end = ""
    if oldest and french.day_of(oldest) < french.day_of(quality.made_at):
        end = f" Le plus ancien problème dure {french.ago(oldest, quality.made_at)}."
    said = " ; ".join(parts)
    return f"{said[0].upper()}{said[1:]}.{end}"


def _left(reasons: Iterable[Reason]) -> str:
    """What is still to correct where no control is bad; "" when nothing is."""
    kinds = {reason.kind for reason in reasons} & set(FAULTY)
    if not kinds:
        return ""
    what = "valeurs vidées" if kinds == {"anomalies"} else "lignes mises de côté"
    return f" Des {what} restent à corriger : voyez plus bas."


def _all(played: int) -> str:
    if played == 1:
        return "le seul contrôle joué est bon, et rien n'est en retard"
    return f"les {french.number(played)}\u00a0contrôles joués sont bons, et rien n'est en retard"
