#!/bin/sh
# Installs everything into .venv from the lock file, without root. Used by `make install` and by the image.
set -eu
cd "$(dirname "$0")/.."
sh scripts/uv.sh
exec "$(sh scripts/uv.sh --path)" sync --frozen --quiet "$@"
