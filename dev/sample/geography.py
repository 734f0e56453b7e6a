"""Public geography of a few Belgian municipalities: names, codes and their history are facts, kept few."""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple


class Names(NamedTuple):
    """A name in the country's languages."""

    fr: str
    nl: str
    de: str


class Division(NamedTuple):
    """A region, province or arrondissement in one period of its life (dates DD/MM/YYYY)."""

    level: int
    nis: str
    parent: str
    names: Names
    start: str = "01/01/1970"
    end: str = "31/12/9999"


class Commune(NamedTuple):
    """A commune in force in 2025; `localities` are (name, postal code, NIS code of before 1977 or '')."""

    nis: str
    names: Names
    postal: str
    arrondissement: str
    basin: str
    latitude: float
    longitude: float
    inhabitants: int
    localities: tuple[tuple[str, str, str], ...] = ()

    @property
    def arrondissement_name(self) -> str:
        """French name of its arrondissement, as school files write it."""
        return ARRONDISSEMENTS[self.arrondissement].fr

    @property
    def province(self) -> str:
        """NIS code of its province, '' in Brussels."""
        return PROVINCE_OF.get(self.arrondissement, "")

    @property
    def region(self) -> str:
        """NIS code of its region."""
        if not self.province:
            return "04000"
        return "02000" if self.province in ("10000", "20001", "40000") else "03000"


REGIONS = {
    "02000": Names("Région flamande", "Vlaams Gewest", "Flämische Region"),
    "03000": Names("Région wallonne", "Waals Gewest", "Wallonische Region"),
    "04000": Names(
        "Région de Bruxelles-Capitale", "Brussels Hoofdstedelijk Gewest", "Region Brüssel-Hauptstadt"
    ),
}
PROVINCES = {
    "10000": Names("Anvers", "Antwerpen", "Antwerpen"),
    "20001": Names("Brabant flamand", "Vlaams-Brabant", "Flämisch-Brabant"),
    "20002": Names("Brabant wallon", "Waals-Brabant", "Wallonisch-Brabant"),
    "30000": Names("Flandre occidentale", "West-Vlaanderen", "Westflandern"),
    "40000": Names("Flandre orientale", "Oost-Vlaanderen", "Ostflandern"),
    "50000": Names("Hainaut", "Henegouwen", "Hennegau"),
    "60000": Names("Liège", "Luik", "Lüttich"),
    "70000": Names("Limbourg", "Limburg", "Limburg"),
    "80000": Names("Luxembourg", "Luxemburg", "Luxemburg"),
    "90000": Names("Namur", "Namen", "Namur"),
}
PROVINCE_REGION = {
    code: "03000" if code in ("20002", "50000", "60000", "80000", "90000") else "02000" for code in PROVINCES
}
# French has « du Hainaut » and « de Liège »; the file writes the whole phrase.
PROVINCE_PHRASE = {
    "10000": "Province d’Anvers",
    "20001": "Province du Brabant flamand",
    "20002": "Province du Brabant wallon",
    "30000": "Province de Flandre occidentale",
    "40000": "Province de Flandre orientale",
    "50000": "Province du Hainaut",
    "60000": "Province de Liège",
    "70000": "Province du Limbourg",
    "80000": "Province du Luxembourg",
    "90000": "Province de Namur",
}
ARRONDISSEMENTS = {
    "11000": Names("Anvers", "Antwerpen", "Antwerpen"),
    "21000": Names("Bruxelles-Capitale", "Brussel-Hoofdstad", "Brüssel-Hauptstadt"),
    "24000": Names("Louvain", "Leuven", "Löwen"),
    "25000": Names("Nivelles", "Nijvel", "Nivelles"),
    "44000": Names("Gand", "Gent", "Gent"),
    "51000": Names("Ath", "Aat", "Ath"),
    "52000": Names("Charleroi", "Charleroi", "Charleroi"),
    "53000": Names("Mons", "Bergen", "Mons"),
    "55000": Names("Soignies", "Zinnik", "Soignies"),
    "56000": Names("Thuin", "Thuin", "Thuin"),
    "57000": Names("Tournai-Mouscron", "Doornik-Moeskroen", "Tournai-Mouscron"),
    "58000": Names("La Louvière", "La Louvière", "La Louvière"),
    "61000": Names("Huy", "Hoei", "Huy"),
    "62000": Names("Liège", "Luik", "Lüttich"),
    "63000": Names("Verviers", "Verviers", "Verviers"),
    "64000": Names("Waremme", "Borgworm", "Waremme"),
    "81000": Names("Arlon", "Aarlen", "Arlon"),
    "82000": Names("Bastogne", "Bastenaken", "Bastogne"),
    "83000": Names("Marche-en-Famenne", "Marche-en-Famenne", "Marche-en-Famenne"),
    "84000": Names("Neufchâteau", "Neufchâteau", "Neufchâteau"),
    "91000": Names("Dinant", "Dinant", "Dinant"),
    "92000": Names("Namur", "Namen", "Namur"),
    "93000": Names("Philippeville", "Philippeville", "Philippeville"),
}
PROVINCE_OF = {
    code: {"24000": "20001", "25000": "20002"}.get(code, code[0] + "0000")
    for code in ARRONDISSEMENTS
    if code != "21000"
}


