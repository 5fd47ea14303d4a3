// SPDX-License-Identifier: Apache-2.0
// From template text to tokens: text/template's lexical grammar, with its trim markers and its error messages.

import { templateError } from './error.js';

export type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'identifier'
  | 'keyword'
  | 'field'
  | 'variable'
  | 'dot'
  | 'number'
  | 'string'
  | 'rawString'
  | 'char'
  | 'bool'
  | 'nil'
  | 'pipe'
  | 'declare'
  | 'assign'
  | 'comma'
  | 'leftParen'
  | 'rightParen'
  | 'space'
  | 'symbol'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** offset in the template */
  readonly at: number;
}

const keywords = new Set(['if', 'else', 'end', 'range', 'with', 'define', 'template', 'block', 'break', 'continue']);
const wordStart = /[\p{L}_]/u;
const wordPart = /^[\p{L}\p{Nd}_]*/u;

/** Line number and column (in bytes, from 0) of an offset, as text/template counts them. */
export const positionOf = (template: string, at: number): { readonly line: number; readonly column: number } => {
  const before = template.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: Buffer.byteLength(before.slice(lineStart)) };
};

export const parseFailure = (template: string, at: number, message: string): Error =>
  templateError(`:${String(positionOf(template, at).line)}: ${message}`);

/** @throws ERR_TEMPLATE */
export const tokenize = (template: string): readonly Token[] => new Lexer(template).run();

class Lexer {
  readonly #tokens: Token[] = [];
  #at = 0;
  #parens = 0;

  constructor(readonly template: string) {}

