// SPDX-License-Identifier: Apache-2.0
// The network part of the engine contract (../contract.ts).

export interface NetworkCreateRequest {
  readonly name: string;
  readonly driver: string;
  /** what --subnet, --gateway and --ip-range say, one element per subnet */
  readonly pools: readonly {
    readonly subnet?: string | undefined;
    readonly gateway?: string | undefined;
    readonly ipRange?: string | undefined;
  }[];
  /** absent: where the kernel has it */
  readonly ipv6?: boolean | undefined;
  /** no way out */
  readonly internal: boolean;
  /** only shown: every network is */
  readonly attachable?: boolean | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

export interface NetworkSummary {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly scope: 'local';
  readonly createdAt: string;
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

export interface EndpointRequest {
  readonly aliases: readonly string[];
  readonly ip?: string | undefined;
  readonly ip6?: string | undefined;
  readonly macAddress?: string | undefined;
}

export interface NetworkService {
  create(request: NetworkCreateRequest): Promise<{ readonly id: string }>;
  /** docker's filters: id, name, label, driver, scope, type, dangling */
  list(filters: Readonly<Record<string, readonly string[]>>): Promise<readonly NetworkSummary[]>;
  /** docker's `network inspect` object */
  inspect(nameOrId: string): Promise<Readonly<Record<string, unknown>>>;
  remove(nameOrId: string): Promise<{ readonly id: string; readonly name: string }>;
  /** removes the networks that no container is on; resolves with their names */
  prune(filters: Readonly<Record<string, readonly string[]>>): Promise<readonly string[]>;
  /** resolves with warnings */
  connect(network: string, container: string, request: EndpointRequest): Promise<readonly string[]>;
  /** resolves with warnings */
  disconnect(network: string, container: string, options: { readonly force: boolean }): Promise<readonly string[]>;
}
