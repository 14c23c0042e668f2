#!/usr/bin/env bash
# bench/beside-rt.sh [TICKETS] : fills a database and a Request Tracker 5 with the same tickets (20,000; RT makes 1,000 of them by its own
# API, the others are copies of their rows with the other texts) and measures the product beside it. As root on Debian, as RT is started
# by tests/rt.sh.
# Build before: cargo build --release -p bench -p switchboard
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/rt.sh
rt_filled "${1:-20000}" 1000
"$bench" rt --url "sqlite:$folder/desk.db"
