"""Governance of the data sets: who answers for them, why they are kept, for how long, what they hold."""
