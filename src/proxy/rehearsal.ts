import { Pins } from '../mediation/descriptors/pins.ts';
import { judgementEvidence } from '../mediation/evidence.ts';
import { Mediator } from '../mediation/mediator.ts';
import { parseMessage } from './message.ts';

const TOOL = {
  name: 'read_file',
  description: 'Reads a file as text.',
  inputSchema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
};
const CALL = { name: 'read_file', arguments: { path: '/srv/pages/welcome.txt' } };
const RESULT = { content: [{ type: 'text', text: 'Welcome. The office is open from Monday to Friday.' }] };

/**
 * Takes one list, one call and one answer through a mediator of its own and forgets them. The build runs it and keeps
 * what was compiled (scripts/build.mjs): a start then compiles little, and a client waits less for its first answers.
 */
export function rehearse(): void {
  const settings = { mode: 'guard', session: '', servers: ['s'], trust: new Map(), allow: [] } as const;
  const pins = new Pins({ version: 1, pins: [], pending: [] });
  const mediator = new Mediator({ ...settings, seed: 0, taintBytes: 65_536 }, pins);
  mediator.describe('s', 'tool', [TOOL], '');
  const judgement = mediator.judge('s', 'tools/call', CALL)!;
  judgementEvidence(judgement, new Set());
  const inbound = { server: 's', channel: 'result', origin: 'read_file', payload: RESULT } as const;
  const labelled = mediator.label(inbound, judgement);
  mediator.learn(labelled);
  mediator.settle(Number.POSITIVE_INFINITY);
  parseMessage(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools: [TOOL] } })), 16);
}
