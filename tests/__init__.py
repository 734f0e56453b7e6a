"""The tests. A package, since a dependency installs another one of that name, which would hide them."""
