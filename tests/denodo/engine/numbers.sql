-- Arithmetic. Source: Denodo 7.0 manual, Arithmetic Functions; Data Types (int and long have no overflow check).
-- Arguments of different types give the most general type, which is what PostgreSQL's choice of an overload does.

-- The value a 32-bit or 64-bit two's complement sum keeps when it overflows.
create or replace function vql.wrap_int(value bigint) returns integer
language sql immutable parallel safe as
'select (((value & 4294967295) # 2147483648) - 2147483648)::integer';

create or replace function vql.wrap_long(value numeric) returns bigint
language sql immutable parallel safe as $$
    select case
        when value between -9223372036854775808 and 9223372036854775807 then value::bigint
        else (value - 18446744073709551616 * floor((value + 9223372036854775808) / 18446744073709551616))::bigint
    end
$$;

create or replace function vql.abs(value integer) returns integer
language sql immutable parallel safe as 'select abs(value)';
create or replace function vql.abs(value bigint) returns bigint
language sql immutable parallel safe as 'select abs(value)';
create or replace function vql.abs(value real) returns real
language sql immutable parallel safe as 'select abs(value)';
create or replace function vql.abs(value double precision) returns double precision
language sql immutable parallel safe as 'select abs(value)';
create or replace function vql.abs(value numeric) returns numeric
language sql immutable parallel safe as 'select abs(value)';

create or replace function vql.sign(value double precision) returns integer
language sql immutable parallel safe as 'select sign(value)::integer';
create or replace function vql.sign(value numeric) returns integer
language sql immutable parallel safe as 'select sign(value)::integer';

create or replace function vql.ceil(value integer) returns integer
language sql immutable parallel safe as 'select value';
create or replace function vql.ceil(value bigint) returns bigint
language sql immutable parallel safe as 'select value';
create or replace function vql.ceil(value real) returns bigint
language sql immutable parallel safe as 'select ceil(value)::bigint';
create or replace function vql.ceil(value double precision) returns bigint
language sql immutable parallel safe as 'select ceil(value)::bigint';
create or replace function vql.ceil(value numeric) returns bigint
language sql immutable parallel safe as 'select ceil(value)::bigint';

create or replace function vql.floor(value integer) returns integer
language sql immutable parallel safe as 'select value';
create or replace function vql.floor(value bigint) returns bigint
language sql immutable parallel safe as 'select value';
create or replace function vql.floor(value real) returns bigint
language sql immutable parallel safe as 'select floor(value)::bigint';
create or replace function vql.floor(value double precision) returns bigint
language sql immutable parallel safe as 'select floor(value)::bigint';
create or replace function vql.floor(value numeric) returns bigint
language sql immutable parallel safe as 'select floor(value)::bigint';

create or replace function vql.trunc(value bigint) returns bigint
language sql immutable parallel safe as 'select value';
create or replace function vql.trunc(value double precision) returns bigint
language sql immutable parallel safe as 'select trunc(value)::bigint';
create or replace function vql.trunc(value integer) returns bigint
language sql immutable parallel safe as 'select value::bigint';
create or replace function vql.trunc(value real) returns bigint
language sql immutable parallel safe as 'select trunc(value)::bigint';
create or replace function vql.trunc(value numeric) returns bigint
language sql immutable parallel safe as 'select trunc(value)::bigint';

-- Only so that an untyped NULL means something although TRUNC also takes datetimes.
create or replace function vql.trunc(value text) returns bigint
language sql immutable parallel safe as 'select trunc(value::numeric)::bigint';

-- What becomes of a half is not documented: it goes away from zero, on the decimal text of the number.
create or replace function vql.round(value integer) returns integer
language sql immutable parallel safe as 'select value';
create or replace function vql.round(value bigint) returns bigint
language sql immutable parallel safe as 'select value';
create or replace function vql.round(value real) returns bigint
language sql immutable parallel safe as 'select round(value::text::numeric)::bigint';
create or replace function vql.round(value double precision) returns bigint
language sql immutable parallel safe as 'select round(value::text::numeric)::bigint';
create or replace function vql.round(value numeric) returns numeric
language sql immutable parallel safe as 'select round(value)';
create or replace function vql.round(value integer, places bigint) returns integer
language sql immutable parallel safe as 'select round(value::numeric, places::integer)::integer';
create or replace function vql.round(value bigint, places bigint) returns bigint
language sql immutable parallel safe as 'select round(value::numeric, places::integer)::bigint';
create or replace function vql.round(value real, places bigint) returns real
language sql immutable parallel safe as 'select round(value::text::numeric, places::integer)::real';
create or replace function vql.round(value double precision, places bigint) returns double precision
language sql immutable parallel safe as 'select round(value::text::numeric, places::integer)::double precision';
create or replace function vql.round(value numeric, places bigint) returns numeric
language sql immutable parallel safe as 'select round(value, places::integer)';

