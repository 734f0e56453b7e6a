"""The rules of .gitlab/CODEOWNERS, as GitLab documents them.

A line that GitLab would leave out, or that is not read here, is refused: a rule is never taken for absent.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from donnees_au_centre.errors import PlatformError

FILE = ".gitlab/CODEOWNERS"
# The rules above the first heading are a section of their own.
UNNAMED = "sans section"
_HEADING = re.compile(r"(?P<optional>\^?)\[(?P<name>[^\]]+)\](?:\[(?P<count>[1-9]\d*)\])?(?P<owners>\s.*)?")
_OWNER = re.compile(r"@[\w.-]+(?:/[\w.-]+)*")
_SPACE = re.compile(r"(?<!\\)\s+")
# fnmatch would give brackets a meaning of its own, and knows no backslash.
_UNREAD = re.compile(r"[\[\]]|\\(?![ #])")


@dataclass(frozen=True)
class Rule:
    """A line of a section.

    Attributes:
        pattern: as it stands there, without `!`.
        owners: `group` or `account`, without the @; none for what is left out (`!`).
    """

    pattern: str
    owners: tuple[str, ...]

    def matches(self, path: str) -> bool:
        """True for a file of the checkout that it names."""
        form = re.sub(r"\\([ #])", r"\1", self.pattern)
        # Without a first /, anywhere; a folder holds all that is below it.
        form = form[1:] if form.startswith("/") else f"**/{form}"
        return _fits(
            tuple((f"{form}**/*" if form.endswith("/") else form).split("/")), tuple(path.split("/"))
        )


@dataclass
class Section:
    """The rules of one name.

    Attributes:
        name: as it stands there first; case tells no two apart.
        count: of the approvals that each rule asks for.
        optional: True when nobody has to approve.
        rules: in their order.
    """

    name: str
    count: int = 1
    optional: bool = False
    rules: list[Rule] = field(default_factory=list)

    def rule_of(self, path: str) -> Rule | None:
        """The last rule that names a file; none once a `!` does."""
        found = [rule for rule in self.rules if rule.matches(path)]
        return found[-1] if found and all(rule.owners for rule in found) else None


@dataclass(frozen=True)
class Wanted:
    """An approval that some files ask for.

    Attributes:
        section: its name.
        owners: `group` or `account`; any of their members may give it.
        count: how many have to.
        optional: True when it may be missing.
    """

    section: str
    owners: tuple[str, ...]
    count: int = 1
    optional: bool = False


def read_sections(text: str) -> list[Section]:
    """The sections of a CODEOWNERS, in their order.

    Raises:
        PlatformError: a line that GitLab would leave out, or that this does not read.
    """
    sections = {"": Section(UNNAMED)}
    here = sections[""]
    defaults: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.strip()
        if not said or said.startswith("#"):
            continue
        if said.startswith(("[", "^[")):
            found = _HEADING.fullmatch(said)
            if not found:
                raise _refused(number, said, "ce titre de section n'est pas lisible", "[Nom][2] @groupe")
            defaults = _owners(number, said, found["owners"] or "")
            count, optional = int(found["count"] or 1), bool(found["optional"])
            here = sections.setdefault(found["name"].lower(), Section(found["name"], count, optional))
            here.count, here.optional = max(here.count, count), here.optional and optional
        else:
            here.rules.append(_rule(number, said, defaults))
    return [section for section in sections.values() if section.rules]


def _rule(number: int, said: str, defaults: tuple[str, ...]) -> Rule:
    pattern, *rest = _SPACE.split(said, maxsplit=1)
    out, pattern = pattern.startswith("!"), pattern.removeprefix("!")
    if not pattern or _UNREAD.search(pattern):
        raise _refused(
            number, said, "ce chemin n'est pas lisible", "seuls *, **, ?, « \\ » et « \\# » sont lus"
        )
    owners = _owners(number, said, rest[0] if rest else "")
    if out and owners:
        raise _refused(number, said, "une exclusion n'a pas de propriétaire", f"!{pattern}")
    if not out and not (owners or defaults):
        raise _refused(number, said, "personne n'en répond", f"{pattern} @groupe, ou [Section] @groupe")
    return Rule(pattern, () if out else owners or defaults)


def _owners(number: int, said: str, names: str) -> tuple[str, ...]:
    for name in names.split():
        if not _OWNER.fullmatch(name):
            raise _refused(
                number,
                said,
                f"{name} n'est ni un groupe ni un compte",
                "@groupe/sous-groupe ou @compte ; ni rôle, ni adresse, ni commentaire en fin de ligne",
            )
    return tuple(name.removeprefix("@") for name in names.split())


def _refused(number: int, said: str, why: str, form: str) -> PlatformError:
    return PlatformError(f"{FILE}, ligne {number} : {why} : {said}", f"Écrivez-la ainsi : {form}.")


def concerned(sections: Iterable[Section], files: Collection[str]) -> list[Wanted]:
    """The approvals that these files ask for: one for each rule that is the last to name one of them."""
    return list(
        dict.fromkeys(
            Wanted(section.name, rule.owners, section.count, section.optional)
            for section in sections
            for path in files
            if (rule := section.rule_of(path))
        )
    )


def _fits(form: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """A path against a pattern, name by name; `**` stands for any number of folders, except at the end."""
    if not form or not path:
        return not form and not path
    if form[0] == "**" and len(form) > 1:
        return any(_fits(form[1:], path[skipped:]) for skipped in range(len(path)))
    return fnmatchcase(path[0], form[0]) and _fits(form[1:], path[1:])
