#!/bin/bash
# STAND-IN. graceful_shutdown.sh [-h http://HOST:PORT]: asks the gateway to leave when its last call is over, and waits.
# Works only with org.jitsi.jigasi.ENABLE_REST_SHUTDOWN, as with the real one.
set -euo pipefail

url=http://127.0.0.1:8788
while getopts "h:" option; do
  [ "$option" = h ] && url=$OPTARG
done
curl -fsS -H 'Content-Type: application/json' -d '{"graceful-shutdown": "true"}' "$url/about/shutdown"
while curl -fsS "$url/about/stats" > /dev/null 2>&1; do
  sleep 1
done
echo "the gateway has shut down"
