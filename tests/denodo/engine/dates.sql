-- Datetime functions of documented VQL, in schema `vql`: all but those which read or write a pattern (dates_patterns.sql).
-- Source: Denodo 7.0 manual, pages date_processing_functions, arithmetic_functions (SUBTRACT, MAX, MIN),
-- type_conversion_functions (CAST) and data_types_for_dates_timestamps_and_intervals.
--
-- VQL type -> PostgreSQL type: localdate date, time time, timestamp timestamp, timestamptz and the deprecated date
-- timestamptz, intervaldaysecond and intervalyearmonth interval. A timestamptz has no displacement of its own here: its
-- fields are those of the session's time zone, which stands for the zone of the server's i18n; such functions are stable.
--
-- What depends on the i18n (first day of the week, language) takes it from, in this order: the last argument, where
-- there is one (`vql.getdayofweek(x, 'us_pst')`, the form for CONTEXT ('i18n' = 'us_pst')); the setting `vql.i18n` of
-- the session; otherwise English names and weeks that begin on Monday.

-- Raises a message; declared as text so that it may stand in an expression.
create or replace function vql.date_error(message text) returns text
language plpgsql immutable parallel safe as $$
begin
    raise exception using message = message, errcode = 'invalid_datetime_format';
end
$$;

-- ---------------------------------------------------------------------------------------------------------- i18n maps

-- The language of an i18n map ('us_pst', 'es_euro', 'gb', 'de') or of a Java language or locale ('fr', 'nl_BE').
create or replace function vql.i18n_language(i18n text) returns text
language plpgsql immutable strict parallel safe as $$
declare
    prefix text := split_part(replace(lower(i18n), '-', '_'), '_', 1);
begin
    return case
        when prefix in ('en', 'us', 'gb', 'uk', 'ie', 'au', 'nz', 'ca') then 'en'
        when prefix in ('fr', 'be', 'lu', 'mc') then 'fr'
        when prefix in ('de', 'at', 'ch', 'li') then 'de'
        when prefix in ('es', 'mx', 'ar', 'cl', 'co', 'pe', 've', 'uy') then 'es'
        when prefix in ('it', 'sm') then 'it'
        when prefix = 'nl' then 'nl'
        when prefix in ('pt', 'br') then 'pt'
        else vql.date_error(format('i18n « %s » inconnue : langues connues en, fr, de, es, it, nl, pt '
            'et i18n de leurs pays (us_pst, gb, es_euro, …)', i18n))
    end;
end
$$;

-- First day of the week of an i18n map: 0 for Sunday, 1 for Monday.
create or replace function vql.week_start(i18n text) returns integer
language sql immutable strict parallel safe as $$
    select case
        when replace(lower(i18n), '-', '_') ~ '^((en|es|fr|pt)_)?(us|ca|mx|br)(_|$)' then 0
        when vql.i18n_language(i18n) is not null then 1
    end
$$;

-- The i18n of the session: setting `vql.i18n`, otherwise English names and Monday.
create or replace function vql.session_i18n() returns text
language sql stable parallel safe as $$
    select coalesce(nullif(current_setting('vql.i18n', true), ''), 'en')
$$;

-- ------------------------------------------------------------------------------------------------------ adding amounts

create or replace function vql.addday(value date, increment bigint) returns date
language sql immutable strict parallel safe as $$ select value + cast(increment as integer) $$;
create or replace function vql.addday(value timestamp, increment bigint) returns timestamp
language sql immutable strict parallel safe as $$ select value + increment * interval '1 day' $$;
create or replace function vql.addday(value timestamptz, increment bigint) returns timestamptz
language sql stable strict parallel safe as $$ select value + increment * interval '1 day' $$;
create or replace function vql.addday(value interval, increment bigint) returns interval
language sql immutable strict parallel safe as $$ select value + increment * interval '1 day' $$;

create or replace function vql.addweek(value date, increment bigint) returns date
language sql immutable strict parallel safe as $$ select value + cast(7 * increment as integer) $$;
create or replace function vql.addweek(value timestamp, increment bigint) returns timestamp
language sql immutable strict parallel safe as $$ select value + increment * interval '7 days' $$;
create or replace function vql.addweek(value timestamptz, increment bigint) returns timestamptz
language sql stable strict parallel safe as $$ select value + increment * interval '7 days' $$;
create or replace function vql.addweek(value interval, increment bigint) returns interval
language sql immutable strict parallel safe as $$ select value + increment * interval '7 days' $$;

-- Months and years: a day which the month lacks becomes its last day (31 January + 1 month = 28 or 29 February).
create or replace function vql.addmonth(value date, increment bigint) returns date
language sql immutable strict parallel safe as $$ select cast(value + increment * interval '1 month' as date) $$;
create or replace function vql.addmonth(value timestamp, increment bigint) returns timestamp
language sql immutable strict parallel safe as $$ select value + increment * interval '1 month' $$;
create or replace function vql.addmonth(value timestamptz, increment bigint) returns timestamptz
language sql stable strict parallel safe as $$ select value + increment * interval '1 month' $$;
create or replace function vql.addmonth(value interval, increment bigint) returns interval
language sql immutable strict parallel safe as $$ select value + increment * interval '1 month' $$;

