# Sourced by ./test: a private Postfix and a private Dovecot on 127.0.0.1, on free ports, gone at exit.
# shellcheck shell=bash
#
# What the tests get (crates/testkit/src/mail_servers.rs reads it):
#   SWITCHBOARD_TEST_SMTP         127.0.0.1:PORT  SMTP, STARTTLS offered; relays for this machine
#   SWITCHBOARD_TEST_SUBMISSION   127.0.0.1:PORT  submission: STARTTLS and a password are required
#   SWITCHBOARD_TEST_SMTPS        127.0.0.1:PORT  submission inside TLS
#   SWITCHBOARD_TEST_IMAP         127.0.0.1:PORT  IMAP with IDLE, STARTTLS offered
#   SWITCHBOARD_TEST_IMAPS        127.0.0.1:PORT  IMAP inside TLS
#   SWITCHBOARD_TEST_LMTP         127.0.0.1:PORT  LMTP into the mailboxes
#   SWITCHBOARD_TEST_MAIL_CA      the authority behind all their certificates (localhost, mail.example.org, 127.0.0.1), in PEM
#   SWITCHBOARD_TEST_IMAP_TOKEN   an XOAUTH2 token for oauth@example.org, good for a day
#   SWITCHBOARD_TEST_MAIL_LOG     Postfix's log
#   SWITCHBOARD_TEST_MAIL_MANAGE  the folder with postfix/ (for `postfix -c`) and dovecot.conf (for `doveadm -c`)
#
# Where mail goes:
#   NAME@example.org, NAME@example.net   a mailbox; every NAME has one, and NAME+anything@ is the same one; password secret-NAME
#   grey.example       the same mailboxes (NAME@grey.example), but the first try of sender and recipient is answered 4xx
#   bounce.example     accepted, then bounced with a DSN (5.1.1)
#   defer.example      accepted, then kept and tried again (4.2.0)
#   reject.example     refused at RCPT (550 5.1.1); busy.example: refused at RCPT for now (450 4.2.1)
#   l1234.example      to the LMTP server on port 1234 of 127.0.0.1; s1234.example: to the SMTP server there. So a test mails its own
#                      desk, a proxy or a list manager without a change here

mail_data=''

mail_start() {
  if [ -n "${SWITCHBOARD_TEST_SMTP:-}" ]; then say "using the mail servers that SWITCHBOARD_TEST_SMTP and its like name"; return 0; fi
  if [ ! -x /usr/sbin/postfix ] || [ ! -x /usr/sbin/dovecot ] || [ ! -x /usr/lib/dovecot/lmtp ] || [ ! -x /usr/lib/dovecot/imap ]; then
    need_debian postfix dovecot-core dovecot-imapd dovecot-lmtpd
  fi
  need_command openssl openssl
  # Both drop their rights to users that their packages made.
  [ "$(id -u)" = 0 ] || fail "Postfix starts as root only: run as root, or start it and set SWITCHBOARD_TEST_SMTP and its like"
  local d
  d=$(mktemp -d "$memory/mail.XXXXXX")
  mail_data=$d
  chmod 755 "$d"
  certificates "$d" mail.example.org
  chmod 640 "$d/server.key"
  local smtp submission smtps imap imaps lmtp refuse maps
  smtp=$(free_port); submission=$(free_port); smtps=$(free_port); imap=$(free_port); imaps=$(free_port); lmtp=$(free_port)
  refuse=$(free_port); maps=$(free_port)
  mail_dovecot "$d"
  mail_postfix "$d"
  local port i
  for port in $smtp $submission $smtps $imap $imaps $lmtp; do
    for ((i = 0; i < 150; i++)); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done
    [ "$i" -lt 150 ] || { tail -n 20 "$d/dovecot.log" "$d/postfix.log" >&2 2>/dev/null; fail "no mail server answers on 127.0.0.1:$port"; }
  done
  export SWITCHBOARD_TEST_SMTP=127.0.0.1:$smtp SWITCHBOARD_TEST_SUBMISSION=127.0.0.1:$submission SWITCHBOARD_TEST_SMTPS=127.0.0.1:$smtps
  export SWITCHBOARD_TEST_IMAP=127.0.0.1:$imap SWITCHBOARD_TEST_IMAPS=127.0.0.1:$imaps SWITCHBOARD_TEST_LMTP=127.0.0.1:$lmtp
  export SWITCHBOARD_TEST_MAIL_CA=$d/ca.crt SWITCHBOARD_TEST_MAIL_LOG=$d/pfdata/mail.log SWITCHBOARD_TEST_MAIL_MANAGE=$d
  SWITCHBOARD_TEST_IMAP_TOKEN=$(mail_token "$d/token.key" oauth@example.org)
  export SWITCHBOARD_TEST_IMAP_TOKEN
  say "Postfix on 127.0.0.1:$smtp, Dovecot on 127.0.0.1:$imap"
}

