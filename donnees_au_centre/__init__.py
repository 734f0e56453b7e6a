"""The platform, which the command line and Dagster call: loading, rights, audit, quality, pages."""
