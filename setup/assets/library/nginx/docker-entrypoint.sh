#!/bin/sh
# Prepares the container with what lies in /docker-entrypoint.d, then becomes the command.
set -e

if [ "$1" = nginx ] || [ "$1" = nginx-debug ]; then
  for file in /docker-entrypoint.d/*; do
    case "$file" in
      *.envsh) [ -x "$file" ] && { echo "$0: Sourcing $file"; . "$file"; } ;;
      *.sh) [ -x "$file" ] && { echo "$0: Launching $file"; "$file"; } ;;
    esac
  done
  echo "$0: Configuration complete; ready for start up"
fi

exec "$@"
