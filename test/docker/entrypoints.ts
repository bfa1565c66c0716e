/** What the official image of PostgreSQL does at its start, as far as apps lean on it. */
export const postgresEntrypoint = `#!/bin/sh
set -e
case "$1" in -*) set -- postgres "$@" ;; esac
[ "$1" = postgres ] || exec "$@"
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" /run/postgresql
  chown -R postgres:postgres "$PGDATA" /run/postgresql
  exec su -s /bin/sh postgres "$0" "$@"
fi
secret() { # NAME: its value, or that of the file which NAME_FILE names
  eval "value=\\$$1 file=\\$$1_FILE"
  if [ -n "$file" ]; then cat "$file"; else printf %s "$value"; fi
}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  password=$(secret POSTGRES_PASSWORD)
  user=\${POSTGRES_USER:-postgres} database=\${POSTGRES_DB:-\${POSTGRES_USER:-postgres}}
  if [ -z "$password" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
    echo 'Error: Database is uninitialized and superuser password is not specified.' >&2
    exit 1
  fi
  chmod 700 "$PGDATA"
  printf '%s\\n' "$password" > /tmp/pw
  [ -n "$password" ] || printf 'unused\\n' > /tmp/pw
  initdb -D "$PGDATA" -U "$user" --pwfile=/tmp/pw -A trust -E UTF8 --locale=C >/dev/null
  rm -f /tmp/pw
  echo "host all all all \${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -w -o "-c listen_addresses=''" start >/dev/null
  [ "$database" = postgres ] || psql -q -U "$user" -d postgres -c "create database \\"$database\\""
  for script in /docker-entrypoint-initdb.d/*; do
    case "$script" in
      *.sh) . "$script" ;;
      *.sql) psql -q -v ON_ERROR_STOP=1 -U "$user" -d "$database" -f "$script" ;;
    esac
  done
  pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
  echo 'PostgreSQL init process complete; ready for start up.'
fi
exec "$@" -c listen_addresses='*'
`;

/** What the official image of Redis does at its start: its own user, and flags without the program's name. */
export const redisEntrypoint = `#!/bin/sh
set -e
case "$1" in -*) set -- redis-server "$@" ;; esac
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
  chown -R redis:redis .
  exec su -s /bin/sh -- redis "$0" "$@"
fi
[ "$1" = redis-server ] && set -- "$@" --bind '* -::*' --protected-mode no
exec "$@"
`;
