// SPDX-License-Identifier: Apache-2.0
// The inside of an action: pipelines, commands, operands. The parser of whole templates builds on it.

import { parseFailure, tokenize, type Token, type TokenKind } from './lexer.js';
import { characterValue, numberValue, unquote } from './literals.js';
import { textOf, type CommandNode, type Operand, type PipeNode } from './nodes.js';

export class PipelineParser {
  readonly #tokens: readonly Token[];
  #next = 0;
  /** those in scope, `$` first */
  protected variables: string[] = ['$'];

  constructor(
    readonly text: string,
    readonly isFunction: (name: string) => boolean,
  ) {
    this.#tokens = tokenize(text);
  }

  // ---- pipelines ---------------------------------------------------------------------------------------------------

  protected pipeline(context: string, end: TokenKind): PipeNode {
    const at = this.peekSolid().at;
    const { variables, isAssignment } = this.#declarations(context);
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.peekSolid();
      if (token.kind === end) {
        this.takeSolid();
        break;
      }
      if (!startsOperand.has(token.kind)) throw this.unexpected(this.takeSolid(), 'command');
      commands.push(this.#command(end));
    }
    this.#checkPipeline(commands, context, at);
    for (const name of isAssignment ? [] : variables) this.variables.push(name);
    return { kind: 'pipe', variables, isAssignment, commands, at };
  }

  #declarations(context: string): { readonly variables: readonly string[]; readonly isAssignment: boolean } {
    const variables: string[] = [];
    const start = this.#next;
    for (;;) {
      const variable = this.peekSolid();
      if (variable.kind !== 'variable') break;
      this.takeSolid();
      const next = this.peekSolid();
      if (next.kind === 'declare' || next.kind === 'assign') {
        this.takeSolid();
        variables.push(variable.text);
        return { variables, isAssignment: next.kind === 'assign' };
      }
      if (next.kind !== 'comma') break;
      this.takeSolid();
      variables.push(variable.text);
      if (context !== 'range' || variables.length > 1)
        throw this.failure(`too many declarations in ${context}`, next.at);
    }
    this.#next = start;
    return { variables: [], isAssignment: false };
  }

  #checkPipeline(commands: readonly CommandNode[], context: string, at: number): void {
    if (commands.length === 0) throw this.failure(`missing value for ${context}`, at);
    for (const [index, { words }] of commands.entries()) {
      const kind = words[0]?.kind;
      if (index > 0 && kind !== undefined && nonExecutable.has(kind)) {
        throw this.failure(`non executable command in pipeline stage ${String(index + 1)}`, at);
      }
    }
  }

  #command(end: TokenKind): CommandNode {
    const at = this.peekSolid().at;
    const words: Operand[] = [];
    for (;;) {
      const operand = this.#operandWithFields();
      if (operand !== undefined) words.push(operand);
      const token = this.take();
      if (token.kind === 'space') {
        if (startsOperand.has(this.peekSolid().kind)) continue;
        const next = this.peekSolid();
        if (next.kind === end) break;
        if (next.kind !== 'pipe') throw this.unexpected(next, 'operand');
        this.takeSolid();
        break;
      }
      if (token.kind === end) {
        this.#next--;
        break;
      }
      if (token.kind === 'pipe') break;
      throw this.unexpected(token, 'operand');
    }
    if (words.length === 0) throw this.failure('empty command', at);
    return { kind: 'command', words, at };
  }

  #operandWithFields(): Operand | undefined {
    const operand = this.#operand();
    if (operand === undefined || this.peek().kind !== 'field') return operand;
    const at = this.peek().at;
    const names: string[] = [];
    while (this.peek().kind === 'field') names.push(this.take().text.slice(1));
    switch (operand.kind) {
      case 'field':
        return { ...operand, names: [...operand.names, ...names], at };
      case 'variable':
        return { ...operand, names: [...operand.names, ...names], at };
      case 'pipe':
      case 'chain':
      case 'identifier':
        return { kind: 'chain', base: operand, names, at };
      case 'bool':
      case 'number':
      case 'string':
      case 'nil':
      case 'dot':
        throw this.failure(`unexpected . after term ${JSON.stringify(textOf(operand))}`, at);
    }
  }

  #operand(): Operand | undefined {
    const token = this.peekSolid();
    if (!startsOperand.has(token.kind)) return undefined;
    this.takeSolid();
    const { text, at } = token;
    const node = this.#name(token);
    if (node !== undefined) return node;
    if (token.kind === 'dot' || token.kind === 'nil') return { kind: token.kind, at };
    if (token.kind === 'bool') return { kind: 'bool', value: text === 'true', text, at };
    if (token.kind === 'leftParen') return this.pipeline('parenthesized pipeline', 'rightParen');
    return this.#literal(token);
  }

  /** A function, variable or field, which must be known as far as it can be. */
  #name({ kind, text, at }: Token): Operand | undefined {
    if (kind === 'field') return { kind: 'field', names: [text.slice(1)], at };
    if (kind === 'variable') {
      if (!this.variables.includes(text)) throw this.failure(`undefined variable ${JSON.stringify(text)}`, at);
      return { kind: 'variable', names: [text], at };
    }
    if (kind !== 'identifier') return undefined;
    if (!this.isFunction(text)) throw this.failure(`function ${JSON.stringify(text)} not defined`, at);
    return { kind: 'identifier', name: text, at };
  }

  #literal({ kind, text, at }: Token): Operand {
    if (kind === 'char') {
      const value = characterValue(text);
      if (value === undefined) throw this.failure(`malformed character constant: ${text}`, at);
      return { kind: 'number', value, text, at };
    }
    if (kind === 'number') {
      const value = numberValue(text);
      if (value === undefined) throw this.failure(`bad number syntax: ${JSON.stringify(text)}`, at);
      return { kind: 'number', value, text, at };
    }
    const value = unquote(text);
    if (value === undefined) throw this.failure('invalid syntax', at);
    return { kind: 'string', value, text, at };
  }

  // ---- tokens ------------------------------------------------------------------------------------------------------

  protected peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', at: this.text.length };
  }

  protected take(): Token {
    const token = this.peek();
    this.#next++;
    return token;
  }

  protected peekSolid(): Token {
    while (this.peek().kind === 'space') this.#next++;
    return this.peek();
  }

  protected takeSolid(): Token {
    this.peekSolid();
    return this.take();
  }

  protected unexpected(token: Token, context: string): Error {
    const shown =
      token.kind === 'end'
        ? 'EOF'
        : token.kind === 'keyword' || token.kind === 'dot'
          ? `<${token.text}>`
          : JSON.stringify(token.text);
    return this.failure(token.kind === 'end' ? 'unexpected EOF' : `unexpected ${shown} in ${context}`, token.at);
  }

  protected failure(message: string, at: number): Error {
    return parseFailure(this.text, at, message);
  }
}

const startsOperand: ReadonlySet<TokenKind> = new Set([
  'bool',
  'char',
  'dot',
  'field',
  'identifier',
  'nil',
  'number',
  'rawString',
  'string',
  'variable',
  'leftParen',
]);
const nonExecutable: ReadonlySet<string> = new Set(['bool', 'dot', 'nil', 'number', 'string']);
