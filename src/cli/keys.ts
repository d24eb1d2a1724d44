import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { printable } from '../json/printable.ts';
import { hostName } from '../recording/format.ts';
import type { KeyHistory, Manifest } from '../recording/keys/key-history.ts';
import { keyPaths, openSigningKey, readHistory, readPublicKey } from '../recording/keys/keys.ts';
import { refuseRepository } from '../recording/keys/private-key.ts';
import { type RotationOptions, retireKey, rotateKey } from '../recording/keys/rotation.ts';
import { readTrustedSigners } from '../recording/keys/trust.ts';
import { keyIdOf, verifierKey } from '../recording/note.ts';
import { readWitnessKey } from '../recording/proofs/witness.ts';
import { openTapeKey, tapeKeyPath } from '../recording/tape/tape-key.ts';
import { signingKeyFile, tapeKeyFile } from './key-file.ts';
import { timeOf } from './log-line.ts';
import { type Flags, type OptionTypes, readCommand, textFlag, UsageError } from './read-command.ts';

const USAGE = `usage: cordon keys ACTION [...] [--state DIR] [--json]

  init               make the key that signs this machine's logs; cordon run does it at its first start
  show               print the public keys, in the form that --trusted-keys and --witness-keys take
  rotate [--to FILE] replace the key by a new one; FILE: where to keep the new private key, if not in the state directory
  retire KEYID       state that nothing a replaced key signed is to be trusted any more: somebody else may have had it
  verify             check the keys, their permissions, and the manifests of all replacements

  --state DIR          where keys and logs lie (default: the system's state directory)
  --trusted-keys FILE  of verify: refuse where no chain of replacements leads from one of these keys to the key in force

CORDON_SIGNING_KEY_FILE names the file of the private key, if it is kept elsewhere: PKCS #8 PEM, mode 0600, in a folder
that only its owner can write to, outside of any repository. Only public keys are ever printed.
Exit codes: 0; 1 where verify finds something wrong; 2 if it could not be done.
`;

const OPTIONS: OptionTypes = { to: { type: 'string' }, 'trusted-keys': { type: 'string' } };

/** Makes, shows, replaces and checks the keys that sign logs. Exit codes: see the usage. */
export async function command(argv: string[]): Promise<number> {
  const read = ([action, keyId, ...more]: readonly string[], state: string, json: boolean, flags: Flags) => {
    if (more.length > 0 || (action === 'retire') !== (keyId !== undefined)) return undefined;
    const [flag] = Object.keys(flags);
    if (flag !== undefined && FLAGS.get(flag) !== action)
      throw new UsageError(`${action} takes no --${flag}`);
    const options = { stateDir: state, keyFile: signingKeyFile(), now: Date.now() };
    switch (action) {
      case 'init':
        return init(state, options.keyFile);
      case 'show':
        return show(state, json);
      case 'rotate':
        return rotate(state, json, options, textFlag(flags, 'to'));
      case 'retire':
        requireKey(state);
        return replaced(state, json, retireKey(options, keyId!));
      case 'verify':
        requireKey(state);
        return verify(state, json, options.keyFile, flags);
      default:
        return undefined;
    }
  };
  return readCommand('keys', USAGE, argv, read, OPTIONS);
}

const FLAGS: ReadonlyMap<string, string> = new Map([
  ['to', 'rotate'],
  ['trusted-keys', 'verify'],
]);

/** What opens a key makes one where there is none: a mistyped folder would be found in order. */
function requireKey(state: string): void {
  if (existsSync(keyPaths(state).public)) return;
  throw new UsageError(
    `there is no key in ${state}: cordon keys init makes one, --state DIR names another folder`,
  );
}

function init(state: string, keyFile: string | undefined): number {
  if (!existsSync(keyPaths(state).public)) refuseRepository(keyFile ?? keyPaths(state).private);
  const { hostId, publicKey } = openSigningKey(state, keyFile, true);
  print(verifierKey(hostName(hostId), publicKey));
  return 0;
}

