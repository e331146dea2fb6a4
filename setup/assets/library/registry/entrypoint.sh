#!/bin/sh
# `docker run registry` takes a configuration file, a subcommand of registry's, or any program.
set -e
case "$1" in
  *.yaml | *.yml) set -- registry serve "$@" ;;
  serve | garbage-collect | help | -*) set -- registry "$@" ;;
esac
exec "$@"
