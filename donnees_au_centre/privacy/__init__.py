"""Rights of people and duties of the administration: retention, access, erasure, rectification, register."""
