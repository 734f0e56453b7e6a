"""What dbt says of a node that failed, in French; what PostgreSQL says stays as it is."""

from __future__ import annotations

import re

from donnees_au_centre.french import counted

_FOUND = re.compile(r"Got (?P<count>\d+) results?, configured to (?P<kind>warn|fail) if (?P<limit>.+)")
_CONTRACT = "This model has an enforced contract that failed."
_ROW = re.compile(
    r"^\s*\|\s*(?P<column>[^|]+?)\s*\|\s*(?P<sql>[^|]*?)\s*\|\s*(?P<yaml>[^|]*?)\s*\|\s*(?P<why>[^|]+?)\s*\|",
    re.MULTILINE,
)
_UNDEFINED = re.compile(r"'(\w+)' is undefined")


def in_french(message: str) -> str:
    """The message of a result of dbt, in French where dbt itself speaks.

    Args:
        message: of dbt; "" when it has none.
    """
    if found := _FOUND.search(message):
        return _found(found)
    if _CONTRACT in message:
        return _contract(message)
    if (unknown := _UNDEFINED.search(message)) and "Compilation Error" in message:
        return f"« {unknown[1]} » n'existe pas : ni macro, ni variable de ce nom."
    return message


def _found(found: re.Match[str]) -> str:
    lines = counted(int(found["count"]), "ligne en faute", "lignes en faute")
    limit = found["limit"].strip().replace("!= 0", "").strip()
    verb = "avertit" if found["kind"] == "warn" else "échoue"
    return f"{lines} (le test {verb} si {limit})" if limit else lines


def _contract(message: str) -> str:
    faults = [_mismatch(row) for row in _ROW.finditer(message) if row["column"] != "column_name"]
    faults = [fault for fault in faults if fault]
    said = " ; ".join(faults) or "les colonnes du SQL ne sont pas celles du YAML"
    return f"Le contrat n'est pas tenu : {said}. Que faire : accordez le SQL et le YAML du modèle."


def _mismatch(row: re.Match[str]) -> str:
    why = row["why"].lower()
    if "missing in definition" in why:
        return f"{row['column']} est dans le YAML, pas dans le SQL"
    if "missing in contract" in why:
        return f"{row['column']} est dans le SQL, pas dans le YAML"
    if "data type mismatch" in why:
        return f"{row['column']} est {row['sql']} dans le SQL, {row['yaml']} dans le YAML"
    return ""
