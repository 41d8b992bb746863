/** What `eboxmail help TOPIC` says; the man page has it, too. */
export interface Topic {
  readonly name: string;
  readonly summary: string;
  /** Paragraphs; lines that begin with two blanks are shown as they are. */
  readonly text: string;
}

export const TOPICS: readonly Topic[] = [
  {
    name: 'state',
    summary: 'the one file that says everything',
    text: `The state is a YAML file, /etc/eboxmail/state.yaml, or what --state or EBOXMAIL_STATE names. Commands edit it and keep
comments, order and quotes; so may you, with any editor. Nothing else is a source of truth.

  eboxmail validate
  eboxmail plan
  eboxmail apply --dry-run

validate says what is wrong and where, plan shows what apply would do, and apply does it. Passwords of users stand in it
as hashes; those that must be kept in clear are files in /etc/eboxmail/secrets, so the state can be kept in git.
Every key is described in eboxmail-state(5) and docs/state.md.`,
  },
  {
    name: 'addresses',
    summary: 'users, aliases, groups and domain aliases',
    text: `The address of a user is the name for every login. An alias is another address: for users, for a group (a name
without "@": all members with a mail account), or for addresses elsewhere. A domain alias makes every address of a
domain work in another domain, too; nobody can log in with it. A bare name gets the domain of defaults.user.domain.
Upper and lower case make no difference. A detail behind "+" (alice+lists@example.com) belongs to the same mailbox.

  eboxmail alias add info@example.com alice@example.com
  eboxmail domain alias add example.com example.net
  eboxmail explain info@example.com

explain says what happens to mail for an address, step by step, with the lines of the state behind it.`,
  },
  {
    name: 'sandbox',
    summary: 'other roots, and mail servers to try things out',
    text: `With --root DIR or EBOXMAIL_ROOT, eboxmail works on the system under DIR: every path lies below it. A sandbox is
such a root with a mail server of its own: real Postfix and Dovecot, high ports on 127.0.0.1, and no mail leaves the
machine: what would leave is kept in DIR/outbound.

  eboxmail sandbox start /tmp/mail --state state.yaml
  eboxmail --root /tmp/mail user list
  eboxmail sandbox stop /tmp/mail`,
  },
  {
    name: 'relay',
    summary: 'by which way mail leaves, and who may send it',
    text: `Users who have logged in may send to everywhere. Machines that cannot log in, such as printers, are put into a
network object that is allowed to relay. Mail goes to the servers of its recipients, to a smarthost when there is one,
or where a rule for its sender or its recipient says.

  eboxmail network add office
  eboxmail network member add office printer 192.0.2.10
  eboxmail relay allow office
  eboxmail relay smarthost set smtp.isp.example:587

relay test does all that comes before sending, and says at which step it fails. More: docs/relay.md.`,
  },
  {
    name: 'filter',
    summary: 'spam, viruses and filters of your own',
    text: `There are three modes: none; builtin, which is rspamd, set up by eboxmail, with spam going to the folder Spam; and
custom, a filter that takes mail by SMTP and hands it back by SMTP on another port.

  eboxmail filter set builtin --threshold 5
  eboxmail filter sender allow news@shop.example
  eboxmail filter set custom --address 127.0.0.1 --port 10024 --return-port 10025

More: docs/filter.md.`,
  },
  {
    name: 'json',
    summary: 'output for programs',
    text: `With --json, standard output is one JSON document and nothing else; all words for people go to standard error. What it
holds is described by JSON Schemas: schemas/output/COMMAND.schema.json, such as user-list.schema.json. Only queue list
prints one document a line, as postqueue -j does.

  eboxmail user list --json
  eboxmail validate --json

Without --json, lists that do not go to a terminal have tabs between their fields and no header, for cut and awk.`,
  },
  {
    name: 'exit-codes',
    summary: 'how a command ends',
    text: `  0    done, or nothing to do
  1    the operation failed; status: something is not well
  2    wrong usage, or an answer is needed and nobody can be asked
  3    the state is invalid
  4    no such thing
  5    it is there already, or still in use
  6    another eboxmail holds the lock
  7    consent is needed: a file that is not ours, or was edited by hand, would be overwritten
  8    apply failed, and the previous configuration is in force again
  9    apply failed, and so did going back: a person is needed
  10   plan --exit-code: there is something to apply
  130  cancelled`,
  },
];
