# Sourced by the scripts beside this file: a Request Tracker 5 filled with the tickets of a filled database, gone at exit.
# shellcheck shell=bash
. tests/setup.sh
. tests/postgres.sh
. tests/rt.sh
bench=$target/release/bench
[ -x "$bench" ] || fail "build it first: cargo build --release -p bench -p switchboard"
folder=$(mktemp -d /tmp/switchboard-beside.XXXXXX)
trap 'rt_stop; postgres_stop; rm -rf "$folder"' EXIT

# rt_filled TICKETS MADE : starts RT, fills $folder/desk.db and RT with as many tickets; RT makes some of them by its own API.
rt_filled() {
  postgres_start
  rt_start
  "$bench" fill --url "sqlite:$folder/desk.db" --tickets "$1" --entries 1
  "$bench" rt-texts --url "sqlite:$folder/desk.db" --into "$folder/texts"
  cp bench/rt_fill.pl "$folder"
  # RT's user reads them.
  chmod 755 "$folder"
  rt_run perl "$folder/rt_fill.pl" "$folder/texts" "$2"
  psql -qXAt -v ON_ERROR_STOP=1 "$SWITCHBOARD_TEST_RT_DATABASE" -f bench/rt_copies.sql <"$folder/texts"
}
