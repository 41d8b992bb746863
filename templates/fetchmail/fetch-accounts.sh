#!/bin/bash
{{header}}
# Runs fetchmail for each account that has a file, some at a time, and writes down how each turn ended.
# SIGUSR1: look at once. SIGTERM: end when the turns that are on have ended.
set -u
export PATH=/usr/bin:/bin LC_ALL=C FETCHMAIL_INCLUDE_DEFAULT_X509_CA_CERTS=1
export HOME={{state}}
files={{files}}
log={{log}}
interval={{interval}}
umask 077
cd "$HOME" || exit 1

# One turn of one account. NAME.last tells of the last turn, NAME.good of the last without trouble, NAME.bad of the last
# with it: a line with the time it began and fetchmail's exit status, then what it said. NAME.count is how many came so far.
turn() {
  local name=$1 began=$EPOCHREALTIME code fetched refused line
  exec 9>"$name.lock"
  flock --nonblock 9 || return 0
  timeout {{longest}} fetchmail --nodetach --daemon 0 -f "$files/$name.rc" >"$name.out" 2>&1
  code=$?
  remember last
  if [[ $code == [01] ]] && ! grep -q -e 'SMTP error: ' -e ' (oversized)' "$name.out"; then
    remember good
  else
    remember bad
  fi
  [[ $code == 1 ]] && return 0
  fetched=$(grep -c '^reading message.* flushed$' "$name.out")
  refused=$(grep -c 'SMTP error: ' "$name.out")
  if ((fetched > refused)); then
    echo $(($(cat "$name.count" 2>/dev/null || echo 0) + fetched - refused)) >"$name.count.new"
    mv "$name.count.new" "$name.count"
  fi
  while read -r line; do printf '%(%F %T)T %s: %s\n' -1 "$name" "$line"; done <"$name.out" >>"$log"
}

remember() {
  { echo "$began $code" && tail -c 8000 "$name.out"; } >"$name.$1.new" && mv "$name.$1.new" "$name.$1"
}

running() { jobs -rp | wc -l; }

look() {
  local file name
  for file in "$files"/*.rc; do
    [[ -e $file ]] || continue
    while [[ -z $stopping ]] && (($(running) >= 8)); do wait -n; done
    [[ -z $stopping ]] || return
    name=${file##*/}
    turn "${name%.rc}" &
  done
}

stopping='' awake=''
trap 'stopping=1' TERM INT
trap 'awake=1' USR1
# Who reads it must find a number, and by then a signal does no harm.
echo $$ >eboxmail.pid.new && mv eboxmail.pid.new eboxmail.pid

while [[ -z $stopping ]]; do
  awake=''
  # One older log is kept.
  [[ $(stat -c %s "$log" 2>/dev/null || echo 0) -gt 5000000 ]] && mv "$log" "$log.1"
  look
  if [[ -z $stopping && -z $awake ]]; then
    sleep "$interval" &
    pause=$!
    wait "$pause"
    kill "$pause" 2>/dev/null
  fi
done

trap '' TERM
for ((n = 0; n < 40 && $(running) > 0; n++)); do sleep 0.2; done
kill -TERM 0
