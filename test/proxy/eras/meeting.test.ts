import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Opening } from '../../../src/proxy/eras/discovery.ts';
import { Meeting } from '../../../src/proxy/eras/meeting.ts';
import type { Stage, Track } from '../../../src/proxy/eras/track.ts';
import { type Loose, VERSION } from './support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const _meta = { [VERSION]: '2026-07-28' };
const initialize = {
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {} },
};
const discover = { id: 'd', method: 'server/discover', params: { _meta } };
const call = { id: 1, method: 'tools/call', params: { name: 't', _meta } };
const unknown = { code: -32601, message: 'no such method' };
const discovered = { supportedVersions: ['2026-07-28'], capabilities: {} };

const line = (value: object): Buffer => Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...value }));

/** Two that meet, as a test sees it. */
class Scene implements Track {
  readonly name = 's';
  stage: Stage | undefined;
  sent: Loose[] = [];
  told: Loose[] = [];
  restarts = 0;
  /** Every lesson in turn. */
  learned: (Opening | undefined)[] = [];

  constructor(known?: Opening) {
    const scene = this;
    const learn = (opening: Opening | undefined) => void this.learned.push(opening);
    const memory = {
      get known() {
        return scene.learned.length > 0 ? scene.learned.at(-1) : known;
      },
      learn,
    };
    new Meeting(this, memory).begin();
  }

  toServer(line: Buffer): void {
    this.sent.push(JSON.parse(line.toString()));
  }

  toClient(line: Buffer): void {
    this.told.push(JSON.parse(line.toString()));
  }

  toClientLater(line: Buffer): void {
    this.toClient(line);
  }

  turn(): void {}

  reopen(): boolean {
    this.restarts++;
    return true;
  }

  client(value: object): void {
    const { fromClient } = this.stage ?? {};
    if (fromClient === undefined) this.toServer(line(value));
    else fromClient(line(value));
  }

  server(value: object): void {
    const { fromServer } = this.stage ?? {};
    if (fromServer === undefined) this.toClient(line(value));
    else fromServer(line(value));
  }

  get methods(): string[] {
    return this.sent.map(({ method }) => method);
  }
}

test('an old client with an old server: nothing is read any more once they have met', () => {
  const scene = new Scene();
  scene.client({ id: 9, method: 'ping' });
  scene.client(initialize);
  scene.server({ id: 9, result: {} });
  expect(scene.stage).toBeDefined();
  scene.server({ id: 0, result: { protocolVersion: '2025-06-18' } });
  expect(scene.stage).toBeUndefined();
  expect(scene.told.map(({ id }) => id)).toEqual([9, 0]);
  expect(scene.learned).toEqual([]);
});

test('a new client with a new server: likewise, whether it asks first or not', () => {
  const asking = new Scene();
  asking.client(discover);
  asking.client(call);
  expect(asking.sent).toHaveLength(1);
  asking.server({ id: 'd', result: discovered });
  expect(asking.methods).toEqual(['server/discover', 'tools/call']);
  expect(asking.told).toMatchObject([{ id: 'd', result: discovered }]);
  expect(asking.stage).toBeUndefined();

  const calling = new Scene();
  calling.client(call);
  expect(calling.methods).toEqual(['server/discover']);
  calling.server({ id: calling.sent[0].id, result: discovered });
  expect(calling.methods).toEqual(['server/discover', 'tools/call']);
  expect(calling.told).toEqual([]);
  expect(calling.stage).toBeUndefined();
});

test('a server that refuses initialize and knows server/discover is asked that at once the next time', () => {
  const scene = new Scene();
  scene.client(initialize);
  scene.server({ id: 0, error: unknown });
  expect(scene.methods).toEqual(['initialize', 'server/discover']);
  scene.server({ id: scene.sent[1].id, result: discovered });
  expect(scene.told).toMatchObject([{ id: 0, result: { protocolVersion: '2025-06-18' } }]);
  expect(scene.learned).toEqual(['server/discover']);

  const next = new Scene('server/discover');
  next.client(initialize);
  expect(next.methods).toEqual(['server/discover']);
  // It is another by now.
  next.server({ id: next.sent[0].id, error: unknown });
  expect(next.methods).toEqual(['server/discover', 'initialize']);
  next.server({ id: 0, result: {} });
  expect(next.learned).toEqual([undefined]);
  expect(next.stage).toBeUndefined();
});

test('a client that does not wait for the answer to its greeting is translated from its first word', () => {
  const scene = new Scene('server/discover');
  scene.client(initialize);
  scene.client({ method: 'notifications/initialized' });
  scene.client({ id: 1, method: 'tools/list' });
  expect(scene.methods).toEqual(['server/discover']);
  scene.server({ id: scene.sent[0].id, result: discovered });
  expect(scene.methods).toEqual(['server/discover', 'tools/list']);
  expect(scene.sent[1].params._meta[VERSION]).toBe('2026-07-28');

  const wrong = new Scene('server/discover');
  wrong.client(initialize);
  wrong.client({ id: 1, method: 'tools/list' });
  wrong.server({ id: wrong.sent[0].id, error: unknown });
  expect(wrong.methods).toEqual(['server/discover', 'initialize', 'tools/list']);
});

