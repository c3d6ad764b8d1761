#!/bin/sh
# STAND-IN for the recorder's start script.
export JAVA_SYS_PROPS="-Djava.util.logging.config.file=/etc/jitsi/jibri/logging.properties -Dconfig.file=/etc/jitsi/jibri/jibri.conf"
exec /usr/bin/python3 -uB /opt/jitsi/jibri/jibri.py
