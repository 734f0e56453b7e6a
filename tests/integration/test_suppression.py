"""Small counts that are suppressed cannot be worked out by whoever knows everything that is published."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.campaigns import campaign, examples
from tests.macros.rendering import render

THRESHOLD = 5
TOTAL = "Total"
CALL = (
    "with {{ suppress_small_counts('lues', name='protegees', row='ligne_lue', column='colonne_lue', "
    "person='personne', within=['annee'], sums=['montant']) }} select * from protegees"
)
SINGLE = (
    "with {{ suppress_small_counts('lues', name='protegees', row='ligne_lue', column='colonne_lue', "
    "person='personne', count='cas', threshold=3) }} select * from protegees"
)
# (row, column, person) of each thing counted.
Line = tuple[str, str, int]


@dataclass(frozen=True)
class Published:
    """What stands in a table of one year: (row, column) -> count, None when hidden."""

    cells: dict[tuple[str, str], int | None]
    rows: dict[str, int | None]
    columns: dict[str, int | None]
    whole: int | None


class Bench:
    """A session with a table of lines and the macro's SQL."""

    def __init__(self, connection: psycopg.Connection, sql: str, single: str) -> None:
        self._connection = connection
        self.sql, self.single = sql, single

    def run(self, sql: str, lines: Sequence[Line], years: Sequence[int] = (2024,)) -> list[dict]:
        with self._connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            cursor.execute("truncate lues")
            values = [(year, *line, 10) for year in years for line in lines]
            cursor.executemany("insert into lues values (%s, %s, %s, %s, %s)", values)
            return cursor.execute(sql).fetchall()

    def publish(self, lines: Sequence[Line]) -> Published:
        cells, rows, columns, whole = {}, {}, {}, None
        for line in self.run(self.sql, lines):
            assert (line["nombre"] is None) == (line["statut"] == "supprimé") == (line["montant"] is None)
            if line["nombre"] is not None:
                assert line["montant"] == 10 * line["nombre"]
            if line["niveau"] == "cellule":
                cells[line["ligne_lue"], line["colonne_lue"]] = line["nombre"]
            elif line["niveau"] == "total_ligne":
                rows[line["ligne_lue"]] = line["nombre"]
            elif line["niveau"] == "total_colonne":
                columns[line["colonne_lue"]] = line["nombre"]
            else:
                whole = line["nombre"]
        return Published(cells, rows, columns, whole)


