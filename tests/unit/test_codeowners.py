"""The rules of CODEOWNERS, as GitLab documents them."""

from __future__ import annotations

import re

import pytest

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.codeowners import Wanted, concerned, read_sections


@pytest.mark.parametrize(
    ("pattern", "owned", "others"),
    [
        ("/LISEZMOI.md", "LISEZMOI.md", "docs/LISEZMOI.md"),
        ("LISEZMOI.md", "LISEZMOI.md docs/api/LISEZMOI.md", "docs/A_LISEZMOI.md"),
        ("a/b.md", "a/b.md docs/a/b.md", "b.md a/c/b.md"),
        ("/docs/", "docs/a.md docs/b/c.md docs/.cache/x", "docs autres/docs/a.md"),
        ("docs/", "docs/a.md autres/docs/a/b.md", "docs.md"),
        ("/docs/*", "docs/a.md docs/.a", "docs/b/a.md"),
        ("/docs/*/a.md", "docs/b/a.md", "docs/a.md docs/b/c/a.md"),
        ("/docs/**/a.md", "docs/a.md docs/b/a.md docs/b/c/a.md", "docs/b/ba.md"),
        ("/docs/**", "docs/a.md", "docs/b/a.md"),
        ("*", "a docs/b/a.md", ""),
        ("*.sq?", "a.sql docs/b/a.sqx", "a.sq"),
        (r"\#notes.md", "#notes.md docs/#notes.md", "notes.md"),
        (r"/des\ notes/", "des%notes/a.md", "des/a.md notes/a.md"),
        ("/Docs/", "Docs/a.md", "docs/a.md"),
    ],
)
def test_a_pattern_names_the_files_that_gitlab_says(pattern: str, owned: str, others: str) -> None:
    [section] = read_sections(f"{pattern} @fwb/a")
    found = {path for path in f"{owned} {others}".split() if concerned([section], [path.replace("%", " ")])}
    assert found == set(owned.split())


OWNERS = """
* @tous

[Docs][2] @docs
/docs/
/docs/juridique/ @juristes @fwb/a/b
!/docs/images/
/docs/images/logo.svg @dessin

^[Avis]
*.sql @dba

[DOCS] @archives
/archives/
"""


def test_the_last_rule_of_each_section_says_who_approves_and_how_many() -> None:
    sections = read_sections(OWNERS)
    everyone = Wanted("sans section", ("tous",))
    assert concerned(sections, ["docs/a.md"]) == [everyone, Wanted("Docs", ("docs",), 2)]
    assert concerned(sections, ["docs/juridique/a.md"]) == [
        everyone,
        Wanted("Docs", ("juristes", "fwb/a/b"), 2),
    ]
    # What is left out stays out.
    assert concerned(sections, ["docs/images/logo.svg"]) == [everyone]
    assert concerned(sections, ["a.sql"]) == [everyone, Wanted("Avis", ("dba",), optional=True)]
    # One name in two cases is one section; its defaults are those of its last heading.
    assert concerned(sections, ["archives/a", "docs/a.md", "docs/b.md"]) == [
        everyone,
        Wanted("Docs", ("archives",), 2),
        Wanted("Docs", ("docs",), 2),
    ]
    [required] = read_sections("^[Avis] @a\n/a\n[avis] @b\n/b\n")
    assert not required.optional


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[Docs", "titre"),
        ("[Docs][0] @a", "titre"),
        ("[Docs][x] @a", "titre"),
        ("^[] @a", "titre"),
        ("/docs/ quelqu'un", "quelqu'un"),
        ("/docs/ @a # un commentaire", "#"),
        ("/docs/ @@maintainer", "@@maintainer"),
        ("/docs/ lea@exemple.be", "lea@exemple.be"),
        ("/des notes/ @a", "notes/"),
        ("/docs/", "personne n'en répond"),
        ("!/docs/ @a", "exclusion"),
        ("/docs/[ab].md @a", "chemin"),
        (r"/docs/\*.md @a", "chemin"),
    ],
)
def test_a_line_that_is_not_read_is_refused_where_it_stands(line: str, said: str) -> None:
    with pytest.raises(PlatformError, match=f"ligne 3 .*{re.escape(said)}"):
        read_sections(f"# premier\n\n{line}\n")