create or replace function vql.addyear(value date, increment bigint) returns date
language sql immutable strict parallel safe as $$ select cast(value + increment * interval '1 year' as date) $$;
create or replace function vql.addyear(value timestamp, increment bigint) returns timestamp
language sql immutable strict parallel safe as $$ select value + increment * interval '1 year' $$;
create or replace function vql.addyear(value timestamptz, increment bigint) returns timestamptz
language sql stable strict parallel safe as $$ select value + increment * interval '1 year' $$;
create or replace function vql.addyear(value interval, increment bigint) returns interval
language sql immutable strict parallel safe as $$ select value + increment * interval '1 year' $$;

-- Hours, minutes and seconds: a time goes round at midnight; a localdate has none of them.
create or replace function vql.addhour(value time, increment bigint) returns time
language sql immutable strict parallel safe as $$ select value + increment * interval '1 hour' $$;
create or replace function vql.addhour(value timestamp, increment bigint) returns timestamp
language sql immutable strict parallel safe as $$ select value + increment * interval '1 hour' $$;
create or replace function vql.addhour(value timestamptz, increment bigint) returns timestamptz
language sql stable strict parallel safe as $$ select value + increment * interval '1 hour' $$;
create or replace function vql.addhour(value interval, increment bigint) returns interval
language sql immutable strict parallel safe as $$ select value + increment * interval '1 hour' $$;

create or replace function vql.addminute(value time, increment bigint) returns time
language sql immutable strict parallel safe as $$ select value + increment * interval '1 minute' $$;
create or replace function vql.addminute(value timestamp, increment bigint) returns timestamp
language sql immutable strict parallel safe as $$ select value + increment * interval '1 minute' $$;
create or replace function vql.addminute(value timestamptz, increment bigint) returns timestamptz
language sql stable strict parallel safe as $$ select value + increment * interval '1 minute' $$;
create or replace function vql.addminute(value interval, increment bigint) returns interval
language sql immutable strict parallel safe as $$ select value + increment * interval '1 minute' $$;

create or replace function vql.addsecond(value time, increment bigint) returns time
language sql immutable strict parallel safe as $$ select value + increment * interval '1 second' $$;
create or replace function vql.addsecond(value timestamp, increment bigint) returns timestamp
language sql immutable strict parallel safe as $$ select value + increment * interval '1 second' $$;
create or replace function vql.addsecond(value timestamptz, increment bigint) returns timestamptz
language sql stable strict parallel safe as $$ select value + increment * interval '1 second' $$;
create or replace function vql.addsecond(value interval, increment bigint) returns interval
language sql immutable strict parallel safe as $$ select value + increment * interval '1 second' $$;

-- --------------------------------------------------------------------------------------------------------- this moment

create or replace function vql.now() returns timestamptz
language sql stable parallel safe as $$ select pg_catalog.now() $$;
create or replace function vql."current_timestamp"() returns timestamptz
language sql stable parallel safe as $$ select current_timestamp $$;
create or replace function vql."current_date"() returns date
language sql stable parallel safe as $$ select current_date $$;

-- -------------------------------------------------------------------------------------------------------------- fields
-- All are long. EXTRACT(f FROM x) is GETYEAR, GETMONTH, … ; WEEK is GETWEEK, DOY is GETDAYOFYEAR, DOW is vql.getdow.

create or replace function vql.getyear(value date) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(year from value) as bigint) $$;
create or replace function vql.getyear(value timestamp) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(year from value) as bigint) $$;
create or replace function vql.getyear(value timestamptz) returns bigint
language sql stable strict parallel safe as $$ select cast(extract(year from value) as bigint) $$;
create or replace function vql.getyear(value interval) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(year from value) as bigint) $$;

create or replace function vql.getquarter(value date) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(quarter from value) as bigint) $$;
create or replace function vql.getquarter(value timestamp) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(quarter from value) as bigint) $$;
create or replace function vql.getquarter(value timestamptz) returns bigint
language sql stable strict parallel safe as $$ select cast(extract(quarter from value) as bigint) $$;

create or replace function vql.getmonth(value date) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(month from value) as bigint) $$;
create or replace function vql.getmonth(value timestamp) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(month from value) as bigint) $$;
create or replace function vql.getmonth(value timestamptz) returns bigint
language sql stable strict parallel safe as $$ select cast(extract(month from value) as bigint) $$;
create or replace function vql.getmonth(value interval) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(month from value) as bigint) $$;

-- ISO 8601: week 1 is the first with at least four days in the year.
create or replace function vql.getweek(value date) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(week from value) as bigint) $$;
create or replace function vql.getweek(value timestamp) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(week from value) as bigint) $$;
create or replace function vql.getweek(value timestamptz) returns bigint
language sql stable strict parallel safe as $$ select cast(extract(week from value) as bigint) $$;

create or replace function vql.getday(value date) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(day from value) as bigint) $$;
create or replace function vql.getday(value timestamp) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(day from value) as bigint) $$;
create or replace function vql.getday(value timestamptz) returns bigint
language sql stable strict parallel safe as $$ select cast(extract(day from value) as bigint) $$;
create or replace function vql.getday(value interval) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(day from value) as bigint) $$;

create or replace function vql.getdayofyear(value date) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(doy from value) as bigint) $$;
create or replace function vql.getdayofyear(value timestamp) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(doy from value) as bigint) $$;
create or replace function vql.getdayofyear(value timestamptz) returns bigint
language sql stable strict parallel safe as $$ select cast(extract(doy from value) as bigint) $$;

