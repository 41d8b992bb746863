# Written by eboxmail from its state file; change that and run "eboxmail apply".
# After a move into Spam.
require ["copy", "environment", "imapsieve", "variables", "vnd.dovecot.pipe"];
if environment :matches "imap.mailbox" "*" {
  set :lower "folder" "${1}";
}
pipe :copy "learn-mail" ["spam"];
