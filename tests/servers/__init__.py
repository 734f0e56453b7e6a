"""Real servers on loopback, each a context manager: tests and benchmarks start them, and stop them."""