-- EXTRACT(DOW FROM x): Sunday is 0, whatever the i18n.
create or replace function vql.getdow(value date) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(dow from value) as bigint) $$;
create or replace function vql.getdow(value timestamp) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(dow from value) as bigint) $$;
create or replace function vql.getdow(value timestamptz) returns bigint
language sql stable strict parallel safe as $$ select cast(extract(dow from value) as bigint) $$;

-- 1 is the first day of the week of the i18n: Sunday for us_pst, Monday for es_euro.
create or replace function vql.getdayofweek(value date, i18n text) returns bigint
language sql immutable strict parallel safe as $$
    select cast((extract(dow from value) - vql.week_start(i18n) + 7) % 7 + 1 as bigint)
$$;
create or replace function vql.getdayofweek(value timestamp, i18n text) returns bigint
language sql immutable strict parallel safe as $$
    select cast((extract(dow from value) - vql.week_start(i18n) + 7) % 7 + 1 as bigint)
$$;
create or replace function vql.getdayofweek(value timestamptz, i18n text) returns bigint
language sql stable strict parallel safe as $$
    select cast((extract(dow from value) - vql.week_start(i18n) + 7) % 7 + 1 as bigint)
$$;
create or replace function vql.getdayofweek(value date) returns bigint
language sql stable parallel safe as $$ select vql.getdayofweek(value, vql.session_i18n()) $$;
create or replace function vql.getdayofweek(value timestamp) returns bigint
language sql stable parallel safe as $$ select vql.getdayofweek(value, vql.session_i18n()) $$;
create or replace function vql.getdayofweek(value timestamptz) returns bigint
language sql stable parallel safe as $$ select vql.getdayofweek(value, vql.session_i18n()) $$;

create or replace function vql.gethour(value time) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(hour from value) as bigint) $$;
create or replace function vql.gethour(value timestamp) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(hour from value) as bigint) $$;
create or replace function vql.gethour(value timestamptz) returns bigint
language sql stable strict parallel safe as $$ select cast(extract(hour from value) as bigint) $$;
create or replace function vql.gethour(value interval) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(hour from value) as bigint) $$;

create or replace function vql.getminute(value time) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(minute from value) as bigint) $$;
create or replace function vql.getminute(value timestamp) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(minute from value) as bigint) $$;
create or replace function vql.getminute(value timestamptz) returns bigint
language sql stable strict parallel safe as $$ select cast(extract(minute from value) as bigint) $$;
create or replace function vql.getminute(value interval) returns bigint
language sql immutable strict parallel safe as $$ select cast(extract(minute from value) as bigint) $$;

-- Whole seconds; what is below a second is GETMILLISECOND's.
create or replace function vql.getsecond(value time) returns bigint
language sql immutable strict parallel safe as $$ select cast(trunc(extract(second from value)) as bigint) $$;
create or replace function vql.getsecond(value timestamp) returns bigint
language sql immutable strict parallel safe as $$ select cast(trunc(extract(second from value)) as bigint) $$;
create or replace function vql.getsecond(value timestamptz) returns bigint
language sql stable strict parallel safe as $$ select cast(trunc(extract(second from value)) as bigint) $$;
create or replace function vql.getsecond(value interval) returns bigint
language sql immutable strict parallel safe as $$ select cast(trunc(extract(second from value)) as bigint) $$;

-- Milliseconds without the seconds: 0 to 999.
create or replace function vql.getmillisecond(value time) returns bigint
language sql immutable strict parallel safe as $$ select cast(trunc(extract(millisecond from value)) % 1000 as bigint) $$;
create or replace function vql.getmillisecond(value timestamp) returns bigint
language sql immutable strict parallel safe as $$ select cast(trunc(extract(millisecond from value)) % 1000 as bigint) $$;
create or replace function vql.getmillisecond(value timestamptz) returns bigint
language sql stable strict parallel safe as $$ select cast(trunc(extract(millisecond from value)) % 1000 as bigint) $$;
create or replace function vql.getmillisecond(value interval) returns bigint
language sql immutable strict parallel safe as $$ select cast(trunc(extract(millisecond from value)) % 1000 as bigint) $$;

-- Milliseconds since 1970-01-01 00:00 GMT; a value without a zone is taken in the session's zone.
create or replace function vql.gettimeinmillis(value timestamptz) returns bigint
language sql immutable strict parallel safe as $$ select cast(floor(extract(epoch from value) * 1000) as bigint) $$;
create or replace function vql.gettimeinmillis(value timestamp) returns bigint
language sql stable strict parallel safe as $$ select vql.gettimeinmillis(cast(value as timestamptz)) $$;
create or replace function vql.gettimeinmillis(value date) returns bigint
language sql stable strict parallel safe as $$ select vql.gettimeinmillis(cast(value as timestamptz)) $$;

-- --------------------------------------------------------------------------------------------------------- differences

