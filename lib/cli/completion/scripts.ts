// SPDX-License-Identifier: Apache-2.0
// The shells' side of completion: each script hands the words over and shows what comes back. What can be completed is
// not in them, so that they stay right when commands and names change.

export type Shell = 'bash' | 'zsh' | 'fish';

const bash = `# bash completion for sampan: source <(sampan completion bash)
_sampan() {
  local lines
  mapfile -t lines < <("$1" __complete bash "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
  COMPREPLY=()
  if [[ \${lines[0]-files} == files ]]; then
    compopt -o default 2>/dev/null
    return 0
  fi
  COMPREPLY=("\${lines[@]:1}")
}
complete -F _sampan sampan
`;

const zsh = `#compdef sampan
# zsh completion for sampan: source <(sampan completion zsh), or a file _sampan in a directory of $fpath
_sampan() {
  local -a lines candidates
  local line
  lines=("\${(@f)$("\${words[1]}" __complete zsh "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ \${lines[1]:-files} == files ]]; then
    _files
    return
  fi
  for line in "\${(@)lines[2,-1]}"; do
    [[ -n $line ]] || continue
    if [[ $line == *$'\t'* ]]; then
      candidates+=("\${\${line%%$'\t'*}//:/\\:}:\${line#*$'\t'}")
    else
      candidates+=("\${line//:/\\:}")
    fi
  done
  _describe -t sampan sampan candidates
}
if [[ \${funcstack[1]} == _sampan ]]; then
  _sampan "$@"
else
  compdef _sampan sampan
fi
`;

const fish = `# fish completion for sampan: sampan completion fish | source
function __sampan_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete fish $words[2..-1] "$current" 2>/dev/null)
    if test (count $lines) -eq 0; or test "$lines[1]" = files
        __fish_complete_path "$current"
        return
    end
    set -e lines[1]
    test (count $lines) -gt 0; and printf '%s\n' $lines
end
complete -c sampan -f -a '(__sampan_complete)'
`;

export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
