{{header}}
# {{why}}
require ["copy", "environment", "imapsieve", "variables", "vnd.dovecot.pipe"];
if environment :matches "imap.mailbox" "*" {
  set :lower "folder" "${1}";
}
{{unless}}
pipe :copy "learn-mail" ["{{kind}}"];
