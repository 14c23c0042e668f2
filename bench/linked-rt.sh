#!/usr/bin/env bash
# bench/linked-rt.sh [TICKETS] : fills a Request Tracker 5 with tickets (10,000; RT makes 500 of them by its own API, the others are copies
# of their rows with the other texts), links all of them, and measures how fast both come together after a time apart. As root on Debian,
# as RT is started by tests/rt.sh.
# Build before: cargo build --release -p bench
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/rt.sh
rt_filled "${1:-10000}" 500
"$bench" rt-linked
