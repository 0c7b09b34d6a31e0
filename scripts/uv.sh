#!/bin/sh
# Brings uv along where it is missing: in a virtual environment of its own below the project, without root.
# `--path` prints which uv to run.
set -eu
cd "$(dirname "$0")/.."
if uv --version >/dev/null 2>&1; then found=uv; else found=.uv/bin/uv; fi
if [ "${1:-}" = "--path" ]; then echo "$found"; exit 0; fi
if [ "$found" = uv ] || [ -x "$found" ]; then exit 0; fi
for python in python3.13 python3 python; do
    if "$python" -m venv --help >/dev/null 2>&1; then
        "$python" -m venv .uv
        .uv/bin/pip install --quiet --disable-pip-version-check uv
        exit 0
    fi
done
echo "Python 3.13 with its venv module is needed (Debian: apt-get install python3 python3-venv)" >&2
exit 1
