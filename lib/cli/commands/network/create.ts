// SPDX-License-Identifier: Apache-2.0
// sampan network create

import type { NetworkCreateRequest } from '../../../engine/network/contract.js';
import { sampanError } from '../../../errors/sampan-error.js';
import { asGiven, booleanOption, listOption, stringOption } from '../../../options/option.js';
import { unsupportedOption } from '../../../options/run/unsupported-options.js';
import { readKeyValue } from '../../../options/parse/key-value.js';
import { labelsOf, readLabel } from '../../../options/parse/labels.js';
import type { OptionValues } from '../../../options/scan.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';

const driver = stringOption({
  name: 'driver',
  short: 'd',
  group: 'general',
  describe: 'driver of the network',
  defaultText: 'bridge',
});
const subnet = listOption({
  name: 'subnet',
  group: 'general',
  describe: 'addresses of the network, such as 10.90.0.0/24; one for each of IPv4 and IPv6',
  read: asGiven,
});
const gateway = listOption({
  name: 'gateway',
  group: 'general',
  describe: 'address of the gateway, of the subnet in the same place',
  read: asGiven,
});
const ipRange = listOption({
  name: 'ip-range',
  group: 'general',
  describe: 'part of the subnet that containers get addresses of',
  read: asGiven,
});
const ipv6 = booleanOption({
  name: 'ipv6',
  group: 'general',
  describe: 'names mean IPv6 addresses, too, which containers have anyway where the machine has IPv6',
});
const internal = booleanOption({ name: 'internal', group: 'general', describe: 'no way out of the network' });
const label = listOption({ name: 'label', kind: 'map', group: 'general', describe: 'set a label', read: readLabel });
const opt = listOption({
  name: 'opt',
  short: 'o',
  kind: 'map',
  group: 'general',
  describe: 'mtu=NUMBER; host-loopback=PORTS opens ports of the loopback of the host',
  read: readKeyValue('option'),
});
const attachable = booleanOption({
  name: 'attachable',
  group: 'general',
  describe: 'shown by inspect, as with docker; containers can be attached to every network',
});

/** What happens anyway passes. */
const unsupported = [
  unsupportedOption(['aux-address', 'map']),
  unsupportedOption(['config-from', 'string', ['']]),
  unsupportedOption(['config-only', 'boolean', ['false']]),
  unsupportedOption(['ingress', 'boolean', ['false']]),
  unsupportedOption(['ipam-driver', 'string', ['', 'default']]),
  unsupportedOption(['ipam-opt', 'map']),
  unsupportedOption(['ipv4', 'boolean', ['true']]),
  unsupportedOption(['scope', 'string', ['', 'local']]),
];

export const command: Command = {
  usage: 'NETWORK',
  options: [attachable, driver, gateway, internal, ipRange, ipv6, label, opt, subnet, ...unsupported],
  minimumArgs: 1,
  maximumArgs: 1,
  run: async ({ values, args: [name = ''], host }) => {
    const { id } = await withEngine(host, (engine) => engine.networks.create(requestOf(name, values)));
    await host.stdout.write(`${id}\n`);
    return 0;
  },
};

const requestOf = (name: string, values: OptionValues): NetworkCreateRequest => ({
  name,
  driver: values.get(driver) ?? 'bridge',
  pools: poolsOf(values),
  ipv6: values.get(ipv6),
  internal: values.get(internal) === true,
  attachable: values.get(attachable) === true,
  labels: labelsOf(values.get(label) ?? []),
  options: labelsOf(values.get(opt) ?? []),
});

const isV6 = (text: string): boolean => text.includes(':');

/** A gateway or range belongs to the subnet of its family. */
const poolsOf = (values: OptionValues): NetworkCreateRequest['pools'] => {
  const subnets = values.get(subnet) ?? [];
  const ofFamily = (texts: readonly string[], v6: boolean): string | undefined =>
    texts.find((text) => isV6(text) === v6);
  const [gateways, ranges] = [values.get(gateway) ?? [], values.get(ipRange) ?? []];
  for (const texts of [gateways, ranges]) refuseSecondOfFamily(texts);
  const others = [...gateways, ...ranges];
  const lost = others.find((text) => !subnets.some((one) => isV6(one) === isV6(text)));
  if (lost !== undefined) {
    throw sampanError('ERR_NETWORK_CONFIG', {
      subject: `no subnet for ${lost}`,
      hint: 'give the --subnet that it belongs to',
    });
  }
  return subnets.map((one) => ({
    subnet: one,
    gateway: ofFamily(gateways, isV6(one)),
    ipRange: ofFamily(ranges, isV6(one)),
  }));
};

const refuseSecondOfFamily = (texts: readonly string[]): void => {
  const second = texts.find((text, index) => texts.findIndex((one) => isV6(one) === isV6(text)) < index);
  if (second === undefined) return;
  throw sampanError('ERR_NETWORK_CONFIG', {
    subject: `${second}: its subnet has one already`,
    hint: 'give one --gateway and one --ip-range for each --subnet',
  });
};
