import { hexValue, isDigit } from './chars.ts';
import { compressed } from './compressed.ts';
import { SHORTEST_DECODED, textOf } from './readable.ts';
import { add, named, type Run, telling } from './run.ts';
import { sextetOf } from './sextets.ts';
import { rotated, type Turn } from './turns.ts';

const IN_HEX = named('hex');
const PACKED_HEX = named('hex', 'compressed');

/** Adds what is hexadecimal, as it stands or turned; true if nothing else is left of the run. */
export function hexadecimal(
  text: string,
  from: number,
  to: number,
  turns: readonly Turn[],
  runs: Run[],
): boolean {
  let all = false;
  for (let i = from; i < to; ) {
    // Digits are of both alphabets, and the first letter says which it is.
    let end = i;
    let rot: boolean | undefined;
    for (; end < to; end++) {
      const c = text.charCodeAt(end);
      if (isDigit(c)) continue;
      const isPlain = hexValue(c) >= 0;
      if (!(isPlain || hexValue(rotated(c)) >= 0) || rot === isPlain) break;
      rot = !isPlain;
    }
    if (end - i >= 2 * SHORTEST_DECODED) {
      const whole = hexRun(hexDigits(text, i, end, rot === true), i, end, rot === true, turns, runs);
      all ||= whole && i === from && end === to;
    }
    // What ended it may begin another in the other alphabet.
    i = end + (end < to && end > i && sextetOf(text.charCodeAt(end), false) >= 10 ? 0 : 1);
  }
  return all;
}

function hexDigits(text: string, from: number, to: number, rot: boolean): Uint8Array {
  const digits = new Uint8Array(to - from);
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i);
    digits[i - from] = hexValue(rot && !isDigit(c) ? rotated(c) : c);
  }
  return digits;
}

/**
 * Adds what the hexadecimal digits of a stretch hold, forwards and backwards: with the halves of its bytes exchanged
 * text may read as text, too. True if all of them are text.
 */
export function hexRun(
  digits: Uint8Array,
  from: number,
  to: number,
  rot: boolean,
  turns: readonly Turn[],
  runs: Run[],
): boolean {
  let any = false;
  for (const back of [false, true]) {
    const turn = ((back ? 1 : 0) + (rot ? 2 : 0)) as Turn;
    if (!turns.includes(turn)) continue;
    const inOrder = back ? digits.slice().reverse() : digits;
    const transforms = IN_HEX[turn]!;
    let all = false;
    for (let shift = 0; shift < 2 && !all; shift++) {
      const bytes = hexBytes(inOrder, shift);
      for (const [start, end] of telling(bytes, turn)) {
        const exact = !back && digits.length === to - from;
        add(runs, {
          from: exact ? from + shift + 2 * start : from,
          to: exact ? from + shift + 2 * end : to,
          text: textOf(bytes, [start, end]),
          transforms,
        });
        all ||= end - start === bytes.length;
      }
      if (shift === 0 && (bytes[0] === 0x1f || bytes[0] === 0x78))
        compressed(bytes, from, to, PACKED_HEX[turn]!, runs);
    }
    any ||= all;
  }
  return any;
}

function hexBytes(digits: Uint8Array, shift: number): Uint8Array {
  return Uint8Array.from(
    { length: (digits.length - shift) >> 1 },
    (_, k) => digits[shift + 2 * k]! * 16 + digits[shift + 2 * k + 1]!,
  );
}
