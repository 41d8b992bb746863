# Written by eboxmail from its state file; change that and run "eboxmail apply".
# After a move out of Spam.
require ["copy", "environment", "imapsieve", "variables", "vnd.dovecot.pipe"];
if environment :matches "imap.mailbox" "*" {
  set :lower "folder" "${1}";
}
if string :matches "${folder}" ["spam", "spam/*", "trash", "trash/*"] {
  stop;
}
pipe :copy "learn-mail" ["ham"];
