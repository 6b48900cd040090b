#!/bin/sh
# run_all_tests.sh: everything that must hold before a change is merged, on a machine with Python 3.11 alone.
# Arguments go to pytest. What needs a browser is skipped, by name, where there is none.
set -eu
cd "$(dirname -- "$0")"

tools/set_up test
export PATH="$PWD/.venv/bin:$PATH"

failed=''
check() {
    echo "== $*"
    "$@" || failed="$failed
  $*"
}
check ruff check
check ruff format --check
check mypy
check lint-imports
check tools/secrets_scan
# Three on the two cores of CI: a test that starts a testbed mostly waits.
check pytest -n 3 --dist loadfile "$@"
[ -z "$failed" ] || { echo "run_all_tests.sh: failed:$failed" >&2; exit 1; }
