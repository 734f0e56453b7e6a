"""What is published as open data, for portals: a DCAT-AP 3 catalogue in JSON-LD.

Each data set that a portal reads (policies/consumers/) has what the profile wants of it (title, description),
and what it recommends: contact point, publisher, keywords, themes, and a distribution with its licence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from donnees_au_centre.administration import Administration, OpenData
from donnees_au_centre.project.consumers import Consumer, Publication, marts_of, themes_of
from donnees_au_centre.project.datasets import Dataset, Refresh
from donnees_au_centre.project.nodes import Manifest

FILE = "donnees_ouvertes.jsonld"
_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_VOCABULARIES = "http://publications.europa.eu/resource/authority"
# How often, in the words of the project -> in those of the European vocabulary; others are OTHER.
_FREQUENCIES = {
    ("jour", 1): "DAILY",
    ("semaine", 1): "WEEKLY",
    ("semaine", 2): "BIWEEKLY",
    ("mois", 1): "MONTHLY",
    ("mois", 2): "BIMONTHLY",
    ("mois", 3): "QUARTERLY",
    ("mois", 4): "ANNUAL_3",
    ("mois", 6): "ANNUAL_2",
    ("mois", 12): "ANNUAL",
    ("mois", 24): "BIENNIAL",
    ("annee", 1): "ANNUAL",
    ("annee", 2): "BIENNIAL",
    ("annee", 3): "TRIENNIAL",
}


def open_catalogue(
    manifest: Manifest, consumers: Mapping[str, Consumer], administration: Administration
) -> dict[str, Any] | None:
    """The catalogue of what is published, as JSON-LD; None when nothing is.

    Args:
        manifest: whose marts are published.
        consumers: those declared, by their file.
        administration: who publishes.
    """
    open_data = administration.open_data
    marts = marts_of(manifest)
    published = [
        _dataset(manifest, marts[name], consumer, consumer.publication, open_data)
        for _, consumer in sorted(consumers.items())
        for name in consumer.marts
        if consumer.publication and open_data and name in marts
    ]
    if not published:
        return None
    name = administration.naming.name
    return {
        "@context": _CONTEXT,
        "@graph": [
            {
                "@id": "#catalogue",
                "@type": "dcat:Catalog",
                "dct:title": _french(f"Données ouvertes : {name}"),
                "dct:description": _french(f"Ce qui est publié par {administration.platform.name}."),
                "dct:publisher": {"@id": "#editeur"},
                "dct:language": _word("language", "FRA"),
                "dcat:dataset": [{"@id": one["@id"]} for one in published],
            },
            {"@id": "#editeur", "@type": "foaf:Agent", "foaf:name": _french(name)},
            *published,
        ],
    }


def _dataset(
    manifest: Manifest, mart: Dataset, consumer: Consumer, said: Publication, open_data: OpenData
) -> dict[str, Any]:
    name = f"{mart.domain}.{mart.name}"
    return {
        "@id": f"#{name}",
        "@type": "dcat:Dataset",
        "dct:identifier": name,
        "dct:title": _french(said.title),
        "dct:description": _french(" ".join(mart.description.split())),
        "dct:publisher": {"@id": "#editeur"},
        "dcat:contactPoint": list(_contacts(mart)),
        "dcat:keyword": [_french(one) for one in said.keywords],
        "dcat:theme": [_word("data-theme", one) for one in themes_of(said, manifest, mart.domain)],
        "dct:issued": {"@value": consumer.since.isoformat(), "@type": "xsd:date"},
        "dct:accrualPeriodicity": _word("frequency", _frequency(mart.refresh)),
        "dct:language": _word("language", "FRA"),
        "dct:accessRights": _word("access-right", "PUBLIC"),
        "dcat:distribution": {
            "@id": f"#{name}.distribution",
            "@type": "dcat:Distribution",
            "dct:title": _french(said.title),
            "dcat:accessURL": {"@id": said.address or open_data.portal},
            "dct:license": {"@id": said.licence or open_data.licence},
        },
    }


def _contacts(mart: Dataset) -> Iterator[dict[str, Any]]:
    if who := mart.steward or mart.owner:
        yield {
            "@type": "vcard:Organization",
            "vcard:fn": _french(who.function),
            "vcard:hasEmail": {"@id": f"mailto:{who.email}"},
        }


def _frequency(refresh: Refresh | None) -> str:
    return _FREQUENCIES.get((refresh.unit, refresh.every), "OTHER") if refresh else "UNKNOWN"


def _french(text: str) -> dict[str, str]:
    return {"@value": text, "@language": "fr"}


def _word(vocabulary: str, code: str) -> dict[str, str]:
    return {"@id": f"{_VOCABULARIES}/{vocabulary}/{code}"}
