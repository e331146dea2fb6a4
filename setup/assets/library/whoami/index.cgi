#!/bin/sh
# Which container answers, from where, and what it was asked.
printf 'Content-Type: text/plain\r\n\r\n'
echo "Hostname: $(hostname)"
hostname -i | tr ' ' '\n' | sed 's/^/IP: /'
echo "RemoteAddr: ${REMOTE_ADDR:-}"
echo "$REQUEST_METHOD ${REQUEST_URI:-/} ${SERVER_PROTOCOL:-}"
env | sed -n 's/^HTTP_\([A-Z_]*\)=/\1: /p' | sort