# mail_dovecot DIR : every local part is a mailbox, so tests that run at the same time need not share one.
mail_dovecot() {
  local d=$1
  mkdir -p "$d/dv/run" "$d/dv/state" "$d/dv/keys/default/RS256" "$d/vmail"
  chown -R mail:mail "$d/vmail"
  chmod 755 "$d/dv" "$d/dv/keys" "$d/dv/keys/default" "$d/dv/keys/default/RS256"
  openssl genrsa -out "$d/token.key" 2048 2>/dev/null
  openssl rsa -in "$d/token.key" -pubout -out "$d/dv/keys/default/RS256/k1" 2>/dev/null
  chmod 644 "$d/dv/keys/default/RS256/k1"
  cat >"$d/oauth2.conf.ext" <<C
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=$d/dv/keys/
username_attribute = email
issuers = https://issuer.example.org
C
  cat >"$d/dovecot.conf" <<C
protocols = imap lmtp
listen = 127.0.0.1
base_dir = $d/dv/run
state_dir = $d/dv/state
log_path = $d/dovecot.log
instance_name = ${d##*/}
ssl = yes
ssl_cert = <$d/server.crt
ssl_key = <$d/server.key
# Tests of the wrong password do not wait.
auth_failure_delay = 0
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
mail_location = maildir:~/Maildir
mail_fsync = never
first_valid_uid = 1
recipient_delimiter = +
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = $d/oauth2.conf.ext
}
passdb {
  driver = static
  mechanisms = plain login
  args = password=secret-%n
}
userdb {
  driver = static
  args = uid=mail gid=mail home=$d/vmail/%n allow_all_users=yes
}
namespace inbox {
  inbox = yes
  mailbox Done {
    auto = create
  }
}
protocol imap {
  mail_max_userip_connections = 100
}
service imap-login {
  inet_listener imap {
    port = $imap
  }
  inet_listener imaps {
    port = $imaps
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    port = $lmtp
  }
}
service auth {
  unix_listener $d/dv/postfix-auth {
    mode = 0666
  }
}
service stats {
  client_limit = 1000
}
C
  dovecot -c "$d/dovecot.conf" >"$peers/dovecot-start.log" 2>&1 </dev/null || { tail -n 20 "$peers/dovecot-start.log" >&2; fail "Dovecot did not start"; }
}

