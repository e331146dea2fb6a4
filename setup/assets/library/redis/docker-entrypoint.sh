#!/bin/sh
# `docker run redis` takes options of redis-server, a configuration file, or any program. The server runs as redis, not as root.
set -e

case "${1:-}" in
  -* | *.conf) set -- redis-server "$@" ;;
esac

if [ "${1:-}" = redis-server ]; then
  # In a container the network around it decides who may come, so that others may, unless somebody has said otherwise.
  asked=no
  for word in "$@"; do
    case "$word" in
      --protected-mode) asked=yes ;;
      *.conf) if grep -qs '^[[:space:]]*protected-mode' "$word"; then asked=yes; fi ;;
    esac
  done
  if [ "$asked" = no ]; then set -- "$@" --protected-mode no; fi

  if [ "$(id -u)" = 0 ] && setpriv --reuid=redis --regid=redis --init-groups true 2>/dev/null; then
    find . ! -user redis -exec chown redis '{}' + || true
    set -- setpriv --reuid=redis --regid=redis --init-groups "$@"
  fi
  # What it saves is for nobody else.
  if [ "$(umask)" = 0022 ]; then umask 0077; fi
fi

exec "$@"
