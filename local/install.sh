#!/bin/sh
# Install a hashed lock into .venv (or the environment named second): with uv (found, or from the package index), else with pip.
# The Makefile calls this.
set -eu
uv_version=0.13.9
python=${2:-.venv}/bin/python
quiet_pip="$python -m pip --disable-pip-version-check -q"

find_uv() {
    if command -v uv >/dev/null 2>&1; then command -v uv; return; fi
    [ -x .venv/bin/uv ] || $quiet_pip install "uv==$uv_version" >/dev/null 2>&1 || return 1
    echo .venv/bin/uv
}

uv=$(find_uv) || uv=

lock() { # lock TARGET PYPROJECT-OPTIONS...
    target=$1; shift
    "$uv" pip compile -q --universal --python-version 3.11 --generate-hashes \
        --custom-compile-command 'make lock' pyproject.toml "$@" -o "$target"
}

case "$1" in
lock)
    [ -n "$uv" ] || { echo "make lock needs uv, which could not be installed" >&2; exit 1; }
    lock requirements.txt --extra aws --group local --group deploy --group test --group check
    lock local/requirements.txt -c requirements.txt --extra aws --group local
    lock lambdas/layer/requirements.txt -c requirements.txt
    ;;
--self)
    if [ -n "$uv" ]; then "$uv" pip install -q --python "$python" --no-deps -e .
    else $quiet_pip install --no-deps -e .; fi
    ;;
*)
    echo "installing $1 with ${uv:-pip}" >&2
    if [ -n "$uv" ]; then "$uv" pip install -q --python "$python" --require-hashes -r "$1"
    else $quiet_pip install --require-hashes -r "$1"; fi
    ;;
esac
