"""What VQL refuses in the project, shown where it is written, and the corrections that are sure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from denodo.checking import Finding, check
from donnees_au_centre.french import counted
from donnees_au_centre.portability.compilation import Compilation, CompiledNode
from donnees_au_centre.portability.places import Place

# What VQL does not have. The other rules say that text means something else on another engine, which a macro
# may write on purpose: its text is for one engine.
NOT_VQL = "vql-"
COMPILATION = "compilation"

Check = Callable[[str], list[Finding]]


@dataclass(frozen=True)
class Remark:
    """One thing to correct.

    Attributes:
        place: where it stands; without a column for a model that does not compile.
        rule: the rule's name.
        is_error: False for a warning, which stops nothing.
        message, why, portable_form, advice: in French; the last three may be empty.
        others: how many more declarations of the same generic test say the same.
    """

    place: Place
    rule: str
    is_error: bool
    message: str
    why: str = ""
    portable_form: str = ""
    others: int = 0
    advice: str = ""

    def lines(self) -> Iterator[str]:
        """The remark as it is shown: the place and the message, then what to know and what to write."""
        kind = self.rule if self.is_error else f"{self.rule}, avertissement"
        yield f"{self.place} : [{kind}] {self.message}"
        if self.place.call:
            declared = counted(self.others, "autre déclaration", "autres déclarations")
            others = f", et {declared} de ce test" if self.others else ""
            yield f"    Produit par {self.place.call}{others}."
        if self.why:
            yield f"    Pourquoi : {self.why}"
        if self.portable_form:
            yield f"    À écrire : {self.portable_form}"
        if self.advice:
            yield f"    Que faire : {self.advice}"


def check_compilation(compilation: Compilation, checker: Check = check) -> list[Remark]:
    """Checks everything that was compiled, in the order of files and lines; each fault is said once.

    Args:
        compilation: see `compile_for_denodo`.
        checker: finds the faults of one SQL text.
    """
    remarks = [
        Remark(Place(refusal.file, 1, 1, None), COMPILATION, True, refusal.message, advice=refusal.advice)
        for refusal in compilation.refusals
    ]
    tests: dict[tuple[str, str, str], list[Remark]] = defaultdict(list)
    for node in compilation.nodes.values():
        for finding in _concerning(node, checker(node.sql)):
            place = node.locate(finding.start)
            remark = Remark(
                place,
                finding.rule,
                finding.severity == "erreur",
                finding.message,
                finding.why,
                finding.portable_form,
            )
            if node.generic:
                tests[node.test_name, finding.rule, finding.message].append(remark)
            else:
                remarks.append(remark)
    for same in tests.values():
        # One fault of a test's macro, however many columns are tested.
        places = sorted({remark.place for remark in same})
        remarks.append(replace(same[0], place=places[0], others=len(places) - 1))
    once = {
        (
            remark.place.file,
            remark.place.line,
            None if remark.place.call else remark.place.column,
            remark.rule,
            remark.message,
        ): remark
        for remark in sorted(remarks, key=lambda remark: remark.place, reverse=True)
    }
    return sorted(once.values(), key=lambda remark: (remark.place, remark.rule))


def _concerning(node: CompiledNode, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Leaves out what a macro or a test means for one engine only."""
    for finding in findings:
        run = node.source.run_at(finding.start)
        if finding.rule.startswith(NOT_VQL) or (run is not None and run.piece.literal):
            yield finding


def show(remarks: Iterable[Remark]) -> str:
    """The remarks as a text, an empty line between two files."""
    files = groupby(remarks, key=lambda remark: remark.place.file)
    return "\n\n".join("\n".join(line for remark in group for line in remark.lines()) for _, group in files)


@dataclass(frozen=True)
class Correction:
    """One correction written into a file.

    Attributes:
        file: path from the root.
        line: from 1, before the correction.
        rule: the rule that asked for it.
        before, after: the text.
    """

    file: str
    line: int
    rule: str
    before: str
    after: str

    def __str__(self) -> str:
        """The correction as it is shown."""
        before, after = (" ".join(text.split()) for text in (self.before, self.after))
        return f"{self.file}:{self.line} : [{self.rule}] {before} → {after}"


def correct(compilation: Compilation, root: Path, checker: Check = check) -> list[Correction]:
    """Writes into the models what the checker is sure of; text that a tag makes is never touched.

    A correction within another one waits for the next time.

    Returns:
        What was written, by file and line.
    """
    corrections = []
    for node in compilation.nodes.values():
        if node.generic:
            continue
        path = root / node.file
        text = path.read_text(encoding="utf-8")
        if text != node.text:
            # Somebody saved the file meanwhile.
            continue
        edits = _sure_edits(node, checker(node.sql))
        for (start, end), (rule, after) in reversed(edits):
            line = node.text.count("\n", 0, start) + 1
            corrections.append(Correction(node.file, line, rule, node.text[start:end], after))
            text = text[:start] + after + text[end:]
        if edits:
            path.write_text(text, encoding="utf-8", newline="\n")
    return sorted(corrections, key=lambda correction: (correction.file, correction.line))


def _sure_edits(
    node: CompiledNode, findings: Iterable[Finding]
) -> list[tuple[tuple[int, int], tuple[str, str]]]:
    """The edits of the file's own text, in order: (start, end), (rule, new text)."""
    asked: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for finding in findings:
        if finding.edit is not None:
            start, end, after = finding.edit
            if span := node.literal_span(start, end):
                asked[span].append((finding.rule, after))
    edits: list[tuple[tuple[int, int], tuple[str, str]]] = []
    for (start, end), wishes in sorted(asked.items()):
        written = sum(
            run.piece.literal and run.piece.start <= start and end <= run.piece.end
            for run in node.source.runs
        )
        # In a loop, every round must ask for the same.
        agreed = len({after for _, after in wishes}) == 1 and len(wishes) == written
        apart = not edits or edits[-1][0][1] <= start
        if agreed and apart:
            edits.append(((start, end), wishes[0]))
    return edits