def _names(fr: str, nl: str = "", de: str = "") -> Names:
    return Names(fr, nl or fr, de or fr)


# fmt: off
BXL, BW, WAPI = "Bruxelles", "Brabant wallon", "Wallonie Picarde"
HC, HS, HW, LUX = "Hainaut Centre", "Hainaut Sud", "Huy-Waremme", "Luxembourg"
COMMUNES = (
    Commune("21001", _names("Anderlecht"), "1070", "21000", BXL, 50.836, 4.308, 119714),
    Commune("21004", _names("Bruxelles", "Brussel", "Brüssel"),
            "1000", "21000", BXL, 50.8466, 4.3517, 181726,
            (("Laeken", "1020", "21123"), ("Haren (Bruxelles)", "1130", "21122"))),
    Commune("21009", _names("Ixelles", "Elsene"), "1050", "21000", BXL, 50.8333, 4.3667, 86876),
    Commune("21012", _names("Molenbeek-Saint-Jean", "Sint-Jans-Molenbeek"),
            "1080", "21000", BXL, 50.8547, 4.3386, 97462),
    Commune("21015", _names("Schaerbeek", "Schaarbeek"), "1030", "21000", BXL, 50.8676, 4.3737, 133309),
    Commune("21016", _names("Uccle", "Ukkel"), "1180", "21000", BXL, 50.8018, 4.3372, 83024),
    Commune("25072", _names("Nivelles", "Nijvel"), "1400", "25000", BW, 50.5983, 4.3285, 28734),
    Commune("25112", _names("Wavre", "Waver"), "1300", "25000", BW, 50.7172, 4.6014, 34396,
            (("Limal", "1300", "25055"), ("Bierges", "1301", "25006"))),
    Commune("25121", _names("Ottignies-Louvain-la-Neuve"), "1340", "25000", BW, 50.6656, 4.5667, 31443,
            (("Ottignies", "1340", "25083"),)),
    Commune("51004", _names("Ath", "Aat"), "7800", "51000", WAPI, 50.6294, 3.7789, 29311,
            (("Maffle", "7810", "51040"),)),
    Commune("51067", _names("Enghien", "Edingen"), "7850", "51000", WAPI, 50.6953, 4.0403, 13817,
            (("Marcq", "7850", "55025"),)),
    Commune("52011", _names("Charleroi"), "6000", "52000", HS, 50.4108, 4.4446, 202267,
            (("Couillet", "6010", "52014"), ("Gilly", "6060", "52026"))),
    Commune("53053", _names("Mons", "Bergen"), "7000", "53000", HC, 50.4542, 3.9523, 95613,
            (("Nimy", "7020", "53059"), ("Jemappes", "7012", "53043"))),
    Commune("55040", _names("Soignies", "Zinnik"), "7060", "55000", HC, 50.5794, 4.0714, 28016,
            (("Casteau (Soignies)", "7061", ""),)),
    Commune("56078", _names("Thuin"), "6530", "56000", HS, 50.3397, 4.2872, 14702,
            (("Gozée", "6534", "56030"),)),
    Commune("57081", _names("Tournai", "Doornik"), "7500", "57000", WAPI, 50.6056, 3.3878, 69370,
            (("Kain", "7540", "57042"), ("Templeuve", "7520", "57078"))),
    Commune("57096", _names("Mouscron", "Moeskroen"), "7700", "57000", WAPI, 50.7444, 3.2064, 58474,
            (("Dottignies", "7711", "54003"),)),
    Commune("58001", _names("La Louvière"), "7100", "58000", HC, 50.4775, 4.1883, 80757,
            (("Houdeng-Aimeries", "7110", "55019"), ("Houdeng-Gœgnies", "7110", "55020"))),
    Commune("61031", _names("Huy", "Hoei"), "4500", "61000", HW, 50.5189, 5.2397, 21227,
            (("Tihange", "4500", "61061"),)),
    Commune("62063", _names("Liège", "Luik", "Lüttich"), "4000", "62000", "Liège", 50.6326, 5.5797, 197327,
            (("Angleur", "4031", "62002"), ("Rocourt", "4000", "62087"),
             ("Liège 1 (Rive Gauche)", "4000", ""))),
    Commune("62096", _names("Seraing"), "4100", "62000", "Liège", 50.5836, 5.5008, 64259,
            (("Boncelles", "4100", "62019"), ("Jemeppe (-sur-Meuse)", "4101", "62058"))),
    Commune("63079", _names("Verviers"), "4800", "63000", "Verviers", 50.5894, 5.8631, 55207,
            (("Heusy", "4802", "63036"), ("Stembert", "4801", "63074"))),
    Commune("64074", _names("Waremme", "Borgworm"), "4300", "64000", HW, 50.6975, 5.2553, 15334),
    Commune("81001", _names("Arlon", "Aarlen"), "6700", "81000", LUX, 49.6837, 5.816, 29858,
            (("Bonnert", "6700", "81006"), ("Heinsch", "6700", "81011"))),
    Commune("82039", _names("Bastogne", "Bastenaken", "Bastnach"),
            "6600", "82000", LUX, 50.0043, 5.7153, 19644,
            (("Longvilly", "6600", "82017"), ("Wardin", "6600", "82034"), ("Bertogne", "6687", "82005"))),
    Commune("83034", _names("Marche-en-Famenne"), "6900", "83000", LUX, 50.2269, 5.3442, 17465),
    Commune("84043", _names("Neufchâteau"), "6840", "84000", LUX, 49.8408, 5.4356, 7699),
    Commune("91034", _names("Dinant"), "5500", "91000", "Namur", 50.2606, 4.9122, 13451),
    Commune("92003", _names("Andenne"), "5300", "92000", "Namur", 50.4892, 5.0939, 27391,
            (("Seilles", "5300", "61054"),)),
    Commune("92094", _names("Namur", "Namen"), "5000", "92000", "Namur", 50.4669, 4.8675, 110779,
            (("Beez", "5000", "92009"), ("Jambes", "5100", "92067"), ("Wépion", "5100", "92135"))),
    Commune("92142", _names("Gembloux"), "5030", "92000", "Namur", 50.5608, 4.6986, 26014,
            (("Sauvenière", "5030", "92112"),)),
    Commune("93056", _names("Philippeville"), "5600", "93000", HS, 50.1961, 4.5439, 9289),
)
FLEMISH_COMMUNES = (
    Commune("11002", _names("Anvers", "Antwerpen", "Antwerpen"),
            "2000", "11000", "", 51.2213, 4.4051, 525935),
    Commune("24062", _names("Louvain", "Leuven", "Löwen"), "3000", "24000", "", 50.8798, 4.7005, 101624),
    Commune("44021", _names("Gand", "Gent", "Gent"), "9000", "44000", "", 51.0543, 3.7174, 262219),
)
# fmt: on
COMMUNE_WEIGHTS = tuple(accumulate(commune.inhabitants for commune in COMMUNES))


class FormerCode(NamedTuple):
    """A NIS code closed by a change of arrondissement (2019) or a merger (2025).

    Attributes:
        share: its part of the inhabitants of the commune of today, whose code is `successor`.
        end: its last day, DD/MM/YYYY.
    """

    nis: str
    names: Names
    arrondissement: str
    share: float
    successor: str
    end: str
    postal: str


FORMER_CODES = (
    FormerCode("54007", _names("Mouscron", "Moeskroen"), "54000", 1.0, "57096", "31/12/2018", "7700"),
    FormerCode("55010", _names("Enghien", "Edingen"), "55000", 1.0, "51067", "31/12/2018", "7850"),
    FormerCode("55022", _names("La Louvière"), "55000", 1.0, "58001", "31/12/2018", "7100"),
    FormerCode(
        "82003", _names("Bastogne", "Bastenaken", "Bastnach"), "82000", 0.814, "82039", "31/12/2024", "6600"
    ),
    FormerCode("82005", _names("Bertogne"), "82000", 0.186, "82039", "31/12/2024", "6687"),
)
