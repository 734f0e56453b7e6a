"""What an unknown file is, seen from its bytes: where its table stands, what its columns hold."""
