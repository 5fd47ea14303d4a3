// SPDX-License-Identifier: Apache-2.0
// The tree a template is parsed into, and its text form, which error messages quote.

import type { GoValue } from './values.js';

interface At {
  /** offset in the template, for messages */
  readonly at: number;
}

export interface TextNode extends At {
  readonly kind: 'text';
  readonly text: string;
}
export interface ActionNode extends At {
  readonly kind: 'action';
  readonly pipe: PipeNode;
}
export interface BranchNode extends At {
  readonly kind: 'if' | 'with' | 'range';
  readonly pipe: PipeNode;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[] | undefined;
}
export interface TemplateNode extends At {
  readonly kind: 'template';
  readonly name: string;
  readonly pipe: PipeNode | undefined;
}
export interface JumpNode extends At {
  readonly kind: 'break' | 'continue';
}
export type Node = TextNode | ActionNode | BranchNode | TemplateNode | JumpNode;

export interface PipeNode extends At {
  readonly kind: 'pipe';
  readonly variables: readonly string[];
  readonly isAssignment: boolean;
  readonly commands: readonly CommandNode[];
}
export interface CommandNode extends At {
  readonly kind: 'command';
  readonly words: readonly Operand[];
}

export interface LiteralNode extends At {
  readonly kind: 'bool' | 'number' | 'string';
  readonly value: GoValue;
  /** as written */
  readonly text: string;
}
export interface PlainNode extends At {
  readonly kind: 'dot' | 'nil';
}
export interface IdentifierNode extends At {
  readonly kind: 'identifier';
  readonly name: string;
}
export interface FieldNode extends At {
  readonly kind: 'field';
  readonly names: readonly string[];
}
export interface VariableNode extends At {
  readonly kind: 'variable';
  /** the variable with its $, then fields */
  readonly names: readonly string[];
}
export interface ChainNode extends At {
  readonly kind: 'chain';
  readonly base: Operand;
  readonly names: readonly string[];
}
export type Operand = LiteralNode | PlainNode | IdentifierNode | FieldNode | VariableNode | ChainNode | PipeNode;

export const textOf = (node: Operand | CommandNode | TemplateNode): string => {
  switch (node.kind) {
    case 'bool':
    case 'number':
    case 'string':
      return node.text;
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'identifier':
      return node.name;
    case 'field':
      return node.names.map((name) => `.${name}`).join('');
    case 'variable':
      return node.names.join('.');
    case 'chain':
      return `${node.base.kind === 'pipe' ? `(${textOf(node.base)})` : textOf(node.base)}${node.names.map((name) => `.${name}`).join('')}`;
    case 'command':
      return node.words.map((word) => (word.kind === 'pipe' ? `(${textOf(word)})` : textOf(word))).join(' ');
    case 'pipe':
      return pipeText(node);
    case 'template':
      return `{{template ${JSON.stringify(node.name)}${node.pipe === undefined ? '' : ` ${textOf(node.pipe)}`}}}`;
  }
};

const pipeText = ({ variables, isAssignment, commands }: PipeNode): string => {
  const declared = variables.length === 0 ? '' : `${variables.join(', ')} ${isAssignment ? '=' : ':='} `;
  return `${declared}${commands.map(textOf).join(' | ')}`;
};