-- Calendar days from the first value to the second, whatever their times of day.
create or replace function vql.getdaysbetween(value_1 date, value_2 date) returns bigint
language sql immutable strict parallel safe as $$ select cast(value_2 - value_1 as bigint) $$;
create or replace function vql.getdaysbetween(value_1 timestamp, value_2 timestamp) returns bigint
language sql immutable strict parallel safe as $$ select cast(cast(value_2 as date) - cast(value_1 as date) as bigint) $$;
create or replace function vql.getdaysbetween(value_1 timestamptz, value_2 timestamptz) returns bigint
language sql stable strict parallel safe as $$ select cast(cast(value_2 as date) - cast(value_1 as date) as bigint) $$;

-- Calendar months from the first value to the second: 0 within one month, as the manual says of "the same month".
-- Its examples (1 January to 31 December = 11) do not tell this from elapsed months; portable SQL avoids the function.
create or replace function vql.getmonthsbetween(value_1 date, value_2 date) returns bigint
language sql immutable strict parallel safe as $$
    select 12 * (vql.getyear(value_2) - vql.getyear(value_1)) + vql.getmonth(value_2) - vql.getmonth(value_1)
$$;
create or replace function vql.getmonthsbetween(value_1 timestamp, value_2 timestamp) returns bigint
language sql immutable strict parallel safe as $$
    select 12 * (vql.getyear(value_2) - vql.getyear(value_1)) + vql.getmonth(value_2) - vql.getmonth(value_1)
$$;
create or replace function vql.getmonthsbetween(value_1 timestamptz, value_2 timestamptz) returns bigint
language sql stable strict parallel safe as $$
    select 12 * (vql.getyear(value_2) - vql.getyear(value_1)) + vql.getmonth(value_2) - vql.getmonth(value_1)
$$;

-- SUBTRACT and `-`: whole calendar days; milliseconds for two values of type time.
create or replace function vql.subtract(value_1 date, value_2 date) returns bigint
language sql immutable strict parallel safe as $$ select cast(value_1 - value_2 as bigint) $$;
create or replace function vql.subtract(value_1 timestamp, value_2 timestamp) returns bigint
language sql immutable strict parallel safe as $$ select cast(cast(value_1 as date) - cast(value_2 as date) as bigint) $$;
create or replace function vql.subtract(value_1 timestamptz, value_2 timestamptz) returns bigint
language sql stable strict parallel safe as $$ select cast(cast(value_1 as date) - cast(value_2 as date) as bigint) $$;
create or replace function vql.subtract(value_1 time, value_2 time) returns bigint
language sql immutable strict parallel safe as $$
    select cast(trunc(extract(epoch from value_1 - value_2) * 1000) as bigint)
$$;

-- ----------------------------------------------------------------------------------------- datetimes with intervals
-- datetime + interval and datetime - interval keep the datetime's type; a localdate takes no hours.

create or replace function vql.add(value_1 date, value_2 interval) returns date
language plpgsql immutable strict parallel safe as $$
begin
    if extract(hour from value_2) <> 0 or extract(minute from value_2) <> 0 or extract(second from value_2) <> 0 then
        perform vql.date_error(format(
            'une localdate n''a pas d''heure : l''intervalle « %s » ne s''y ajoute pas ; convertissez-la en timestamp', value_2
        ));
    end if;
    return cast(value_1 + value_2 as date);
end
$$;
create or replace function vql.add(value_1 timestamp, value_2 interval) returns timestamp
language sql immutable strict parallel safe as $$ select value_1 + value_2 $$;
create or replace function vql.add(value_1 timestamptz, value_2 interval) returns timestamptz
language sql stable strict parallel safe as $$ select value_1 + value_2 $$;
create or replace function vql.add(value_1 time, value_2 interval) returns time
language sql immutable strict parallel safe as $$ select value_1 + value_2 $$;
create or replace function vql.add(value_1 interval, value_2 interval) returns interval
language sql immutable strict parallel safe as $$ select value_1 + value_2 $$;
create or replace function vql.add(value_1 interval, value_2 date) returns date
language sql immutable strict parallel safe as $$ select vql.add(value_2, value_1) $$;
create or replace function vql.add(value_1 interval, value_2 timestamp) returns timestamp
language sql immutable strict parallel safe as $$ select value_2 + value_1 $$;
create or replace function vql.add(value_1 interval, value_2 timestamptz) returns timestamptz
language sql stable strict parallel safe as $$ select value_2 + value_1 $$;
create or replace function vql.add(value_1 interval, value_2 time) returns time
language sql immutable strict parallel safe as $$ select value_2 + value_1 $$;

create or replace function vql.subtract(value_1 date, value_2 interval) returns date
language sql immutable strict parallel safe as $$ select vql.add(value_1, - value_2) $$;
create or replace function vql.subtract(value_1 timestamp, value_2 interval) returns timestamp
language sql immutable strict parallel safe as $$ select value_1 - value_2 $$;
create or replace function vql.subtract(value_1 timestamptz, value_2 interval) returns timestamptz
language sql stable strict parallel safe as $$ select value_1 - value_2 $$;
create or replace function vql.subtract(value_1 time, value_2 interval) returns time
language sql immutable strict parallel safe as $$ select value_1 - value_2 $$;
create or replace function vql.subtract(value_1 interval, value_2 interval) returns interval
language sql immutable strict parallel safe as $$ select value_1 - value_2 $$;

