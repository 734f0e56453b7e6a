"""Makes the virtual environment. Only the standard library may be imported here: nothing is installed yet."""
