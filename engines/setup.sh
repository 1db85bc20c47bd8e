#!/bin/sh
# Makes the virtual environment: what requirements.lock pins, hashes checked, and ostiary itself as an editable install.
# uv does it faster where it is installed; plain pip does the same.
set -eu
python=$1
venv=$2

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "ostiary needs Python 3.11 or newer; $python is $("$python" --version 2>&1). Say which to use: make PYTHON=python3.12 ..." >&2
    exit 2
}
echo "setting up $venv ..." >&2
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv" || {
    echo "could not make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2
    exit 2
}
if command -v uv >/dev/null 2>&1; then
    VIRTUAL_ENV=$venv uv pip install --quiet --require-hashes -r requirements.lock
    VIRTUAL_ENV=$venv uv pip install --quiet --no-deps --no-build-isolation --editable .
else
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
fi
