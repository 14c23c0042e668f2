# Sourced by ./test after tests/mail.sh: a private Mailman 3 with one list, gone at exit. It sends through the tests' Postfix.
# shellcheck shell=bash
#
# What the tests get:
#   SWITCHBOARD_TEST_MAILMAN        http://127.0.0.1:PORT/3.1, its REST interface
#   SWITCHBOARD_TEST_MAILMAN_LOGIN  USER:PASSWORD for it
#   SWITCHBOARD_TEST_MAILMAN_HOST   the domain of its lists, lPORT.example: tests/mail.sh routes such mail to an LMTP port of this machine
# A test makes the lists it needs by the REST interface, with names of its own.

mailman_data=''

mailman_start() {
  if [ -n "${SWITCHBOARD_TEST_MAILMAN:-}" ]; then say "using the Mailman that SWITCHBOARD_TEST_MAILMAN names"; return 0; fi
  [ -n "${SWITCHBOARD_TEST_SMTP:-}" ] || fail "Mailman sends through the Postfix of tests/mail.sh, which is not started"
  [ -x /usr/lib/mailman3/bin/mailman ] || need_debian mailman3
  local d lmtp rest
  d=$(mktemp -d "$memory/mailman.XXXXXX")
  mailman_data=$d
  lmtp=$(free_port)
  rest=$(free_port)
  mkdir "$d/var"
  # Else it fetches the list of public suffixes from the network, and keeps mail back while it can not.
  printf 'org\nnet\nexample\n' >"$d/suffixes"
  cat >"$d/mailman.cfg" <<C
[mailman]
site_owner: postmaster@example.org
layout: test
[paths.test]
var_dir: $d/var
queue_dir: $d/var/queue
list_data_dir: $d/var/lists
log_dir: $d/var/logs
lock_dir: $d/var/locks
data_dir: $d/var/data
cache_dir: $d/var/cache
template_dir: $d/var/templates
messages_dir: $d/var/messages
archive_dir: $d/var/archives
etc_dir: $d
ext_dir: $d/ext
bin_dir: /usr/lib/mailman3/bin
pid_file: $d/var/master.pid
lock_file: $d/var/locks/master.lck
[database]
class: mailman.database.sqlite.SQLiteDatabase
url: sqlite:///$d/var/mailman.db
[webservice]
hostname: 127.0.0.1
port: $rest
admin_user: tests
admin_pass: secret-tests
workers: 1
[mta]
incoming: mailman.mta.null.NullMTA
outgoing: mailman.mta.deliver.deliver
smtp_host: 127.0.0.1
smtp_port: ${SWITCHBOARD_TEST_SMTP##*:}
lmtp_host: 127.0.0.1
lmtp_port: $lmtp
[dmarc]
org_domain_data_url: file://$d/suffixes
resolver_timeout: 1s
resolver_lifetime: 1s
[runner.archive]
start: no
[runner.digest]
start: no
[runner.nntp]
start: no
[runner.task]
start: no
C
  # Nothing waits a second for the next look into its queue.
  local runner
  for runner in in out pipeline virgin bounces retry command; do printf '[runner.%s]\nsleep_time: 0.2s\n' $runner >>"$d/mailman.cfg"; done
  # It drops its rights to the user that its package made, and runs as nobody else.
  chmod 755 "$d"
  chown -R list:list "$d/var"
  mailman_run start >"$peers/mailman.log" 2>&1 </dev/null || { tail -n 20 "$peers/mailman.log" >&2; fail "Mailman did not start"; }
  local api=http://127.0.0.1:$rest/3.1 host=l$lmtp.example i
  for ((i = 0; i < 600; i++)); do
    # Its runners are processes of their own: what it took before they run would lie there.
    if curl -fsS -o /dev/null -u tests:secret-tests "$api/system/versions" 2>/dev/null && (exec 3<>"/dev/tcp/127.0.0.1/$lmtp") 2>/dev/null &&
      [ "$(grep -cE ' (in|out|pipeline|virgin) runner started' "$d/var/logs/mailman.log")" -ge 4 ]; then break; fi
    sleep 0.1
  done
  [ "$i" -lt 600 ] || { tail -n 20 "$d/var/logs"/*.log "$peers/mailman.log" >&2; fail "Mailman does not answer"; }
  curl -fsS -o /dev/null -u tests:secret-tests "$api/domains" -d "mail_host=$host" || fail "Mailman takes no domain"
  export SWITCHBOARD_TEST_MAILMAN=$api SWITCHBOARD_TEST_MAILMAN_LOGIN=tests:secret-tests SWITCHBOARD_TEST_MAILMAN_HOST=$host
  say "Mailman's lists at $host, its REST interface at $api"
}

mailman_run() { (cd "$mailman_data/var" && exec runuser -u list -- /usr/lib/mailman3/bin/mailman -C "$mailman_data/mailman.cfg" "$@"); }

mailman_stop() {
  [ -n "$mailman_data" ] || return 0
  mailman_run stop >/dev/null 2>&1 </dev/null || true
  local i
  for ((i = 0; i < 50; i++)); do [ -e "$mailman_data/var/master.pid" ] || break; sleep 0.1; done
  rm -rf "$mailman_data"
  mailman_data=''
}
