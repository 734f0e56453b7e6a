"""One file a kind of source: its name is what `kind:` says in a declaration, its class is KIND."""
