"""Pages about the runs of the platform that are made from its history."""