-- The remainder has the sign of the dividend. (long, int) gives int, two floats give a double: documented.
create or replace function vql.mod(dividend integer, divisor integer) returns integer
language sql immutable parallel safe as 'select dividend % divisor';
create or replace function vql.mod(dividend bigint, divisor integer) returns integer
language sql immutable parallel safe as 'select (dividend % divisor)::integer';
create or replace function vql.mod(dividend bigint, divisor bigint) returns bigint
language sql immutable parallel safe as 'select dividend % divisor';
create or replace function vql.mod(dividend double precision, divisor double precision) returns double precision
language sql immutable parallel safe as
'select (dividend::text::numeric % divisor::text::numeric)::double precision';
create or replace function vql.mod(dividend numeric, divisor numeric) returns numeric
language sql immutable parallel safe as 'select dividend % divisor';

create or replace function vql.div(dividend integer, divisor integer) returns integer
language sql immutable parallel safe as 'select dividend / divisor';
create or replace function vql.div(dividend bigint, divisor bigint) returns bigint
language sql immutable parallel safe as 'select dividend / divisor';
create or replace function vql.div(dividend real, divisor real) returns real
language sql immutable parallel safe as 'select dividend / divisor';
create or replace function vql.div(dividend double precision, divisor double precision) returns double precision
language sql immutable parallel safe as 'select dividend / divisor';
create or replace function vql.div(dividend numeric, divisor numeric) returns numeric
language sql immutable parallel safe as 'select dividend / divisor';

create or replace function vql.subtract(a integer, b integer) returns integer
language sql immutable parallel safe as 'select vql.wrap_int(a::bigint - b)';
create or replace function vql.subtract(a bigint, b bigint) returns bigint
language sql immutable parallel safe as 'select vql.wrap_long(a::numeric - b)';
create or replace function vql.subtract(a real, b real) returns real
language sql immutable parallel safe as 'select a - b';
create or replace function vql.subtract(a double precision, b double precision) returns double precision
language sql immutable parallel safe as 'select a - b';
create or replace function vql.subtract(a numeric, b numeric) returns numeric
language sql immutable parallel safe as 'select a - b';

-- SUM, MULT, MAX and MIN of a list: NULL as soon as one argument is NULL.
create or replace function vql.sum(variadic list integer[]) returns integer
language sql immutable parallel safe as $$
    select case when array_position(list, null) is null
        then (select vql.wrap_int(sum(v)) from unnest(list) as v) end
$$;
create or replace function vql.sum(variadic list bigint[]) returns bigint
language sql immutable parallel safe as $$
    select case when array_position(list, null) is null
        then (select vql.wrap_long(sum(v)) from unnest(list) as v) end
$$;
create or replace function vql.sum(variadic list real[]) returns real
language sql immutable parallel safe as $$
    select case when array_position(list, null) is null then (select sum(v) from unnest(list) as v) end
$$;
create or replace function vql.sum(variadic list double precision[]) returns double precision
language sql immutable parallel safe as $$
    select case when array_position(list, null) is null then (select sum(v) from unnest(list) as v) end
$$;
create or replace function vql.sum(variadic list numeric[]) returns numeric
language sql immutable parallel safe as $$
    select case when array_position(list, null) is null then (select sum(v) from unnest(list) as v) end
$$;

create or replace function vql.mult(variadic list integer[]) returns integer
language plpgsql immutable strict parallel safe as $$
declare
    product bigint := 1;
    v integer;
begin
    foreach v in array list loop
        product := vql.wrap_int(product * v);
    end loop;
    return product;
end
$$;
create or replace function vql.mult(variadic list bigint[]) returns bigint
language plpgsql immutable strict parallel safe as $$
declare
    product bigint := 1;
    v bigint;
begin
    foreach v in array list loop
        product := vql.wrap_long(product::numeric * v);
    end loop;
    return product;
end
$$;
create or replace function vql.mult(variadic list real[]) returns real
language plpgsql immutable strict parallel safe as $$
declare
    product real := 1;
    v real;
begin
    foreach v in array list loop
        product := product * v;
    end loop;
    return product;
end
$$;
create or replace function vql.mult(variadic list double precision[]) returns double precision
language plpgsql immutable strict parallel safe as $$
declare
    product double precision := 1;
    v double precision;
