"""What is wrong with a file that people write, in French."""

from __future__ import annotations

import yaml


def unreadable_yaml(error: yaml.YAMLError | UnicodeDecodeError) -> str:
    """Where a YAML file cannot be read, in French; the parser speaks English and quotes the file."""
    if isinstance(error, UnicodeDecodeError):
        return "ce n'est pas de l'UTF-8"
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return "ce n'est pas du YAML lisible"
    why = " ; une tabulation y tient lieu d'espaces" if "'\\t'" in str(error) else ""
    return (
        f"ce n'est pas du YAML lisible, à partir de la ligne {mark.line + 1}, colonne {mark.column + 1}"
        f"{why} ; regardez aussi la ligne d'avant (guillemets, deux-points, retrait)"
    )
