// SPDX-License-Identifier: Apache-2.0
// What attaching needs to know of a container, from docker's inspect object.

export interface InspectedConfig {
  readonly tty: boolean;
  readonly openStdin: boolean;
}

export const configOf = (object: Readonly<Record<string, unknown>>): InspectedConfig => {
  const config = object['Config'];
  const isOn = (field: string): boolean =>
    typeof config === 'object' && config !== null && Reflect.get(config, field) === true;
  return { tty: isOn('Tty'), openStdin: isOn('OpenStdin') };
};
