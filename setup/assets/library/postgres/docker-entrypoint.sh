#!/bin/bash
# `docker run postgres`: an empty data directory becomes a database cluster with the superuser, password and database that the environment
# names; then the command. The server runs as postgres, not as root. /docker-entrypoint-initdb.d is carried out once, with the new cluster.
set -euo pipefail

# NAME, or what is in the file that NAME_FILE names, for secrets.
setting() {
  local name=$1 file_name=$1_FILE
  if [ -n "${!name:-}" ] && [ -n "${!file_name:-}" ]; then
    echo >&2 "error: both $name and $file_name are set (but are exclusive)"
    exit 1
  fi
  if [ -n "${!file_name:-}" ]; then export "$name=$(<"${!file_name}")"; else export "$name=${!name:-${2:-}}"; fi
  unset "$file_name"
}

refuse_without_password() {
  if [ -n "$POSTGRES_PASSWORD" ] || [ "$POSTGRES_HOST_AUTH_METHOD" = trust ]; then return; fi
  cat >&2 <<'TEXT'
Error: Database is uninitialized and superuser password is not specified.
       Give the superuser a password that is not empty:
       "docker run -e POSTGRES_PASSWORD=password ...".

       Or let everybody in without one, which is for trials only:
       "docker run -e POSTGRES_HOST_AUTH_METHOD=trust ...".
       https://www.postgresql.org/docs/current/auth-trust.html
TEXT
  exit 1
}

make_cluster() {
  if [ "$POSTGRES_HOST_AUTH_METHOD" = trust ]; then
    echo >&2 'Warning: with POSTGRES_HOST_AUTH_METHOD=trust whoever reaches port 5432 is let in, as superuser, too.'
  fi
  local arguments=()
  eval "arguments=(${POSTGRES_INITDB_ARGS:-})"
  if [ -n "${POSTGRES_INITDB_WALDIR:-}" ]; then arguments+=(--waldir "$POSTGRES_INITDB_WALDIR"); fi
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") "${arguments[@]}"
  local method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption)}
  printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
}

# On the socket only: nobody else gets in before it is ready.
psql_here() { PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --no-password "$@"; }

run_scripts() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case "$file" in
      *.sh) if [ -x "$file" ]; then echo "$0: running $file"; "$file"; else echo "$0: sourcing $file"; . "$file"; fi ;;
      *.sql) echo "$0: running $file"; psql_here --dbname "$POSTGRES_DB" -f "$file"; echo ;;
      *.sql.gz) echo "$0: running $file"; gunzip -c "$file" | psql_here --dbname "$POSTGRES_DB"; echo ;;
      '/docker-entrypoint-initdb.d/*') ;; # there is none
      *) echo "$0: ignoring $file" ;;
    esac
  done
}

prepare() {
  setting POSTGRES_PASSWORD
  setting POSTGRES_USER postgres
  setting POSTGRES_DB "$POSTGRES_USER"
  setting POSTGRES_HOST_AUTH_METHOD
  if [ -s "$PGDATA/PG_VERSION" ]; then
    printf '\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n'
    return
  fi
  refuse_without_password
  make_cluster
  PGUSER="$POSTGRES_USER" pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -p 5432" -w start
  if [ "$POSTGRES_DB" != postgres ]; then psql_here --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'; fi
  run_scripts
  PGUSER="$POSTGRES_USER" pg_ctl -D "$PGDATA" -m fast -w stop
  printf '\nPostgreSQL init process complete; ready for start up.\n\n'
}

if [ "${1:0:1}" = - ]; then set -- postgres "$@"; fi

only_asks=no
for word in "$@"; do
  case "$word" in -'?' | --help | --describe-config | -V | --version) only_asks=yes ;; esac
done

if [ "${1:-}" = postgres ] && [ "$only_asks" = no ]; then
  mkdir -p "$PGDATA" && chmod 700 "$PGDATA" || true
  mkdir -p /var/run/postgresql && chmod 3777 /var/run/postgresql || true
  if [ "$(id -u)" = 0 ]; then
    find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres '{}' +
    exec env HOME=/var/lib/postgresql setpriv --reuid=postgres --regid=postgres --init-groups "$BASH_SOURCE" "$@"
  fi
  prepare
fi

exec "$@"
