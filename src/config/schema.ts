import * as z from 'zod';
import { ConfigError, dotted, type Problem, quote } from './error.ts';
import type { Located } from './locate.ts';
import { suggestion } from './names.ts';

// Every message below is what was expected; what was found, and where, is put in front of it by `validate`.

const text = z.string('a string');
const word = z.string('a string that is not empty').min(1, 'a string that is not empty');
const pointer = z
  .string('a JSON pointer such as "/to"')
  .regex(/^\//, 'a JSON pointer such as "/to"')
  .regex(/^(?:[^~]|~[01])*$/, 'a JSON pointer, in which "~" is written "~0"');

/** One of a closed list. */
function one<const T extends readonly [string, ...string[]]>(...names: T) {
  return z.enum(names, `one of ${names.map((name) => `"${name}"`).join(', ')}`);
}

/** A whole number of a range. */
function whole(least: number, most: number) {
  const expected = `a whole number from ${least} to ${most}`;
  return z.int(expected).min(least, expected).max(most, expected);
}

/** A map whose names the user chooses. */
function named<T extends z.ZodType>(value: T, what: string) {
  return z.record(z.string(), value, what);
}

/** An object of the cordon block: a key that is not known is a mistake, since ignoring it would loosen or tighten silently. */
function closed<T extends z.ZodRawShape>(shape: T) {
  const keys = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `one of ${keys.join(', ')}` : 'an object'),
  });
}

const integrity = one('trusted', 'untrusted');
const confidentiality = one('public', 'private', 'secret');

const role = one('destination', 'selector', 'credential', 'code', 'content', 'scalar');

const tool = closed({
  effect: one('read', 'write', 'send', 'execute', 'destroy').optional(),
  trust: integrity.optional(),
  confidentiality: confidentiality.optional(),
  roles: z.record(pointer, role, 'an object from JSON pointers to roles').optional(),
  fields: z.record(pointer, integrity, 'an object from JSON pointers to "trusted" or "untrusted"').optional(),
});

const cordon = closed({
  mode: one('observe', 'guard', 'lockdown').optional(),
  limits: closed({
    messageBytes: whole(1024, 256 * 1024 * 1024).optional(),
    depth: whole(8, 256).optional(),
    taintBytes: whole(1024 * 1024, 4 * 1024 * 1024 * 1024).optional(),
    samplingInFlight: whole(0, 1000).optional(),
    samplingPerSession: whole(0, 1_000_000).optional(),
  }).optional(),
  record: closed({
    sync: one('group', 'always', 'never').optional(),
    onFailure: one('deny', 'continue').optional(),
    content: one('digests', 'full').optional(),
    rotateBytes: whole(1024 * 1024, 64 * 1024 * 1024 * 1024).optional(),
  }).optional(),
  servers: named(
    closed({
      trust: integrity.optional(),
      confidentiality: confidentiality.optional(),
      tools: named(tool, 'an object from tool names to settings').optional(),
    }),
    'an object from server names to settings',
  ).optional(),
  domains: z
    .array(
      z
        .string('a domain')
        .regex(
          /^(?=.{3,253}$)(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{1,63}$/,
          'a domain such as "example.org", in lower case',
        ),
      'an array of domains',
    )
    .optional(),
  allow: z
    .array(
      closed({ server: word, tool: word, argument: pointer.optional(), from: word.optional() }).refine(
        (rule) => (rule.argument === undefined) === (rule.from === undefined),
        '"argument" and "from" together, or neither to allow every call of the tool',
      ),
      'an array of rules',
    )
    .optional(),
});

/** An entry of the clients' own format. They differ in what else it may hold, so other keys pass. */
const entry = z.looseObject(
  {
    type: text.optional(),
    command: word.optional(),
    args: z.array(text, 'an array of strings').optional(),
    env: named(text, 'an object of strings').optional(),
    cwd: word.optional(),
    disabled: z.boolean('true or false').optional(),
    url: text.optional(),
    headers: named(text, 'an object of strings').optional(),
    oauth: z
      .looseObject(
        {
          clientId: text.optional(),
          clientSecret: text.optional(),
          issuer: text.optional(),
          callbackPort: whole(1, 65_535).optional(),
        },
        'an object',
      )
      .optional(),
    serverUrl: text.optional(),
    httpUrl: text.optional(),
  },
  'an object with "command" or "url"',
);

const servers = named(entry, 'an object from server names to entries');

const file = z
  .looseObject(
    { mcpServers: servers.optional(), servers: servers.optional(), cordon: cordon.optional() },
    'an object with "mcpServers"',
  )
  .refine(
    (value) => (value.mcpServers === undefined) !== (value.servers === undefined),
    'either "mcpServers" or, as VS Code has it, "servers"',
  );

/** A configuration whose every known value has the right type and range. */
export type ConfigFile = z.infer<typeof file>;
export type EntryFile = z.infer<typeof entry>;
export type CordonFile = z.infer<typeof cordon>;

/**
 * The value of a located configuration, known to be a `ConfigFile`. It is the value as parsed, not zod's copy of it:
 * the same that a later start, which does not load this module, gets from the same bytes.
 *
 * @throws ConfigError listing every wrong value.
 */
export function validate(located: Located, name: string): ConfigFile {
  const parsed = file.safeParse(located.value);
  if (parsed.success) return located.value as ConfigFile;
  const problems = parsed.error.issues.flatMap((issue) => explain(issue, located));
  throw new ConfigError(
    name,
    problems.sort((a, b) => a.line! - b.line! || a.column! - b.column!),
  );
}

function explain(issue: z.core.$ZodIssue, located: Located): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const meant = suggestion(key, issue.message.slice('one of '.length).split(', '));
      const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
      return {
        ...located.at(path, true),
        path: dotted(path),
        message: `this key is not known, expected ${issue.message}${hint}`,
      };
    });
  }
  const inKey = issue.code === 'invalid_key';
  const expected = inKey ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  const found = inKey ? quote(String(issue.path.at(-1))) : describe(issue.path, located.value);
  return [
    {
      ...located.at(issue.path, inKey),
      path: dotted(issue.path),
      message: `found ${found}, expected ${expected}`,
    },
  ];
}

/** Their values are often secrets. */
const UNSHOWN = ['env', 'args', 'url', 'headers', 'oauth'];

/** What stands at the path, in words; of what may be a secret only its kind. */
function describe(path: readonly PropertyKey[], root: unknown): string {
  let value = root;
  for (const key of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return 'nothing';
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (path.some((key) => UNSHOWN.includes(String(key)))) return `a ${typeof value}`;
  return typeof value === 'string' ? quote(value) : String(value);
}
