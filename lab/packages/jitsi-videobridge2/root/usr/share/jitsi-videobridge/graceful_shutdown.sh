#!/bin/bash
# STAND-IN. graceful_shutdown.sh [-h http://HOST:PORT]: asks the bridge to shut down and waits until it has gone.
# Works only with videobridge.apis.rest.enabled and videobridge.rest.shutdown.enabled, as with the real one.
set -euo pipefail

url=http://127.0.0.1:8080
while getopts "h:" option; do
  [ "$option" = h ] && url=$OPTARG
done
curl -fsS -H 'Content-Type: application/json' -d '{"graceful-shutdown": "true"}' "$url/colibri/shutdown"
while curl -fsS "$url/about/version" > /dev/null 2>&1; do
  sleep 1
done
echo "the bridge has shut down"
