"""The letter to who reviews a merge request: Markdown, and the same as data. Nothing small is in either."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from donnees_au_centre.french import counted, cut, listed, some
from donnees_au_centre.inert import markdown
from donnees_au_centre.review.changes import (
    ADDED,
    BREAKING,
    FEMININE,
    GRADES,
    HARMLESS,
    REMOVED,
    TEST,
    WORDS,
    Change,
)
from donnees_au_centre.review.discretion import told_columns, told_measure, told_rows
from donnees_au_centre.review.indicators import Indicator
from donnees_au_centre.review.promises import GONE
from donnees_au_centre.review.review import Mart, Review
from donnees_au_centre.review.rights import GAINS, LOSES

# Lines of a table; the data have them all.
MOST = 25
_NAMES = 4
_WIDTH = 160
_CODE = " " * 10
_DONE = {ADDED: "ajouté", REMOVED: "retiré"}
_GUIDE = "docs/analyste/demande-de-fusion.md"


def letter(review: Review) -> str:
    """The letter, in Markdown: three lines that sum up, then what matters most first."""
    parts = [
        [
            "# Ce que change cette demande de fusion",
            *(f"{n}. {one}" for n, one in enumerate(summary(review), 1)),
        ],
        _broken(review),
        _rights(review),
        _indicators(review),
        _rows(review),
        _readers(review),
        _all_changes(review),
        _missing(review),
        [
            "---",
            "*Mart : table offerte aux lecteurs. Avant : ce qui est en production. Après : ce que cette "
            f"demande construit. Un compte sous cinq n'est jamais dit. Le mode d'emploi : {_GUIDE}.*",
        ],
    ]
    return "\n\n".join("\n".join(_spaced(part)) for part in parts if part) + "\n"


def summary(review: Review) -> list[str]:
    """Three lines: what breaks, what moves, whom to ask."""
    return [_summed_changes(review), _summed_figures(review), _summed_readers(review)]


def _spaced(lines: Sequence[str]) -> Iterator[str]:
    """Blank lines where Markdown needs them: around titles, tables, lists and blocks of code."""
    kind, in_code = "", False
    for line in lines:
        fence = line.lstrip().startswith("```")
        now = "code" if in_code or fence else _kind(line)
        if kind and (now != kind or now in ("text", "title")) and not (in_code and now == "code"):
            yield ""
        yield line
        kind = now
        if fence:
            in_code = not in_code


def _kind(line: str) -> str:
    if line.startswith("|"):
        return "table"
    if re.match(r"(\d+\.|-) ", line):
        return "list"
    return "title" if line.startswith("#") else "text"


# The summary


def _summed_changes(review: Review) -> str:
    said = _summed_items(review)
    if not review.rights:
        return said
    if not review.changes.items and not review.breaches:
        said = "**Droits.** Aucun chiffre ne peut changer."
    told = [
        counted(len({one.role for one in review.rights if one.done == done}), f"rôle {done}", f"rôles {verb}")
        for done, verb in ((GAINS, "gagnent"), (LOSES, "perdent"))
        if any(one.done == done for one in review.rights)
    ]
    return f"{said} {listed(told)} un droit." if told else f"{said} Des droits sont prolongés ou écourtés."


def _summed_items(review: Review) -> str:
    items = review.changes.items
    by_grade = {grade: [one for one in items if one.grade == grade] for grade in GRADES}
    if broken := by_grade[BREAKING]:
        names = [_code(name) for name in dict.fromkeys(one.name for one in broken)]
        return f"**Rupture** pour les lecteurs de {some(names, _NAMES)}."
    if review.breaches:
        return "**Rupture.** Des promesses faites aux lecteurs ne sont plus tenues."
    if harmless := by_grade[HARMLESS]:
        told = counted(len(_grouped(harmless)), "changement")
        return f"**Sans rupture.** {told} ; aucun lecteur ne perd ce qui lui est promis."
    if items:
        return "**Texte seulement.** Descriptions ou mise en forme : aucun chiffre ne peut changer."
    return "**Rien.** Le projet est le même qu'en production."


def _summed_figures(review: Review) -> str:
    if not review.marts:
        return "Aucun mart ne donne d'autres lignes."
    compared = [mart for mart in review.marts if mart.found]
    if not compared:
        concerned = counted(len(review.marts), "mart concerné", "marts concernés")
        return f"Les chiffres n'ont pas été comparés ({concerned}) : {_why_not(review)}"
    moved = [mart for mart in compared if mart.found and mart.found.moves]
    same = len(compared) - len(moved)
    said = "Aucun mart ne donne d'autres lignes"
    if moved:
        what = "d'autres lignes ou d'autres valeurs"
        said = counted(len(moved), f"mart donne {what}", f"marts donnent {what}")
    if same and moved:
        said += f", {counted(same, 'reste le même', 'restent les mêmes')}"
    moving = list(_moving(review))
    if moving:
        mart, one, told = max(moving, key=lambda found: _weight(found[1]))
        first = f"{one.said} de {_code(mart.name)}"
        said += f" ; {counted(len(moving), 'indicateur bouge', 'indicateurs bougent')}"
        said += f", d'abord {first} : {told[2]}" if len(moving) > 1 else f" : {first}, {told[2]}"
    left = len(review.marts) - len(compared)
    return said + (
        f". {counted(left, 'mart n’a', 'marts n’ont')} pas été comparé.".replace("’", "'") if left else "."
    )


def _why_not(review: Review) -> str:
    return review.missing or next((mart.missing for mart in review.marts if mart.missing), "aucune table.")


def _summed_readers(review: Review) -> str:
    readers = review.readers
    read = [
        *([f"{', '.join(one.name for one in readers.domains)}"] if readers.domains else []),
        *(
            [counted(len(readers.dashboards), "tableau de bord", "tableaux de bord")]
            if readers.dashboards
            else []
        ),
        *(
            [counted(len(readers.published), "jeu ouvert à tous", "jeux ouverts à tous")]
            if readers.published
            else []
        ),
    ]
    if not (review.marts or readers.people or review.changes.grade == BREAKING):
        return "Personne n'est à prévenir."
    said = f"Le lisent : {listed(read)}." if read else "Hors de son domaine, personne de connu ne le lit."
    if readers.people:
        first = readers.people[0]
        said += f" Demandez d'abord à : {_text(first.name)} ({_text(first.email)})."
    return said


# The parts


def _broken(review: Review) -> list[str]:
    lost = [one for one in review.changes.items if one.grade == BREAKING]
    if not lost and not review.breaches:
        return []
    lines = ["## Ce que des lecteurs perdent"]
    lines += [f"- {_code(one.name)} : {_text(one.said)}." for one in lost[:MOST]]
    lines += _and_more(len(lost))
    for file, _, message, advice in review.breaches:
        lines += [f"**Promesse rompue.** {_text(message)}", *_advice(file, advice)]
    if len(review.breaches) < len({one.about for one in lost}):
        lines.append(
            "Pour le garder sans renoncer au changement : une nouvelle version du mart, à côté de l'ancienne "
            "(docs/analyste/changer-un-mart.md). Sinon, prévenez d'abord ceux qui lisent, plus bas."
        )
    return lines


def _rights(review: Review) -> list[str]:
    if not review.rights:
        return []
    rows = [(_code(one.role), one.done, _text(one.what), _names(one.about, 5)) for one in review.rights]
    return ["## Qui gagne ou perd un droit", *_table(("rôle", "il", "quoi", "sur"), rows, 2 * MOST)]


def _advice(file: str, advice: str) -> Iterator[str]:
    """What to write: sentences, and the lines of a file as code."""
    said, code = [f"Que faire ({file}) :"], []
    after: list[str] = []
    for line in advice.splitlines():
        if line.startswith(_CODE):
            code.append(line.removeprefix(_CODE))
        else:
            (after if code else said).append(_text(line.strip()))
    yield " ".join(said)
    if code:
        yield from ["```yaml", *code, "```"]
    if after:
        yield " ".join(after)


def _moving(review: Review) -> Iterator[tuple[Mart, Indicator, tuple[str, str, str]]]:
    """The measures that move, as they may be told."""
    for mart in review.marts:
        for one in mart.indicators:
            if mart.found and one.moves:
                yield mart, one, told_measure(one, mart.found, mart.people)


def _weight(one: Indicator) -> tuple[bool, float]:
    """What tests follow first; then by how much it moves."""
    if one.before is None or one.after is None or not one.before:
        return one.declared, 1.0
    return one.declared, abs(one.after - one.before) / abs(one.before)


def _indicators(review: Review) -> list[str]:
    moving = sorted(_moving(review), key=lambda found: _weight(found[1]), reverse=True)
    still = sum(len(mart.indicators) for mart in review.marts) - len(moving)
    if not moving and not still:
        return []
    lines = ["## Les indicateurs qui bougent"]
    if moving:
        lines += _table(
            ("indicateur", "mart", "avant", "après", "écart", "où il se lit"),
            [(one.said, _code(mart.name), *told, _shown(review, mart)) for mart, one, told in moving],
        )
    if still:
        others = "autre ne bouge pas" if moving else "indicateur suivi ne bouge pas"
        many = "autres ne bougent pas" if moving else "indicateurs suivis ne bougent pas"
        lines.append(f"{counted(still, others, many)}.")
    return lines


def _shown(review: Review, mart: Mart) -> str:
    """Where people read a mart."""
    found = [_text(one.name) for one in review.readers.dashboards if mart.name in one.reads]
    if mart.name in review.readers.published:
        found.append("ouvert à tous")
    return some(found, 2) or "–"


def _rows(review: Review) -> list[str]:
    compared = [mart for mart in review.marts if mart.found and mart.found.moves]
    still = [mart for mart in review.marts if mart.found and not mart.found.moves]
    if not compared and not still:
        return []
    lines = ["## Les lignes, mart par mart"]
    if compared:
        lines += _table(
            (
                "mart",
                "lignes avant",
                "après",
                "clés parties",
                "clés venues",
                "lignes qui diffèrent, par colonne",
            ),
            [_row(mart) for mart in compared],
        )
    if still:
        names = some([_code(mart.name) for mart in still], 8)
        lines.append(
            f"Pareils, ligne à ligne : {names}." if len(still) > 1 else f"Pareil, ligne à ligne : {names}."
        )
    return lines


def _row(mart: Mart) -> tuple[str, ...]:
    assert mart.found
    rows = told_rows(mart.found)
    columns = [f"{_code(name)} : {told}" for name, told in told_columns(mart.found).items()]
    columns += [f"{_code(name)} : {old} → {new}" for name, (old, new) in mart.found.retyped.items()]
    columns += [f"{_code(name)} en plus" for name in mart.found.added]
    columns += [f"{_code(name)} en moins" for name in mart.found.removed]
    told = (rows["avant"], rows["après"], rows["seulement avant"], rows["seulement après"])
    return (_code(mart.name), *told, some(columns, 6) or "–")


def _readers(review: Review) -> list[str]:
    readers = review.readers
    if not (readers.domains or readers.dashboards or readers.published or readers.people):
        return []
    lines = ["## Qui le lit, et à qui demander"]
    shown = [
        *(("AG ou domaine", one) for one in readers.domains),
        *(("tableau de bord", one) for one in readers.dashboards),
    ]
    if shown:
        lines += _table(
            ("qui", "genre", "lit", "qui en répond"),
            [(_text(one.name), kind, _names(one.reads), _who(one.who, one.email)) for kind, one in shown],
        )
    if readers.published:
        lines.append(f"Ouverts à tous : {some([_code(one) for one in readers.published], 8)}.")
    if readers.people:
        lines += _table(
            ("à qui demander", "rôle", "de quoi"),
            [(_who(one.name, one.email), one.role, _names(one.about)) for one in readers.people],
            8,
        )
    return lines


def _all_changes(review: Review) -> list[str]:
    items = [one for one in review.changes.items if one.grade != WORDS]
    texts = [one for one in review.changes.items if one.grade == WORDS]
    lines = ["## Tout ce qui change"] if items or texts else []
    if items:
        lines += _changes_table(items)
    if texts:
        told = counted(
            len(_grouped(texts)), "changement de texte seulement", "changements de texte seulement"
        )
        lines += ["<details>", f"<summary>{told}</summary>", *_changes_table(texts), "</details>"]
    return lines


def _changes_table(items: Sequence[Change]) -> list[str]:
    rows = [
        (f"{_names(names, 5)} ({one.kind}{f', {one.domain}' if one.domain else ''})", one.grade, _said(one))
        for one, names in _grouped(items)
    ]
    return _table(("quoi", "classe", "ce qui change"), rows, 2 * MOST)


def _grouped(items: Iterable[Change]) -> list[tuple[Change, list[str]]]:
    """What is said alike of several is said once; of tests that come or go, which tests is enough."""
    found: dict[tuple[str, ...], list[Change]] = defaultdict(list)
    for one in items:
        alike = "" if one.kind == TEST and one.done in _DONE else one.said
        found[one.kind, one.domain, one.done, one.grade, alike].append(one)
    return [(ones[0], list(dict.fromkeys(one.name for one in ones))) for ones in found.values()]


def _said(one: Change) -> str:
    done = _DONE.get(one.done, "")
    if done and one.kind in FEMININE:
        done += "e"
    said = "" if done and (one.kind == TEST or one.said == GONE) else _text(cut(one.said, _WIDTH))
    return " : ".join(part for part in (done, said) if part)


def _missing(review: Review) -> list[str]:
    lines = [f"- {_text(one)}" for one in review.unsaid]
    if review.missing and review.marts:
        lines.append(f"- Aucune ligne n'a été comparée : {_text(review.missing)}")
    by_reason: dict[str, list[str]] = defaultdict(list)
    for mart in review.marts:
        if mart.missing:
            by_reason[mart.missing].append(mart.name)
    lines += [f"- {_names(names)} : {_text(why)}" for why, names in list(by_reason.items())[:MOST]]
    lines += _and_more(len(by_reason))
    return ["## Ce que cette lettre ne dit pas", *lines] if lines else []


# How it is written


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], most: int = MOST) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows[:most]]
    if len(rows) > most:
        lines.append(f"| … et {counted(len(rows) - most, 'autre')} | {' | '.join([''] * (len(head) - 1))} |")
    return lines


def _and_more(there: int) -> list[str]:
    return [f"- … et {counted(there - MOST, 'autre')}, dans demande.json."] if there > MOST else []


def _names(names: Sequence[str], most: int = _NAMES) -> str:
    return some([_code(name) for name in names], most)


def _code(name: str) -> str:
    """A name as code, which nothing in it can leave."""
    return f"`{re.sub('[`|]', ' ', markdown(name))}`"


def _text(said: str) -> str:
    """A sentence that others wrote, in a cell: it draws no table, and calls nobody."""
    return re.sub(r"(?<!\w)@(?=\w)", "\uff20", markdown(said)).replace("|", "¦").replace("`", "'")


def _who(name: str, email: str) -> str:
    return ", ".join(_text(part) for part in (name, email) if part) or "–"


# The same as data


def as_data(review: Review) -> dict[str, Any]:
    """What the letter tells and what its tables leave out, as JSON takes it."""
    return {
        "resume": summary(review),
        "classe": _grade(review),
        "changements": [
            {
                "genre": one.kind,
                "nom": one.name,
                "domaine": one.domain,
                "fait": one.done,
                "classe": one.grade,
                "dit": one.said,
            }
            for one in review.changes.items
        ],
        "promesses_rompues": [
            {"fichier": file, "regle": rule, "dit": said, "que_faire": advice}
            for file, rule, said, advice in review.breaches
        ],
        "droits": [
            {"role": one.role, "fait": one.done, "quoi": one.what, "sur": list(one.about)}
            for one in review.rights
        ],
        "indicateurs": [
            {"mart": mart.name, "indicateur": one.said, "suivi": one.declared}
            | dict(zip(("avant", "apres", "ecart"), told, strict=True))
            for mart, one, told in _moving(review)
        ],
        "marts": [_mart_data(mart) for mart in review.marts],
        "lecteurs": {
            "domaines": [_reader_data(one) for one in review.readers.domains],
            "tableaux_de_bord": [_reader_data(one) for one in review.readers.dashboards],
            "ouverts_a_tous": list(review.readers.published),
            "a_qui_demander": [
                {"fonction": one.name, "courriel": one.email, "role": one.role, "de_quoi": list(one.about)}
                for one in review.readers.people
            ],
        },
        "manque": review.missing,
        "non_dit": list(review.unsaid),
    }


def _grade(review: Review) -> str:
    if review.breaches:
        return BREAKING
    # A right is no text.
    return min(review.changes.grade, HARMLESS if review.rights else WORDS, key=GRADES.index)


def _mart_data(mart: Mart) -> dict[str, Any]:
    data: dict[str, Any] = {"nom": mart.name, "domaine": mart.domain, "manque": mart.missing}
    if mart.found:
        data |= {
            "cle": list(mart.found.key),
            "lignes": told_rows(mart.found),
            "colonnes": told_columns(mart.found),
            "types": {name: list(kinds) for name, kinds in mart.found.retyped.items()},
            "en_plus": list(mart.found.added),
            "en_moins": list(mart.found.removed),
        }
    return data


def _reader_data(one: Any) -> dict[str, Any]:
    return {
        "nom": one.name,
        "lit": list(one.reads),
        "fonction": one.who,
        "courriel": one.email,
        "url": one.url,
    }