  run(): readonly Token[] {
    let trimStart = false;
    for (;;) {
      const open = this.template.indexOf('{{', this.#at);
      const text = this.template.slice(this.#at, open < 0 ? undefined : open);
      const trimEnd = open >= 0 && /^\{\{-[ \t\r\n]/.test(this.template.slice(open, open + 4));
      this.#pushText(text, trimStart, trimEnd);
      if (open < 0) break;
      this.#at = open + 2 + (trimEnd ? 1 : 0);
      trimStart = this.#comment() ?? this.#action(open);
    }
    this.#push('end', '', this.template.length);
    return this.#tokens;
  }

  #pushText(text: string, trimStart: boolean, trimEnd: boolean): void {
    const start = trimStart ? text.replace(/^[ \t\r\n]+/, '') : text;
    const kept = trimEnd ? start.replace(/[ \t\r\n]+$/, '') : start;
    if (kept !== '') this.#push('text', kept, this.#at + text.indexOf(kept));
  }

  /** Skips a comment action; tells whether the text after it is trimmed, undefined when it is no comment. */
  #comment(): boolean | undefined {
    const start = /^\s*/.exec(this.#rest())?.[0].length ?? 0;
    const trimmed = this.template.startsWith('-', this.#at - 1);
    const offset = trimmed ? start : 0;
    if (!this.template.startsWith('/*', this.#at + offset)) return undefined;
    const end = this.template.indexOf('*/', this.#at + offset);
    if (end < 0) throw this.#failure('unclosed comment');
    const close = /^(\s+-)?\}\}/.exec(this.template.slice(end + 2));
    if (close === null) throw this.#failure('comment ends before closing delimiter');
    this.#at = end + 2 + close[0].length;
    return close[1] !== undefined;
  }

  /** Reads one action up to its closing braces; tells whether the text after it is trimmed. */
  #action(open: number): boolean {
    this.#push('open', '{{', open);
    this.#parens = 0;
    for (;;) {
      const close = /^([ \t\r\n]+-)?\}\}/.exec(this.#rest());
      if (close !== null) {
        if (this.#parens > 0) throw this.#failure('unclosed left paren');
        this.#push('close', '}}', this.#at + close[0].length - 2);
        this.#at += close[0].length;
        return close[1] !== undefined;
      }
      this.#inside();
    }
  }

  #inside(): void {
    const char = this.template[this.#at];
    if (char === undefined) throw this.#failure('unclosed action');
    const space = /^[ \t\r\n]+/.exec(this.#rest());
    if (space !== null) this.#take('space', space[0]);
    else if (char === '"') this.#take('string', this.#quoted());
    else if (char === '`') this.#take('rawString', this.#rawQuoted());
    else if (char === "'") this.#take('char', this.#character());
    else if (char === '$') this.#name('variable');
    else if (char === '.' && !/^\.\d/.test(this.#rest())) this.#name('field');
    else if (/^[+-]?\.?\d/.test(this.#rest())) this.#number();
    else if (wordStart.test(char)) this.#word();
    else this.#symbol(char);
  }

  #symbol(char: string): void {
    if (this.template.startsWith(':=', this.#at)) this.#take('declare', ':=');
    else if (char === ':') throw this.#failure('expected :=');
    else if (char === '=') this.#take('assign', '=');
    else if (char === '|') this.#take('pipe', '|');
    else if (char === ',') this.#take('comma', ',');
    else if (char === '(') {
      this.#parens++;
      this.#take('leftParen', '(');
    } else if (char === ')') {
      this.#parens--;
      if (this.#parens < 0) throw this.#failure('unexpected right paren');
      this.#take('rightParen', ')');
    } else if (char > ' ' && char <= '~' && !'{}'.includes(char)) this.#take('symbol', char);
    else throw this.#failure(`unrecognized character in action: ${unicodeName(char)}`);
  }

  #quoted(): string {
    const match = /^"(?:\\[^\n]|[^"\\\n])*"/.exec(this.#rest());
    if (match === null) throw this.#failure('unterminated quoted string');
    return match[0];
  }

  #rawQuoted(): string {
    const end = this.template.indexOf('`', this.#at + 1);
    if (end < 0) throw this.#failure('unterminated raw quoted string');
    return this.template.slice(this.#at, end + 1);
  }

  #character(): string {
    const match = /^'(?:\\[^\n]|[^'\\\n])*'/.exec(this.#rest());
    if (match === null) throw this.#failure('unterminated character constant');
    return match[0];
  }

  #number(): void {
    const match = /^[+-]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|[\d_]*\.?[\d_]*(?:[eE][+-]?\d+)?)/.exec(
      this.#rest(),
    );
    const text = match?.[0] ?? '';
    const after = wordPart.exec(this.template.slice(this.#at + text.length))?.[0] ?? '';
    if (after !== '') throw this.#failure(`bad number syntax: ${JSON.stringify(text + after.charAt(0))}`);
    this.#take('number', text);
  }

  /** `$x`, `$`, `.Field` or the dot alone */
  #name(kind: 'variable' | 'field'): void {
    const word = wordPart.exec(this.template.slice(this.#at + 1))?.[0] ?? '';
    const text = `${this.template[this.#at] ?? ''}${word}`;
    this.#checkTerminator(text.length);
    this.#take(text === '.' ? 'dot' : kind, text);
  }

  #word(): void {
    const text = wordPart.exec(this.#rest())?.[0] ?? '';
    this.#checkTerminator(text.length);
    if (keywords.has(text)) this.#take('keyword', text);
    else if (text === 'true' || text === 'false') this.#take('bool', text);
    else this.#take(text === 'nil' ? 'nil' : 'identifier', text);
  }

  #checkTerminator(length: number): void {
    const next = this.template.slice(this.#at + length);
    if (next === '' || /^[ \t\r\n.,|:=()]/.test(next) || next.startsWith('}}')) return;
    const [char = ''] = next;
    if (length === 1 && this.template[this.#at] === '.') return;
    throw this.#failure(`bad character ${unicodeName(char)}`);
  }

  #rest(): string {
    return this.template.slice(this.#at);
  }

  #take(kind: TokenKind, text: string): void {
    this.#push(kind, text, this.#at);
    this.#at += text.length;
  }

  #push(kind: TokenKind, text: string, at: number): void {
    this.#tokens.push({ kind, text, at });
  }

  #failure(message: string): Error {
    return parseFailure(this.template, this.#at, message);
  }
}

const unicodeName = (char: string): string =>
  `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')} '${char}'`;
