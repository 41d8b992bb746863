#!/bin/sh
{{header}}
# Dovecot's service learn-mail runs this: it teaches the filter a message, which is on standard input, as spam or ham.
case "${1-}" in
  spam | ham) ;;
  *) exit 64 ;;
esac
exec rspamc --timeout 15 --connect {{controller}} "learn_$1" >/dev/null