create or replace function vql.mult(value_1 interval, value_2 bigint) returns interval
language sql immutable strict parallel safe as $$ select value_1 * value_2 $$;
create or replace function vql.mult(value_1 bigint, value_2 interval) returns interval
language sql immutable strict parallel safe as $$ select value_1 * value_2 $$;
create or replace function vql.div(value_1 interval, value_2 bigint) returns interval
language sql immutable strict parallel safe as $$ select value_1 / value_2 $$;

-- -------------------------------------------------------------------------------------------------- days to stand on
-- All keep the time of day. Weeks begin on Monday unless the i18n says Sunday.

create or replace function vql.firstdayofmonth(value date) returns date
language sql immutable strict parallel safe as $$ select value - cast(extract(day from value) as integer) + 1 $$;
create or replace function vql.firstdayofmonth(value timestamp) returns timestamp
language sql immutable strict parallel safe as $$ select value - (vql.getday(value) - 1) * interval '1 day' $$;
create or replace function vql.firstdayofmonth(value timestamptz) returns timestamptz
language sql stable strict parallel safe as $$ select cast(vql.firstdayofmonth(cast(value as timestamp)) as timestamptz) $$;

create or replace function vql.lastdayofmonth(value date) returns date
language sql immutable strict parallel safe as $$ select cast(vql.firstdayofmonth(value) + interval '1 month' as date) - 1 $$;
create or replace function vql.lastdayofmonth(value timestamp) returns timestamp
language sql immutable strict parallel safe as $$
    select vql.firstdayofmonth(value) + interval '1 month' - interval '1 day'
$$;
create or replace function vql.lastdayofmonth(value timestamptz) returns timestamptz
language sql stable strict parallel safe as $$ select cast(vql.lastdayofmonth(cast(value as timestamp)) as timestamptz) $$;

create or replace function vql.firstdayofweek(value date, i18n text) returns date
language sql immutable strict parallel safe as $$
    select value - cast(vql.getdayofweek(value, i18n) as integer) + 1
$$;
create or replace function vql.firstdayofweek(value timestamp, i18n text) returns timestamp
language sql immutable strict parallel safe as $$
    select value - (vql.getdayofweek(value, i18n) - 1) * interval '1 day'
$$;
create or replace function vql.firstdayofweek(value timestamptz, i18n text) returns timestamptz
language sql stable strict parallel safe as $$
    select value - (vql.getdayofweek(value, i18n) - 1) * interval '1 day'
$$;
create or replace function vql.firstdayofweek(value date) returns date
language sql stable parallel safe as $$ select vql.firstdayofweek(value, vql.session_i18n()) $$;
create or replace function vql.firstdayofweek(value timestamp) returns timestamp
language sql stable parallel safe as $$ select vql.firstdayofweek(value, vql.session_i18n()) $$;
create or replace function vql.firstdayofweek(value timestamptz) returns timestamptz
language sql stable parallel safe as $$ select vql.firstdayofweek(value, vql.session_i18n()) $$;

create or replace function vql.lastdayofweek(value date, i18n text) returns date
language sql immutable strict parallel safe as $$
    select value - cast(vql.getdayofweek(value, i18n) as integer) + 7
$$;
create or replace function vql.lastdayofweek(value timestamp, i18n text) returns timestamp
language sql immutable strict parallel safe as $$
    select value + (7 - vql.getdayofweek(value, i18n)) * interval '1 day'
$$;
create or replace function vql.lastdayofweek(value timestamptz, i18n text) returns timestamptz
language sql stable strict parallel safe as $$
    select value + (7 - vql.getdayofweek(value, i18n)) * interval '1 day'
$$;
create or replace function vql.lastdayofweek(value date) returns date
language sql stable parallel safe as $$ select vql.lastdayofweek(value, vql.session_i18n()) $$;
create or replace function vql.lastdayofweek(value timestamp) returns timestamp
language sql stable parallel safe as $$ select vql.lastdayofweek(value, vql.session_i18n()) $$;
create or replace function vql.lastdayofweek(value timestamptz) returns timestamptz
language sql stable parallel safe as $$ select vql.lastdayofweek(value, vql.session_i18n()) $$;

-- NEXTWEEKDAY and PREVIOUSWEEKDAY: Sunday is 0, Saturday 6; the day itself gives that of the week after or before.
create or replace function vql.check_week_day(week_day bigint) returns bigint
language plpgsql immutable strict parallel safe as $$
begin
    if week_day not between 0 and 6 then
        perform vql.date_error(format(
            'jour de semaine %s inconnu : NEXTWEEKDAY et PREVIOUSWEEKDAY comptent de 0 (dimanche) à 6 (samedi)', week_day
        ));
    end if;
    return week_day;
end
$$;

create or replace function vql.nextweekday(value date, week_day bigint) returns date
language sql immutable strict parallel safe as $$
    select value + cast((vql.check_week_day(week_day) - vql.getdow(value) + 6) % 7 + 1 as integer)
$$;
create or replace function vql.nextweekday(value timestamp, week_day bigint) returns timestamp
language sql immutable strict parallel safe as $$
    select value + ((vql.check_week_day(week_day) - vql.getdow(value) + 6) % 7 + 1) * interval '1 day'
$$;
create or replace function vql.nextweekday(value timestamptz, week_day bigint) returns timestamptz
language sql stable strict parallel safe as $$
    select value + ((vql.check_week_day(week_day) - vql.getdow(value) + 6) % 7 + 1) * interval '1 day'
