#!/bin/sh
# run_all_tests.sh: everything that must hold before a change is merged, on a machine with Python 3.11 alone.
# Arguments go to pytest. What needs a browser is skipped, by name, where there is none.
set -eu
cd "$(dirname -- "$0")"

tools/set_up test
export PATH="$PWD/.venv/bin:$PATH"

step() { echo "== $*" && "$@"; }
step ruff check
step ruff format --check
step mypy
step lint-imports
step pytest -n 2 --dist loadfile "$@"
