{{ config(group='commun') }}

-- Days of the calendar and days that never were, in the three patterns that files use.
with cas as (
    {{ cases(['forme', 'recu', 'attendu'], [
        ['yyyy-MM-dd', '2024-02-29', '2024-02-29'],
        ['yyyy-MM-dd', '2023-02-29', none],
        ['yyyy-MM-dd', ' 2020-01-31 ', '2020-01-31'],
        ['yyyy-MM-dd', '2020-13-01', none],
        ['yyyy-MM-dd', '2020-00-10', none],
        ['yyyy-MM-dd', '2020-1-1', none],
        ['yyyy-MM-dd', '2020-01-01T00:00', none],
        ['yyyy-MM-dd', '0000-01-01', none],
        ['yyyy-MM-dd', '0001-01-01', '0001-01-01'],
        ['yyyy-MM-dd', '01/02/2020', none],
        ['yyyy-MM-dd', '', none],
        ['yyyy-MM-dd', '  ', none],
        ['yyyy-MM-dd', none, none],
        ['dd/MM/yyyy', '29/02/2000', '2000-02-29'],
        ['dd/MM/yyyy', '29/02/1900', none],
        ['dd/MM/yyyy', '28/02/1900', '1900-02-28'],
        ['dd/MM/yyyy', '29/02/2100', none],
        ['dd/MM/yyyy', '31/04/2021', none],
        ['dd/MM/yyyy', '30/04/2021', '2021-04-30'],
        ['dd/MM/yyyy', '31/06/2021', none],
        ['dd/MM/yyyy', '31/09/2021', none],
        ['dd/MM/yyyy', '31/11/2021', none],
        ['dd/MM/yyyy', '31/12/2021', '2021-12-31'],
        ['dd/MM/yyyy', '30/02/2024', none],
        ['dd/MM/yyyy', '00/01/2021', none],
        ['dd/MM/yyyy', '32/01/2021', none],
        ['dd/MM/yyyy', '31/12/9999', '9999-12-31'],
        ['dd/MM/yyyy', '12/31/2021', none],
        ['dd/MM/yyyy', '2021-12-31', none],
        ['dd-MM-yyyy', '01-09-2008', '2008-09-01'],
        ['dd-MM-yyyy', '31-08-2008', '2008-08-31'],
        ['dd-MM-yyyy', '31-02-2008', none],
        ['dd-MM-yyyy', '01/09/2008', none],
    ]) }}
),

lus as (
    select
        numero,
        recu,
        attendu,
        case forme
            when 'yyyy-MM-dd' then {{ to_date('recu', 'yyyy-MM-dd') }}
            when 'dd/MM/yyyy' then {{ to_date('recu', 'dd/MM/yyyy') }}
            else {{ to_date('recu', 'dd-MM-yyyy') }}
        end as obtenu,
        case
            when forme = 'yyyy-MM-dd' and {{ is_date('recu', 'yyyy-MM-dd') }} then 1
            when forme = 'dd/MM/yyyy' and {{ is_date('recu', 'dd/MM/yyyy') }} then 1
            when forme = 'dd-MM-yyyy' and {{ is_date('recu', 'dd-MM-yyyy') }} then 1
            else 0
        end as est_lisible
    from cas
)

select * from lus
where
    coalesce(cast(obtenu as text), 'nul') <> coalesce(attendu, 'nul')
    or est_lisible <> case when attendu is null then 0 else 1 end
