// SPDX-License-Identifier: Apache-2.0
// Runs a parsed template over data: text/template's semantics and messages.
//
// How this works: the evaluator walks the tree with a dot and a stack of variables. It remembers the node it works on,
// so that a failure anywhere below can be reported as `template: :line:column: executing "" at <node>: why`.

import { templateError, TemplateFailure } from './error.js';
import { countMismatch, literalMismatch, parameterAt, typeMismatch } from './arguments.js';
import { findFunction, type ParameterType } from './functions.js';
import { printValue } from './format.js';
import { positionOf } from './lexer.js';
import {
  textOf,
  type BranchNode,
  type CommandNode,
  type Node,
  type Operand,
  type PipeNode,
  type TemplateNode,
} from './nodes.js';
import type { ParsedTemplate } from './parser.js';
import { GoFunction, GoMap, GoStruct, isSlice, isTrue, typeName, type GoValue } from './values.js';

/** No value was piped in; differs from a piped value that is nothing. */
const none = Symbol('none');
type Piped = GoValue | typeof none;
type Jump = 'break' | 'continue' | undefined;

/** @throws ERR_TEMPLATE */
export const execute = (template: ParsedTemplate, data: GoValue): string => new Evaluator(template, data).run();

const maxDepth = 1000;

class Evaluator {
  #output: string[] = [];
  #variables: [string, GoValue][];
  #node: Operand | CommandNode | TemplateNode | undefined;
  #name = '';
  #depth = 0;

  constructor(
    readonly template: ParsedTemplate,
    readonly data: GoValue,
  ) {
    this.#variables = [['$', data]];
  }

  run(): string {
    this.#walkList(this.template.main, this.data);
    return this.#output.join('');
  }

  // ---- control -----------------------------------------------------------------------------------------------------

