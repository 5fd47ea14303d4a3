// SPDX-License-Identifier: Apache-2.0
// An option of run and create: it also knows how its value changes the CreateRequest.

import type { CreateRequest } from '../spec/create-request.js';
import type { Caller } from './caller.js';
import {
  asGiven,
  booleanOption,
  listOption,
  stringOption,
  valueOption,
  type Option,
  type OptionGroup,
  type OptionKind,
} from './option.js';

type Apply<Value> = (request: CreateRequest, value: Value, caller: Caller) => CreateRequest;

/** The value's type stays inside: whoever applies a list of these cannot mix them up. */
export interface CreateOption {
  readonly option: Option;
  readonly apply: (request: CreateRequest, value: unknown, caller: Caller) => CreateRequest;
}

interface Given<Value> {
  readonly name: string;
  readonly short?: string;
  readonly describe: string;
  readonly defaultText?: string;
  readonly docker?: string;
  readonly hidden?: boolean;
  readonly apply: Apply<Value>;
}

const withApply = <Value>(option: Option<Value>, apply: Apply<Value>): CreateOption => ({
  option,
  // scan() keeps for an option what that option's own parser returned
  apply: (request, value, caller) => apply(request, value as Value, caller),
});

export const createBoolean = (group: OptionGroup, { apply, ...given }: Given<boolean>): CreateOption =>
  withApply(booleanOption({ ...given, group }), apply);

export const createString = (group: OptionGroup, { apply, ...given }: Given<string>): CreateOption =>
  withApply(stringOption({ ...given, group }), apply);

export const createValue = <Value>(
  group: OptionGroup,
  { apply, ...given }: Given<Value> & { readonly kind: OptionKind; readonly read: (text: string) => Value },
): CreateOption => withApply(valueOption({ ...given, group }), apply);

export const createList = <Element>(
  group: OptionGroup,
  {
    apply,
    ...given
  }: Given<readonly Element[]> & { readonly kind?: OptionKind; readonly read: (text: string) => Element },
): CreateOption => withApply(listOption({ ...given, group }), apply);

export const createTexts = (group: OptionGroup, given: Given<readonly string[]>): CreateOption =>
  createList(group, { ...given, read: asGiven });
