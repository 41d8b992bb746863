import { Argument } from 'commander';
import type { Context } from '../context.ts';
import { example, type Setup } from '../program.ts';

/** Asks the program itself, so that what it completes is what there is. The name as typed is what is run. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# bash completion of eboxmail
_eboxmail() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("$line")
  done < <("$1" __complete bash "\${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
  if [[ "\${COMPREPLY[0]-}" == :files ]]; then
    COMPREPLY=()
    compopt -o default
  fi
}
complete -F _eboxmail eboxmail
`,
  zsh: `#compdef eboxmail
# zsh completion of eboxmail
_eboxmail() {
  local -a candidates
  candidates=("\${(@f)$("$words[1]" __complete zsh "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "$candidates[1]" == :files ]]; then
    _files
  else
    candidates=(\${candidates:#})
    compadd -a candidates
  fi
}
if [[ "$funcstack[1]" == _eboxmail ]]; then
  _eboxmail "$@"
else
  compdef _eboxmail eboxmail
fi
`,
  fish: `# fish completion of eboxmail
function __eboxmail_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l candidates ($words[1] __complete fish $words[2..-1] "$current" 2>/dev/null)
  if test "$candidates[1]" = :files
    __fish_complete_path "$current"
  else
    printf '%s\\n' $candidates
  end
end
complete -c eboxmail -f -a '(__eboxmail_complete)'
`,
};

export const setup: Setup = (completion, action) => {
  completion
    .addArgument(new Argument('<shell>', 'whose script').choices(Object.keys(SCRIPTS)))
    .addHelpText(
      'after',
      `
Where the script goes:
  bash  ~/.local/share/bash-completion/completions/eboxmail
  zsh   _eboxmail in a directory of $fpath
  fish  ~/.config/fish/completions/eboxmail.fish
` +
        example(
          'eboxmail completion bash > ~/.local/share/bash-completion/completions/eboxmail',
          'eboxmail completion zsh',
        ),
    )
    .action(
      action(async ({ terminal }: Context, shell: string) => {
        terminal.data(SCRIPTS[shell] ?? '');
        return undefined;
      }),
    );
};
