// SPDX-License-Identifier: Apache-2.0
// --change: the instructions, and the words within them.

import { applyChanges } from '../../../lib/image/changes.js';
import { parseDefaults } from '../../../lib/image/config.js';
import { asObject } from '../../../lib/image/json.js';

const empty = parseDefaults(asObject({}, 'config'));
const changed = (...changes: readonly string[]) => applyChanges(empty, changes);

test.each([
  ['CMD ["sh", "-c", "true"]', { command: ['sh', '-c', 'true'] }],
  ['cmd echo "hi"', { command: ['/bin/sh', '-c', 'echo "hi"'] }],
  ['CMD [not json]', { command: ['/bin/sh', '-c', '[not json]'] }],
  ['CMD []', { command: [] }],
  ['ENTRYPOINT ["/init"]', { entrypoint: ['/init'] }],
  ['ENTRYPOINT exec top', { entrypoint: ['/bin/sh', '-c', 'exec top'] }],
  ['ENV A=b', { env: ['A=b'] }],
  ['ENV A=b C="d e" F=g\\ h I=\'$j\'', { env: ['A=b', 'C=d e', 'F=g h', 'I=$j'] }],
  ['ENV A the rest of it', { env: ['A=the rest of it'] }],
  ['ENV A=', { env: ['A='] }],
  ['LABEL a=b "c d"="e=f"', { labels: { a: 'b', 'c d': 'e=f' } }],
  ['EXPOSE 80 53/udp 8000-8002/TCP', { exposedPorts: ['80/tcp', '53/udp', '8000/tcp', '8001/tcp', '8002/tcp'] }],
  ['VOLUME /a /b', { volumes: ['/a', '/b'] }],
  ['VOLUME ["/a b"]', { volumes: ['/a b'] }],
  ['USER me:staff', { user: 'me:staff' }],
  ['WORKDIR /a/../b/', { workingDir: '/b' }],
  ['STOPSIGNAL SIGQUIT', { stopSignal: 'SIGQUIT' }],
  ['ONBUILD RUN make', { onBuild: ['RUN make'] }],
  ['HEALTHCHECK NONE', { healthcheck: { test: ['NONE'] } }],
  ['HEALTHCHECK CMD curl localhost', { healthcheck: { test: ['CMD-SHELL', 'curl localhost'] } }],
  [
    'HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=500ms --retries=3 CMD ["curl"]',
    { healthcheck: { test: ['CMD', 'curl'], interval: 90e9, timeout: 1.5e9, startPeriod: 0.5e9, retries: 3 } },
  ],
])('%s', (change, expected) => {
  expect(changed(change)).toEqual({ ...empty, ...expected });
});

test('later changes build on earlier ones', () => {
  expect(
    changed(
      'ENV A=1 B=2',
      'ENV A=3 C=${B}-${X:-none}-${B:+set}',
      'WORKDIR /srv',
      'WORKDIR $C',
      'LABEL x=1',
      'LABEL x=2',
    ),
  ).toMatchObject({
    env: ['A=3', 'B=2', 'C=2-none-set'],
    workingDir: '/srv/2-none-set',
    labels: { x: '2' },
  });
});

test.each([
  ['RUN make'],
  [''],
  ['constructor x'],
  ['CMD'],
  ['ENV'],
  ['ENV A'],
  ['ENV =b'],
  ['ENV A=b C'],
  ['ENV A="b'],
  ['ENV A=${B'],
  ['ENV A=${B!c}'],
  ['EXPOSE http'],
  ['EXPOSE 90-80'],
  ['EXPOSE 70000'],
  ['VOLUME'],
  ['USER a b'],
  ['WORKDIR'],
  ['STOPSIGNAL SIGNOPE'],
  ['ONBUILD'],
  ['ONBUILD FROM x'],
  ['ONBUILD ONBUILD RUN x'],
  ['HEALTHCHECK'],
  ['HEALTHCHECK CMD'],
  ['HEALTHCHECK --interval=soon CMD x'],
  ['HEALTHCHECK --interval=1ns CMD x'],
  ['HEALTHCHECK --retries=-1 CMD x'],
  ['HEALTHCHECK --nope=1 CMD x'],
])('%j is refused', (change) => {
  expect(() => changed(change)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE' }));
});