  #walkList(nodes: readonly Node[], dot: GoValue): Jump {
    for (const node of nodes) {
      const jump = this.#walk(node, dot);
      if (jump !== undefined) return jump;
    }
    return undefined;
  }

  #walk(node: Node, dot: GoValue): Jump {
    switch (node.kind) {
      case 'text':
        this.#output.push(node.text);
        return undefined;
      case 'action': {
        const value = this.#pipeline(node.pipe, dot);
        if (node.pipe.variables.length === 0) this.#output.push(printValue(value));
        return undefined;
      }
      case 'if':
      case 'with':
        return this.#conditional(node, dot);
      case 'range':
        this.#range(node, dot);
        return undefined;
      case 'template':
        this.#call(node, dot);
        return undefined;
      case 'break':
      case 'continue':
        return node.kind;
    }
  }

  #conditional(node: BranchNode, dot: GoValue): Jump {
    const scope = this.#variables.length;
    const value = this.#pipeline(node.pipe, dot);
    const jump = isTrue(value)
      ? this.#walkList(node.body, node.kind === 'with' ? value : dot)
      : this.#walkList(node.otherwise ?? [], dot);
    this.#variables.length = scope;
    return jump;
  }

  #range(node: BranchNode, dot: GoValue): void {
    const scope = this.#variables.length;
    const value = this.#pipeline(node.pipe, dot);
    const bodyScope = this.#variables.length;
    const items = this.#items(value);
    for (const [key, item] of items) {
      this.#setRangeVariables(node.pipe, key, item);
      const jump = this.#walkList(node.body, item);
      this.#variables.length = bodyScope;
      if (jump === 'break') break;
    }
    if (items.length === 0) this.#walkList(node.otherwise ?? [], dot);
    this.#variables.length = scope;
  }

  #items(value: GoValue): readonly (readonly [GoValue, GoValue])[] {
    if (value === undefined || value === null) return [];
    if (isSlice(value)) return value.map((item, index) => [index, item] as const);
    if (value instanceof GoMap) return value.sortedKeys().map((key) => [key, value.entries.get(key)] as const);
    if (typeof value === 'number')
      return Array.from({ length: Math.max(0, value) }, (_, index) => [index, index] as const);
    throw this.#failure(`range can't iterate over ${printValue(value)}`);
  }

  /** One variable is the value (for an integer: the number itself), two are key and value. */
  #setRangeVariables({ variables, isAssignment }: PipeNode, key: GoValue, item: GoValue): void {
    const values = variables.length === 2 ? [key, item] : [item];
    for (const [index, name] of variables.entries()) {
      if (isAssignment) this.#assign(name, values[index]);
      else this.#declare(name, values[index]);
    }
  }

  #call(node: TemplateNode, dot: GoValue): void {
    this.#node = node;
    const body = this.template.named.get(node.name);
    if (body === undefined) throw this.#failure(`template ${JSON.stringify(node.name)} not defined`);
    if (++this.#depth > maxDepth) throw this.#failure(`exceeded maximum template depth (${String(maxDepth)})`);
    const data = node.pipe === undefined ? undefined : this.#pipeline(node.pipe, dot);
    const [variables, name] = [this.#variables, this.#name];
    this.#variables = [['$', data]];
    this.#name = node.name;
    this.#walkList(body, data);
    this.#variables = variables;
    this.#name = name;
    this.#depth--;
  }

  // ---- pipelines ---------------------------------------------------------------------------------------------------

  #pipeline(pipe: PipeNode, dot: GoValue): GoValue {
    this.#node = pipe;
    let value: Piped = none;
    for (const command of pipe.commands) value = this.#command(command, dot, value);
    const result = value === none ? undefined : value;
    // In a range the variables are set for each item.
    for (const name of pipe.variables) {
      if (pipe.isAssignment) this.#assign(name, result);
      else this.#declare(name, result);
    }
    return result;
  }

  #declare(name: string, value: GoValue): void {
    this.#variables.push([name, value]);
  }

  #assign(name: string, value: GoValue): void {
    const variable = this.#variables.findLast(([known]) => known === name);
    if (variable === undefined) throw this.#failure(`undefined variable: ${name}`);
    variable[1] = value;
  }

  #command(command: CommandNode, dot: GoValue, final: Piped): GoValue {
    const [first, ...args] = command.words;
    if (first === undefined) throw this.#failure('empty command');
    if (first.kind === 'identifier') return this.#function({ node: command, name: first, args, dot, final });
    if (first.kind === 'field' || first.kind === 'chain') return this.#operand(first, dot, { args, final });
    if (first.kind === 'variable' && first.names.length > 1) return this.#operand(first, dot, { args, final });
    this.#node = first;
    if (args.length > 0 || final !== none) throw this.#failure(`can't give argument to non-function ${textOf(first)}`);
    if (first.kind === 'nil') throw this.#failure('nil is not a command');
    return this.#operand(first, dot);
  }

  #operand(
    node: Operand,
    dot: GoValue,
    call: { readonly args: readonly Operand[]; readonly final: Piped } = { args: [], final: none },
  ): GoValue {
    this.#node = node;
    switch (node.kind) {
      case 'bool':
      case 'number':
      case 'string':
        return node.value;
      case 'dot':
        return dot;
      case 'nil':
        return null;
      case 'pipe':
        return this.#pipeline(node, dot);
      case 'identifier':
        return this.#function({ node, name: node, args: call.args, dot, final: call.final });
      case 'field':
        return this.#fields({ node, receiver: dot, names: node.names, dot, call });
      case 'variable': {
        const value = this.#variables.findLast(([name]) => name === node.names[0])?.[1];
        return this.#fields({ node, receiver: value, names: node.names.slice(1), dot, call });
      }
      case 'chain': {
        if (node.base.kind === 'nil') throw this.#failure(`indirection through explicit nil in ${textOf(node)}`);
        const base = this.#operand(node.base, dot);
        this.#node = node;
        return this.#fields({ node, receiver: base, names: node.names, dot, call });
      }
    }
  }

  #fields(input: {
    readonly node: Operand;
    readonly receiver: GoValue;
    readonly names: readonly string[];
    readonly dot: GoValue;
    readonly call: { readonly args: readonly Operand[]; readonly final: Piped };
  }): GoValue {
    const { node, names, dot, call } = input;
    let value = input.receiver;
    for (const [index, name] of names.entries()) {
      const isLast = index === names.length - 1;
      this.#node = node;
      value = this.#field(value, name);
      const hasArguments = isLast && (call.args.length > 0 || call.final !== none);
      if (value instanceof GoFunction) {
        const args = isLast ? call.args.map((arg) => this.#operand(arg, dot)) : [];
        value = this.#method(node, name, value, isLast && call.final !== none ? [...args, call.final] : args);
      } else if (hasArguments) {
        throw this.#failure(`${name} is not a method but has arguments`);
      }
    }
    return value;
  }

  #method(node: Operand, name: string, method: GoFunction, args: readonly GoValue[]): GoValue {
    this.#node = node;
    if (args.length !== method.parameters) {
      throw this.#failure(
        `wrong number of args for ${name}: want ${String(method.parameters)} got ${String(args.length)}`,
      );
    }
    return method.call(args);
  }

  #field(receiver: GoValue, name: string): GoValue {
    if (receiver === undefined || receiver === null) throw this.#failure(`nil pointer evaluating interface {}.${name}`);
    if (receiver instanceof GoMap) return receiver.entries.get(name);
    if (receiver instanceof GoStruct) {
      if (receiver.has(name)) return receiver.get(name);
      throw this.#failure(
        receiver.typeName === undefined
          ? `map has no entry for key ${JSON.stringify(name)}`
          : `can't evaluate field ${name} in type ${receiver.typeName}`,
      );
    }
    throw this.#failure(`can't evaluate field ${name} in type ${typeName(receiver)}`);
  }

  // ---- functions ---------------------------------------------------------------------------------------------------

  #function(input: {
    readonly node: Operand | CommandNode;
    readonly name: Operand & { readonly kind: 'identifier' };
    readonly args: readonly Operand[];
    readonly dot: GoValue;
    readonly final: Piped;
  }): GoValue {
    const { node, args, dot, final } = input;
    const { name } = input.name;
    const entry = findFunction(name);
    if (entry === undefined) throw this.#failure(`${JSON.stringify(name)} is not a defined function`);
    this.#node = input.name;
    const mismatch = countMismatch(name, entry, args.length + (final === none ? 0 : 1));
    if (mismatch !== undefined) throw this.#failure(mismatch);
    if (name === 'and' || name === 'or') return this.#shortCircuit(name === 'or', args, dot, final);
    const values = args.map((arg, index) => this.#argument(arg, parameterAt(entry, index), dot));
    if (final !== none) values.push(this.#checkType(final, parameterAt(entry, args.length)));
    this.#node = node;
    try {
      return entry.call(...values);
    } catch (error) {
      if (error instanceof TemplateFailure) throw this.#failure(`error calling ${name}: ${error.message}`);
      throw error;
    }
  }

  #shortCircuit(until: boolean, args: readonly Operand[], dot: GoValue, final: Piped): GoValue {
    let value: GoValue;
    for (const arg of args) {
      value = this.#operand(arg, dot);
      if (isTrue(value) === until) return value;
    }
    return final === none ? value : final;
  }

  #argument(node: Operand, type: ParameterType, dot: GoValue): GoValue {
    this.#node = node;
    const mismatch = literalMismatch(node, type);
    if (mismatch !== undefined) throw this.#failure(mismatch);
    const value = this.#operand(node, dot);
    this.#node = node;
    return this.#checkType(value, type);
  }

  #checkType(value: GoValue, type: ParameterType): GoValue {
    const mismatch = typeMismatch(value, type);
    if (mismatch !== undefined) throw this.#failure(mismatch);
    return type === 'strings' && (value === undefined || value === null) ? [] : value;
  }

  #failure(message: string): Error {
    const at = this.#node?.at ?? 0;
    const { line, column } = positionOf(this.template.text, at);
    const quoted = this.#node === undefined ? '' : textOf(this.#node);
    return templateError(
      `:${String(line)}:${String(column)}: executing ${JSON.stringify(this.#name)} at <${quoted}>: ${message}`,
    );
  }
}
