#!/bin/sh
# start_django_dual.sh: the monitor's web server in the foreground, on its HTTP and its HTTPS port; Ctrl-C ends it.
# `testbed start` starts it with the broker and the intake, under a supervisor.
set -eu

link=$(readlink -f -- "$0" 2>/dev/null) || link=$0
root=$(CDPATH='' cd -- "$(dirname -- "$link")" && pwd -P)

"$root/tools/set_up" run
SWF_HOME=${SWF_HOME:-$root}
export SWF_HOME
exec "$root/.venv/bin/python" -P -m swf_testbed.monitor serve
