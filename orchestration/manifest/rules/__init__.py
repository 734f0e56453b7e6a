"""The rules of the project, by subject; orchestration.manifest.checks runs them all."""
