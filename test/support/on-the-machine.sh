# The life of eboxmail on a machine: run by own-machine.sh in the root of a Debian where the packages are just installed.
# Says what goes wrong and ends with 1.
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
cd "$CHECKOUT"
umask 077
fail() { echo "FAILED: $*"; exit 1; }
eboxmail() { "$NODE" bin/eboxmail.js "$@"; }
code() { set +e; "$@" >/tmp/out 2>&1; c=$?; set -e; echo $c; }

# In Latin-1, as it may be on a machine that is old enough.
printf '# mine, caf\351\nm\374ller: root\npostmaster:    root\nhostmaster: root\n' >/etc/aliases
sum() { sha256sum /etc/dovecot/dovecot.conf /etc/postfix/master.cf /etc/aliases; }
before=$(sum)
mkdir -p /etc/eboxmail
cat >/etc/eboxmail/state.yaml <<EOF
version: 1
server: {mailname: mx.example.test, postmaster: alice@a.test}
domains: {a.test: {aliases: [a2.test]}}
users: {alice@a.test: {password: "{PLAIN}correct horse"}}
EOF

# Somebody else's Postfix is at work: a take-over that fails leaves it so.
printf '# caf\351\ncompatibility_level = 3.6\nmaillog_file = /var/log/mail.log\n' >/etc/postfix/main.cf
chmod 644 /etc/postfix/main.cf
postfix start 2>/dev/null || fail 'Postfix does not start'
foreign=$(sum; sha256sum </etc/postfix/main.cf)
cp /etc/eboxmail/state.yaml /tmp/state
echo 'overrides: {postfix: {smtpd_recipient_restrictions: reject}}' >>/etc/eboxmail/state.yaml
[ "$(code eboxmail apply --adopt)" = 8 ] || fail "an apply that cannot be proven: $(cat /tmp/out)"
[ "$(sum; sha256sum </etc/postfix/main.cf)" = "$foreign" ] || fail 'the files of before are not back'
cmp /var/lib/eboxmail/backup/etc/postfix/main.cf /etc/postfix/main.cf || fail 'the copy is not the original'
swaks --silent 3 --server 127.0.0.1 --quit-after HELO || fail 'the Postfix that was at work does not run any more'
pgrep -x dovecot >/dev/null && fail 'Dovecot did not run before'
postfix stop 2>/dev/null
rm /etc/postfix/main.cf
cp /tmp/state /etc/eboxmail/state.yaml

[ "$(code eboxmail apply)" = 7 ] || fail "the first apply must ask: $(cat /tmp/out)"
grep -q /etc/dovecot/dovecot.conf /tmp/out || fail "it does not name dovecot.conf: $(cat /tmp/out)"
[ "$(sum)" = "$before" ] || fail 'it changed files without consent'
# Cut off before the first file of others was replaced: the consent still holds, and nobody is asked twice.
FAULT='kill:renameSync /etc/postfix/.main.cf' "$NODE" --import ./test/support/faults.mjs bin/eboxmail.js apply --adopt && fail 'it was not killed'
[ "$(sha256sum /etc/dovecot/dovecot.conf)" = "$(echo "$before" | head -1)" ] || fail 'it was killed too late'
[ "$(code eboxmail status)" = 0 ] || fail "status does not finish it: $(cat /tmp/out)"
[ "$(code eboxmail apply)" = 0 ] || fail "apply after status: $(cat /tmp/out)"
[ "$(code eboxmail plan --exit-code)" = 0 ] || fail "not converged: $(cat /tmp/out)"

[ "$(cat /etc/mailname)" = mx.example.test ] || fail mailname
grep -q '^postmaster: alice@a.test$' /etc/aliases || fail "aliases: $(cat /etc/aliases)"
others='# mine, caf\351\nm\374ller: root\n'
printf "${others}postmaster: alice@a.test\nhostmaster: root\n" | cmp - /etc/aliases || fail "other aliases changed: $(cat /etc/aliases)"
[ "$(postalias -q hostmaster "$(postconf -hx alias_maps)")" = root ] || fail 'the index of the aliases was not built'
[ -f "/var/lib/eboxmail/contents/$(sha256sum </etc/aliases | cut -d' ' -f1)" ] || fail 'the history has not what is in force'
id vmail >/dev/null || fail 'no user vmail'
[ "$(stat -c '%U %a' /var/vmail)" = 'vmail 750' ] || fail "$(stat -c '%U %a' /var/vmail)"
[ "$(stat -c '%U:%G %a' /etc/dovecot/eboxmail/users)" = 'root:dovecot 640' ] || fail "$(stat -c '%U:%G %a' /etc/dovecot/eboxmail/users)"

