// SPDX-License-Identifier: Apache-2.0
// sampan network connect

import { listOption, valueOption } from '../../../options/option.js';
import { readAlias, readIpv4, readIpv6, readMac } from '../../../options/parse/network.js';
import { unsupportedOption } from '../../../options/run/unsupported-options.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { printWarnings } from '../shared.js';

const alias = listOption({
  name: 'alias',
  group: 'network',
  describe: 'another name of the container in this network',
  read: readAlias,
});
const ip = valueOption({
  name: 'ip',
  kind: 'string',
  group: 'network',
  describe: 'IPv4 address of the container',
  read: readIpv4,
});
const ip6 = valueOption({
  name: 'ip6',
  kind: 'string',
  group: 'network',
  describe: 'IPv6 address of the container',
  read: readIpv6,
});
const mac = valueOption({
  name: 'mac-address',
  kind: 'string',
  group: 'network',
  describe: 'MAC address of the container',
  read: readMac,
});

const unsupported = [
  unsupportedOption(['driver-opt', 'map']),
  unsupportedOption(['gw-priority', 'int', ['0']]),
  unsupportedOption(['link', 'list']),
  unsupportedOption(['link-local-ip', 'list']),
];

export const command: Command = {
  usage: 'NETWORK CONTAINER',
  options: [alias, ip, ip6, mac, ...unsupported],
  minimumArgs: 2,
  maximumArgs: 2,
  run: async ({ values, args: [network = '', container = ''], host }) => {
    const warnings = await withEngine(host, (engine) =>
      engine.networks.connect(network, container, {
        aliases: values.get(alias) ?? [],
        ip: values.get(ip),
        ip6: values.get(ip6),
        macAddress: values.get(mac),
      }),
    );
    await printWarnings(host, warnings);
    return 0;
  },
};
