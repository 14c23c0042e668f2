#!/usr/bin/env bash
# bench/beside-rt.sh [TICKETS] : fills a database and a Request Tracker 5 with the same tickets (20,000; RT makes 1,000 of them by its own
# API, the others are copies of their rows with the other texts) and measures the product beside it. As root on Debian, as RT is started
# by tests/rt.sh.
# Build before: cargo build --release -p bench -p switchboard
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/setup.sh
. tests/postgres.sh
. tests/rt.sh
tickets=${1:-20000}
bench=$target/release/bench
[ -x "$bench" ] || fail "build it first: cargo build --release -p bench -p switchboard"
folder=$(mktemp -d /tmp/switchboard-beside.XXXXXX)
trap 'rt_stop; postgres_stop; rm -rf "$folder"' EXIT
postgres_start
rt_start
"$bench" fill --url "sqlite:$folder/desk.db" --tickets "$tickets" --entries 1
"$bench" rt-texts --url "sqlite:$folder/desk.db" --into "$folder/texts"
cp bench/rt_fill.pl "$folder"
# RT's user reads them.
chmod 755 "$folder"
rt_run perl "$folder/rt_fill.pl" "$folder/texts" 1000
psql -qXAt -v ON_ERROR_STOP=1 "$SWITCHBOARD_TEST_RT_DATABASE" -f bench/rt_copies.sql <"$folder/texts"
"$bench" rt --url "sqlite:$folder/desk.db"
