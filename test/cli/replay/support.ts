import { onTestFinished } from 'vitest';
import type { Allow, Confidentiality, Mode } from '../../../src/event.ts';
import { canonical } from '../../../src/json/canonical.ts';
import { sha256 } from '../../../src/json/digest.ts';
import { Pins } from '../../../src/mediation/descriptors/pins.ts';
import type { Judgement } from '../../../src/mediation/judgement.ts';
import { Mediator } from '../../../src/mediation/mediator.ts';
import { plainSettings, type Settings } from '../../../src/mediation/settings.ts';
import { TapedMediator } from '../../../src/mediation/tape/taped.ts';
import { Journal } from '../../../src/proxy/journal.ts';
import { TapedLog } from '../../../src/proxy/taped-log.ts';
import type { Recorder } from '../../../src/recording/recorder.ts';
import { TapeWriter } from '../../../src/recording/tape/tape.ts';
import { openTapeKey, tapeKeyPath } from '../../../src/recording/tape/tape-key.ts';
import { NOW, tool, trusted } from '../../mediation/support.ts';
import { openRecorder } from '../../recording/support.ts';

/** A session that is recorded as the proxy records it: servers `web` and `mail`, whose tools are listed first. */
export class RecordedPlay {
  readonly mediator: Mediator;
  readonly journal: Journal;
  readonly recorder: Recorder;
  /** Verdicts in order, as `allow:clean`. */
  readonly verdicts: string[] = [];

  constructor(
    state: string,
    {
      mode = 'guard',
      allow = [],
      id = 'one',
      confidentiality = 'public',
      taped = false,
    }: { mode?: Mode; allow?: Allow[]; id?: string; confidentiality?: Confidentiality; taped?: boolean } = {},
  ) {
    const servers = ['web', 'mail'];
    const trust = new Map([
      ['web', trusted('untrusted', {}, confidentiality)],
      ['mail', trusted('untrusted')],
    ]);
    const settings: Settings = { mode, session: id, servers, trust, allow, seed: 1, taintBytes: 1 << 20 };
    const lock = { version: 1 as const, pins: [], pending: [] };
    const pins = canonical(lock);
    const policy = canonical(plainSettings(settings));
    const head = {
      ...{ session: id, cordon: '0.0.1', mode, seed: 1, policy: sha256(policy), pins: sha256(pins) },
      servers: servers.map((name) => ({ name })),
    };
    this.recorder = openRecorder(state, { sessionId: id, head });
    this.recorder.keep(sha256(policy), policy);
    this.recorder.keep(sha256(pins), pins);
    if (taped) {
      const tape = new TapeWriter(state, id, openTapeKey(tapeKeyPath(state), true));
      const log = new TapedLog(this.recorder, tape, 'deny');
      this.mediator = new TapedMediator(settings, new Pins(lock), (step) => log.note(step));
      this.journal = new Journal(log);
    } else {
      this.mediator = new Mediator(settings, new Pins(lock));
      this.journal = new Journal(this.recorder);
    }
    this.journal.note('session.settings', {});
    onTestFinished(() => this.close());
    this.tools('web', tool('fetch'));
    const to = { type: 'string' };
    this.tools(
      'mail',
      tool('send', { inputSchema: { type: 'object', properties: { to, body: to } } }),
      tool('list'),
    );
  }

  tools(server: string, ...tools: readonly unknown[]): void {
    this.journal.described(server, 'tool', this.mediator.describe(server, 'tool', tools, NOW));
  }

  /** What a call of the fetching tool answers. */
  page(text: string): void {
    const call = this.call('web', 'fetch', { id: 'start' });
    const payload = { content: [{ type: 'text', text }] };
    const labelled = this.mediator.label(
      { server: 'web', origin: 'fetch', channel: 'result', payload },
      call,
    );
    this.mediator.learn(labelled);
    this.journal.labelled('tool.response', labelled, call, { result: JSON.stringify(payload) });
  }

  call(server: string, name: string, args: unknown): Judgement {
    const judgement = this.mediator.judge(server, 'tools/call', { name, arguments: args })!;
    this.record(judgement);
    return judgement;
  }

  approve(judgement: Judgement): void {
    if (judgement.verdict === 'ask') this.record({ ...this.mediator.approve(judgement), id: judgement.id! });
  }

  record(judgement: Judgement): void {
    this.verdicts.push(`${judgement.verdict}:${judgement.rule}`);
    const { names } = this.mediator.words(judgement.sink.server, 'tool', judgement.sink.name);
    this.journal.judged(judgement, names, { arguments: 'x' });
  }

  close(): void {
    this.journal.close({});
  }
}
