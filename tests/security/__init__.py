"""Attacks that somebody could try, each with a test that it fails."""
