"""What may be said of an error, without a value of any row: one place for every tool.

PostgreSQL's messages about data quote values, and so do Python's (`KeyError: 'Dupont'`): what they say goes
to terminals, logs, Dagster and the history, where values have no place.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping
from pathlib import Path

from donnees_au_centre.errors import PlatformError

HIDDEN = "…"
# Classes of errors that speak of the project, the server or the connection, never of a row: kept whole.
_NOT_OF_ROWS = ("08", "0A", "25", "28", "2B", "3D", "3F", "40", "42", "53", "54", "55", "57", "58")
# Raised by a function of the project, in words of its own: its first line only.
_RAISED = "P0001"
_QUOTED = re.compile(r"""["'«“„].*["'»”“]|\s?: .*""", re.DOTALL)
_FRAME = re.compile(r'^ +File "[^"]+", line \d+, in \S+$')
_KIND = re.compile(r"[A-Za-z_][\w.]*(?=:|$)")

# Types whose name may be repeated: a message about a value holds the value too.
_TYPES = (
    "smallint|integer|bigint|numeric|real|double precision|boolean|date|time|timestamp"
    "|timestamp with time zone|timestamp without time zone|interval|uuid|json|jsonb|bytea|text"
)
_TYPE = re.compile(rf"^invalid input syntax for type ({_TYPES}):|is out of range for type ({_TYPES})$")
_NAME = re.compile(r"[\"«„]\s?([^\"»“]+?)\s?[\"»“]")
_LOST = re.compile(
    r"^(server closed the connection|could not receive data from server|SSL connection has been)"
)
# What passes by itself: a connection lost, a server that stops or starts, two sessions in each other's way:
# as PostgreSQL says it to a driver, and as it is said here.
_PASSING_CODE = re.compile(r"08...|57P0[123]|40001|40P01|55P03")
_PASSING = re.compile(
    r"\[SQLSTATE (?:08\w{3}|57P0[123]|40001|40P01|55P03)\b|connexion au serveur PostgreSQL s'est perdue"
    r"|PostgreSQL est injoignable|connexion à la base a été perdue|connection to server .{1,200}failed"
    r"|connection already closed|connection is closed|connection is lost|server closed the connection"
)
_LINE = re.compile(r"^(?:LINE|LIGNE|ZEILE) (\d+):", re.MULTILINE)

_CAST = "Au typage, une macro (to_integer, to_date…) rend nulle une cellule illisible au lieu de s'arrêter."
_ROWS = "Comptez les lignes en cause : make show MODEL=<modèle> montre le SQL à reprendre."
_BUILD = (
    "Construisez d'abord ce que le modèle lit (make build SELECT=+<modèle>) ; "
    "une table raw_… : make load la crée."
)
_SQL = "Corrigez le SQL du modèle ; le SQL compilé, montré par make show MODEL=<modèle>, a cette ligne."
_RIGHTS = "Demandez ce droit (docs/exploitant/acces.md) ; make access applique les accès déclarés."
_DISK = (
    "Faites de la place sur le disque du serveur PostgreSQL (df -h ; ce que la requête y a écrit est déjà "
    "parti), puis relancez : ce qui était en place l'est toujours."
)
_SERVER = "Relancez ; si cela dure, prévenez l'administrateur du serveur PostgreSQL."
_LOCK = "Fermez les requêtes ouvertes sur ces tables, puis relancez : ce qui était en place l'est toujours."

# SQLSTATE -> what failed, what to do. {nom}: what PostgreSQL quotes, used only where it names no row.
_SAID: dict[str, tuple[str, str]] = {
    "22P02": ("Une valeur ne se lit pas comme {type}", _CAST),
    "22007": ("Une valeur ne se lit pas comme une date", _CAST),
    "22008": ("Une date ou une heure est hors du calendrier", _CAST),
    "22003": ("Un nombre est trop grand pour {type}", "Prenez un type plus large (bigint, numeric)."),
    "22001": ("Un texte est plus long que sa colonne", "Prenez le type text, ou coupez-le."),
    "22012": ("Une division par zéro", "Écrivez safe_divide(a, b), qui rend nul ce cas."),
    "22021": ("Un texte a des octets que la base n'admet pas", "Vérifiez `encoding` de la source."),
    "21000": (
        "Une sous-requête rend plusieurs lignes où il en faut une",
        "Agrégez-la, ou joignez sur une clé.",
    ),
    "23505": ("Une clé unique revient plusieurs fois", _ROWS),
    "23502": ("Une colonne obligatoire est vide", _ROWS),
    "23514": ("Une ligne ne respecte pas une contrainte", _ROWS),
    "23503": ("Une ligne renvoie à une clé absente", _ROWS),
    "25006": ("La base est en lecture seule", _SERVER),
    "2BP01": ("« {nom} » ne peut pas être supprimé : d'autres objets en dépendent", _SQL),
    "3F000": ("Le schéma « {nom} » n'existe pas", _BUILD),
    "40001": ("Deux écritures se sont croisées", "Relancez : rien n'a changé."),
    "40P01": ("Deux sessions s'attendaient l'une l'autre ; PostgreSQL a arrêté celle-ci", "Relancez."),
    "42501": ("Ce compte n'a pas le droit d'agir sur « {nom} »", _RIGHTS),
    "42601": ("Erreur de syntaxe près de « {nom} »", _SQL),
    "42701": ("La colonne « {nom} » est nommée deux fois", _SQL),
    "42702": ("La colonne « {nom} » est ambiguë : plusieurs tables l'ont", _SQL),
    "42703": (
        "La colonne « {nom} » n'existe pas",
        f"make show MODEL=<modèle lu> montre ses colonnes. {_SQL}",
    ),
    "42704": ("« {nom} » n'existe pas", _SQL),
    "42710": ("« {nom} » existe déjà", "Une autre construction y travaille peut-être : relancez."),
    "42803": ("La colonne « {nom} » doit être agrégée, ou nommée dans group by", _SQL),
    "42804": ("Des types ne vont pas ensemble", f"Convertissez par cast(… as …). {_SQL}"),
    "42846": ("Une conversion n'existe pas entre ces types", _SQL),
    "42883": (
        "Une fonction ou un opérateur n'existe pas pour ces types",
        f"Convertissez par cast(…). {_SQL}",
    ),
    "42P01": ("La table « {nom} » n'existe pas", _BUILD),
    "42P07": ("« {nom} » existe déjà", "Une autre construction y travaille peut-être : relancez."),
    "53100": ("Le disque du serveur PostgreSQL est plein", _DISK),
    "53200": ("Le serveur PostgreSQL n'a plus assez de mémoire", _SERVER),
    "53300": ("Le serveur PostgreSQL a trop de connexions", "Fermez-en, ou attendez, puis relancez."),
    "54001": ("La requête est trop complexe pour PostgreSQL", "Coupez-la en modèles intermédiaires."),
    "54011": ("Trop de colonnes : une table en a 1 600 au plus", "Gardez les colonnes utiles, ou pivotez."),
    "54023": ("Trop d'arguments : une fonction en a 100 au plus", _SQL),
    "55006": ("« {nom} » est en cours d'usage", _LOCK),
    "55P03": ("Une table est restée occupée par une autre session trop longtemps", _LOCK),
    "57014": ("La requête a été annulée, ou a dépassé son temps", "Relancez."),
    "57P01": ("L'administrateur du serveur a fermé la session", _SERVER),
    "57P02": ("Le serveur PostgreSQL est tombé", _SERVER),
    "57P03": ("Le serveur PostgreSQL démarre ou s'arrête", "Attendez un moment, puis relancez."),
    "58030": ("Le serveur PostgreSQL ne lit ou n'écrit plus son disque", _SERVER),
}
# What PostgreSQL quotes in these classes is named by the project, never by a row.
_OF_THE_PROJECT = ("2B", "3F", "42", "55")


def in_french(code: str | None, message: str, names: Mapping[str, str | None], whole: str = "") -> str | None:
    """Says in French what PostgreSQL refused, and what to do, without quoting a row.

    Args:
        code: SQLSTATE; None for an error of the connection.
        message: PostgreSQL's first line.
        names: what it names apart: contrainte, table, colonne…; None when it does not.
        whole: the text of the error, for the line of the SQL that it points at.

    Returns:
        One line for what, one for what to do; None for an error that this place does not know.
    """
    if code is None and _LOST.search(message):
        return f"La connexion au serveur PostgreSQL s'est perdue.\nQue faire : {_SERVER}"
    if code not in _SAID:
        return None
    what, advice = _SAID[code]
    quoted = _NAME.search(message) if code.startswith(_OF_THE_PROJECT) else None
    found = _TYPE.search(message)
    kind = next(filter(None, found.groups())) if found else "un autre type"
    # Some servers name what they refuse without quoting it (« permission denied for table x »).
    name = quoted.group(1) if quoted else next(filter(None, names.values()), "cet objet")
    if code == "42501" and not quoted and (last := re.search(r"for \w+ (\S+)$", message)):
        name = last.group(1)
    known = "".join(f" ; {label} {value}" for label, value in names.items() if value)
    place = _LINE.search(whole)
    line = f", ligne {place.group(1)} du SQL compilé" if place else ""
    return f"{what.format(nom=name, type=kind)}{line}. [SQLSTATE {code}{known}]\nQue faire : {advice}"


def advice_of(code: str | None) -> str:
    """What to do of what PostgreSQL refused, in French; empty for an unknown SQLSTATE."""
    return _SAID[code][1] if code in _SAID else ""


def discreet(message: str, code: str | None, names: Mapping[str, str | None]) -> str | None:
    """Says what PostgreSQL refused without quoting the row, in its own words.

    Args:
        message: PostgreSQL's first line (message_primary), in the language of the server.
        code: SQLSTATE; None for an error of the connection.
        names: what PostgreSQL names apart: contrainte, table, colonne…; None when it does not.

    Returns:
        The message for logs; None when the error's own text quotes no row.
    """
    if code is None or code.startswith(_NOT_OF_ROWS):
        return None
    kept = message if code == _RAISED else _QUOTED.sub(f" {HIDDEN}", message)
    known = ", ".join(f"{kind} {name}" for kind, name in names.items() if name)
    return f"{kept.rstrip()} [SQLSTATE {code}{f' ; {known}' if known else ''}]"


def describe_error(error: BaseException) -> str:
    """All that may be said of an error, in one line: no word of a text that may quote a value.

    Args:
        error: of the platform (its message), of PostgreSQL through psycopg or psycopg2, of the system, or any
            other, of which only the kind and the place in the code are told.
    """
    if isinstance(error, PlatformError):
        return error.message
    if hasattr(error, "diag"):
        return _told_by_postgresql(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename} : {error.strerror}" if error.filename else error.strerror
    return f"{type(error).__name__}{_place(error)}"


def passes(said: str) -> bool:
    """Whether a message of a failure tells of one that passes by itself: what failed may be tried again.

    Args:
        said: by the platform, or by dbt of one node.
    """
    return bool(_PASSING.search(said))


def is_passing(error: BaseException | None) -> bool:
    """Whether an error, or what it was raised from, passes by itself."""
    while error is not None:
        if hasattr(error, "diag"):
            code = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
            if code is None:
                return type(error).__name__ in ("OperationalError", "InterfaceError")
            return bool(_PASSING_CODE.fullmatch(code))
        if isinstance(error, PlatformError) and passes(str(error)):
            return True
        error = error.__cause__
    return False


def frames(text: str) -> str:
    """A traceback without the texts of its errors: files, lines, functions and kinds of errors.

    Args:
        text: as `traceback.format_exc` writes it.
    """
    lines: list[str] = []
    for line in text.splitlines():
        if _FRAME.match(line):
            lines.append(line)
        elif lines and lines[-1].startswith(" ") and (kind := _KIND.match(line)):
            # The first line below the frames names the error; what follows is its text.
            lines.append(kind.group())
    return "\n".join(lines)


def _told_by_postgresql(error: BaseException) -> str:
    about = error.diag  # type: ignore[attr-defined]
    code = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    first = about.message_primary or (str(error).strip().splitlines() or [""])[0]
    if code is None and type(error).__name__ not in ("OperationalError", "InterfaceError"):
        # The driver's own words on a value that it cannot read or write.
        return f"{type(error).__name__}{_place(error)}"
    names = {"table": about.table_name, "contrainte": about.constraint_name}
    said = in_french(code, first, names) or discreet(first, code, names) or first
    return said.partition("\n")[0]


def _place(error: BaseException) -> str:
    """Where an unforeseen error comes from in our code."""
    checkout = Path(__file__).parents[1]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        # The environment lies in the checkout: its packages are not ours.
        if file.is_relative_to(checkout) and ".venv" not in file.parts:
            return f" ({file.name}, ligne {frame.lineno})"
    return ""
