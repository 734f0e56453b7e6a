"""The commands behind `make`, one module for each family."""
