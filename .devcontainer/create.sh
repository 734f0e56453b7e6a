#!/bin/sh
# Once, when the container is made: the environment of Python, and the connection for what VS Code runs itself.
cd -- "$(dirname -- "$0")/.." || exit 1
# What `make env` says holds a password: it is for a shell, not for the screen.
make -s env >/dev/null || exit 1
# VS Code gives its extensions the variables of a login shell: dbt Power User finds the database by them. They
# are asked for each time, and stand in no file.
cat >>"$HOME/.bashrc" <<END
[ -f '$PWD/.venv/ready.json' ] && eval "\$(make -s -C '$PWD' env)"
END
