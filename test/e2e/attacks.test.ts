import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CANARY } from '../../fixtures/attacks/45-remote-ref.ts';
import { attacks } from '../../fixtures/attacks/index.ts';
import type { Attack, Run, Side } from '../../fixtures/lib/attack.ts';
import type { Era } from '../../fixtures/lib/model.ts';
import { failed, textOf } from '../../fixtures/lib/model.ts';
import type { Fields } from '../../fixtures/lib/raw-server.ts';
import { Relay } from '../../fixtures/lib/relay.ts';
import { type How, play } from '../../fixtures/lib/stage.ts';

const cordon = resolve('dist/cordon.js');
let dir = '';
let relay: Relay;
let visits = 0;
const canary = createServer((_, response) => {
  visits++;
  response.end('{}');
});
let extra: Record<string, string> = {};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'cordon-attacks-'));
  relay = await Relay.listen();
  await new Promise<void>((done) => canary.listen(0, '127.0.0.1', done));
  extra = { [CANARY]: `http://127.0.0.1:${(canary.address() as AddressInfo).port}` };
});

afterAll(() => {
  relay.close();
  canary.close();
  rmSync(dir, { recursive: true, force: true });
  // Hundreds of sessions: a disk that others use takes its time.
}, 180_000);

const stage = (attack: Attack, side: Side, how: How, era: Era = 'handshake') =>
  play(
    attack,
    side,
    how,
    { relay, cordon, era, dir: join(dir, `${attack.name}-${side}-${how}-${era}`) },
    extra,
  );

/** Attacks that share a twin and its task share its test. */
const twins = attacks.filter(
  (one, i) => !attacks.slice(0, i).some(({ honest, task }) => honest === one.honest && task === one.task),
);

/** Nothing in them belongs to the handshake. */
const STATELESS = new Set([
  '01-tool-poisoning',
  '03-rug-pull',
  '09-full-schema-poisoning',
  '22-name-collision-within',
  '30-key-folding-answers',
  '35-id-coercion',
  '36-unsolicited-answer',
  '02-shadowing-named',
  '11-indirect-injection',
  '15-sampling-abuse',
  '16-elicitation-phishing',
  '19-poisoned-resource',
  '19-poisoned-prompt',
  '39-progress-spoofing',
  '46-list-changed-storm',
]);

const LABELS = ['cordon/labels', 'io.modelcontextprotocol/trust-annotations'];

/** A result as it was before Cordon labelled it. */
function unlabelled(result: Fields | undefined): Fields | undefined {
  if (result?.['_meta'] === undefined) return result;
  const { _meta, ...rest } = result;
  const meta = Object.entries(_meta as Fields).filter(([key]) => !LABELS.includes(key));
  return meta.length > 0 ? { ...rest, _meta: Object.fromEntries(meta) } : rest;
}

/** What client and servers saw of an honest session: the same with Cordon between as without. */
const seen = ({ model, effects, received }: Run, oneServer: boolean) => ({
  answers: model.steps.map(({ server, tool, answer }) => ({
    server,
    tool,
    result: unlabelled(answer.result),
    failed: answer.error !== undefined,
  })),
  raws: model.raws.map(({ result, error }) => ({ result: unlabelled(result), failed: error !== undefined })),
  effects: effects.filter(({ tool }) => tool !== 'dump'),
  // With one server a call is the client's own bytes.
  calls: oneServer ? received.map(({ line }) => line).filter((line) => line.includes('"tools/call"')) : [],
});

const labelOf = (result: Fields | undefined): Fields =>
  ((result?.['_meta'] as Fields | undefined)?.['cordon/labels'] ?? {}) as Fields;

/** The last thing that came back from `server/tool`. */
const lastOf = ({ model }: Run, call: string) =>
  model.steps.filter(({ server, tool }) => `${server}/${tool}` === call).at(-1)?.answer;

/** How a refusal begins, and what it says how to go on. */
const REFUSALS = {
  denied: /^Cordon denied .*cordon why d-/s,
  held: /^Cordon held back .*cordon approvals/s,
  refused: /^Cordon (?:denied|held back) .*cordon (?:why|approvals)/s,
};

