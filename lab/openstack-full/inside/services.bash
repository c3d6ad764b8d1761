# shellcheck shell=bash
# Starting and awaiting services on a node; sourced by the node's scripts.

logs=/var/log/lab
mkdir -p "$logs"

set -o errtrace
trap 'echo "${0##*/}: line $LINENO failed on $(hostname): $BASH_COMMAND" >&2' ERR

# service NAME COMMAND...: start COMMAND in the background; its output goes to /var/log/lab/NAME.log
service() {
    local name=$1
    shift
    setsid "$@" >"$logs/$name.log" 2>&1 </dev/null &
    echo $! >"/run/lab/$name.pid"
}

# await SECONDS NAME COMMAND...: until COMMAND succeeds; gives up when the service NAME dies or the time is over
await() {
    local bound=$(($1 * LAB_PATIENCE)) name=$2
    shift 2
    local end=$((SECONDS + bound))
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= end)) || ! kill -0 "$(cat "/run/lab/$name.pid")" 2>/dev/null; then
            echo "service $name did not come up; read /var/log/lab/$name.log (and /var/log/*/) of node $(hostname)" >&2
            tail -n 5 "$logs/$name.log" >&2
            return 1
        fi
        sleep 0.2
    done
}

# answers URL: something speaks HTTP there
answers() { curl --silent --max-time $((5 * LAB_PATIENCE)) --output /dev/null "$1"; }