# 192.0.2.1 is outside, for all that Postfix knows.
swaks --silent 3 --server 192.0.2.1 --local-interface 192.0.2.1 --from x@elsewhere.test --to postmaster@a2.test || fail 'mail from outside'
[ "$(code swaks --silent 3 --server 192.0.2.1 --local-interface 192.0.2.1 --from x@elsewhere.test --to y@elsewhere.test)" = 24 ] || fail "relaying from outside: $(cat /tmp/out)"
[ "$(code swaks --silent 3 --server 192.0.2.1 --local-interface 192.0.2.1 --from x@elsewhere.test --to nobody@a.test)" = 24 ] || fail "unknown recipient: $(cat /tmp/out)"
printf 'Subject: from cron\n\nhello\n' | sendmail postmaster || fail 'sendmail'
tries=0
while [ "$(curl -sk --url imaps://127.0.0.1/INBOX -u 'alice@a.test:correct horse' -X 'STATUS INBOX (MESSAGES)' | tr -dc 0-9)" != 2 ]; do
  tries=$((tries + 1))
  [ $tries -lt 100 ] || fail "the two messages did not arrive: $(curl -sk --url imaps://127.0.0.1/INBOX -u 'alice@a.test:correct horse' -X 'STATUS INBOX (MESSAGES)')"
  sleep 0.2
done

eboxmail user add bob@a.test --generate-password --quiet --apply >/dev/null || fail 'user add --apply'
eboxmail rollback --yes || fail rollback
[ "$(eboxmail history | wc -l)" = 3 ] || fail "history: $(eboxmail history)"

echo '# edited' >>/etc/dovecot/dovecot.conf
echo '# edited' >>/etc/postfix/eboxmail/aliases
echo 'webmaster: root' >>/etc/aliases
eboxmail user remove bob@a.test --if-exists --quiet
eboxmail uninstall --yes || fail uninstall
grep -q '^# edited' /etc/postfix/eboxmail/aliases || fail 'an edited file is gone'
grep -q '^# edited' /etc/dovecot/dovecot.conf || fail 'an edited file is gone'
rm -r /etc/postfix/eboxmail
cp /var/lib/eboxmail/backup/etc/dovecot/dovecot.conf /etc/dovecot/dovecot.conf || fail 'its original is gone'
printf "${others}postmaster:    root\nhostmaster: root\nwebmaster: root\n" | cmp - /etc/aliases || fail "aliases: $(cat /etc/aliases)"
sed -i /webmaster/d /etc/aliases
[ "$(sum)" = "$before" ] || fail "the originals are not back: $(sum)"
for gone in /etc/postfix/main.cf /etc/mailname /etc/postfix/eboxmail /etc/dovecot/eboxmail/users; do
  [ ! -e $gone ] || fail "$gone is still there"
done
[ -d /var/vmail/a.test/alice ] || fail 'the mail is gone'
[ -f /etc/eboxmail/state.yaml ] || fail 'the state is gone'
pgrep -x master >/dev/null && fail 'Postfix still runs'
eboxmail apply --adopt || fail 'and again'
# Killed, twice: before the first file goes, and when all of them are gone. What comes next leaves nothing behind.
for at in /etc/aliases.cdb /etc/dovecot/eboxmail/probe; do
  FAULT="kill:rmSync $at" "$NODE" --import ./test/support/faults.mjs bin/eboxmail.js uninstall --yes && fail "it was not killed at $at"
done
eboxmail uninstall --yes || fail 'uninstall after one that was killed'
[ "$(sum)" = "$before" ] || fail "the originals are not back: $(sum)"
for gone in /etc/postfix/main.cf /etc/postfix/eboxmail /etc/dovecot/eboxmail; do
  [ ! -e $gone ] || fail "$gone is still there: $(ls -A $gone)"
done