function expectGuarded({ guarded }: Attack, run: Run): void {
  for (const [i, call] of (guarded.withheld ?? []).entries()) {
    const [server, tool] = call.split('/') as [string, string];
    expect(run.model.offers(server, tool), `${call} is offered`).toBe(false);
    expect(failed(run.probes[i]!.answer), `a call of ${call} is refused`).toBe(true);
    expect(textOf(run.probes[i]!.answer)).toMatch(/withheld|drift|suspect|approve|no server for name/i);
  }
  for (const verdict of ['denied', 'held', 'refused'] as const) {
    for (const { call, argument, from } of guarded[verdict] ?? []) {
      const answer = lastOf(run, call);
      expect(answer?.result?.['isError'], `${call} is refused: ${JSON.stringify(answer)}`).toBe(true);
      expect(textOf(answer!), `${call} is ${verdict}`).toMatch(REFUSALS[verdict]);
      expect(textOf(answer!), 'the refusal names the argument').toContain(argument);
      expect(textOf(answer!), "the refusal names the source's server").toContain(from);
    }
  }
  for (const { call, reason, silent } of guarded.suspected ?? []) {
    const results = run.model.steps
      .filter(({ server, tool }) => `${server}/${tool}` === call)
      .map(({ answer }) => answer.result)
      .filter((result) => labelOf(result)['integrity'] === 'poisoned-suspect');
    expect(results, `a result of ${call} is suspect`).not.toEqual([]);
    if (reason !== undefined) expect(labelOf(results[0])['reasons']).toContain(reason);
    if (!silent) expect(JSON.stringify(results[0]?.['content']), 'the text says so').toMatch(/cordon/i);
  }
  expect(guarded.check?.(run)).toBeUndefined();
}

describe.concurrent('attacks', () => {
  test.each(attacks)('$name: $title', async (attack) => {
    const control = attack.control?.() ?? attack.attacked(await stage(attack, 'hostile', 'direct'));
    expect(control, 'without Cordon the attack succeeds').toBe(true);

    const guarded = await stage(attack, 'hostile', 'guard');
    expect(attack.attacked(guarded), attack.missed ?? 'behind Cordon it fails').toBe(
      attack.missed !== undefined,
    );
    expectGuarded(attack, guarded);

    if (!attack.observed) return;
    const observed = await stage(attack, 'hostile', 'observe');
    expect(attack.attacked(observed), 'when Cordon only observes, it succeeds').toBe(true);
  });

  test.each(twins)('$name: its honest twin passes', async (attack) => {
    const direct = await stage(attack, 'honest', 'direct');
    const guarded = await stage(attack, 'honest', 'guard');
    expect(attack.worked(guarded), 'the user got what he wanted').toBe(true);
    const one = Object.keys(attack.honest).length === 1;
    expect(seen(guarded, one)).toEqual(seen(direct, one));
    expect(guarded.model.tools.length, 'nothing is withheld').toBe(direct.model.tools.length);
    for (const { answer } of guarded.model.steps) {
      if (answer.result?.['isError'] === true) continue;
      expect(labelOf(answer.result)['integrity'], 'nothing is suspect').not.toBe('poisoned-suspect');
    }
  });

  test.each(attacks.filter(({ name }) => STATELESS.has(name)))(
    '$name: fails in the stateless revision too',
    async (attack) => {
      const direct = await stage(attack, 'hostile', 'direct', 'stateless');
      expect(attack.attacked(direct), 'without Cordon the attack succeeds').toBe(true);
      const guarded = await stage(attack, 'hostile', 'guard', 'stateless');
      expect(attack.attacked(guarded), 'behind Cordon it fails').toBe(false);
      expectGuarded(attack, guarded);
    },
  );

  test('45-remote-ref: the canary counts, and was never visited', async () => {
    const attack = attacks.find(({ name }) => name === '45-remote-ref')!;
    const run = await stage(attack, 'hostile', 'lockdown');
    expect(JSON.stringify(run.model.tools)).toContain(extra[CANARY]);
    expect(visits).toBe(0);
    await fetch(`${extra[CANARY]}/a`);
    expect(visits).toBe(1);
  });
});
