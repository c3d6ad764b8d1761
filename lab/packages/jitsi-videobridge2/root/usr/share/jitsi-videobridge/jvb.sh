#!/bin/sh
# STAND-IN for the bridge's start script; memory settings come from lib/videobridge.rc or the environment.
# shellcheck source=/dev/null
. /usr/share/jitsi-videobridge/lib/videobridge.rc
export VIDEOBRIDGE_MAX_MEMORY VIDEOBRIDGE_GC_TYPE JAVA_SYS_PROPS
exec /usr/bin/python3 -uB /usr/share/jitsi-videobridge/jvb.py "$@"
