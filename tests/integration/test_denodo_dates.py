"""VQL's datetime functions in PostgreSQL: what they refuse, NULL, zones, languages, speed.

What they answer is in vql_cases_dates.tsv; this is what a table of cases cannot say.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest

from donnees_au_centre.warehouse import EmbeddedServer
from tests.denodo import engine


@pytest.fixture(scope="module")
def connection(server: EmbeddedServer) -> Iterator[psycopg.Connection]:
    """A connection to a database with the schema `vql`, in the time zone of Brussels."""
    server.ensure_database("dates_vql")
    with psycopg.connect(server.start().conninfo("dates_vql"), autocommit=True) as opened:
        engine.install(opened)
        opened.execute("set time zone 'Europe/Brussels'")
        yield opened
    server.drop_database("dates_vql")


def value(connection: psycopg.Connection, expression: str) -> str | None:
    """The value of an SQL expression as PostgreSQL prints it."""
    return connection.execute(f"select cast({expression} as text)").fetchone()[0]


def refusal(connection: psycopg.Connection, expression: str) -> str:
    """The message with which PostgreSQL refuses an SQL expression."""
    with pytest.raises(psycopg.Error) as raised:
        connection.execute(f"select {expression}")
    return raised.value.diag.message_primary


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("vql.addhour(date '2024-01-01', 1)", ("ADDHOUR", "localdate", "CAST")),
        ("vql.addday(time '10:00', 1)", ("ADDDAY", "time")),
        ("vql.getmonth(time '10:00')", ("GETMONTH", "time")),
        ("vql.gethour(date '2024-01-01')", ("GETHOUR", "localdate")),
        ("vql.getyear('2024-01-01')", ("GETYEAR", "text", "TO_LOCALDATE")),
        ("vql.formatdate('yyyy', '2024-01-01')", ("FORMATDATE", "text")),
        ("vql.to_time(date '2024-01-01')", ("localdate en time",)),
        ("vql.to_localdate(time '10:00')", ("time en localdate",)),
        ("vql.add(date '2024-01-01', interval '2 hours')", ("localdate", "02:00:00")),
        ("vql.trunc(date '2024-01-01', 'SS')", ("« SS »", "HH24")),
        ("vql.nextweekday(date '2024-01-01', 7)", ("jour de semaine 7",)),
        ("vql.getdayofweek(date '2024-01-01', 'klingon')", ("« klingon »",)),
    ],
)
def test_a_use_which_is_not_documented_is_refused_in_plain_words(
    connection: psycopg.Connection, expression: str, words: tuple[str, ...]
) -> None:
    message = refusal(connection, expression)
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    ("pattern", "text", "words"),
    [
        ("dd/MM/yyyy", "31/02/2024", ("« 31/02/2024 »", "« dd/MM/yyyy »", "jour 31", "position 1")),
        ("yyyy-MM-dd", "2024-02-30", ("jour 30", "position 9")),
        ("yyyy-MM-dd", "2023-02-29", ("jour 29", "position 9")),
        ("yyyy-MM-dd", "2024-13-01", ("13 hors de 1 à 12", "position 6")),
        ("yyyy-MM-dd", "0000-01-01", ("0000 hors de 1", "position 1")),
        ("yyyy-MM-dd", "2024-01-01 10:00", ("texte en trop", "position 11")),
        ("yyyy-MM-dd", "2024/01/01", ("« - » attendu", "position 5")),
        ("yyyy-MM-dd", "", ("« yyyy » attendu", "position 1")),
        ("yyyyMMdd", "2024011", ("« dd » attendu", "position 7")),
        ("dd/MM/yyyy HH:mm", "01/02/2024 24:00", ("24 hors de 0 à 23", "position 12")),
        ("d MMMM yyyy", "1 juin 2024", ("« MMMM » attendu", "position 3")),
        ("EEEE d MMMM yyyy", "Monday 2 January 2024", ("2024-01-02", "position 1")),
        ("yyyy-DDD", "2023-366", ("2023", "jour 366", "position 6")),
        ("YYYY-ww", "2021-53", ("2021", "semaine 53", "position 6")),
        ("HH:mm z", "10:00 XYZ", ("« XYZ »", "position 7")),
        ("yyyy-bb", "2024-01", ("« b »", "position 6")),
        ("yyyy 'h", "2024 h", ("apostrophe", "position 6")),
        ("yyyy W", "2024 1", ("« W »",)),
    ],
)
def test_a_text_which_leaves_its_pattern_is_refused_with_the_place(
    connection: psycopg.Connection, pattern: str, text: str, words: tuple[str, ...]
) -> None:
    pattern = pattern.replace("'", "''")
    message = refusal(connection, f"vql.to_timestamptz('{pattern}', '{text}')")
    assert all(word in message for word in words), message


@pytest.mark.parametrize("kind", ["localdate", "time", "timestamp_type", "timestamptz_type"])
def test_a_cast_of_a_text_in_another_form_is_refused_with_the_form(
    connection: psycopg.Connection, kind: str
) -> None:
    message = refusal(connection, f"vql.to_{kind}('15/01/2018 à midi')")
    assert "« 15/01/2018 à midi »" in message
    assert "forme attendue" in message


def test_every_function_gives_null_for_null(connection: psycopg.Connection) -> None:
    expressions = [
        f"vql.{name}(cast(null as {kind}){more})"
        for names, kinds, more in (
            ("addday addweek addmonth addyear", "date timestamp timestamptz interval text", ", 1"),
            ("addhour addminute addsecond", "time timestamp timestamptz interval text", ", 1"),
            ("nextweekday previousweekday", "date timestamp timestamptz text", ", 1"),
            ("getyear getmonth getday", "date timestamp timestamptz interval text", ""),
            ("gethour getminute getsecond getmillisecond", "time timestamp timestamptz interval", ""),
            ("getquarter getweek getdayofyear getdow getdayofweek", "date timestamp timestamptz text", ""),
            ("gettimeinmillis firstdayofmonth lastdayofmonth", "date timestamp timestamptz text", ""),
            ("firstdayofweek lastdayofweek", "date timestamp timestamptz text", ""),
            ("trunc", "date time timestamp timestamptz", ""),
            ("trunc", "date time timestamp timestamptz", ", 'MI'"),
            ("to_localdate", "date timestamp timestamptz bigint text", ""),
            ("to_time", "time timestamp timestamptz bigint text", ""),
            ("to_timestamp_type to_timestamptz_type", "date time timestamp timestamptz bigint text", ""),
            ("getdaysbetween getmonthsbetween", "date timestamp timestamptz", ", cast(now() as date)"),
            ("subtract max_of min_of", "date", ", date '2024-01-01'"),
            ("subtract max_of min_of", "timestamp", ", timestamp '2024-01-01'"),
            ("subtract max_of min_of", "time", ", time '10:00'"),
        )
        for name in names.split()
        for kind in kinds.split()
    ]
    expressions += [
        f"vql.{name}({arguments})"
        for name in ("to_localdate", "to_time", "to_timestamp", "to_timestamptz", "to_date")
        for arguments in (
            "null, '2024'",
            "'yyyy', null",
            "'yyyy', null, 'fr'",
            "'yyyy', '2024', cast(null as text)",
        )
    ]
    expressions += [
        "vql.addday(null, 1)",
        "vql.addday(date '2024-01-01', null)",
        "vql.trunc(date '2024-01-01', null)",
    ]
    expressions += [
        f"vql.formatdate({arguments})" for arguments in ("null, now()", "'yyyy', null", "'yyyy', null, 'fr'")
    ]
    row = connection.execute(f"select {', '.join(f'({e}) is null' for e in expressions)}").fetchone()
    assert [e for e, null in zip(expressions, row, strict=True) if not null] == []


def test_the_i18n_of_the_session_rules_weeks_and_names(connection: psycopg.Connection) -> None:
    sunday = "date '2013-01-06'"
    asked = (
        f"array[cast(vql.getdayofweek({sunday}) as text), cast(vql.firstdayofweek({sunday}) as text),"
        f" cast(vql.lastdayofweek({sunday}) as text), cast(vql.trunc({sunday}, 'D') as text),"
        f" vql.formatdate('EEEE w', {sunday})]"
    )
    assert value(connection, asked) == '{7,2012-12-31,2013-01-06,2012-12-31,"Sunday 1"}'
    try:
        connection.execute("set vql.i18n = 'us_pst'")
        assert value(connection, asked) == '{1,2013-01-06,2013-01-12,2013-01-06,"Sunday 2"}'
        connection.execute("set vql.i18n = 'fr'")
        assert value(connection, asked) == '{7,2012-12-31,2013-01-06,2012-12-31,"dimanche 1"}'
        assert value(connection, "vql.to_localdate('d MMMM yyyy', '6 janvier 2013')") == "2013-01-06"
    finally:
        connection.execute("reset vql.i18n")
    assert value(connection, f"vql.getdayofweek({sunday}, 'US_PST')") == "1"
    assert value(connection, f"vql.getdayofweek({sunday}, 'ES_EURO')") == "7"


def test_a_zone_in_the_text_moves_the_local_values_to_the_zone_of_the_session(
    connection: psycopg.Connection,
) -> None:
    text = "'yyyy-MM-dd HH:mm XXX', '2018-07-15 23:30 +00:00'"
    assert value(connection, f"vql.to_timestamp({text})") == "2018-07-16 01:30:00"
    assert value(connection, f"vql.to_localdate({text})") == "2018-07-16"
    assert value(connection, f"vql.to_time({text})") == "01:30:00"
    try:
        connection.execute("set time zone 'America/New_York'")
        assert value(connection, f"vql.to_timestamp({text})") == "2018-07-15 19:30:00"
        assert value(connection, "vql.formatdate('HH zzzz X', timestamp '2018-07-15 10:00')") == (
            "10 Eastern Daylight Time -04"
        )
    finally:
        connection.execute("set time zone 'Europe/Brussels'")


def test_an_hour_is_cut_off_in_the_night_that_has_it_twice(connection: psycopg.Connection) -> None:
    second = "timestamptz '2024-10-27 02:30:00+01'"
    assert value(connection, f"vql.trunc({second}, 'HH24')") == "2024-10-27 02:00:00+01"
    assert value(connection, f"vql.trunc({second}, 'DD')") == "2024-10-27 00:00:00+02"
    assert value(connection, f"vql.addhour({second}, -1)") == "2024-10-27 02:30:00+02"


def test_a_year_of_two_digits_lies_between_80_years_ago_and_20_years_ahead(
    connection: psycopg.Connection,
) -> None:
    for years in (-79, -1, 0, 19):
        day = value(connection, f"current_date + {years} * interval '1 year'")[:10]
        day = day.replace("-02-29", "-02-28")
        short = value(connection, f"vql.formatdate('yy-MM-dd', date '{day}')")
        assert value(connection, f"vql.to_localdate('yy-MM-dd', '{short}')") == day


def test_a_time_becomes_a_timestamp_of_today(connection: psycopg.Connection) -> None:
    assert (
        value(connection, "vql.to_timestamp_type(time '21:45:01') = current_date + time '21:45:01'") == "true"
    )
    assert value(connection, "vql.to_localdate(vql.now()) = vql.current_date()") == "true"
    assert value(connection, "vql.current_timestamp() = vql.now()") == "true"


def test_intervals_keep_the_type_of_the_datetime(connection: psycopg.Connection) -> None:
    assert value(connection, "vql.add(date '2024-01-31', interval '1' month)") == "2024-02-29"
    assert value(
        connection, "vql.subtract(timestamp '2024-01-01 00:00', interval '10:22' minute to second)"
    ) == ("2023-12-31 23:49:38")
    assert value(connection, "vql.getday(interval '4 5:12:10.222' day to second)") == "4"
    assert value(connection, "vql.getmillisecond(interval '4 5:12:10.222' day to second)") == "222"
    assert value(connection, "vql.getyear(interval '145-11' year to month)") == "145"
    assert value(connection, "vql.getmonth(vql.addmonth(interval '145-11' year to month, 1))") == "0"


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("vql.to_localdate('yyyy-MM-dd', to_char(moment, 'YYYY-MM-DD'))", 3),
        ("vql.to_localdate('dd/MM/yyyy', to_char(moment, 'DD/MM/YYYY'))", 3),
        ("vql.to_timestamp('yyyyMMdd HH:mm:ss', to_char(moment, 'YYYYMMDD HH24:MI:SS'))", 3),
        ("vql.formatdate('yyyy-MM-dd', moment)", 3),
        ("vql.addmonth(vql.firstdayofmonth(moment), 1)", 3),
        ("vql.trunc(moment, 'MM')", 3),
    ],
)
def test_a_hundred_thousand_rows_take_little_time(
    connection: psycopg.Connection, expression: str, seconds: float
) -> None:
    hours = (
        "select timestamp '2000-01-01' + n * interval '1 hour' as moment from generate_series(1, 100000) as n"
    )
    best = float("inf")
    for _ in range(2):
        start = time.perf_counter()
        counted = connection.execute(f"select count({expression}) from ({hours}) as rows").fetchone()[0]
        best = min(best, time.perf_counter() - start)
    assert counted == 100_000
    assert best < seconds


def test_a_constant_pattern_is_worked_out_when_the_query_is_planned(connection: psycopg.Connection) -> None:
    rows = connection.execute(
        "explain verbose select vql.to_localdate('dd/MM/yyyy', trim(v)), vql.formatdate('dd/MM/yyyy', d)"
        " from (values ('01/02/2024', now())) as rows (v, d) offset 0"
    ).fetchall()
    plan = "\n".join(row[0] for row in rows)
    assert "pattern_tokens" not in plan
    assert "pattern_shape" not in plan


LANGUAGES = ["en", "fr", "de", "es", "it", "nl", "pt"]
PATTERNS = [
    "EEEE d MMMM yyyy HH:mm",
    "EEE dd MMM yyyy hh:mm a",
    "YYYY ww u kk:mm",
    "yyyy DDD K:m a",
    "G d/M/yy H''h''mm",
]


def test_what_a_pattern_writes_it_reads_again(connection: psycopg.Connection) -> None:
    different = [
        (pattern, language, row)
        for pattern in PATTERNS
        for language in LANGUAGES
        for row in connection.execute(
            f"select moment, vql.formatdate('{pattern}', moment, '{language}')"
            " from (select timestamp '2012-12-20 00:00' + n * interval '25 hours 7 minutes' as moment"
            " from generate_series(1, 400) as n) as rows"
            f" where moment <> vql.to_timestamp("
            f"'{pattern}', vql.formatdate('{pattern}', moment, '{language}'), '{language}')"
        ).fetchall()
    ]
    assert different == []
