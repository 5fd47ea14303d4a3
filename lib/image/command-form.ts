// SPDX-License-Identifier: Apache-2.0
// The two forms of a command in an instruction (Dockerfile reference, "Shell and exec form").

export type CommandForm =
  { readonly kind: 'exec'; readonly argv: readonly string[] } | { readonly kind: 'shell'; readonly text: string };

const defaultShell = ['/bin/sh', '-c'] as const;

/** What is not a JSON list of strings is for the shell, even when it begins like one: docker reads it so too. */
export const parseCommandForm = (text: string): CommandForm => {
  const argv = parseList(text);
  return argv === undefined ? { kind: 'shell', text: text.trim() } : { kind: 'exec', argv };
};

export const argvOf = (form: CommandForm, shell: readonly string[] = defaultShell): readonly string[] =>
  form.kind === 'exec' ? form.argv : [...shell, form.text];

/** A JSON list of strings; undefined when it is something else. */
export const parseList = (text: string): readonly string[] | undefined => {
  if (!text.trimStart().startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
  } catch {
    // not JSON: shell form
    return undefined;
  }
};
