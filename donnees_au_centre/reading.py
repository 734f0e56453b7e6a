"""What is wrong with a file that people write, in French."""

from __future__ import annotations

from pathlib import Path

import yaml

# What PyYAML raises of a text of which it makes no values: 2027-02-30, `!!bool peut-être`, thousands of `[`.
NO_YAML = (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
BYTE_ORDER_MARKS = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}


def text_fault(path: Path) -> str:
    """Why a file of the project is no text, or no YAML, in French, without a full stop; "" when it is."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return not_utf8(content, error)
    if path.suffix.lower() in (".yml", ".yaml"):
        try:
            for _ in yaml.parse(text, Loader=yaml.CSafeLoader):
                pass
        except yaml.YAMLError as error:
            return unreadable_yaml(error)
    return ""


def not_utf8(content: bytes, error: UnicodeDecodeError) -> str:
    """Where a file stops being UTF-8, and the character that Windows would have meant there."""
    if content.startswith((BYTE_ORDER_MARKS["utf-16-le"], BYTE_ORDER_MARKS["utf-16-be"])):
        return "ce n'est pas de l'UTF-8, mais de l'UTF-16"
    line = content.count(b"\n", 0, error.start) + 1
    meant = content[error.start : error.start + 1].decode("cp1252", errors="replace")
    return f"ce n'est pas de l'UTF-8, à partir de la ligne {line} (« {meant} » écrit par Windows ?)"


def unreadable_yaml(error: Exception) -> str:
    """Where a YAML file cannot be read, in French; the parser speaks English and quotes the file."""
    if isinstance(error, UnicodeDecodeError):
        return "ce n'est pas de l'UTF-8"
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return "ce n'est pas du YAML lisible (une date qui n'existe pas, un caractère invisible ?)"
    why = " ; une tabulation y tient lieu d'espaces" if "'\\t'" in str(error) else ""
    return (
        f"ce n'est pas du YAML lisible, à partir de la ligne {mark.line + 1}, colonne {mark.column + 1}"
        f"{why} ; regardez aussi la ligne d'avant (guillemets, deux-points, retrait)"
    )
