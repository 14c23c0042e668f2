# Sourced by ./test: a private slapd on 127.0.0.1, on free ports, gone at exit.
# shellcheck shell=bash

ldap_data=''

ldap_start() {
  if [ -n "${SWITCHBOARD_TEST_LDAP:-}" ]; then say "using the directory that SWITCHBOARD_TEST_LDAP names"; return 0; fi
  [ -x /usr/sbin/slapd ] && command -v ldapadd >/dev/null || need_debian slapd ldap-utils
  need_command openssl openssl
  local port tls_port d
  port=$(free_port)
  tls_port=$(free_port)
  # slapd's profile on some machines lets it read nothing but /tmp.
  d=$(mktemp -d /tmp/switchboard-ldap.XXXXXX)
  ldap_data=$d
  mkdir "$d/db"
  certificates "$d" ldap.example.org
  cat >"$d/eduperson.schema" <<'C'
attributetype ( 1.3.6.1.4.1.5923.1.1.1.7 NAME 'eduPersonEntitlement' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.3.6.1.4.1.5923.1.1.2 NAME 'eduPerson' AUXILIARY MAY ( eduPersonEntitlement ) )
C
  cat >"$d/slapd.conf" <<C
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include $d/eduperson.schema
pidfile $d/slapd.pid
argsfile $d/slapd.args
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
TLSCertificateFile $d/server.crt
TLSCertificateKeyFile $d/server.key
database mdb
maxsize 67108864
suffix "dc=example,dc=org"
rootdn "cn=admin,dc=example,dc=org"
rootpw secret-admin
directory $d/db
dbnosync
overlay memberof
access to attrs=userPassword by anonymous auth by self write by * none
access to * by users read by anonymous none
C
  ldap_tree >"$d/tree.ldif"
  local as=()
  if [ "$(id -u)" = 0 ]; then
    chown -R openldap:openldap "$d"
    as=(-u openldap -g openldap)
  fi
  /usr/sbin/slapd -h "ldap://127.0.0.1:$port/ ldaps://127.0.0.1:$tls_port/" -f "$d/slapd.conf" "${as[@]}" >"$peers/slapd.log" 2>&1 </dev/null ||
    { tail -n 20 "$peers/slapd.log" >&2; fail "slapd did not start"; }
  local i
  for ((i = 0; i < 100; i++)); do
    if ldapadd -x -H "ldap://127.0.0.1:$port" -D cn=admin,dc=example,dc=org -w secret-admin -f "$d/tree.ldif" >"$peers/ldapadd.log" 2>&1 </dev/null; then break; fi
    sleep 0.1
  done
  [ "$i" -lt 100 ] || { tail -n 20 "$peers/ldapadd.log" >&2; fail "slapd does not answer"; }
  export SWITCHBOARD_TEST_LDAP="ldap://127.0.0.1:$port" SWITCHBOARD_TEST_LDAPS="ldaps://127.0.0.1:$tls_port" SWITCHBOARD_TEST_LDAP_CA="$d/ca.crt"
  say "slapd on 127.0.0.1:$port, with TLS on $tls_port"
}

ldap_tree() {
  cat <<'C'
dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=org
objectClass: organizationalUnit
ou: groups

dn: cn=reader,dc=example,dc=org
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: secret-reader

C
  local user
  for user in alice bob carol; do
    cat <<C
dn: uid=$user,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
objectClass: eduPerson
uid: $user
cn: ${user^} Example
sn: Example
mail: $user@ldap.example
eduPersonEntitlement: urn:mace:egi.eu:group:vo.example.org:role=member#aai.egi.eu
userPassword: secret-$user

C
  done
  cat <<'C'
dn: cn=agents,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: agents
member: uid=alice,ou=people,dc=example,dc=org
member: uid=bob,ou=people,dc=example,dc=org
C
}

ldap_stop() {
  [ -n "$ldap_data" ] || return 0
  if [ -s "$ldap_data/slapd.pid" ]; then kill "$(cat "$ldap_data/slapd.pid")" 2>/dev/null || true; fi
  rm -rf "$ldap_data"
  ldap_data=''
}