mail_postfix() {
  local d=$1 p=$1/postfix
  mkdir -p "$p" "$d/spool" "$d/pfdata"
  chown postfix "$d/pfdata"
  # What refuses at delivery, so that Postfix has accepted before.
  printf '%s\n' '/@bounce\.example$/ 550 5.1.1 no such mailbox' '/@defer\.example$/ 450 4.2.0 try again later' >"$p/refuse"
  printf '%s\n' '/@reject\.example$/ 550 5.1.1 no such mailbox' '/@busy\.example$/ 450 4.2.1 the mailbox is busy' \
    '/@grey\.example$/ grey' >"$p/recipients"
  # Maps by regular expression may not carry a port over, so a table of its own does (tcp_table(5)). Perl: every Debian has it, and
  # where everybody may run it.
  cat >"$d/transport.pl" <<'C'
$| = 1;
while (<STDIN>) {
  my ($domain) = lc =~ /([^@\s]*)\s*$/;
  if ($domain =~ /^(bounce|defer)\.example$/) { print "200 smtp:[127.0.0.1]:$ARGV[0]\n" }
  elsif ($domain =~ /^l(\d{1,5})\.example$/) { print "200 lmtp:inet:127.0.0.1:$1\n" }
  elsif ($domain =~ /^s(\d{1,5})\.example$/) { print "200 smtp:[127.0.0.1]:$1\n" }
  else { print "500 none\n" }
}
C
  # The whole of greylisting: whoever comes again was no spammer. Who came lies in a file: each connection to Postfix asks by a
  # process of its own, and the one that comes again need not be the one that came.
  cat >"$d/grey.pl" <<'C'
$| = 1;
my %asked;
sub came_before {
  my ($pair) = @_;
  open my $file, '+>>', $ARGV[0] or die "$ARGV[0]: $!";
  flock $file, 2 or die "$ARGV[0]: $!";
  seek $file, 0, 0;
  my $before = grep { $_ eq "$pair\n" } <$file>;
  print $file "$pair\n" unless $before;
  close $file;
  return $before;
}
while (<STDIN>) {
  if (/^(\w+)=(.*)$/) { $asked{$1} = $2; next }
  my $before = came_before("$asked{sender} $asked{recipient}");
  print "action=", ($before ? "dunno" : "defer 4.7.1 greylisted, come again"), "\n\n";
  %asked = ();
}
C
  touch "$d/grey.seen"
  chown nobody "$d/grey.seen"
  cat >"$p/main.cf" <<C
compatibility_level = 3.6
queue_directory = $d/spool
data_directory = $d/pfdata
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = $d/pfdata/mail.log
maillog_file_prefixes = $d
mail_owner = postfix
setgid_group = postdrop
multi_instance_name = postfix-${d##*.}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.org
mydomain = example.org
myorigin = example.org
mydestination =
mynetworks = 127.0.0.0/8
local_recipient_maps =
local_transport = error:5.1.1 no local mail
alias_maps =
alias_database =
disable_dns_lookups = yes
smtp_host_lookup = native
smtputf8_enable = yes
virtual_mailbox_domains = example.org, example.net, grey.example
virtual_mailbox_maps = static:OK
virtual_transport = lmtp:inet:127.0.0.1:$lmtp
transport_maps = tcp:127.0.0.1:$maps
default_transport = error:5.4.4 no route in the network of the tests
recipient_delimiter = +
smtpd_restriction_classes = grey
grey = check_policy_service unix:private/grey
smtpd_recipient_restrictions = check_recipient_access regexp:$p/recipients, permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
message_size_limit = 52428800
mailbox_size_limit = 0
virtual_mailbox_limit = 0
minimal_backoff_time = 2s
maximal_backoff_time = 4s
queue_run_delay = 2s
# A test that makes a server fail does not make Postfix give up on it for the others.
destination_concurrency_failed_cohort_limit = 0
lmtp_destination_concurrency_failed_cohort_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_tls_cert_file = $d/server.crt
smtpd_tls_key_file = $d/server.key
smtpd_tls_security_level = may
smtpd_sasl_type = dovecot
smtpd_sasl_path = $d/dv/postfix-auth
smtpd_peername_lookup = no
C
  cat >"$p/master.cf" <<C
127.0.0.1:$smtp inet n - n - - smtpd
127.0.0.1:$submission inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
127.0.0.1:$smtps inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
127.0.0.1:$refuse inet n - n - - smtpd
  -o myhostname=refuse.example.org
  -o smtpd_recipient_restrictions=check_recipient_access,regexp:$p/refuse,permit_mynetworks,reject
127.0.0.1:$maps inet n n n - 0 spawn user=nobody argv=/usr/bin/perl $d/transport.pl $refuse
grey unix - n n - 0 spawn user=nobody argv=/usr/bin/perl $d/grey.pl $d/grey.seen
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
C
  chmod 644 "$d"/*.pl "$p"/*
  postfix -c "$p" start >"$d/postfix.log" 2>&1 </dev/null || { tail -n 20 "$d/postfix.log" "$d/pfdata/mail.log" >&2; fail "Postfix did not start"; }
}

# mail_token KEY ADDRESS : what a sign-in service would give a mail client, signed with the key that Dovecot trusts.
mail_token() {
  local now head body
  now=$(date +%s)
  head=$(printf '{"alg":"RS256","typ":"JWT","kid":"k1"}' | mail_base64url)
  body=$(printf '{"iss":"https://issuer.example.org","sub":"%s","email":"%s","iat":%d,"exp":%d}' "$2" "$2" "$now" $((now + 86400)) | mail_base64url)
  printf '%s.%s.%s' "$head" "$body" "$(printf '%s.%s' "$head" "$body" | openssl dgst -sha256 -sign "$1" -binary | mail_base64url)"
}

mail_base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

mail_stop() {
  [ -n "$mail_data" ] || return 0
  postfix -c "$mail_data/postfix" stop >/dev/null 2>&1 </dev/null || true
  doveadm -c "$mail_data/dovecot.conf" stop >/dev/null 2>&1 </dev/null || true
  rm -rf "$mail_data"
  mail_data=''
}
