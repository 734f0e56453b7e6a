{# The networks of schools that are known, as the seed reseau_enseignement has them. #}
{% macro school_networks() -%}
    {{ return([
        'WBE',
        'Subventionné communal',
        'Subventionné provincial',
        'COCOF',
        'Subventionné officiel (HE)',
        'Libre confessionnel',
        'Libre non confessionnel',
        'Indéterminé',
    ]) }}
{%- endmacro %}


{# The types of education that are known, as the seed type_enseignement has them. #}
{% macro education_types() -%}
    {{ return([
        'Maternel ordinaire',
        'Primaire ordinaire',
        'Secondaire ordinaire',
        'Secondaire CEFA',
        'Maternel spécialisé',
        'Primaire spécialisé',
        'Secondaire spécialisé',
        'Artistique à horaire réduit',
        'Promotion sociale secondaire',
        'Promotion sociale CEFA',
        'Promotion sociale supérieur',
        'Haute École',
        'École supérieure des Arts',
        'Université',
    ]) }}
{%- endmacro %}
