# Sourced by ./test after tests/postgres.sh: a private Request Tracker 5 on 127.0.0.1, on a free port, gone at exit. Its database lies in
# the PostgreSQL of the tests.
# shellcheck shell=bash
#
# What the tests get (crates/testkit/src/rt.rs reads it):
#   SWITCHBOARD_TEST_RT          http://127.0.0.1:PORT, RT itself; REST 2 lies below /REST/2.0
#   SWITCHBOARD_TEST_RT_TOKEN    the token of the user bridge
#   SWITCHBOARD_TEST_RT_REVOKED  a token of the same user that was revoked
#   SWITCHBOARD_TEST_RT_DATABASE postgres://…, its database
#   SWITCHBOARD_TEST_RT_MANAGE   a folder: hooks/ (RT posts what happens to the address in each file there), ca.crt, server.crt and
#                                server.key (for a door with TLS before it), rt.log
#
# Who is there; each has the password secret-NAME:
#   root              may do everything
#   bridge            a coupled desk: all it needs in Grid, Cloud and Data, and more than it should have (it sees comments); in Data
#                     it takes no ticket from one owner for another
#   ada, grace        privileged, work on every queue
#   everybody         may open tickets and answer by mail: rt-mailgate-5 --url $SWITCHBOARD_TEST_RT --queue Grid --action correspond
# Queues: Grid, Cloud and Data; Watched, where bridge sees but neither opens nor answers; Closed, which bridge does not see.
# Custom fields of tickets: Severity (low, medium, high), Site (any text), Middleware (any of dcache, storm, eos).

rt_data='' rt_pid='' rt_url='' rt_database=''