@pytest.fixture(scope="module")
def bench(server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    server.ensure_database("suppression")
    several, single = render([CALL, SINGLE], "postgres", tmp_path_factory.mktemp("rendu"))
    assert several.sql and single.sql, several.refusal or single.refusal
    try:
        with psycopg.connect(server.start().conninfo("suppression"), autocommit=True) as connection:
            connection.execute(
                "create temp table lues "
                "(annee integer, ligne_lue text, colonne_lue text, personne integer, montant integer)"
            )
            yield Bench(connection, several.sql, single.sql)
    finally:
        server.drop_database("suppression")


# The attacker


def width(true: dict[tuple[str, str], int], seen: Published, cell: tuple[str, str]) -> int:
    """How many other values a hidden cell may have, for whoever knows every published count.

    The counts are a flow from rows to columns; what is not known may change, and stays above zero. Changes
    that keep every published number are circuits; the greatest through the cell are two greatest flows.
    """
    row, column = ("r", cell[0]), ("c", cell[1])
    return _change(true, seen, cell, column, row) + _change(true, seen, cell, row, column)


def _change(true, seen: Published, cell, start, end) -> int:
    room: dict[tuple, dict[tuple, int]] = defaultdict(lambda: defaultdict(int))
    most = sum(true.values()) + 100

    def unknown(origin, goal, amount: int) -> None:
        room[origin][goal] += most
        room[goal][origin] += amount

    for (one, other), value in seen.cells.items():
        if value is None and (one, other) != cell:
            unknown(("r", one), ("c", other), true[one, other])
    for name, value in seen.rows.items():
        if value is None:
            unknown(("rows",), ("r", name), sum(n for (one, _), n in true.items() if one == name))
    for name, value in seen.columns.items():
        if value is None:
            unknown(("c", name), ("columns",), sum(n for (_, one), n in true.items() if one == name))
    if seen.whole is None:
        unknown(("columns",), ("rows",), sum(true.values()))
    found = 0
    least = true[cell] if start[0] == "r" else most
    while found < least and (path := _path(room, start, end)):
        step = min(min(room[a][b] for a, b in path), least - found)
        for a, b in path:
            room[a][b] -= step
            room[b][a] += step
        found += step
    return found


def _path(room, start, end) -> list[tuple] | None:
    before = {start: None}
    waiting = deque([start])
    while waiting:
        place = waiting.popleft()
        if place == end:
            path = []
            while before[place] is not None:
                path.append((before[place], place))
                place = before[place]
            return path
        for other, amount in room[place].items():
            if amount > 0 and other not in before:
                before[other] = place
                waiting.append(other)
    return None


def counted(lines: Sequence[Line]) -> tuple[dict[tuple[str, str], int], Counter, Counter]:
    rows, columns = {line[0] for line in lines}, {line[1] for line in lines}
    found = Counter((row, column) for row, column, _ in lines)
    true = {(row, column): found[row, column] for row in rows for column in columns}
    return true, Counter(line[0] for line in lines), Counter(line[1] for line in lines)


def persons(lines: Sequence[Line], row: str | None = None, column: str | None = None) -> int:
    return len({who for one, other, who in lines if row in (None, one) and column in (None, other)})


NAMES = "ABCDEF"


@st.composite
def tables(draw: st.DrawFn) -> list[Line]:
    """Lines of a table of up to six by six, mostly small, with zeros, some large; persons may come back."""
    rows = draw(st.integers(1, 6))
    columns = draw(st.integers(1, 6))
    size = st.one_of(st.just(0), st.integers(0, 7), st.sampled_from([0, 0, 1, 4, 5, 6, 60]))
    crowd = draw(st.sampled_from([3, 6, 12, 10_000]))
    lines: list[Line] = []
    for row in range(rows):
        for column in range(columns):
            for _ in range(draw(size)):
                lines.append((NAMES[row], NAMES[column].lower(), len(lines) * 7919 % crowd))
    return lines


def grid(*rows: Sequence[int]) -> list[Line]:
    """A table of counts, a person a line."""
    lines: list[Line] = []
    for row, cells in enumerate(rows):
        for column, number in enumerate(cells):
            lines += [(NAMES[row], NAMES[column].lower(), len(lines) + n) for n in range(number)]
    return lines


@campaign
@settings(max_examples=examples(400), deadline=None, suppress_health_check=list(HealthCheck))
@given(lines=tables())
@example(lines=grid([3, 50], [0, 100]))
@example(lines=grid([3, 50], [50, 0]))
@example(lines=grid([1, 5, 5], [6, 6, 6]))
@example(lines=grid([3, 4, 50, 0], [0, 0, 0, 60], [0, 0, 0, 70]))
@example(lines=grid([4, 0, 0], [0, 60, 0], [0, 0, 70]))
@example(lines=grid([2]))
@example(lines=grid([3, 20]))
@example(lines=[("A", "a", 1)] * 9 + [("A", "b", n) for n in range(30)])
def test_an_attacker_recovers_no_hidden_count(bench: Bench, lines: list[Line]) -> None:
    seen = bench.publish(lines)
    true, rows, columns = counted(lines)
    assert seen.cells.keys() == true.keys()
    # What is published is true, and nothing small is.
    for (row, column), value in seen.cells.items():
        assert value is None or value == true[row, column]
        assert value in (None, 0) or persons(lines, row, column) >= THRESHOLD
    for name, value in seen.rows.items():
        assert value is None or (value == rows[name] and persons(lines, row=name) >= THRESHOLD)
    for name, value in seen.columns.items():
        assert value is None or (value == columns[name] and persons(lines, column=name) >= THRESHOLD)
    if lines:
        assert seen.whole == (len(lines) if persons(lines) >= THRESHOLD else None)
    # What is hidden may be at least as many other values as the threshold says.
    for cell, value in seen.cells.items():
        if value is None:
            assert width(true, seen, cell) >= THRESHOLD, (cell, seen)
    for names, which in ((seen.rows, 0), (seen.columns, 1)):
        for name, value in names.items():
            if value is None:
                inside = [cell for cell in true if cell[which] == name and seen.cells[cell] is None]
                assert any(can_total_change(true, seen, cell, which) for cell in inside), (name, seen)


def can_total_change(true, seen: Published, cell: tuple[str, str], which: int) -> bool:
    """True when a hidden total may have another value: a circuit passes through it."""
    node = ("r", cell[0]) if which == 0 else ("c", cell[1])
    rows = {**seen.rows, cell[0]: 0} if which == 0 else seen.rows
    columns = {**seen.columns, cell[1]: 0} if which == 1 else seen.columns
    held = Published(seen.cells, rows, columns, seen.whole)
    hub = ("rows",) if which == 0 else ("columns",)
    total = sum(number for one, number in true.items() if one[which] == cell[which])
    forward = _change_between(true, held, node, hub, most=sum(true.values()) + 100)
    return forward > 0 or (total > 0 and _change_between(true, held, hub, node, most=total) > 0)


def _change_between(true, seen: Published, start, end, most: int) -> int:
    """Like `_change`, between two nodes of which the direct way is held."""
    nowhere = ("", "")
    return _change({**true, nowhere: most}, seen, nowhere, start, end)


def test_the_attacker_is_not_blind() -> None:
    lines = grid([3, 50, 20], [30, 40, 50])
    true, rows, columns = counted(lines)
    cells = dict(true)
    cells["A", "a"] = None
    # Primary suppression alone: the row's total gives the cell away.
    naive = Published(cells, dict(rows), dict(columns), len(lines))
    assert width(true, naive, ("A", "a")) == 0
    # A square of hidden cells, yet zeros at the opposite corner pin the values down.
    lines = grid([3, 0], [0, 0], [9, 9])
    true, rows, columns = counted([*lines, ("B", "a", 0)])
    true["B", "a"] = 0
    cells = {**true, ("A", "a"): None, ("A", "b"): None, ("B", "a"): None, ("B", "b"): None}
    pinned = Published(cells, {"A": 3, "B": 0, "C": 18}, {"a": 12, "b": 9}, 21)
    assert width(true, pinned, ("A", "a")) == 0


def test_what_needs_no_protection_is_published_whole(bench: Bench) -> None:
    seen = bench.publish(grid([5, 0], [7, 90]))
    assert seen.cells == {("A", "a"): 5, ("A", "b"): 0, ("B", "a"): 7, ("B", "b"): 90}
    assert (seen.rows, seen.columns, seen.whole) == ({"A": 5, "B": 97}, {"a": 12, "b": 90}, 102)


def test_a_person_counts_once(bench: Bench) -> None:
    # Nine lines of one person are a small count.
    lines = [("A", "a", 1)] * 9 + [(row, column, n) for row in "AB" for column in "ab" for n in range(20)]
    assert bench.publish([*lines, *[("B", "b", 99)]]).cells["A", "a"] == 29
    alone = [("A", "a", 1)] * 9 + [("A", "b", n) for n in range(20)] + [("B", "a", n) for n in range(20)]
    seen = bench.publish([*alone, *[("B", "b", n) for n in range(20)]])
    assert seen.cells["A", "a"] is None
    assert seen.whole == 69


def test_without_a_key_there_is_one_table_and_nulls_have_a_name(bench: Bench) -> None:
    lines = [*grid([3, 9], [9, 9]), *[(None, "a", 1000 + n) for n in range(4)]]
    found = {(line["ligne_lue"], line["colonne_lue"]): line for line in bench.run(bench.single, lines)}
    assert found["Non précisé", "a"]["cas"] == 4
    assert found["Total", "Total"]["cas"] == 34
    assert "annee" not in found["A", "a"] and "montant" not in found["A", "a"]


def test_tables_apart_are_protected_apart(bench: Bench) -> None:
    found = bench.run(bench.sql, grid([30, 9], [9, 2]), years=(2023, 2024))
    assert Counter(line["annee"] for line in found) == {2023: 9, 2024: 9}
    hidden = {line["annee"]: 0 for line in found}
    for line in found:
        hidden[line["annee"]] += line["statut"] == "supprimé"
    assert hidden == {2023: 4, 2024: 4}


def test_the_sql_is_documented_vql(tmp_path: Path) -> None:
    from denodo import check

    for answer in render([CALL, SINGLE], "denodo", tmp_path / "denodo"):
        assert [str(fault) for fault in check(answer.sql or "") if fault.severity == "erreur"] == []
