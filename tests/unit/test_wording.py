"""What dbt says of its results, in French."""

from __future__ import annotations

import pytest

from donnees_au_centre.project.wording import in_french

CONTRACT = """Compilation Error in model dim_x (models/age/marts/dim_x.sql)
  This model has an enforced contract that failed.
  Please ensure the name, data_type, and number of columns in your contract match the columns in your model's
  definition.

  | column_name | definition_type | contract_type | mismatch_reason       |
  | ----------- | --------------- | ------------- | --------------------- |
  | annee       | TEXT            | INTEGER       | data type mismatch    |
  | nom         |                 | TEXT          | missing in definition |
  | places      | INTEGER         |               | missing in contract   |
"""


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Got 1 result, configured to fail if != 0", "1 ligne en faute"),
        (
            "Got 1500 results, configured to warn if >9",
            "1\u202f500 lignes en faute (le test avertit si >9)",
        ),
        (
            CONTRACT,
            "Le contrat n'est pas tenu : annee est TEXT dans le SQL, INTEGER dans le YAML ; nom est dans le "
            "YAML, pas dans le SQL ; places est dans le SQL, pas dans le YAML. Que faire : accordez le SQL "
            "et le YAML du modèle.",
        ),
        (
            "Compilation Error in model x (models/x.sql)\n  'macro_nulle' is undefined. This can…",
            "« macro_nulle » n'existe pas : ni macro, ni variable de ce nom.",
        ),
        ("Database Error\n  division by zero", "Database Error\n  division by zero"),
        ("", ""),
    ],
)
def test_dbt_speaks_french(message: str, said: str) -> None:
    assert in_french(message) == said
