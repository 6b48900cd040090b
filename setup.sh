# shellcheck shell=sh
# source setup.sh: sets SWF_HOME to this checkout and puts its programs into the PATH; safe to repeat.

if [ -n "${BASH_VERSION:-}" ]; then
    eval 'SWF_HOME=${BASH_SOURCE[0]}'
elif [ -n "${ZSH_VERSION:-}" ]; then
    eval 'SWF_HOME=${(%):-%x}'
else
    SWF_HOME=${SWF_HOME:-$PWD}/setup.sh
fi
SWF_HOME=$(CDPATH='' cd -- "$(dirname -- "$SWF_HOME")" && pwd -P)
export SWF_HOME
case ":$PATH:" in
    *":$SWF_HOME/.venv/bin:"*) ;;
    *) PATH="$SWF_HOME/.venv/bin:$PATH" && export PATH ;;
esac
