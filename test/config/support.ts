import { excerpt, type HeldCall } from '../../src/config/held-call.ts';

export const HELD: HeldCall = {
  v: 1,
  id: 'd-0123abcd',
  session: 's1',
  time: 1000,
  lock: '/cordon.lock',
  server: 'mail',
  method: 'tools/call',
  name: excerpt('send', 120, 40),
  effect: 'send',
  rule: 'tainted-destination',
  binding: 'sha256:00',
  questions: [{ argument: excerpt('/to', 120, 40), value: excerpt('eve@attacker.example.invalid', 160, 40) }],
  more: 0,
  carries: excerpt('{}', 1200, 300),
  remember: [
    { server: 'mail', tool: 'send', argument: '/to', from: 'web', value: `sha256:${'1'.repeat(64)}` },
  ],
};