begin
    foreach v in array list loop
        product := product * v;
    end loop;
    return product;
end
$$;
create or replace function vql.mult(variadic list numeric[]) returns numeric
language plpgsql immutable strict parallel safe as $$
declare
    product numeric := 1;
    v numeric;
begin
    foreach v in array list loop
        product := product * v;
    end loop;
    return product;
end
$$;

-- The scalar MAX and MIN, for numbers as they are, for text by code point.
do $do$
declare
    kind text;
    way text;
begin
    foreach kind in array array['integer', 'bigint', 'real', 'double precision', 'numeric'] loop
        foreach way in array array['max', 'min'] loop
            execute format(
                $f$create or replace function vql.%2$s_of(variadic list %1$s[]) returns %1$s
                language sql immutable parallel safe as $b$
                    select case when array_position(list, null) is null
                        then (select %2$s(v) from unnest(list) as v) end
                $b$ $f$, kind, way);
        end loop;
    end loop;
    foreach way in array array['max', 'min'] loop
        execute format(
            $f$create or replace function vql.%1$s_of(variadic list text[]) returns text
            language sql immutable parallel safe as $b$
                select case when array_position(list, null) is null
                    then (select %1$s(v collate "C") from unnest(list) as v) end
            $b$ $f$, way);
    end loop;
end
$do$;

create or replace function vql.pi() returns double precision
language sql immutable parallel safe as 'select pi()';
create or replace function vql.rand() returns double precision
language sql volatile parallel restricted as 'select random()';

create or replace function vql.acos(value double precision) returns double precision
language sql immutable parallel safe as 'select acos(value)';
create or replace function vql.asin(value double precision) returns double precision
language sql immutable parallel safe as 'select asin(value)';
create or replace function vql.atan(value double precision) returns double precision
language sql immutable parallel safe as 'select atan(value)';
-- Documented: the arguments are x, then y, and the result is the arc tangent of y/x.
create or replace function vql.atan2(x double precision, y double precision) returns double precision
language sql immutable parallel safe as 'select atan2(y, x)';
create or replace function vql.cos(angle double precision) returns double precision
language sql immutable parallel safe as 'select cos(angle)';
create or replace function vql.cot(angle double precision) returns double precision
language sql immutable parallel safe as 'select cot(angle)';
create or replace function vql.degrees(angle double precision) returns double precision
language sql immutable parallel safe as 'select degrees(angle)';
create or replace function vql.exp(value double precision) returns double precision
language sql immutable parallel safe as 'select exp(value)';
create or replace function vql.ln(value double precision) returns double precision
language sql immutable parallel safe as 'select ln(value)';
create or replace function vql.log(value double precision) returns double precision
language sql immutable parallel safe as 'select log(value)';
create or replace function vql.log(value double precision, base double precision) returns double precision
language sql immutable parallel safe as
'select log(base::text::numeric, value::text::numeric)::double precision';
create or replace function vql.power(number double precision, power double precision) returns double precision
language sql immutable parallel safe as 'select power(number, power)';
create or replace function vql.radians(angle double precision) returns double precision
language sql immutable parallel safe as 'select radians(angle)';
create or replace function vql.sin(angle double precision) returns double precision
language sql immutable parallel safe as 'select sin(angle)';
create or replace function vql.sqrt(value double precision) returns double precision
language sql immutable parallel safe as 'select sqrt(value)';
create or replace function vql.tan(angle double precision) returns double precision
language sql immutable parallel safe as 'select tan(angle)';

-- Documented: these do not take a decimal.
create or replace function vql.refuse_decimal(name text) returns double precision
language plpgsql immutable parallel safe as $$
begin
    raise exception '% ne prend pas de valeur de type decimal', upper(name)
        using hint = 'Convertir en double : cast(x as double precision).', errcode = 'datatype_mismatch';
end
$$;
do $do$
declare
    name text;
begin
    foreach name in array array['acos', 'asin', 'atan', 'cos', 'degrees', 'ln', 'log', 'radians', 'sin', 'sqrt'] loop
        execute format(
            $f$create or replace function vql.%1$s(value numeric) returns double precision
            language sql immutable parallel safe as $b$
                select case when value is not null then vql.refuse_decimal('%1$s') end $b$ $f$, name);
    end loop;
    foreach name in array array['atan2', 'log', 'power'] loop
        execute format(
            $f$create or replace function vql.%1$s(a numeric, b numeric) returns double precision
            language sql immutable parallel safe as $b$
                select case when a is not null and b is not null then vql.refuse_decimal('%1$s') end $b$ $f$, name);
    end loop;
end
$do$;
