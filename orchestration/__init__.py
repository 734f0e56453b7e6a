"""What runs the platform around the dbt project: server, loader, checks, Dagster, summary."""
