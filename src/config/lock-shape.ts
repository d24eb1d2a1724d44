import type { DescriptorKind, Finding, Lock, PendingPin, Pin, Remembered } from '../event.ts';
import { ConfigError } from './error.ts';

const KINDS: readonly string[] = ['tool', 'resource', 'resourceTemplate', 'prompt', 'instructions'];
const HINT = 'restore the file from version control, or remove it to pin everything again at first contact';

type Fields = Record<string, unknown>;

/**
 * A lock's text as a value. By hand, since this stands on the path of a start. Strict: a lock that a person or a
 * merge has broken must not quietly become a first contact.
 *
 * @throws ConfigError with the member at fault.
 */
export function parseLock(text: string, file: string): Lock {
  const fail = (path: string, message: string): never => {
    throw new ConfigError(file, [{ path, message: `${message}; ${HINT}` }]);
  };
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    const conflict = /^(?:<{7}|>{7}|={7})/m.test(text);
    return fail('', conflict ? 'holds an unresolved merge conflict' : 'is not valid JSON');
  }

  const record = (value: unknown, path: string): Fields =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : fail(path, 'expected an object');
  const list = (value: unknown, path: string): unknown[] =>
    Array.isArray(value) ? value : fail(path, 'expected an array');
  const string = (value: unknown, path: string, pattern = /^/): string =>
    typeof value === 'string' && pattern.test(value) ? value : fail(path, `expected ${expectation(pattern)}`);

  const base = (value: unknown, path: string): [Fields, Omit<Pin, 'approvedBy'>] => {
    const one = record(value, path);
    const kind = string(one['kind'], `${path}.kind`);
    if (!KINDS.includes(kind)) fail(`${path}.kind`, `expected one of ${KINDS.join(', ')}`);
    const common = {
      server: string(one['server'], `${path}.server`),
      kind: kind as DescriptorKind,
      name: string(one['name'], `${path}.name`),
      digest: string(one['digest'], `${path}.digest`, DIGEST),
      text: list(one['text'], `${path}.text`)
        .map((line, i) => string(line, `${path}.text.${i}`))
        .join('\n'),
      firstSeen: string(one['firstSeen'], `${path}.firstSeen`, TIME),
    };
    return [one, common];
  };
  const pin = (value: unknown, path: string): Pin => {
    const [one, common] = base(value, path);
    const { approvedBy } = one;
    if (approvedBy === 'first-contact' || approvedBy === 'person') return { ...common, approvedBy };
    return fail(`${path}.approvedBy`, 'expected "first-contact" or "person"');
  };
  const pending = (value: unknown, path: string): PendingPin => {
    const [one, common] = base(value, path);
    const { state } = one;
    if (state !== 'drifted' && state !== 'suspect')
      return fail(`${path}.state`, 'expected "drifted" or "suspect"');
    const findings = list(one['findings'], `${path}.findings`).map((each, i) =>
      finding(each, `${path}.findings.${i}`),
    );
    return { ...common, state, findings, descriptor: string(one['descriptor'], `${path}.descriptor`) };
  };
  const finding = (value: unknown, path: string): Finding => {
    const one = record(value, path);
    const [start, end] = list(one['span'], `${path}.span`);
    if (typeof start !== 'number' || typeof end !== 'number')
      return fail(`${path}.span`, 'expected two numbers');
    const detector = string(one['detector'], `${path}.detector`);
    return { detector, path: string(one['path'], `${path}.path`), span: [start, end] };
  };

  const yes = (value: unknown, path: string): Remembered => {
    const one = record(value, path);
    const member = (name: string, pattern?: RegExp): string => string(one[name], `${path}.${name}`, pattern);
    const common = {
      server: member('server'),
      tool: member('tool'),
      argument: member('argument'),
      from: member('from'),
      since: member('since', TIME),
      question: member('question'),
    };
    if (one['approvedBy'] !== 'person') fail(`${path}.approvedBy`, 'expected "person"');
    const by = { approvedBy: 'person' } as const;
    // For one value, or for any value of one field: a yes that says neither would hold for more than was asked.
    if (one['value'] !== undefined && one['field'] === undefined && one['form'] === undefined)
      return { ...common, value: member('value', VALUE), ...by };
    if (one['value'] !== undefined) fail(path, 'expected either "value" or "field" and "form"');
    const form = member('form');
    if (form === 'field' || form === 'prose') return { ...common, field: member('field'), form, ...by };
    return fail(`${path}.form`, 'expected "field" or "prose"');
  };

  const { version, pins, pending: withheld, remembered } = record(root, '');
  if (version !== 1) fail('version', 'expected 1: it may be of a newer Cordon');
  const lock: Lock = {
    version: 1,
    pins: list(pins, 'pins').map((one, i) => pin(one, `pins.${i}`)),
    pending: list(withheld, 'pending').map((one, i) => pending(one, `pending.${i}`)),
    // Locks from before questions could be answered for good have none.
    ...(remembered === undefined
      ? {}
      : { remembered: list(remembered, 'remembered').map((one, i) => yes(one, `remembered.${i}`)) }),
  };
  for (const member of ['pins', 'pending'] as const) {
    const seen = new Set<string>();
    for (const [i, { server, kind, name }] of lock[member].entries()) {
      const key = `${server}\0${kind}\0${name}`;
      if (seen.has(key)) fail(`${member}.${i}`, 'the same server, kind and name stand twice');
      seen.add(key);
    }
  }
  return lock;
}

/** Empty where a descriptor has no canonical form. */
const DIGEST = /^(?:sha256:[0-9a-f]{64})?$/;
const VALUE = /^sha256:[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

function expectation(pattern: RegExp): string {
  if (pattern === DIGEST || pattern === VALUE) return '"sha256:" and 64 hex digits';
  return pattern === TIME ? 'a time such as "2026-01-31T12:00:00Z"' : 'a string';
}
