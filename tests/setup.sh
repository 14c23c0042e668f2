# Sourced by ./test and the scripts beside this file: what has to be there before a test can run, and waiting for servers.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
case $target in /*) ;; *) target=$root/$target ;; esac
peers=$target/peers
mkdir -p "$peers"

say() { printf '%s\n' "$*"; }
fail() { printf 'test: %s\n' "$*" >&2; exit 1; }

# as_root CMD... : on a workstation through sudo, on a bare machine directly.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo -n -- "$@" || fail "sudo asks for a password; run as root once: $*"
  else fail "needs root: $*"; fi
}

# need_debian PACKAGE... : installs those that are missing. Package lists are refreshed only where an install fails, and no
# package may start its service: the tests start their own, on ports of their own.
need_debian() {
  local missing=() p
  for p in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "please install: ${missing[*]} (Debian's names; there is no apt-get here)"
  say "installing ${missing[*]}"
  local log=$peers/apt.log policy=/usr/sbin/policy-rc.d made=
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install --no-install-recommends)
  if [ ! -e $policy ] && [ "$(id -u)" = 0 ]; then printf '#!/bin/sh\nexit 101\n' >$policy; chmod +x $policy; made=1; fi
  local status=0
  as_root "${install[@]}" "${missing[@]}" >"$log" 2>&1 </dev/null || {
    as_root apt-get -q -o DPkg::Lock::Timeout=300 update >>"$log" 2>&1 </dev/null || true
    as_root "${install[@]}" "${missing[@]}" >>"$log" 2>&1 </dev/null || status=$?
  }
  [ -z "$made" ] || rm -f $policy
  [ $status = 0 ] || { tail -n 20 "$log" >&2; fail "apt-get could not install ${missing[*]}"; }
}

need_command() { # need_command COMMAND PACKAGE... : for what may be there without Debian's package
  command -v "$1" >/dev/null || need_debian "${@:2}"
}

# need_python : schemathesis, the clients of RT, Zammad, GGUS's SOAP, GitHub, GitLab and Jira, and all they stand on, at the versions in tests/api/requirements.txt.
need_python() {
  local want=$root/tests/api/requirements.txt have=$target/venv/requirements.txt
  cmp -s "$want" "$have" && [ -x "$target/venv/bin/schemathesis" ] && return 0
  python3 -c 'import ensurepip, venv' 2>/dev/null || need_debian python3-venv
  say "installing schemathesis into $target/venv"
  rm -rf "$target/venv"
  python3 -m venv "$target/venv"
  "$target/venv/bin/pip" install -q --disable-pip-version-check --no-input -r "$want" </dev/null
  cp "$want" "$have"
}

# need_node : playwright-core and axe-core, at the versions in tests/browser/package-lock.json. No browser is downloaded.
need_node() {
  command -v npm >/dev/null || need_debian nodejs npm
  local lock=$root/tests/browser/package-lock.json have=$root/tests/browser/node_modules/.installed
  cmp -s "$lock" "$have" && return 0
  say "installing the browser tests' packages"
  (cd "$root/tests/browser" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null)
  cp "$lock" "$have"
}

# need_chromium : sets CHROMIUM to a browser that is there.
need_chromium() {
  local c
  for c in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$c" ] && command -v "$c" >/dev/null; then CHROMIUM=$(command -v "$c"); export CHROMIUM; break; fi
  done
  [ -n "${CHROMIUM:-}" ] || { need_debian chromium; CHROMIUM=$(command -v chromium); export CHROMIUM; }
  # Without fonts a screenshot shows boxes, and axe measures no contrast.
  if command -v dpkg-query >/dev/null; then need_debian fonts-noto-core fonts-liberation; fi
}

# memory_start : sets $memory to a folder of this run in memory, or in /tmp where there is too little of it. For what lives as long as a
# test: databases are made and dropped by the hundred, and a disk's file system takes longer for that than the tests do.
memory=''
memory_start() {
  local d free=0 available
  # A run that was killed leaves its folder behind; it carries the number of the run's process.
  for d in /dev/shm/switchboard-tests.* /tmp/switchboard-tests.*; do
    [ ! -O "$d" ] || kill -0 "${d##*.}" 2>/dev/null || { postgres_sweep "$d"; rm -rf "$d"; }
  done
  memory=/dev/shm/switchboard-tests.$$
  if [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] && mkdir -m 755 "$memory" 2>/dev/null; then
    free=$(df --output=avail -BM /dev/shm | tail -n 1 | tr -dc 0-9)
    available=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
    [ "$available" -ge "$free" ] || free=$available
    # Programs are started from there too.
    printf '#!/bin/sh\n' >"$memory/try"
    chmod 755 "$memory/try"
    "$memory/try" 2>/dev/null || free=0
    rm "$memory/try"
    # A run needs less than a thousand MB; the compiler and a browser need the rest.
    [ "$free" -ge 4000 ] || rm -rf "$memory"
  fi
  if [ ! -d "$memory" ]; then
    memory=/tmp/switchboard-tests.$$
    mkdir -m 755 "$memory"
    say "data lie in $memory: with 4000 MB free in /dev/shm, and programs allowed there, they would lie in memory, and tests be quicker"
  fi
  # Servers write there too, each as its own user.
  mkdir -m 1777 "$memory/tmp"
}

memory_stop() { [ -z "$memory" ] || rm -rf "$memory"; }

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# certificates DIR NAME : an authority that nobody knows (ca.crt), and a certificate of it for NAME and this machine (server.crt, .key).
certificates() {
  local d=$1
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=Authority of the tests' \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$d/ca.key" -out "$d/ca.crt" 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$2" -keyout "$d/server.key" -out "$d/server.csr" 2>/dev/null
  openssl x509 -req -in "$d/server.csr" -CA "$d/ca.crt" -CAkey "$d/ca.key" -CAcreateserial -days 2 -out "$d/server.crt" \
    -extfile <(printf 'subjectAltName=DNS:localhost,DNS:%s,IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n' "$2") 2>/dev/null
  chmod 755 "$d"
  chmod 644 "$d"/*.crt
}

# wait_for_url URL SECONDS PID LOG : until it answers 2xx; stops at once when the process is gone.
wait_for_url() {
  local i
  for ((i = 0; i < $2 * 10; i++)); do
    curl -fsS -o /dev/null --max-time 2 "$1" 2>/dev/null && return 0
    kill -0 "$3" 2>/dev/null || { tail -n 30 "$4" >&2; fail "the server ended before $1 answered"; }
    sleep 0.1
  done
  tail -n 30 "$4" >&2
  fail "$1 did not answer within $2 s"
}
