#!/bin/sh
# Makes the environment ready, then runs one command of the platform in it.
#   sh start.sh <command> [arguments]        as in `python -m donnees_au_centre <command>`
# It is shell because no Python can be trusted yet: `python3` may be missing, too old, or a shim that fails.
# What a command prints on standard output stays its own: everything said here goes to standard error.

root=$(cd -- "$(dirname -- "$0")/../.." && pwd -P) || exit 1
cd -- "$root" || exit 1
# Somebody else's packages must not shadow the pinned ones.
unset PYTHONPATH PYTHONHOME
export PYTHONNOUSERSITE=1
# Container images often forbid byte code: dbt and Dagster would then be compiled again by every process.
unset PYTHONDONTWRITEBYTECODE

refuse() {
    printf '%s\nQue faire : %s\n' "$1" "$2" >&2
    exit 1
}

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

can_make_environments() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

python=
incomplete=
if [ -n "$PYTHON" ]; then
    fits "$PYTHON" ||
        refuse "PYTHON=$PYTHON n'est pas un Python 3.11, 3.12 ou 3.13 qui fonctionne." \
            "Donnez le chemin d'un autre Python (PYTHON=/chemin/python3.12), ou retirez PYTHON."
    can_make_environments "$PYTHON" && python=$PYTHON || incomplete=$PYTHON
elif fits .venv/bin/python; then
    python=.venv/bin/python
else
    # A name may be a shim that fails: only running it tells.
    for candidate in python3 python3.13 python3.12 python3.11 python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.11*/bin/python; do
        fits "$candidate" || continue
        if can_make_environments "$candidate"; then
            python=$candidate
            break
        fi
        incomplete=${incomplete:-$candidate}
    done
fi
if [ -z "$python" ]; then
    [ -n "$incomplete" ] &&
        refuse "$incomplete n'a pas les modules venv et ensurepip : aucun environnement ne peut être créé." \
            "Sous Debian ou Ubuntu : sudo apt install python3-venv ; ailleurs, installez un Python complet."
    refuse "Aucun Python 3.11, 3.12 ou 3.13 n'a été trouvé." \
        "Installez-en un, puis relancez ; s'il est ailleurs que dans le PATH : make PYTHON=/chemin/python3.12 …"
fi

"$python" -m dev.setup || exit 1
[ $# -eq 0 ] || exec "$root/.venv/bin/python" -m donnees_au_centre "$@"
