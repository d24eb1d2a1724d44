import { hash } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RecordingError, reasonOf, systemCode } from '../errors.ts';
import { hostName, UNFINISHED } from '../format.ts';
import {
  formatNote,
  KeyType,
  keyIdOf,
  NoteError,
  parseNote,
  parseVerifierKey,
  verifierKey,
} from '../note.ts';
import { writeSynced } from '../synced.ts';
import type { PrivateKey } from './private-key.ts';
import { isSignedBy } from './trust.ts';

/** What was stated about the keys of a state directory, one signed note each, in order. */
export type Manifest = {
  /** From 1. */
  number: number;
  /** Milliseconds since 1970. */
  time: number;
  /** `sha256:` and hex over the text that is signed; the next manifest names it. */
  payload: string;
} & (
  | {
      kind: 'rotation';
      /** The raw key that was replaced; it signed this. */
      old: Buffer;
      /** The one that replaced it; it signed too, to show that it is there. */
      new: Buffer;
    }
  | {
      kind: 'retirement';
      /** Nothing that this key signed is to be trusted any more. The key in force signed that. */
      key: Buffer;
    }
);

const HEADERS = { rotation: 'cordon key rotation v1', retirement: 'cordon key retirement v1' } as const;
const MAX_MANIFEST_BYTES = 4096;
const MAX_MANIFESTS = 9999;

/** The chain of manifests in `keys/history`: every one has been verified against the ones before it. */
export class KeyHistory {
  readonly manifests: readonly Manifest[];
  readonly #folder: string;
  readonly #hostId: string;

  private constructor(folder: string, hostId: string, manifests: readonly Manifest[]) {
    this.#folder = folder;
    this.#hostId = hostId;
    this.manifests = manifests;
  }

  /**
   * Reads and verifies all manifests; a state directory in which nothing was replaced has none.
   *
   * @throws RecordingError `key-broken` names the first manifest that does not hold.
   */
  static read(folder: string, hostId: string): KeyHistory {
    const manifests: Manifest[] = [];
    let inForce: Buffer | undefined;
    for (const name of namesIn(folder)) {
      const path = join(folder, name);
      try {
        if (name !== nameOf(manifests.length + 1)) throw new NoteError('the one before it is missing');
        const manifest = readManifest(path, hostId, manifests.at(-1), inForce);
        manifests.push(manifest);
        if (manifest.kind === 'rotation') inForce = manifest.new;
      } catch (error) {
        throw new RecordingError('key-broken', `${path} does not hold: ${reasonOf(error)}`, error);
      }
    }
    return new KeyHistory(folder, hostId, manifests);
  }

  get rotations(): readonly (Manifest & { kind: 'rotation' })[] {
    return this.manifests.filter((one) => one.kind === 'rotation');
  }

  isRetired(key: Buffer): boolean {
    return this.manifests.some((one) => one.kind === 'retirement' && one.key.equals(key));
  }

  /** Adds the statement that `next` replaces `old`, signed by both; `time` in milliseconds since 1970. */
  addRotation(old: PrivateKey, next: PrivateKey, time: number): void {
    this.#add('rotation', time, [old.publicKey, next.publicKey], [old, next]);
  }

  /** Adds the statement that nothing signed by `key` is to be trusted any more, signed by the key in force. */
  addRetirement(key: Buffer, inForce: PrivateKey, time: number): void {
    this.#add('retirement', time, [key], [inForce]);
  }

  #add(kind: Manifest['kind'], time: number, keys: Buffer[], signers: PrivateKey[]): void {
    const number = this.manifests.length + 1;
    const text = textOf({ kind, hostId: this.#hostId, number, time, before: this.manifests.at(-1), keys });
    const name = hostName(this.#hostId);
    const signatures = signers.map(({ publicKey, sign }) => ({
      name,
      keyId: keyIdOf(name, publicKey),
      signature: sign(Buffer.from(text)),
    }));
    const path = join(this.#folder, nameOf(number));
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    rmSync(path + UNFINISHED, { force: true });
    writeSynced(path + UNFINISHED, formatNote({ text, signatures }));
    // A link, which replaces nothing.
    linkSync(path + UNFINISHED, path);
    rmSync(path + UNFINISHED);
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.endsWith(UNFINISHED))
      .sort()
      .slice(0, MAX_MANIFESTS);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw new RecordingError('state-unusable', `cannot list ${folder}: ${reasonOf(error)}`, error);
  }
}

function nameOf(number: number): string {
  return String(number).padStart(4, '0');
}

function readManifest(
  path: string,
  hostId: string,
  before: Manifest | undefined,
  inForce: Buffer | undefined,
): Manifest {
  if (statSync(path).size > MAX_MANIFEST_BYTES) throw new NoteError('too long for a manifest');
  const { text, signatures } = parseNote(readFileSync(path));
  const lines = text.split('\n');
  const kind = lines[0] === HEADERS.rotation ? 'rotation' : 'retirement';
  const number = (before?.number ?? 0) + 1;
  const time = Date.parse(lines[3]?.slice('time '.length) ?? '');
  if (Number.isNaN(time)) throw new NoteError('its time is no time');
  const keys = lines.slice(5, -1).map((line) => keyIn(line, hostId));
  // What prints the same has the right header, host, number and predecessor.
  if (textOf({ kind, hostId, number, time, before, keys }) !== text)
    throw new NoteError('it does not follow');
  const [first, second] = keys as [Buffer, Buffer];
  const due = kind === 'rotation' ? [first, second] : [inForce];
  if (kind === 'rotation' && inForce !== undefined && !inForce.equals(first)) {
    throw new NoteError('it replaces a key that was not in force');
  }
  due.forEach((key, index) => {
    const made = signatures[index];
    const name = hostName(hostId);
    if (key === undefined || made?.name !== name || !made.keyId.equals(keyIdOf(name, key))) {
      throw new NoteError('it is not signed by the key it must be');
    }
    if (!isSignedBy(key, Buffer.from(text), made.signature))
      throw new NoteError('a signature does not match');
  });
  if (signatures.length !== due.length) throw new NoteError('a signature too many');
  const payload = payloadOf(text);
  return kind === 'rotation'
    ? { kind, number, time, payload, old: first, new: second }
    : { kind, number, time, payload, key: first };
}

function keyIn(line: string, hostId: string): Buffer {
  const { name, type, publicKey } = parseVerifierKey(line.slice(line.indexOf(' ') + 1));
  if (name !== hostName(hostId) || type !== KeyType.ed25519)
    throw new NoteError("it names another machine's key");
  return publicKey;
}

function textOf(of: {
  kind: Manifest['kind'];
  hostId: string;
  number: number;
  time: number;
  before: Manifest | undefined;
  keys: readonly Buffer[];
}): string {
  const name = hostName(of.hostId);
  const labels = of.kind === 'rotation' ? ['old', 'new'] : ['key'];
  const lines = [
    HEADERS[of.kind],
    `host ${of.hostId}`,
    `number ${of.number}`,
    `time ${new Date(of.time).toISOString()}`,
    `previous ${of.before?.payload ?? payloadOf('')}`,
    ...labels.map((label, index) => `${label} ${verifierKey(name, of.keys[index] ?? Buffer.alloc(0))}`),
  ];
  return `${lines.join('\n')}\n`;
}

function payloadOf(text: string): string {
  return `sha256:${hash('sha256', text, 'hex')}`;
}