test('a server that refuses both has the last word', () => {
  const scene = new Scene();
  scene.client(initialize);
  scene.server({ id: 0, error: { code: -5, message: 'no licence' } });
  scene.server({ id: scene.sent[1].id, error: unknown });
  expect(scene.told).toMatchObject([{ id: 0, error: { message: 'no licence' } }]);
  expect(scene.stage).toBeUndefined();
});

test.each([
  ['shakes hands then', initialize, ['server/discover', 'initialize']],
  ['goes on all the same', call, ['server/discover', 'initialize']],
])('a client that was refused and %s', (_how, next, methods) => {
  const scene = new Scene();
  scene.client(discover);
  scene.server({ id: 'd', error: unknown });
  expect(scene.told).toMatchObject([{ id: 'd', error: unknown }]);
  scene.client(next);
  expect(scene.methods).toEqual(methods);
  const { id, params } = scene.sent[1];
  expect(params.protocolVersion).toBe(next === initialize ? '2025-06-18' : '2025-11-25');
  scene.server({ id, result: { capabilities: {} } });
  expect(scene.methods.slice(2)).toEqual(
    next === initialize ? [] : ['notifications/initialized', 'tools/call'],
  );
});

test.each([-32602, -32022])('a refusal of its terms (%i) is passed on, and decides nothing', (code) => {
  const scene = new Scene();
  scene.client(discover);
  scene.server({ id: 'd', error: { code, message: 'not like this' } });
  scene.client({ ...discover, id: 'e' });
  scene.server({ id: 'e', result: discovered });
  expect(scene.told).toMatchObject([{ id: 'd' }, { id: 'e', result: discovered }]);
  expect(scene.stage).toBeUndefined();
});

test('a server that ends over the question is started again, and not asked in the next run', () => {
  const scene = new Scene();
  scene.client(discover);
  expect(scene.stage!.gone!('it exited')).toBe(true);
  expect(scene.restarts).toBe(1);
  expect(scene.told).toMatchObject([{ id: 'd', error: { code: -32601 } }]);
  scene.client(initialize);
  expect(scene.methods).toEqual(['server/discover', 'initialize']);
  expect(scene.learned).toEqual(['initialize']);

  const next = new Scene('initialize');
  next.client(discover);
  expect(next.sent).toEqual([]);
  expect(next.told).toMatchObject([{ id: 'd', error: { code: -32601 } }]);
  const calling = new Scene('initialize');
  calling.client(call);
  expect(calling.methods).toEqual(['initialize']);
});

test('a server is silent for good only once it has answered what came later', () => {
  for (const isOnlySlow of [true, false]) {
    const scene = new Scene();
    scene.client(discover);
    vi.advanceTimersByTime(9_999);
    expect(scene.told).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(scene.told).toMatchObject([{ id: 'd', error: { code: -32601 } }]);
    scene.client(initialize);
    expect(scene.learned).toEqual([]);
    if (!isOnlySlow) scene.server({ id: 0, result: {} });
    expect(scene.learned).toEqual(isOnlySlow ? [] : ['initialize']);
  }
});

test('a client that does not wait for the answer to its question is not told twice what it comes to', () => {
  const scene = new Scene();
  scene.client(discover);
  scene.client(initialize);
  scene.server({ id: 0, result: {} });
  vi.advanceTimersByTime(60_000);
  expect(scene.told).toMatchObject([{ id: 0 }]);
  expect(scene.stage).toBeUndefined();
});

test('what waits for the answer to a question is not lost when a client greets without it', () => {
  const scene = new Scene();
  scene.client(discover);
  scene.client(call);
  scene.client(initialize);
  expect(scene.methods).toEqual(['server/discover', 'tools/call', 'initialize']);
});

test('what an earlier run made of a server is forgotten when the server refuses to be met so', () => {
  const scene = new Scene('initialize');
  scene.client(call);
  scene.server({ id: scene.sent[0].id, error: { code: -32022, message: 'unsupported' } });
  expect(scene.told).toMatchObject([{ id: 1, error: {} }]);
  expect(scene.learned).toEqual([undefined]);
});

test('what waits for a server that does not say what it speaks is bounded', () => {
  const scene = new Scene();
  for (let id = 0; id < 1001; id++) scene.client({ ...call, id });
  expect(scene.sent).toHaveLength(1);
  expect(scene.told).toMatchObject([{ id: 1000, error: {} }]);
});
