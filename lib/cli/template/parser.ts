// SPDX-License-Identifier: Apache-2.0
// From tokens to the tree: text/template's grammar, recursive descent.

import type { Token } from './lexer.js';
import { unquote } from './literals.js';
import type { BranchNode, Node, TemplateNode } from './nodes.js';
import { PipelineParser } from './pipeline-parser.js';

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

class Parser extends PipelineParser {
  readonly #named = new Map<string, readonly Node[]>();
  #rangeDepth = 0;

  run(): ParsedTemplate {
    const { nodes, end, at } = this.#list(true);
    if (end !== 'eof') throw this.failure(`unexpected {{${end}}}`, at);
    return { text: this.text, main: nodes, named: this.#named };
  }

  // ---- lists and actions -------------------------------------------------------------------------------------------

  #list(top = false): { readonly nodes: readonly Node[]; readonly end: ListEnd; readonly at: number } {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.take();
      if (token.kind === 'end') {
        if (!top) throw this.failure('unexpected EOF', token.at);
        return { nodes, end: 'eof', at: token.at };
      }
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text, at: token.at });
        continue;
      }
      const keyword = this.peekSolid();
      if (keyword.kind === 'keyword' && (keyword.text === 'end' || keyword.text === 'else')) {
        this.takeSolid();
        return { nodes, end: keyword.text, at: keyword.at };
      }
      const node = this.#action(top);
      if (node !== undefined) nodes.push(node);
    }
  }

  #action(top: boolean): Node | undefined {
    const token = this.peekSolid();
    if (token.kind !== 'keyword') {
      const pipe = this.pipeline('command', 'close');
      return { kind: 'action', pipe, at: token.at };
    }
    this.takeSolid();
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
    const scope = this.variables.length;
    const pipe = this.pipeline(kind, 'close');
    if (kind === 'range') this.#rangeDepth++;
    const body = this.#list();
    if (kind === 'range') this.#rangeDepth--;
    const otherwise = body.end === 'else' ? this.#otherwise(kind) : undefined;
    if (body.end === 'end') this.#expectClose('end');
    this.variables.length = scope;
    return { kind, pipe, body: body.nodes, otherwise, at };
  }

  /** After `else`: another condition (`else if`, `else with`), which shares our `end`, or the plain rest. */
  #otherwise(kind: BranchNode['kind']): readonly Node[] {
    const next = this.peekSolid();
    if (next.kind === 'keyword' && next.text === kind && kind !== 'range') {
      this.takeSolid();
      return [this.#branch(kind, next.at)];
    }
    this.#expectClose('else');
    const rest = this.#list();
    if (rest.end === 'else') throw this.failure('expected end; found {{else}}', rest.at);
    this.#expectClose('end');
    return rest.nodes;
  }

  #define(top: boolean, at: number): void {
    if (!top) throw this.failure('unexpected {{define}}', at);
    const name = this.#templateName('define clause');
    this.#expectClose('define clause');
    this.#named.set(name, this.#body());
  }

  #block(at: number): TemplateNode {
    const name = this.#templateName('block clause');
    const pipe = this.pipeline('block clause', 'close');
    this.#named.set(name, this.#body());
    return { kind: 'template', name, pipe, at };
  }

  /** A named template's body has variables of its own. */
  #body(): readonly Node[] {
    const [outer, depth] = [this.variables, this.#rangeDepth];
    this.variables = ['$'];
    this.#rangeDepth = 0;
    const { nodes, end, at } = this.#list();
    if (end !== 'end') throw this.failure(`unexpected {{${end}}}`, at);
    this.#expectClose('end');
    this.variables = outer;
    this.#rangeDepth = depth;
    return nodes;
  }

  #template(): TemplateNode {
    const at = this.peekSolid().at;
    const name = this.#templateName('template clause');
    const hasPipe = this.peekSolid().kind !== 'close';
    const pipe = hasPipe ? this.pipeline('template clause', 'close') : undefined;
    if (!hasPipe) this.takeSolid();
    return { kind: 'template', name, pipe, at };
  }

  #templateName(context: string): string {
    const token = this.takeSolid();
    const name = token.kind === 'string' || token.kind === 'rawString' ? unquote(token.text) : undefined;
    if (name === undefined) throw this.unexpected(token, context);
    return name;
  }

  #jump(token: Token): Node {
    const kind = token.text === 'break' ? 'break' : 'continue';
    const next = this.takeSolid();
    if (next.kind !== 'close') throw this.unexpected(next, `{{${kind}}}`);
    if (this.#rangeDepth === 0) throw this.failure(`{{${kind}}} outside {{range}}`, token.at);
    return { kind, at: token.at };
  }

  #expectClose(context: string): void {
    const token = this.takeSolid();
    if (token.kind !== 'close') throw this.unexpected(token, context);
  }
}
