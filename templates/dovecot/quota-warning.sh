#!/bin/sh
{{header}}
# Dovecot runs it with the percentage that a mailbox has reached and the address of its owner. Quota and Sieve scripts do
# not apply to the message: it must arrive in a mailbox that is nearly full.
set -u
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mailname={{mailname}}
config={{config}}

case ${1-} in
  80 | 95) ;;
  *) exit 64 ;;
esac
case ${2-} in
  '' | -* | *[!A-Za-z0-9._@-]*) exit 64 ;;
esac

cat << EOF | doveadm -c "$config" exec dovecot-lda -d "$2" -f '<>' -o {{no_quota}}
From: Postmaster <postmaster@$mailname>
To: <$2>
Subject: Your mailbox is $1 % full
Date: $(LC_ALL=C date '+%a, %d %b %Y %H:%M:%S %z')
Message-ID: <quota.$(date +%s).$$@$mailname>
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii

Your mailbox $2 is $1 % full.

When it is full, mail for you is refused and goes back to its senders.
Please delete what you no longer need, and empty the folder Trash.
EOF
