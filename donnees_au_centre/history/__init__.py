"""The history of dbt's runs: written thin after each one, append-only, read by the reports."""
