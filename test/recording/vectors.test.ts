import { webcrypto } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { KeyHistory } from '../../src/recording/keys/key-history.ts';
import { openCheckpoint, readTrustedSigners } from '../../src/recording/keys/trust.ts';
import { parseVerifierKey } from '../../src/recording/note.ts';
import { checkConsistency, checkInclusion } from '../../src/recording/proofs/evidence.ts';
import { readWitnessKeys, witnessesOf } from '../../src/recording/proofs/witness.ts';
import { parseEntry } from '../../src/recording/reader.ts';
import { readTape, tapeEnd } from '../../src/recording/tape/tape.ts';
import { checkPruning } from '../../src/recording/upkeep/pruning.ts';
import { temporaryFolder } from './support.ts';

const folder = fileURLToPath(new URL('../../fixtures/vectors/evidence/', import.meta.url));
const read = (name: string) => readFileSync(join(folder, name));
const signers = readTrustedSigners(join(folder, 'trusted-key'));
const [{ hostId, publicKey }] = signers as [(typeof signers)[0]];

test('receipt and inclusion: the same entry of the same log', () => {
  const receipt = checkInclusion(read('receipt'), signers, undefined);
  expect(receipt).toMatchObject({ index: 5, checkpoint: { size: 11, session: 'one' } });
  expect(parseEntry(receipt.entry)).toMatchObject({
    n: 5,
    kind: 'tool.invoke',
    verdict: 'allow',
    tool: 'send',
  });
  expect(checkInclusion(read('inclusion'), signers, receipt.entry).index).toBe(5);
});

test('older and consistency: six entries, then eleven', () => {
  expect(checkConsistency(read('consistency'), signers, read('older'))).toMatchObject({
    old: { size: 6 },
    now: { size: 11 },
  });
});

test('cosigned: the checkpoint by one witness', () => {
  const keys = readWitnessKeys(join(folder, 'witness-key'));
  expect(witnessesOf(read('cosigned'), keys)).toEqual([keys[0]!.name]);
  expect(openCheckpoint(read('cosigned'), signers).text).toBe(
    openCheckpoint(read('checkpoint'), signers).text,
  );
});

test('rotation and retirement: a chain from the trusted key', () => {
  const history = join(temporaryFolder(), 'history');
  mkdirSync(history);
  cpSync(join(folder, 'rotation'), join(history, '0001'));
  cpSync(join(folder, 'retirement'), join(history, '0002'));
  const { rotations, manifests } = KeyHistory.read(history, hostId);
  expect(manifests.map(({ kind }) => kind)).toEqual(['rotation', 'retirement']);
  expect(rotations[0]!.old).toEqual(publicKey);
});

test('pruned: the statement about that checkpoint', () => {
  const directory = temporaryFolder();
  writeFileSync(join(directory, 'pruned'), read('pruned'));
  const checkpoint = openCheckpoint(read('checkpoint'), signers);
  expect(checkPruning(directory, checkpoint, signers)).toEqual({
    opened: 1_700_000_000_000,
    closed: 1_700_000_000_000,
    pruned: 1_700_000_100_000,
  });
});

test('trusted-key: as other verifiers take it', () => {
  expect(parseVerifierKey(read('trusted-key').toString().trim())).toMatchObject({
    name: `cordon/${hostId}`,
    type: 1,
  });
});

test('tape: sealed as the page says, opened by another implementation of the ciphers', async () => {
  const vectors = fileURLToPath(new URL('../../fixtures/vectors/tape/', import.meta.url));
  const [bytes, lines] = ['golden', 'lines'].map((name) => readFileSync(join(vectors, name))) as [
    Buffer,
    Buffer,
  ];
  const master = Buffer.from(readFileSync(join(vectors, 'key'), 'utf8'), 'base64');
  const header = Buffer.from('cordon tape v1\n');
  expect(bytes.subarray(0, header.length)).toEqual(header);
  const info = Buffer.from('cordon tape v1\ngolden');
  const key = hkdf(sha256, master, bytes.subarray(header.length, header.length + 32), info, 32);
  const opener = await webcrypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
  const pieces: Buffer[] = [];
  for (let at = header.length + 32; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    const iv = Buffer.alloc(12);
    iv.writeUInt32BE(pieces.length, 8);
    const plain = await webcrypto.subtle.decrypt(
      { name: 'AES-GCM', iv },
      opener,
      bytes.subarray(at + 4, end),
    );
    pieces.push(Buffer.from(plain));
    at = end;
  }
  expect(Buffer.concat(pieces)).toEqual(lines);
  expect(pieces).toHaveLength(3);

  const state = temporaryFolder();
  mkdirSync(join(state, 'tapes'));
  writeFileSync(join(state, 'tapes', 'golden'), bytes);
  expect([...readTape(state, 'golden', master)].map((line) => `${line}\n`).join('')).toBe(lines.toString());
  expect(tapeEnd(state, 'golden')).toEqual(JSON.parse(readFileSync(join(vectors, 'end.json'), 'utf8')));
});
