"""The version of the adapter, which dbt reads."""

version = "1.11.0"