# After an apply that was killed: before it had said what it would write, and with the index of a table in place but not the table.
cp /etc/eboxmail/state.yaml /tmp/state
mkdir -p /etc/eboxmail/secrets
echo 'secret-of-the-smarthost' >/etc/eboxmail/secrets/smarthost
echo 'relay: {smarthost: {host: "[192.0.2.25]", port: 587, username: u, password: {file: secrets/smarthost}}}' >>/etc/eboxmail/state.yaml
for at in 'spawn postalias' 'renameSync /var/lib/eboxmail/.unfinished.json' 'renameSync /etc/postfix/eboxmail/.relay_login.:2' \
  'renameSync /etc/.aliases.:2' 'renameSync /etc/postfix/.main.cf'; do
  FAULT="kill:$at" "$NODE" --import ./test/support/faults.mjs bin/eboxmail.js apply --adopt && fail "it was not killed at $at"
  eboxmail uninstall --yes || fail "uninstall after an apply that was killed at $at"
  [ "$(sum)" = "$before" ] || fail "the originals are not back after $at: $(sum)"
  left=$(find /etc /var/lib/eboxmail -name '*eboxmail-new*' -o -name staging -o -name undo -o -name originals -o -name 'aliases.cdb')
  [ -z "$left" ] || fail "left after $at: $left"
  for gone in /etc/postfix/main.cf /etc/postfix/eboxmail /etc/dovecot/eboxmail; do
    [ ! -e $gone ] || fail "$gone is still there after $at: $(ls -A $gone)"
  done
  [ "$(code eboxmail uninstall --yes)" = 1 ] || fail "uninstall of nothing after $at: $(cat /tmp/out)"
done
# Somebody else's index of the aliases comes back, too.
postalias -c /usr/share/postfix cdb:/etc/aliases 2>/dev/null || echo theirs >/etc/aliases.cdb
index=$(sha256sum /etc/aliases.cdb)
eboxmail apply --adopt || fail 'apply over an index'
[ "$(sha256sum /etc/aliases.cdb)" != "$index" ] || fail 'the index of the aliases was not built'
eboxmail uninstall --yes || fail 'uninstall over an index'
[ "$(sha256sum /etc/aliases.cdb)" = "$index" ] || fail 'the index of the aliases is not back'
rm /etc/aliases.cdb
cp /tmp/state /etc/eboxmail/state.yaml

# Lines of others that Postfix only warns of are theirs; our line goes to the byte, also where it is written otherwise or twice.
cp /etc/aliases /tmp/aliases
for theirs in 'postmaster: root\n# c\n  bob\nroot: x\n' '# only' '"postmaster": root\nftp: a\nftp: b\nno colon\npostmaster: c\n' ' blank: x\n'; do
  printf "$theirs" >/etc/aliases
  cp /etc/aliases /tmp/theirs
  [ "$(code eboxmail apply --adopt)" = 0 ] || fail "apply over $theirs: $(cat /tmp/out)"
  [ "$(grep -c postmaster /etc/aliases)" = 1 ] || fail "our line in $(cat /etc/aliases)"
  eboxmail uninstall --yes || fail "uninstall over $theirs"
  cmp /tmp/theirs /etc/aliases || fail "not as it was: $(cat /etc/aliases)"
done
cp /tmp/aliases /etc/aliases
eboxmail apply --adopt || fail 'and once more'

# What Postfix finds wrong with the configuration in force is no fault of the one that puts it right.
for damage in 'rm /etc/postfix/master.cf' 'echo garbage >/etc/postfix/master.cf' 'echo garbage >>/etc/postfix/main.cf' 'rm /etc/postfix/main.cf /etc/postfix/master.cf'; do
  eval "$damage"
  [ "$(code eboxmail apply --adopt)" = 0 ] || fail "apply after $damage: $(cat /tmp/out)"
  [ "$(code eboxmail plan --exit-code)" = 0 ] || fail "not converged after $damage: $(cat /tmp/out)"
done

# What somebody else has set up is taken over while it serves.
rm -r /var/lib/eboxmail
echo '# by somebody else' | tee -a /etc/postfix/main.cf /etc/postfix/master.cf >>/etc/dovecot/dovecot.conf
[ "$(code eboxmail apply)" = 7 ] || fail "taking over must ask: $(cat /tmp/out)"
eboxmail apply --adopt || fail 'taking over daemons that run'
[ "$(code eboxmail plan --exit-code)" = 0 ] || fail "taken over, not converged: $(cat /tmp/out)"
echo "all is well"
