"""The catalogue of documented functions holds every name of the manual, with the documented arities."""

from __future__ import annotations

import pytest

from denodo import catalogue

NAMES = {
    catalogue.TEXT: """ASCII CHAR CONCAT INSTR LEN LOWER LTRIM POSITION REGEXP REMOVEACCENTS REPEAT REPLACE
        REPLACEMAP RTRIM SIMILARITY SPLIT SUBSTRING SUBSTR TEXTCONSTANT TRIM UPPER""",
    catalogue.ARITHMETIC: """ABS ACOS ASIN ATAN ATAN2 CEIL COS COT DEGREES DIV EXP FLOOR LN LOG MAX MIN MOD
        MULT PI POWER RADIANS RAND ROUND SIGN SIN SQRT SUBTRACT SUM TAN TRUNC""",
    catalogue.DATES: """ADDDAY ADDHOUR ADDMINUTE ADDMONTH ADDSECOND ADDWEEK ADDYEAR CURRENT_DATE EXTRACT
        FIRSTDAYOFMONTH FIRSTDAYOFWEEK FORMATDATE GETDAY GETDAYOFWEEK GETDAYOFYEAR GETDAYSBETWEEN GETHOUR
        GETMILLISECOND GETMINUTE GETMONTH GETMONTHSBETWEEN GETQUARTER GETSECOND GETTIMEINMILLIS GETWEEK
        GETYEAR LASTDAYOFMONTH LASTDAYOFWEEK NEXTWEEKDAY NOW PREVIOUSWEEKDAY TO_DATE TO_LOCALDATE TO_TIME
        TO_TIMESTAMP TO_TIMESTAMPTZ""",
    catalogue.DATE_TYPES: "CURRENT_TIMESTAMP",
    catalogue.CONVERSION: "ARRAY_TO_STRING CAST CREATETYPEFROMXML REGISTER",
    catalogue.OTHER: """COALESCE CONTEXTUALSUMMARY GETSESSION HASH IS_PROJECTED_FIELD MAP NULLIF ROWNUM""",
    catalogue.VARIABLES: "GETVAR",
    catalogue.XML: "XMLQUERY XPATH XSLT",
    catalogue.OPERATORS: "XMLEXISTS",
    catalogue.AGGREGATION: """AVG COUNT FIRST GROUP_CONCAT LAST LIST MAX MEDIAN MIN NEST STDEV STDEVP SUM VAR
        VARP""",
    catalogue.WINDOW: """AVG COUNT CUME_DIST DENSE_RANK FIRST_VALUE LAG LAST_VALUE LEAD LISTAGG MAX MIN NTILE
        PERCENTILE_CONT PERCENTILE_DISC PERCENT_RANK RANK ROW_NUMBER SUM""",
}


def test_the_catalogue_is_the_manuals_list() -> None:
    found = {(function.page, name) for name, entries in catalogue.FUNCTIONS.items() for function in entries}
    assert found == {(page, name) for page, names in NAMES.items() for name in names.split()}


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("concat", [2, 3, 9], [0, 1]),
        ("replacemap", [2, 4], [1, 3, 5]),
        ("substr", [2, 3], [1, 4]),
        ("log", [1, 2], [0, 3]),
        ("pi", [0], [1]),
        ("max", [1, 2, 7], [0]),
        ("round", [1, 2], [0, 3]),
        ("trunc", [1, 2], [0, 3]),
        ("array_to_string", [2, 6], [1, 3, 5, 7]),
        ("contextualsummary", [2, 6, 7, 8], [1, 3, 5, 9]),
        ("to_date", [2, 3, 4], [1, 5]),
        ("rownum", [0, 1], [2]),
        ("length", [], [0, 1, 2]),
    ],
)
def test_the_number_of_arguments(name: str, accepted: list[int], refused: list[int]) -> None:
    entries = catalogue.lookup(name)
    known = [count for count in (*accepted, *refused) if any(entry.accepts(count) for entry in entries)]
    assert known == accepted


def test_kinds_and_statuses() -> None:
    assert {function.kind for function in catalogue.lookup("Max")} == {"scalaire", "agregat", "analytique"}
    assert catalogue.lookup("textconstant")[0].status == "deconseillee"
    assert {function.status for function in catalogue.lookup("row_number")} == {"deleguee"}
    assert catalogue.lookup("current_date")[0].bare
    assert not catalogue.lookup("now")[0].bare


def test_words_and_types() -> None:
    assert catalogue.is_reserved("hash")
    assert not catalogue.is_reserved("client")
    assert catalogue.cast_type("int4").vdp_type == "int"
    assert catalogue.cast_type("timestamp  with time zone").vdp_type == "timestamptz"
    assert catalogue.cast_type("numeric").vdp_type == "double"
    assert [name for name in ("INT", "BIGINT", "BOOLEAN", "DOUBLE") if catalogue.cast_type(name)] == []
