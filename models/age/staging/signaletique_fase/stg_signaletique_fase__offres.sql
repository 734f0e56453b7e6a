with source as (
    select * from {{ source('signaletique_fase', 'signaletique_fase') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        source_recu_le,
        {{ to_date('extraction', 'yyyy-MM-dd') }} as date_extraction,
        {{ to_integer('n_fase_de_l_etablissement') }} as etablissement_id,
        {{ clean_text('nom_de_l_etablissement') }} as etablissement_nom,
        {{ to_bce_number('numero_bce_de_l_etablissement') }} as etablissement_numero_bce,
        {{ clean_text('adresse_de_l_etablissement') }} as etablissement_adresse,
        {{ to_code('code_postal_de_l_etablissement', '[1-9][0-9]{3}') }} as etablissement_code_postal,
        {{ clean_text('localite_de_l_etablissement') }} as etablissement_localite,
        {{ clean_text('commune_de_l_etablissement') }} as etablissement_commune_nom,
        {{ clean_text('bassin') }} as bassin,
        {{ clean_text('arrondissement_administratif') }} as arrondissement_nom,
        {{ clean_text('type_d_enseignement') }} as type_enseignement,
        {{ clean_text('niveau') }} as niveau,
        {{ clean_text('genre') }} as genre,
        {{ clean_text('reseau') }} as reseau,
        {{ to_integer('n_fase_de_l_implantation') }} as implantation_id,
        {{ clean_text('adresse_de_l_implantation') }} as implantation_adresse,
        {{ to_code('code_postal_de_l_implantation', '[1-9][0-9]{3}') }} as implantation_code_postal,
        {{ clean_text('localite_de_l_implantation') }} as implantation_localite,
        {{ clean_text('commune_de_l_implantation') }} as implantation_commune_nom,
        {{ to_decimal('latitude', 9, 6, round=true) }} as latitude,
        {{ to_decimal('longitude', 9, 6, round=true) }} as longitude,
        {{ to_integer('n_fase_du_p_o') }} as pouvoir_organisateur_id,
        {{ clean_text('nom_de_p_o') }} as pouvoir_organisateur_nom,
        {{ to_bce_number('n_bce_du_p_o') }} as pouvoir_organisateur_numero_bce,
        {{ clean_text('adresse_du_p_o') }} as pouvoir_organisateur_adresse,
        {{ to_code('code_postal_du_p_o', '[1-9][0-9]{3}') }} as pouvoir_organisateur_code_postal,
        {{ clean_text('localite_du_p_o') }} as pouvoir_organisateur_localite,
        {{ clean_text('commune_du_p_o') }} as pouvoir_organisateur_commune_nom
    from source
),

-- Without these keys a row belongs to no school and no offer: see the écarts.
final as (
    select * from typees
    where
        date_extraction is not null
        and etablissement_id is not null
        and implantation_id is not null
        and type_enseignement is not null
        and pouvoir_organisateur_id is not null
)

select * from final
