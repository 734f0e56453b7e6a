"""A thin Dagster: one code location per domain, made by one factory from one manifest."""
