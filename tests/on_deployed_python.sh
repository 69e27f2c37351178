#!/bin/sh
# Run the tests of what is deployed on the Python that Lambda runs, 3.13, where that interpreter is found; else say so in one line.
set -eu
find_python() {
    for candidate in python3.13 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13.*/bin/python3.13; do
        "$candidate" -c 'import sys; print(sys.executable)' 2>/dev/null && return 0
    done
    return 1
}
python=$(find_python) || { echo "not run on Python 3.13: no such interpreter found"; exit 0; }
if .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))'; then exit 0; fi
if [ ! -e .venv-3.13/installed ] || [ requirements.txt -nt .venv-3.13/installed ]; then
    "$python" -m venv .venv-3.13
    sh local/install.sh requirements.txt .venv-3.13
    touch .venv-3.13/installed
fi
echo "on Python 3.13:"
PYTHONPATH=lambdas/layer/python .venv-3.13/bin/python -m pytest tests/unit tests/aws "$@"
