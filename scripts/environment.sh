# Sourced by serve, check and test. `prepare base` or `prepare dev` makes .venv hold what pyproject.toml asks for at the
# versions of constraints.txt, and leaves it alone when it does already; afterwards $python is its interpreter.

set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
environment=$root/.venv
python=$environment/bin/python

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

is_recent() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if is_recent "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "OA needs Python 3.11 or newer and found none as ${PYTHON:-python3 or python3.11 to python3.14}: install it, or name it with PYTHON=/path/to/python3"
}

create_environment() {
    found=$(find_python)
    rm -rf "$environment"
    echo "Creating .venv with $("$found" --version)" >&2
    if ! reason=$("$found" -m venv "$environment" 2>&1); then
        rm -rf "$environment"
        printf '%s\n' "$reason" >&2
        fail "This Python cannot create an environment with pip: install its venv package (Debian and Ubuntu: apt install python3-venv), or name another with PYTHON=/path/to/python3"
    fi
}

# What an installation depends on: the two files, and where the checkout is.
wanted() {
    { printf '%s\n' "$root"; cat "$root/pyproject.toml" "$root/constraints.txt"; } | cksum
}

has() {
    [ -f "$environment/.oa-$1" ] && [ "$(cat "$environment/.oa-$1")" = "$(wanted)" ]
}

prepare() {
    if is_recent "$python"; then
        if has dev || has "$1"; then
            return
        fi
    else
        create_environment
    fi
    case $1 in
        base) requirement=$root ;;
        *) requirement="${root}[$1]" ;;
    esac
    "$python" -c 'import pip' 2>/dev/null || fail "The environment in .venv has no pip: delete .venv and start again."
    echo "Installing what OA needs into .venv (once)" >&2
    "$python" -m pip install --quiet --quiet --disable-pip-version-check -c "$root/constraints.txt" -e "$requirement" >&2 ||
        fail "The installation failed, for the reason above; nothing was started."
    wanted >"$environment/.oa-$1"
}