/** Comments say which key is which: the output is a file of trusted keys as it stands. */
function show(state: string, json: boolean): number {
  const witness = readWitnessKey(state);
  // A machine may do nothing but witness others.
  const own = witness !== undefined && !existsSync(keyPaths(state).public) ? undefined : ownKeys(state);
  if (json) {
    print(JSON.stringify({ ...own, witness }, undefined, 2));
    return 0;
  }
  if (own !== undefined) print(`# signs the logs of this machine\n${own.inForce}`);
  for (const key of own?.replaced ?? []) print(`# did so before\n${key}`);
  for (const key of own?.retired ?? []) print(`# retired, not to be trusted: ${key}`);
  if (witness !== undefined) print(`# cosigns the logs of other machines\n${witness}`);
  return 0;
}

function ownKeys(state: string): { inForce: string; replaced: string[]; retired: string[] } {
  const { hostId, publicKey } = readPublicKey(state);
  const history = readHistory(state);
  const text = (key: Buffer) => verifierKey(hostName(hostId), key);
  const old = history.rotations.map((one) => one.old);
  return {
    inForce: text(publicKey),
    replaced: old.filter((key) => !history.isRetired(key)).map(text),
    retired: old.filter((key) => history.isRetired(key)).map(text),
  };
}

function rotate(state: string, json: boolean, options: RotationOptions, to: string | undefined): number {
  requireKey(state);
  const manifest = rotateKey(options, to);
  if (to !== undefined)
    process.stderr.write(
      `${printable(`cordon keys: from now on set CORDON_SIGNING_KEY_FILE=${resolve(to)}`)}\n`,
    );
  return replaced(state, json, manifest);
}

function replaced(state: string, json: boolean, manifest: Manifest): number {
  print(json ? JSON.stringify(shown(state, manifest), undefined, 2) : lineOf(state, manifest));
  return 0;
}

function verify(state: string, json: boolean, keyFile: string | undefined, flags: Flags): number {
  const signer = openSigningKey(state, keyFile);
  const tapeKey = tapeKeyFile() ?? tapeKeyPath(state);
  if (existsSync(tapeKey)) openTapeKey(tapeKey, false);
  const history = readHistory(state);
  const trusted = textFlag(flags, 'trusted-keys');
  const known = trusted === undefined ? undefined : readTrustedSigners(trusted);
  const chain = [signer.publicKey, ...[...history.rotations].reverse().map(({ old }) => old)];
  const isTrusted =
    known?.some(
      ({ hostId, publicKey }) =>
        hostId === signer.hostId && chain.some((key) => isUsable(history, key, publicKey)),
    ) ?? true;
  if (json) {
    const manifests = history.manifests.map((one) => shown(state, one));
    const key = verifierKey(hostName(signer.hostId), signer.publicKey);
    print(JSON.stringify({ key, trusted: isTrusted, manifests }, undefined, 2));
  } else {
    for (const manifest of history.manifests) print(lineOf(state, manifest));
    print(`${verifierKey(hostName(signer.hostId), signer.publicKey)} is in force`);
    if (!isTrusted) print(printable(`UNKNOWN: no replacement leads to it from a key in ${trusted}`));
  }
  return isTrusted ? 0 : 1;
}

/** A retired key vouches for nobody. */
function isUsable(history: KeyHistory, key: Buffer, known: Buffer): boolean {
  return key.equals(known) && !history.isRetired(key);
}

/** For programs; keys as `show` prints them. */
function shown(state: string, manifest: Manifest): Record<string, unknown> {
  const { number, kind, time, payload } = manifest;
  const text = (key: Buffer) => verifierKey(hostName(readPublicKey(state).hostId), key);
  const keys =
    manifest.kind === 'rotation'
      ? { old: text(manifest.old), new: text(manifest.new) }
      : { key: text(manifest.key) };
  return { number, kind, time: timeOf(time), payload, ...keys };
}

function lineOf(state: string, manifest: Manifest): string {
  const name = hostName(readPublicKey(state).hostId);
  const id = (key: Buffer) => keyIdOf(name, key).toString('hex');
  const what =
    manifest.kind === 'rotation'
      ? `${id(manifest.new)} replaced ${id(manifest.old)}`
      : `${id(manifest.key)} was retired`;
  return `${manifest.number}  ${timeOf(manifest.time)}  ${what}  payload ${manifest.payload}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