$$;

create or replace function vql.previousweekday(value date, week_day bigint) returns date
language sql immutable strict parallel safe as $$
    select value - cast((vql.getdow(value) - vql.check_week_day(week_day) + 6) % 7 + 1 as integer)
$$;
create or replace function vql.previousweekday(value timestamp, week_day bigint) returns timestamp
language sql immutable strict parallel safe as $$
    select value - ((vql.getdow(value) - vql.check_week_day(week_day) + 6) % 7 + 1) * interval '1 day'
$$;
create or replace function vql.previousweekday(value timestamptz, week_day bigint) returns timestamptz
language sql stable strict parallel safe as $$
    select value - ((vql.getdow(value) - vql.check_week_day(week_day) + 6) % 7 + 1) * interval '1 day'
$$;

-- --------------------------------------------------------------------------------------------------------------- TRUNC
-- The patterns of Oracle's TRUNC(date), upper or lower case. DAY, DY and D go to the first day of the week of the i18n,
-- IW to the Monday; seconds cannot be asked for.

create or replace function vql.trunc(value timestamp, pattern text, i18n text) returns timestamp
language plpgsql immutable strict parallel safe as $$
declare
    unit text := upper(pattern);
    day timestamp := date_trunc('day', value);
begin
    return case
        when unit in ('DDD', 'DD', 'J') then day
        when unit in ('MONTH', 'MON', 'MM', 'RM') then date_trunc('month', value)
        when unit in ('SYYYY', 'YYYY', 'YEAR', 'SYEAR', 'YYY', 'YY', 'Y') then date_trunc('year', value)
        when unit = 'Q' then date_trunc('quarter', value)
        when unit = 'IW' then date_trunc('week', value)
        when unit in ('IYYY', 'IYY', 'IY', 'I')
            then date_trunc('week', value) - (extract(week from value) - 1) * interval '7 days'
        when unit = 'WW' then day - (extract(doy from value) - 1) % 7 * interval '1 day'
        when unit = 'W' then day - (extract(day from value) - 1) % 7 * interval '1 day'
        when unit in ('DAY', 'DY', 'D') then vql.firstdayofweek(day, i18n)
        when unit in ('HH', 'HH12', 'HH24') then date_trunc('hour', value)
        when unit = 'MI' then date_trunc('minute', value)
        when unit in ('CC', 'SCC') then date_trunc('century', value)
        else cast(vql.date_error(format('TRUNC ne connaît pas le modèle « %s » : modèles documentés CC, SCC, SYYYY, YYYY, '
            'YEAR, SYEAR, YYY, YY, Y, IYYY, IYY, IY, I, Q, MONTH, MON, MM, RM, WW, IW, W, DDD, DD, J, DAY, DY, D, HH, '
            'HH12, HH24, MI', pattern)) as timestamp)
    end;
end
$$;
create or replace function vql.trunc(value timestamp, pattern text) returns timestamp
language sql stable parallel safe as $$ select vql.trunc(value, pattern, vql.session_i18n()) $$;
create or replace function vql.trunc(value timestamp) returns timestamp
language sql immutable strict parallel safe as $$ select date_trunc('day', value) $$;

-- An hour or a minute is cut off on the instant itself: its local time may occur twice, in the night clocks go back.
create or replace function vql.trunc(value timestamptz, pattern text, i18n text) returns timestamptz
language sql stable strict parallel safe as $$
    select case upper(pattern)
        when 'HH' then date_trunc('hour', value)
        when 'HH12' then date_trunc('hour', value)
        when 'HH24' then date_trunc('hour', value)
        when 'MI' then date_trunc('minute', value)
        else cast(vql.trunc(cast(value as timestamp), pattern, i18n) as timestamptz)
    end
$$;
create or replace function vql.trunc(value timestamptz, pattern text) returns timestamptz
language sql stable parallel safe as $$ select vql.trunc(value, pattern, vql.session_i18n()) $$;
create or replace function vql.trunc(value timestamptz) returns timestamptz
language sql stable strict parallel safe as $$ select date_trunc('day', value) $$;

create or replace function vql.trunc(value date, pattern text, i18n text) returns date
language sql immutable strict parallel safe as $$
    select cast(vql.trunc(cast(value as timestamp), pattern, i18n) as date)
$$;
create or replace function vql.trunc(value date, pattern text) returns date
language sql stable parallel safe as $$ select vql.trunc(value, pattern, vql.session_i18n()) $$;
create or replace function vql.trunc(value date) returns date
language sql immutable strict parallel safe as $$ select value + 0 $$;

-- A time cut off at the day, or at any longer unit, is midnight.
create or replace function vql.trunc(value time, pattern text) returns time
language sql immutable strict parallel safe as $$
    select cast(vql.trunc(timestamp '1970-01-01' + value, pattern, 'en') as time)
$$;
create or replace function vql.trunc(value time) returns time
language sql immutable strict parallel safe as $$ select value - cast(value as interval) $$;

-- ---------------------------------------------------------------------------------------- MAX and MIN of several values
-- NULL as soon as one value is NULL. (Of one value, MAX and MIN are the aggregates.)

create or replace function vql.max_of(variadic items date[]) returns date
language sql immutable parallel safe as $$
    select case when array_position(items, null) is null then (select max(item) from unnest(items) as item) end
