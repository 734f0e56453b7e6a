"""Declarations of `staging`: those that say too little, and what the others mean."""

from __future__ import annotations

REFUSED = {
    "{{ integer('id') }}": "« id » ne dit pas ce que devient une cellule illisible. Que faire : ajoutez",
    "{{ postal_code('cp', 'code_postal') }}": "« cp » ne dit pas ce que devient une cellule illisible",
    "{{ school_key('ecole', ['a', 'b']) }}": "« ecole » ne dit pas ce que devient une cellule illisible",
    "{{ day('jour', required='a', optional='b') }}": "« jour » est à la fois required et optional",
    "{{ text('nom', optional='vide') }}": "tout se lit dans un texte, « nom » n'a donc pas de « optional »",
    "{{ text('statut', known=['OK']) }}": "« statut » connaît ses valeurs sans dire le motif des autres",
    "{{ expression('n', '1', of='a', optional='x') }}": "« n » dit optional sans dire ce qui se lit",
    "{{ expression('n', '1', required='x') }}": "« n » ne dit pas quelle colonne reçue ses écarts montrent",
    "{{ issues('recues') }}": "qui déclare ses colonnes par staging()",
}
DECLARED = """{{ staging('recues', [
    as_is('source_recu_le'),
    integer('id', 'cle', required='id illisible'),
    text('nom', sql='upper({})'),
    school_key('ecole', ['etablissement', 'implantation'], required='clé illisible'),
], rules=[exclude('id', "id = 'Total'", 'total')]) }}"""
WRITTEN = """
with source as (select * from recues),
typees as (
    select
        source_fichier, source_ligne, charge_le, source_recu_le,
        {{ to_integer('id') }} as cle,
        upper({{ clean_text('nom') }}) as nom,
        {{ school_key_establishment('ecole') }} as etablissement,
        {{ school_key_site('ecole') }} as implantation
    from source
    where case when (id = 'Total') then 1 else 0 end = 0
),
final as (
    select * from typees
    where cle is not null and etablissement is not null and implantation is not null
)
select * from final
"""
TYPES = {
    "integer('a', group_separators=[' '], optional='x')": "to_integer('a', group_separators=[' '])",
    "fase_number('a', optional='x')": "to_integer('a')",
    "decimal('a', precision=9, scale=2, optional='x')": "to_decimal('a', 9, 2)",
    "day('a', pattern='dd-MM-yy', first_year=1920, optional='x')": "to_date('a', 'dd-MM-yy', 1920)",
    "excel_day('a', first_year=1904, optional='x')": "to_excel_date('a', 1904)",
    "moment('a', optional='x')": "to_moment('a')",
    "moment('a', pattern='dd/MM/yyyy HH:mm', optional='x')": "to_moment('a', 'dd/MM/yyyy HH:mm')",
    "yes_no('a', optional='x')": "to_boolean('a')",
    "code('a', pattern='[FM]', optional='x')": "to_code('a', '[FM]')",
    "postal_code('a', optional='x')": "to_code('a', '[1-9][0-9]{3}')",
    "nis_code('a', optional='x')": "to_code('a', '[0-9]{5}')",
    "school_year('a', optional='x')": "to_code('a', '[0-9]{4}-[0-9]{4}')",
    "bce_number('a', optional='x')": "to_bce_number('a')",
    "text('a')": "clean_text('a')",
}


def typed(declared: str) -> str:
    """The call that gives the SQL of a column that is declared so."""
    return f"{{{{ ({declared}).outputs[0].sql }}}}"


def read(macro: str) -> str:
    """The call of the macro that reads a cell."""
    return f"{{{{ {macro} }}}}"


def calls() -> list[str]:
    """Every call that is compared or refused."""
    return [*REFUSED, DECLARED, WRITTEN, *map(typed, TYPES), *map(read, TYPES.values())]
