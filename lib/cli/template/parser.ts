// SPDX-License-Identifier: Apache-2.0
// From tokens to the tree: text/template's grammar, recursive descent.

import { parseFailure, tokenize, type Token, type TokenKind } from './lexer.js';
import { characterValue, numberValue, unquote } from './literals.js';
import {
  textOf,
  type BranchNode,
  type CommandNode,
  type Node,
  type Operand,
  type PipeNode,
  type TemplateNode,
} from './nodes.js';

export interface ParsedTemplate {
  readonly text: string;
  readonly main: readonly Node[];
  /** of {{define}} and {{block}} */
  readonly named: ReadonlyMap<string, readonly Node[]>;
}

/** @throws ERR_TEMPLATE */
export const parse = (text: string, isFunction: (name: string) => boolean): ParsedTemplate =>
  new Parser(text, isFunction).run();

type ListEnd = 'end' | 'else' | 'eof';

class Parser {
  readonly #tokens: readonly Token[];
  readonly #named = new Map<string, readonly Node[]>();
  #next = 0;
  #variables: string[] = ['$'];
  #rangeDepth = 0;

  constructor(
    readonly text: string,
    readonly isFunction: (name: string) => boolean,
  ) {
    this.#tokens = tokenize(text);
  }

  run(): ParsedTemplate {
    const { nodes, end, at } = this.#list(true);
    if (end !== 'eof') throw this.#failure(`unexpected {{${end}}}`, at);
    return { text: this.text, main: nodes, named: this.#named };
  }

  // ---- lists and actions -------------------------------------------------------------------------------------------

  #list(top = false): { readonly nodes: readonly Node[]; readonly end: ListEnd; readonly at: number } {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#take();
      if (token.kind === 'end') {
        if (!top) throw this.#failure('unexpected EOF', token.at);
        return { nodes, end: 'eof', at: token.at };
      }
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text, at: token.at });
        continue;
      }
      const keyword = this.#peekSolid();
      if (keyword.kind === 'keyword' && (keyword.text === 'end' || keyword.text === 'else')) {
        this.#takeSolid();
        return { nodes, end: keyword.text, at: keyword.at };
      }
      const node = this.#action(top);
      if (node !== undefined) nodes.push(node);
    }
  }

  #action(top: boolean): Node | undefined {
    const token = this.#peekSolid();
    if (token.kind !== 'keyword') {
      const pipe = this.#pipeline('command', 'close');
      return { kind: 'action', pipe, at: token.at };
    }
    this.#takeSolid();
    switch (token.text) {
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(token.text, token.at);
      case 'define':
        this.#define(top, token.at);
        return undefined;
      case 'block':
        return this.#block(token.at);
      case 'template':
        return this.#template();
      default:
        return this.#jump(token);
    }
  }

  #branch(kind: BranchNode['kind'], at: number): BranchNode {
    const scope = this.#variables.length;
    const pipe = this.#pipeline(kind, 'close');
    if (kind === 'range') this.#rangeDepth++;
    const body = this.#list();
    if (kind === 'range') this.#rangeDepth--;
    const otherwise = body.end === 'else' ? this.#otherwise(kind) : undefined;
    if (body.end === 'end') this.#expectClose('end');
    this.#variables.length = scope;
    return { kind, pipe, body: body.nodes, otherwise, at };
  }

  /** After `else`: another condition (`else if`, `else with`), which shares our `end`, or the plain rest. */
  #otherwise(kind: BranchNode['kind']): readonly Node[] {
    const next = this.#peekSolid();
    if (next.kind === 'keyword' && next.text === kind && kind !== 'range') {
      this.#takeSolid();
      return [this.#branch(kind, next.at)];
    }
    this.#expectClose('else');
    const rest = this.#list();
    if (rest.end === 'else') throw this.#failure('expected end; found {{else}}', rest.at);
    this.#expectClose('end');
    return rest.nodes;
  }

  #define(top: boolean, at: number): void {
    if (!top) throw this.#failure('unexpected {{define}}', at);
    const name = this.#templateName('define clause');
    this.#expectClose('define clause');
    this.#named.set(name, this.#body());
  }

  #block(at: number): TemplateNode {
    const name = this.#templateName('block clause');
    const pipe = this.#pipeline('block clause', 'close');
    this.#named.set(name, this.#body());
    return { kind: 'template', name, pipe, at };
  }

  /** A named template's body has variables of its own. */
  #body(): readonly Node[] {
    const [outer, depth] = [this.#variables, this.#rangeDepth];
    this.#variables = ['$'];
    this.#rangeDepth = 0;
    const { nodes, end, at } = this.#list();
    if (end !== 'end') throw this.#failure(`unexpected {{${end}}}`, at);
    this.#expectClose('end');
    this.#variables = outer;
    this.#rangeDepth = depth;
    return nodes;
  }

  #template(): TemplateNode {
    const at = this.#peekSolid().at;
    const name = this.#templateName('template clause');
    const hasPipe = this.#peekSolid().kind !== 'close';
    const pipe = hasPipe ? this.#pipeline('template clause', 'close') : undefined;
    if (!hasPipe) this.#takeSolid();
    return { kind: 'template', name, pipe, at };
  }

  #templateName(context: string): string {
    const token = this.#takeSolid();
    const name = token.kind === 'string' || token.kind === 'rawString' ? unquote(token.text) : undefined;
    if (name === undefined) throw this.#unexpected(token, context);
    return name;
  }

  #jump(token: Token): Node {
    const kind = token.text === 'break' ? 'break' : 'continue';
    const next = this.#takeSolid();
    if (next.kind !== 'close') throw this.#unexpected(next, `{{${kind}}}`);
    if (this.#rangeDepth === 0) throw this.#failure(`{{${kind}}} outside {{range}}`, token.at);
    return { kind, at: token.at };
  }

  #expectClose(context: string): void {
    const token = this.#takeSolid();
    if (token.kind !== 'close') throw this.#unexpected(token, context);
  }

  // ---- pipelines ---------------------------------------------------------------------------------------------------

  #pipeline(context: string, end: TokenKind): PipeNode {
    const at = this.#peekSolid().at;
    const { variables, isAssignment } = this.#declarations(context);
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.#peekSolid();
      if (token.kind === end) {
        this.#takeSolid();
        break;
      }
      if (!startsOperand.has(token.kind)) throw this.#unexpected(this.#takeSolid(), 'command');
      commands.push(this.#command(end));
    }
    this.#checkPipeline(commands, context, at);
    for (const name of isAssignment ? [] : variables) this.#variables.push(name);
    return { kind: 'pipe', variables, isAssignment, commands, at };
  }

  #declarations(context: string): { readonly variables: readonly string[]; readonly isAssignment: boolean } {
    const variables: string[] = [];
    const start = this.#next;
    for (;;) {
      const variable = this.#peekSolid();
      if (variable.kind !== 'variable') break;
      this.#takeSolid();
      const next = this.#peekSolid();
      if (next.kind === 'declare' || next.kind === 'assign') {
        this.#takeSolid();
        variables.push(variable.text);
        return { variables, isAssignment: next.kind === 'assign' };
      }
      if (next.kind !== 'comma') break;
      this.#takeSolid();
      variables.push(variable.text);
      if (context !== 'range' || variables.length > 1)
        throw this.#failure(`too many declarations in ${context}`, next.at);
    }
    this.#next = start;
    return { variables: [], isAssignment: false };
  }

  #checkPipeline(commands: readonly CommandNode[], context: string, at: number): void {
    if (commands.length === 0) throw this.#failure(`missing value for ${context}`, at);
    for (const [index, { words }] of commands.entries()) {
      const kind = words[0]?.kind;
      if (index > 0 && kind !== undefined && nonExecutable.has(kind)) {
        throw this.#failure(`non executable command in pipeline stage ${String(index + 1)}`, at);
      }
    }
  }

  #command(end: TokenKind): CommandNode {
    const at = this.#peekSolid().at;
    const words: Operand[] = [];
    for (;;) {
      const operand = this.#operandWithFields();
      if (operand !== undefined) words.push(operand);
      const token = this.#take();
      if (token.kind === 'space') {
        if (startsOperand.has(this.#peekSolid().kind)) continue;
        const next = this.#peekSolid();
        if (next.kind === end) break;
        if (next.kind !== 'pipe') throw this.#unexpected(next, 'operand');
        this.#takeSolid();
        break;
      }
      if (token.kind === end) {
        this.#next--;
        break;
      }
      if (token.kind === 'pipe') break;
      throw this.#unexpected(token, 'operand');
    }
    if (words.length === 0) throw this.#failure('empty command', at);
    return { kind: 'command', words, at };
  }

  #operandWithFields(): Operand | undefined {
    const operand = this.#operand();
    if (operand === undefined || this.#peek().kind !== 'field') return operand;
    const at = this.#peek().at;
    const names: string[] = [];
    while (this.#peek().kind === 'field') names.push(this.#take().text.slice(1));
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
        throw this.#failure(`unexpected . after term ${JSON.stringify(textOf(operand))}`, at);
    }
  }

  #operand(): Operand | undefined {
    const token = this.#peekSolid();
    if (!startsOperand.has(token.kind)) return undefined;
    this.#takeSolid();
    const { text, at } = token;
    switch (token.kind) {
      case 'identifier':
        if (!this.isFunction(text)) throw this.#failure(`function ${JSON.stringify(text)} not defined`, at);
        return { kind: 'identifier', name: text, at };
      case 'dot':
      case 'nil':
        return { kind: token.kind, at };
      case 'variable':
        if (!this.#variables.includes(text)) throw this.#failure(`undefined variable ${JSON.stringify(text)}`, at);
        return { kind: 'variable', names: [text], at };
      case 'field':
        return { kind: 'field', names: [text.slice(1)], at };
      case 'bool':
        return { kind: 'bool', value: text === 'true', text, at };
      case 'leftParen':
        return this.#pipeline('parenthesized pipeline', 'rightParen');
      default:
        return this.#literal(token);
    }
  }

  #literal({ kind, text, at }: Token): Operand {
    if (kind === 'char') {
      const value = characterValue(text);
      if (value === undefined) throw this.#failure(`malformed character constant: ${text}`, at);
      return { kind: 'number', value, text, at };
    }
    if (kind === 'number') {
      const value = numberValue(text);
      if (value === undefined) throw this.#failure(`bad number syntax: ${JSON.stringify(text)}`, at);
      return { kind: 'number', value, text, at };
    }
    const value = unquote(text);
    if (value === undefined) throw this.#failure('invalid syntax', at);
    return { kind: 'string', value, text, at };
  }

  // ---- tokens ------------------------------------------------------------------------------------------------------

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', at: this.text.length };
  }

  #take(): Token {
    const token = this.#peek();
    this.#next++;
    return token;
  }

  #peekSolid(): Token {
    while (this.#peek().kind === 'space') this.#next++;
    return this.#peek();
  }

  #takeSolid(): Token {
    this.#peekSolid();
    return this.#take();
  }

  #unexpected(token: Token, context: string): Error {
    const shown =
      token.kind === 'end'
        ? 'EOF'
        : token.kind === 'keyword' || token.kind === 'dot'
          ? `<${token.text}>`
          : JSON.stringify(token.text);
    return this.#failure(token.kind === 'end' ? 'unexpected EOF' : `unexpected ${shown} in ${context}`, token.at);
  }

  #failure(message: string, at: number): Error {
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