$$;
create or replace function vql.max_of(variadic items time[]) returns time
language sql immutable parallel safe as $$
    select case when array_position(items, null) is null then (select max(item) from unnest(items) as item) end
$$;
create or replace function vql.max_of(variadic items timestamp[]) returns timestamp
language sql immutable parallel safe as $$
    select case when array_position(items, null) is null then (select max(item) from unnest(items) as item) end
$$;
create or replace function vql.max_of(variadic items timestamptz[]) returns timestamptz
language sql immutable parallel safe as $$
    select case when array_position(items, null) is null then (select max(item) from unnest(items) as item) end
$$;
create or replace function vql.min_of(variadic items date[]) returns date
language sql immutable parallel safe as $$
    select case when array_position(items, null) is null then (select min(item) from unnest(items) as item) end
$$;
create or replace function vql.min_of(variadic items time[]) returns time
language sql immutable parallel safe as $$
    select case when array_position(items, null) is null then (select min(item) from unnest(items) as item) end
$$;
create or replace function vql.min_of(variadic items timestamp[]) returns timestamp
language sql immutable parallel safe as $$
    select case when array_position(items, null) is null then (select min(item) from unnest(items) as item) end
$$;
create or replace function vql.min_of(variadic items timestamptz[]) returns timestamptz
language sql immutable parallel safe as $$
    select case when array_position(items, null) is null then (select min(item) from unnest(items) as item) end
$$;

-- ---------------------------------------------------------------------------------------------------------------- CAST
-- Between datetimes, as the table "Datetime data type conversions": through timestamp in the session's zone; a time
-- becomes a timestamp of today. A text is read in the form of the literals: 2018-01-15, 21:45:59.999,
-- 2018-01-15 21:45:01.256 +02:00; digits beyond the microsecond are cut off. A long is read, as GETTIMEINMILLIS
-- writes it, in milliseconds since 1970-01-01 00:00 GMT.

-- A text in the form of a literal, ready for PostgreSQL; `kind` is the VQL type which the message names.
create or replace function vql.datetime_literal(value text, kind text) returns text
language plpgsql immutable strict parallel safe as $$
begin
    if kind = 'time' and value ~ '^\s*\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*$'
        or value ~ '^\s*\d{4}-\d{1,2}-\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?([+-]\d{2}(:?\d{2})?|Z))?)?\s*$' then
        return regexp_replace(value, '(\.\d{6})\d+', '\1');
    end if;
    return vql.date_error(format('le texte « %s » ne se lit pas comme %s : forme attendue %s', value, kind,
        case kind
            when 'localdate' then '2018-01-15'
            when 'time' then '21:45:59.999'
            when 'timestamp' then '2018-01-15 21:45:01.256'
            else '2018-01-15 21:45:01.256 +02:00'
        end));
end
$$;

create or replace function vql.from_milliseconds(value bigint) returns timestamptz
language sql immutable strict parallel safe as $$
    select timestamptz '1970-01-01 00:00:00+00' + value * interval '1 millisecond'
$$;

create or replace function vql.to_timestamptz_type(value timestamptz) returns timestamptz
language sql immutable parallel safe as $$ select value $$;
create or replace function vql.to_timestamptz_type(value timestamp) returns timestamptz
language sql stable strict parallel safe as $$ select cast(value as timestamptz) $$;
create or replace function vql.to_timestamptz_type(value date) returns timestamptz
language sql stable strict parallel safe as $$ select cast(value as timestamptz) $$;
create or replace function vql.to_timestamptz_type(value time) returns timestamptz
language sql stable strict parallel safe as $$ select cast(current_date + value as timestamptz) $$;
create or replace function vql.to_timestamptz_type(value bigint) returns timestamptz
language sql immutable strict parallel safe as $$ select vql.from_milliseconds(value) $$;
create or replace function vql.to_timestamptz_type(value text) returns timestamptz
language sql stable strict parallel safe as $$ select cast(vql.datetime_literal(value, 'timestamptz') as timestamptz) $$;

-- A text with a displacement is an instant, of which the timestamp is the local time.
create or replace function vql.to_timestamp_type(value timestamp) returns timestamp
language sql immutable parallel safe as $$ select value $$;
create or replace function vql.to_timestamp_type(value timestamptz) returns timestamp
language sql stable strict parallel safe as $$ select cast(value as timestamp) $$;
create or replace function vql.to_timestamp_type(value date) returns timestamp
language sql immutable strict parallel safe as $$ select cast(value as timestamp) $$;
create or replace function vql.to_timestamp_type(value time) returns timestamp
language sql stable strict parallel safe as $$ select current_date + value $$;
create or replace function vql.to_timestamp_type(value bigint) returns timestamp
language sql stable strict parallel safe as $$ select cast(vql.from_milliseconds(value) as timestamp) $$;
create or replace function vql.to_timestamp_type(value text) returns timestamp
language sql stable strict parallel safe as $$
    select case
        when value ~ '([+-]\d{2}(:?\d{2})?|Z)\s*$' and value like '%:%'
            then cast(cast(vql.datetime_literal(value, 'timestamp') as timestamptz) as timestamp)
        else cast(vql.datetime_literal(value, 'timestamp') as timestamp)
    end
$$;

