# Sourced by ./test: a private PostgreSQL on 127.0.0.1, on a free port, gone at exit.
# shellcheck shell=bash

pg_data='' pg_bin='' pg_port=''

# PostgreSQL refuses to run as root; then it runs as the user its package made.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then (cd / && exec runuser -u postgres -- "$@"); else "$@"; fi
}

postgres_start() {
  if [ -n "${SWITCHBOARD_TEST_POSTGRES:-}" ]; then say "using the PostgreSQL that SWITCHBOARD_TEST_POSTGRES names"; return 0; fi
  pg_bin=$(postgres_bin)
  if [ -z "$pg_bin" ]; then need_debian postgresql; pg_bin=$(postgres_bin); fi
  [ -n "$pg_bin" ] || fail "no initdb found"
  pg_data=$memory/pg
  mkdir "$pg_data"
  [ "$(id -u)" != 0 ] || chown postgres "$pg_data"
  chmod 700 "$pg_data"
  as_postgres "$pg_bin/initdb" -D "$pg_data/db" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$peers/initdb.log" 2>&1 </dev/null ||
    { tail -n 20 "$peers/initdb.log" >&2; fail "initdb failed"; }
  pg_port=$(free_port)
  # Durable is the database's own promise; what is tested is what we do with it. So no fsync, and data in memory: a disk is slow.
  as_postgres tee -a "$pg_data/db/postgresql.conf" >/dev/null <<C
listen_addresses = '127.0.0.1'
port = $pg_port
unix_socket_directories = ''
max_connections = 200
shared_buffers = 64MB
fsync = off
full_page_writes = off
logging_collector = off
C
  as_postgres "$pg_bin/pg_ctl" -D "$pg_data/db" -l "$pg_data/log" -w -t 60 start >/dev/null 2>&1 </dev/null ||
    { as_postgres tail -n 20 "$pg_data/log" >&2; fail "PostgreSQL did not start"; }
  "$pg_bin/psql" -qX -h 127.0.0.1 -p "$pg_port" -U postgres -d postgres \
    -c "create role app login createdb password 'app'" -c "create database app owner app" >/dev/null </dev/null
  export SWITCHBOARD_TEST_POSTGRES="postgres://app:app@127.0.0.1:$pg_port/app"
  say "PostgreSQL $("$pg_bin/postgres" --version | grep -o '[0-9][0-9.]*' | head -n 1) on 127.0.0.1:$pg_port"
}

postgres_stop() {
  [ -n "$pg_data" ] || return 0
  as_postgres "$pg_bin/pg_ctl" -D "$pg_data/db" -m immediate -w stop >/dev/null 2>&1 </dev/null || true
  rm -rf "$pg_data"
  pg_data=''
}

postgres_bin() {
  local d
  for d in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -Vr) "$(dirname "$(command -v initdb || echo /nowhere/initdb)")"; do
    if [ -x "$d/initdb" ] && [ -x "$d/postgres" ]; then echo "$d"; return; fi
  done
}

# postgres_sweep DIR : ends the server that a run which was killed has left there.
postgres_sweep() {
  [ -d "$1/pg/db" ] || return 0
  pg_bin=$(postgres_bin)
  as_postgres "$pg_bin/pg_ctl" -D "$1/pg/db" -m immediate -w stop >/dev/null 2>&1 </dev/null || true
}
