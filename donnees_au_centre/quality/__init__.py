"""The state of quality, worked out once from the history and the manifest, for every page and message."""