create or replace function vql.to_localdate(value date) returns date
language sql immutable parallel safe as $$ select value $$;
create or replace function vql.to_localdate(value timestamp) returns date
language sql immutable strict parallel safe as $$ select cast(value as date) $$;
create or replace function vql.to_localdate(value timestamptz) returns date
language sql stable strict parallel safe as $$ select cast(value as date) $$;
create or replace function vql.to_localdate(value bigint) returns date
language sql stable strict parallel safe as $$ select cast(vql.from_milliseconds(value) as date) $$;
create or replace function vql.to_localdate(value text) returns date
language sql stable strict parallel safe as $$
    select case
        when value like '%:%' then cast(vql.to_timestamp_type(value) as date)
        else cast(vql.datetime_literal(value, 'localdate') as date)
    end
$$;

create or replace function vql.to_time(value time) returns time
language sql immutable parallel safe as $$ select value $$;
create or replace function vql.to_time(value timestamp) returns time
language sql immutable strict parallel safe as $$ select cast(value as time) $$;
create or replace function vql.to_time(value timestamptz) returns time
language sql stable strict parallel safe as $$ select cast(value as time) $$;
create or replace function vql.to_time(value bigint) returns time
language sql stable strict parallel safe as $$ select cast(vql.from_milliseconds(value) as time) $$;
create or replace function vql.to_time(value text) returns time
language sql stable strict parallel safe as $$
    select case
        when value like '%-%' then cast(vql.to_timestamp_type(value) as time)
        else cast(vql.datetime_literal(value, 'time') as time)
    end
$$;

-- ------------------------------------------------------------------------------------------- types which are not taken
-- PostgreSQL would convert these silently (date to timestamptz, time to interval): the manual lists no such signature.
-- A text is refused too; as the type of a bare NULL it gives NULL.
do $do$
declare
    refused record;
begin
    for refused in
        select *
        from (values
            ('addday', 'time', 'bigint', 'time'), ('addweek', 'time', 'bigint', 'time'),
            ('addmonth', 'time', 'bigint', 'time'), ('addyear', 'time', 'bigint', 'time'),
            ('addhour', 'date', 'bigint', 'timestamp'), ('addminute', 'date', 'bigint', 'timestamp'),
            ('addsecond', 'date', 'bigint', 'timestamp'),
            ('getday', 'time', null, 'bigint'), ('getmonth', 'time', null, 'bigint'), ('getyear', 'time', null, 'bigint'),
            ('gethour', 'date', null, 'bigint'), ('getminute', 'date', null, 'bigint'),
            ('getsecond', 'date', null, 'bigint'), ('getmillisecond', 'date', null, 'bigint'),
            ('addday', 'text', 'bigint', 'timestamp'), ('addweek', 'text', 'bigint', 'timestamp'),
            ('addmonth', 'text', 'bigint', 'timestamp'), ('addyear', 'text', 'bigint', 'timestamp'),
            ('addhour', 'text', 'bigint', 'timestamp'), ('addminute', 'text', 'bigint', 'timestamp'),
            ('addsecond', 'text', 'bigint', 'timestamp'),
            ('getday', 'text', null, 'bigint'), ('getmonth', 'text', null, 'bigint'), ('getyear', 'text', null, 'bigint'),
            ('getquarter', 'text', null, 'bigint'), ('getweek', 'text', null, 'bigint'),
            ('getdayofyear', 'text', null, 'bigint'), ('getdayofweek', 'text', null, 'bigint'),
            ('getdow', 'text', null, 'bigint'), ('gethour', 'text', null, 'bigint'), ('getminute', 'text', null, 'bigint'),
            ('getsecond', 'text', null, 'bigint'), ('getmillisecond', 'text', null, 'bigint'),
            ('gettimeinmillis', 'text', null, 'bigint'), ('getdaysbetween', 'text', 'text', 'bigint'),
            ('getmonthsbetween', 'text', 'text', 'bigint'),
            ('firstdayofmonth', 'text', null, 'timestamp'), ('lastdayofmonth', 'text', null, 'timestamp'),
            ('firstdayofweek', 'text', null, 'timestamp'), ('lastdayofweek', 'text', null, 'timestamp'),
            ('nextweekday', 'text', 'bigint', 'timestamp'), ('previousweekday', 'text', 'bigint', 'timestamp'),
            ('to_time', 'date', null, 'time'), ('to_localdate', 'time', null, 'date')
        ) as refusals (name, given, second, result)
    loop
        execute format(
            'create or replace function vql.%I(%s) returns %s language plpgsql immutable strict parallel safe as %L',
            refused.name, concat_ws(', ', refused.given, refused.second), refused.result,
            format(
                'begin perform vql.date_error(%L); end',
                case
                    when refused.name like 'to\_%' then format('la conversion d''une valeur %s en %s n''existe pas en VQL',
                        case refused.given when 'date' then 'localdate' else refused.given end, substr(refused.name, 4))
                    else format('%s n''accepte pas une valeur de type %s : convertissez-la d''abord, par exemple avec %s',
                        upper(refused.name), case refused.given when 'date' then 'localdate' else refused.given end,
                        case refused.given when 'text' then 'TO_TIMESTAMP ou TO_LOCALDATE' else 'CAST(… AS TIMESTAMP)' end)
                end
            )
        );
    end loop;
end
$do$;