rt_start() {
  if [ -n "${SWITCHBOARD_TEST_RT:-}" ]; then say "using the RT that SWITCHBOARD_TEST_RT and its like name"; return 0; fi
  [ -n "${SWITCHBOARD_TEST_POSTGRES:-}" ] || fail "RT needs the PostgreSQL of tests/postgres.sh, which is not started"
  # RT runs as the user whom its package gave the cache of its pages to.
  [ "$(id -u)" = 0 ] || fail "RT starts as root only: run as root, or start it and set SWITCHBOARD_TEST_RT and its like"
  rt_install
  need_command openssl openssl
  need_command psql postgresql-client
  local d port
  d=$(mktemp -d /tmp/switchboard-rt.XXXXXX)
  rt_data=$d
  port=$(free_port)
  rt_url=http://127.0.0.1:$port
  mkdir "$d/hooks" "$d/run"
  chown www-data "$d/run"
  certificates "$d" rt.example.org
  rt_configure "$d" "$port"
  rt_content "$d"
  rt_fill "$d"
  # Each request is a connection of its own: that is how RT is served behind most web servers.
  rt_run setsid /usr/share/request-tracker5/libexec/rt-server --server Starman --host 127.0.0.1 --port "$port" --workers 4 \
    --disable-keepalive --max-requests 5000 --backlog 1024 --pid "$d/run/rt.pid" >"$d/rt.log" 2>&1 </dev/null &
  rt_pid=$!
  wait_for_url "$rt_url/NoAuth/Login.html" 60 "$rt_pid" "$d/rt.log"
  SWITCHBOARD_TEST_RT_TOKEN=$(sed -n 1p "$d/tokens")
  SWITCHBOARD_TEST_RT_REVOKED=$(sed -n 2p "$d/tokens")
  export SWITCHBOARD_TEST_RT=$rt_url SWITCHBOARD_TEST_RT_DATABASE=${SWITCHBOARD_TEST_POSTGRES%/*}/$rt_database SWITCHBOARD_TEST_RT_MANAGE=$d SWITCHBOARD_TEST_RT_TOKEN SWITCHBOARD_TEST_RT_REVOKED
  say "RT at $rt_url"
}

rt_install() {
  if [ ! -x /usr/share/request-tracker5/libexec/rt-server ]; then
    need_command debconf-set-selections debconf
    # The package would ask for a database of its own, and run jobs at night.
    printf 'request-tracker5 request-tracker5/%s\n' 'dbconfig-install boolean false' 'dbconfig-upgrade boolean false' \
      'dbconfig-reinstall boolean false' 'install-cronjobs boolean false' 'handle-siteconfig-permissions boolean true' \
      'rtname string tests.example' 'initial-root-password password unused-1' 'initial-root-password-confirm password unused-1' |
      as_root debconf-set-selections
  fi
  need_debian request-tracker5 rt5-db-postgresql rt5-clients starman libdbd-pg-perl curl
}

# rt_run COMMAND... : as RT's user, with the configuration of the tests and none of what else lies in the environment.
rt_run() {
  (cd / && exec runuser -u www-data -- env -i PATH="$PATH" HOME=/tmp LC_ALL=C.UTF-8 \
    RT_SITE_CONFIG="$rt_data/RT_SiteConfig.pm" RT_SITE_CONFIG_DIR="$rt_data/none" "$@")
}

rt_configure() {
  local d=$1 port=$2
  # postgres://USER:PASSWORD@HOST:PORT/DATABASE
  [[ $SWITCHBOARD_TEST_POSTGRES =~ ^postgres(ql)?://([^:@/]+):([^@/]*)@([^:/]+):([0-9]+)/ ]] ||
    fail "RT needs user, password, host and port of the PostgreSQL; SWITCHBOARD_TEST_POSTGRES does not have them"
  local user=${BASH_REMATCH[2]} password=${BASH_REMATCH[3]} host=${BASH_REMATCH[4]} pgport=${BASH_REMATCH[5]}
  # Without quotes around it PostgreSQL reads a name in small letters.
  rt_database=rt_${d##*.}
  rt_database=${rt_database,,}
  # Mail leaves into nothing: no test reads it, and nobody else should.
  printf '#!/bin/sh\nexec cat >/dev/null\n' >"$d/sendmail"
  chmod 755 "$d" "$d/sendmail"
  cat >"$d/RT_SiteConfig.pm" <<C
Set(\$rtname, 'tests.example');
Set(\$Organization, 'tests.example');
Set(\$CorrespondAddress, 'grid@tests.example');
Set(\$CommentAddress, 'grid-comment@tests.example');
Set(\$RTAddressRegexp, '^(grid|cloud|data)(-comment)?\@tests\\.example\$');
Set(\$WebDomain, '127.0.0.1');
Set(\$WebPort, $port);
Set(\$WebBaseURL, '$rt_url');
Set(\$WebURL, '$rt_url/');
Set(\$Timezone, 'UTC');
Set(\$DatabaseType, 'Pg');
Set(\$DatabaseHost, '$host');
Set(\$DatabasePort, '$pgport');
Set(\$DatabaseUser, '$user');
Set(\$DatabasePassword, '$password');
Set(\$DatabaseName, '$rt_database');
Set(\$DatabaseAdmin, '$user');
Set(\$HTMLFormatter, 'core');
Set(\$MailCommand, 'sendmailpipe');
Set(\$SendmailPath, '$d/sendmail');
Set(\$LogToSyslog, undef);
Set(\$LogToSTDERR, 'warning');
Set(\$LogToFile, undef);
# What is larger is cut off, as it is everywhere at some size.
Set(\$MaxAttachmentSize, 300_000);
Set(\$TruncateLongAttachments, 1);
Set(%GnuPG, Enable => 0);
Set(%SMIME, Enable => 0);
1;
C
  # Who runs RT reads the password of the database in it.
  chown www-data "$d/RT_SiteConfig.pm"
  chmod 600 "$d/RT_SiteConfig.pm"
}

# rt_content DIR : people, queues, fields and rights; RT's own language for that.
rt_content() {
  local d=$1
  cat >"$d/content" <<'C'
sub numbered { [ map {{ Name => $_[$_], SortOrder => $_ }} 0 .. $#_ ] }
@Queues = map {{ Name => $_, Description => $_, CorrespondAddress => lc($_).'@tests.example', CommentAddress => lc($_).'-comment@tests.example' }}
  qw(Grid Cloud Data Watched Closed);
@CustomFields = map {{ Queue => 0, LookupType => 'RT::Queue-RT::Ticket', %$_ }}
  { Name => 'Severity', Type => 'SelectSingle', Values => numbered(qw(low medium high)) },
  { Name => 'Site', Type => 'FreeformSingle' },
  { Name => 'Middleware', Type => 'SelectMultiple', Values => numbered(qw(dcache storm eos)) };
@Groups = map {{ Name => $_, Description => $_ }} qw(Bridges Agents);
@Users = map {{ Name => lc, RealName => $_, EmailAddress => lc.'@tests.example', Privileged => 1, Password => 'secret-'.lc }} qw(Bridge Ada Grace);
@Scrips = {
  Queue => 0, Description => 'Tell who wants to know', Template => 'Blank', Stage => 'TransactionBatch', ScripCondition => 'User Defined',
  ScripAction => 'User Defined', CustomIsApplicableCode => 'return 1;', CustomPrepareCode => 'return 1;', CustomCommitCode => <<'CODE',
require LWP::UserAgent; require JSON;
my $told = JSON::encode_json({ ticket => $self->TicketObj->id + 0, transactions =>
  [ map {{ id => $_->id + 0, type => $_->Type, creator => $_->CreatorObj->Name }} grep { defined } @{ $self->TicketObj->TransactionBatch || [] } ] });
for my $file (glob '@HOOKS@/*') {
  open my $in, '<', $file or next;
  my $url = <$in>;
  close $in;
  chomp $url;
  LWP::UserAgent->new(timeout => 3)->post($url, 'Content-Type' => 'application/json', Content => $told);
}
return 1;
CODE
};
push @Final, sub {
  my $load = sub { my ($class, $how, $name) = @_; my $it = "RT::$class"->new(RT->SystemUser); $it->$how($name); $it->id or die "no $name"; $it };
  my $grant = sub { my ($to, $on, @rights) = @_; for (@rights) { my ($ok, $why) = $to->PrincipalObj->GrantRight(Object => $on, Right => $_); $ok or die $why } };
  my %queue = map { $_ => $load->('Queue', 'Load', $_) } qw(Grid Cloud Data Watched);
  my %group = map { $_ => $load->('Group', 'LoadUserDefinedGroup', $_) } qw(Bridges Agents);
  my $everyone = RT::Group->new(RT->SystemUser);
  $everyone->LoadSystemInternalGroup('Everyone');
  my @work = qw(SeeQueue ShowTicket ShowTicketComments CreateTicket ReplyToTicket CommentOnTicket ModifyTicket OwnTicket TakeTicket StealTicket
    DeleteTicket SeeCustomField ModifyCustomField);
  $grant->($group{Agents}, RT->System, @work);
  $grant->($group{Bridges}, $queue{$_}, @work) for qw(Grid Cloud Data);
  $grant->($group{Bridges}, $queue{$_}, 'ReassignTicket') for qw(Grid Cloud);
  $grant->($group{Bridges}, $queue{Watched}, qw(SeeQueue ShowTicket));
  $grant->($everyone, $queue{$_}, qw(CreateTicket ReplyToTicket)) for qw(Grid Cloud Data);
  my %user = map { $_ => $load->('User', 'Load', $_) } qw(bridge ada grace);
  $group{Bridges}->AddMember($user{bridge}->PrincipalId);
  $group{Agents}->AddMember($user{$_}->PrincipalId) for qw(ada grace);
  $grant->($user{bridge}, RT->System, 'ManageAuthTokens');
  open my $out, '>', '@TOKENS@' or die $!;
  for my $kept (1, 0) {
    my $token = RT::AuthToken->new(RT->SystemUser);
    my ($ok, $why, $text) = $token->Create(Owner => $user{bridge}->id, Description => $kept ? 'tests' : 'revoked');
    $ok or die $why;
    print $out "$text\n";
    $token->Delete unless $kept;
  }
  close $out or die $!;
};
1;
C
  sed -i -e "s|@HOOKS@|$d/hooks|" -e "s|@TOKENS@|$d/tokens|" "$d/content"
  printf 'secret-root' >"$d/root-password"
  touch "$d/tokens"
  chown www-data "$d/content" "$d/root-password" "$d/tokens"
  chmod 600 "$d/root-password" "$d/tokens"
}

# rt_fill DIR : the database, RT's tables and what RT itself needs in them, and what the tests need.
rt_fill() {
  local d=$1
  rt_psql -c "create database $rt_database" || fail "no database for RT"
  { rt_run /usr/sbin/rt-setup-database-5 --action init --skip-create --dba-password unused --root-password-file "$d/root-password" &&
    rt_run /usr/sbin/rt-setup-database-5 --action insert --datafile "$d/content" --dba-password unused; } >"$d/fill.log" 2>&1 </dev/null ||
    { tail -n 20 "$d/fill.log" >&2; fail "RT's database could not be filled"; }
}

rt_psql() { psql -qX "$SWITCHBOARD_TEST_POSTGRES" "$@" </dev/null; }

rt_stop() {
  [ -n "$rt_data" ] || return 0
  # What was started is a wrapper around it: RT itself says who it is.
  local pid i
  pid=$(cat "$rt_data/run/rt.pid" 2>/dev/null || true)
  if [ -n "$pid" ]; then
    kill -TERM "$pid" 2>/dev/null || true
    for ((i = 0; i < 50; i++)); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null || true
  fi
  [ -z "$rt_database" ] || rt_psql -c "drop database if exists $rt_database with (force)" >/dev/null 2>&1 || true
  rm -rf "$rt_data"
  rt_data='' rt_pid='' rt_database=''
}
