import { printable, reviewable } from '../json/printable.ts';
import { type Entry, listSessions, readEntries } from '../recording/reader.ts';
import { listOf, objectOf, originOf, refusalOf, timeOf, word } from './log-line.ts';
import { readCommand } from './read-command.ts';

const USAGE = `usage: cordon why ID [--state DIR] [--json]

Prints why something was denied or held back: which argument, what flowed into it from where, by which rule, and what
would allow just this. ID stands in the refusal (such as d-7f3a9c).
  --state DIR   where logs lie (default: the system's state directory)
  --json        for programs: {session, entry, sources, allow, configured, decisions, approved}

The log is not verified here: cordon log verify does that. Exit code 1 if no recorded session knows the id.
`;

/** One line of `cordon.allow` in mcp.json. Without argument and from it allows every call of the tool. */
interface AllowLine {
  server: string;
  tool: string;
  argument?: string;
  from?: string;
}

/** Everything the log holds about a denial or a question. */
interface Evidence {
  session: string;
  entry: Entry;
  /** The entries of the events that the flows came from. */
  sources: Entry[];
  /** What would allow just this; empty where no line of a configuration does. */
  allow: AllowLine[];
  /** The servers came from a configuration; otherwise there is none yet to write the line into. */
  configured: boolean;
  /** What a person decided of the question, in order. */
  decisions: Entry[];
  /** The entry of the call that went through after a person's yes. */
  approved?: Entry;
}

/** Prints the evidence of a denial or a question. Exit codes: 0 found, 1 unknown id, 2 wrong usage or no readable state. */
export async function command(argv: string[]): Promise<number> {
  return readCommand('why', USAGE, argv, ([id, ...more], state, json) => {
    if (id === undefined || more.length > 0) return undefined;
    const evidence = evidenceOf(state, id);
    if (evidence === undefined) {
      const where = printable(state);
      const gone = listSessions(state).filter(({ pruned }) => pruned !== undefined).length;
      const rest = gone === 0 ? '' : `; ${gone === 1 ? '1 session was' : `${gone} sessions were`} pruned`;
      process.stderr.write(
        `cordon why: nothing was denied or held back under the id ${printable(id)} in what ${where} records${rest}\n`,
      );
      return 1;
    }
    const text = json ? reviewable(JSON.stringify(evidence, undefined, 2)) : explain(evidence).join('\n');
    process.stdout.write(`${text}\n`);
    return 0;
  });
}

function evidenceOf(state: string, id: string): Evidence | undefined {
  for (const { id: session, directory } of listSessions(state)) {
    for (const entry of readEntries(directory)) {
      if (entry['id'] !== id || refusalOf(entry) === undefined) continue;
      const froms = listOf(entry['flows']).map((flow) => objectOf(objectOf(flow)['from']));
      const sources = sourcesOf(state, directory, froms, entry.n);
      const [opening] = readEntries(directory);
      return {
        session,
        entry,
        sources,
        allow: allowLines(entry),
        configured: opening?.['configured'] !== false,
        ...answersOf(directory, entry),
      };
    }
  }
  return undefined;
}

/** The entries of events: of this session, and of siblings' where their logs lie in the same state directory. */
function sourcesOf(
  state: string,
  directory: string,
  froms: readonly Record<string, unknown>[],
  before: number,
): Entry[] {
  const bySession = new Map<unknown, Set<unknown>>();
  for (const { session, event } of froms)
    bySession.set(session, (bySession.get(session) ?? new Set()).add(event));
  return [...bySession].flatMap(([session, events]) => {
    if (session === undefined) return entriesOf(directory, events, before);
    return listSessions(state)
      .filter(({ id }) => id === session || id.startsWith(`${word(session)}.`))
      .flatMap((one) => entriesOf(one.directory, events, Number.POSITIVE_INFINITY))
      .map((entry) => ({ ...entry, session }));
  });
}

function entriesOf(directory: string, events: ReadonlySet<unknown>, before: number): Entry[] {
  const found: Entry[] = [];
  for (const entry of readEntries(directory)) {
    if (entry.n >= before) break;
    if (events.has(entry['event'])) found.push(entry);
  }
  return found;
}

/** What became of a question in its session. */
function answersOf(directory: string, question: Entry): Pick<Evidence, 'approved' | 'decisions'> {
  const answers: Pick<Evidence, 'approved' | 'decisions'> = { decisions: [] };
  if (question['verdict'] !== 'ask') return answers;
  for (const entry of readEntries(directory)) {
    if (entry['id'] !== question['id'] || entry.n <= question.n) continue;
    if (entry.kind === 'approval.decide') answers.decisions.push(entry);
    else if (entry['verdict'] === 'allow') answers.approved ??= entry;
  }
  return answers;
}

/** Only data that is not trusted decides. Where the log left out what a line needs, as content, there is no line. */
function allowLines(entry: Entry): AllowLine[] {
  const { server, tool, rule } = entry;
  if (typeof server !== 'string' || typeof tool !== 'string') return [];
  if (rule === 'lockdown' || rule === 'forgotten-source' || rule === 'silent-sibling')
    return [{ server, tool }];
  if (rule === 'withheld-descriptor' || rule === 'unlisted') return [];
  const lines = new Map<string, AllowLine>();
  for (const flow of listOf(entry['flows']).map(objectOf)) {
    const from = objectOf(flow['from']);
    const argument = word(flow['argument']);
    if (from['integrity'] === 'trusted' || word(from['origin']) === '') continue;
    // Of a sibling's server that is named like one of this configuration's, which a line would mean.
    if (word(from['server']).includes('@')) continue;
    // A name that was not recorded, or a place beside the arguments: no line of a configuration speaks of these.
    if (argument.includes('*') || argument.startsWith('../')) continue;
    const line = { server, tool, argument, from: originOf(from) };
    lines.set(JSON.stringify(line), line);
  }
  return [...lines.values()];
}

function explain(evidence: Evidence): string[] {
  const { session, entry, sources, approved, decisions } = evidence;
  const subject = [entry['server'], entry['tool'] ?? entry['prompt']].map(word).filter((part) => part !== '');
  const lines = [
    `${word(entry['id'])}: ${refusalOf(entry)} ${subject.join('.')} (${entry.kind}, event ${word(entry['event'])})`,
    `  when      ${timeOf(entry.time)}, session ${session}, entry ${entry.n}`,
    `  rule      ${word(entry['rule'])}`,
  ];
  if (entry['effect'] !== undefined) {
    const by = word(entry['effectBy']);
    lines.push(`  effect    ${word(entry['effect'])}${by === '' ? '' : `, by ${by}`}`);
  }
  for (const decision of decisions) lines.push(`  decided   ${saidIn(decision)}`);
  if (approved !== undefined)
    lines.push(`  approved  ${timeOf(approved.time)}, entry ${approved.n}: a person let it through, once`);
  if (entry['descriptor'] !== undefined) lines.push(`  called as ${word(entry['descriptor'])}`);
  for (const flow of listOf(entry['flows'])) lines.push('', ...explainFlow(objectOf(flow), sources));
  for (const bare of bareQuestions(entry))
    lines.push('', `  argument  ${bare || '/'}`, '  from      nothing that was read shows where it is from');
  return [...lines, '', ...approvalAdvice(evidence), ...adviceOn(evidence)].map(printable);
}

function saidIn({ decision, forGood, at, n }: Entry): string {
  const yes = forGood === true ? 'yes, from now on' : 'yes, once';
  return `${timeOf(Number(at))}, entry ${n}: a person said ${decision === 'allow' ? yes : 'no'}`;
}

/** Arguments in question that no source accounts for. */
function bareQuestions(entry: Entry): string[] {
  const questions = listOf(entry['questions']).map(objectOf);
  return questions.filter(({ event }) => event === undefined).map(({ argument }) => word(argument));
}

function approvalAdvice({ entry, approved, decisions }: Evidence): string[] {
  if (entry['verdict'] !== 'ask' || approved !== undefined || decisions.length > 0) return [];
  return [
    `To allow this one call, while the question is open: cordon approvals allow ${word(entry['id'])}`,
    '',
  ];
}

function explainFlow(flow: Record<string, unknown>, sources: readonly Entry[]): string[] {
  const from = objectOf(flow['from']);
  const undone = listOf(flow['transforms']).map(word).join(', ');
  const label = [from['integrity'], from['confidentiality'], ...listOf(from['reasons'])]
    .map(word)
    .filter(Boolean);
  const source = sources.find((one) => one['event'] === from['event'] && one['session'] === from['session']);
  const session = from['session'] === undefined ? '' : ` of session ${word(from['session'])}`;
  const lines = [
    `  argument  ${flow['inName'] === true ? 'the name of ' : ''}${word(flow['argument']) || '/'} (${spanOf(flow['span'])}) ${MATCHES[word(flow['match'])] ?? 'matches'}`,
    `  from      ${originOf(from)}, event ${word(from['event'])}${session}, ${word(from['path']) || '/'} (${spanOf(from['at'])}, ${word(from['form'])})`,
    `  label     ${label.join(', ')}`,
  ];
  if (undone !== '') lines.splice(1, 0, `  undone    ${undone}`);
  if (source !== undefined)
    lines.push(`  recorded  ${source.kind}, entry ${source.n}, ${timeOf(source.time)}`);
  return lines;
}

/** How a match reads to a person. */
const MATCHES: Record<string, string> = {
  whole: 'is the value',
  atom: 'holds the value',
  span: 'holds a copy',
};

function spanOf(span: unknown): string {
  return `characters ${listOf(span).map(word).join(' to ')}`;
}

function adviceOn({ entry, allow, configured }: Evidence): string[] {
  if (allow.length > 0) {
    const what = allow[0]!.from === undefined ? 'every call of this tool' : 'just this';
    const lines = allow.map((line) => `  ${reviewable(JSON.stringify(line))}`);
    if (configured) return [`To allow ${what}, add to "cordon": {"allow": [...]} in mcp.json:`, ...lines];
    return [
      `To allow ${what}, the server needs a configuration, which a command after -- has not: a file with`,
      `  {"mcpServers": {${reviewable(JSON.stringify(entry['server']))}: {"command": ..., "args": [...]}}, "cordon": {"allow": [...]}}`,
      'served by cordon run --config FILE, and among what it allows:',
      ...lines,
    ];
  }
  if (entry['rule'] === 'withheld-descriptor')
    return ['To look at the description and decide: cordon pins diff'];
  if (entry['rule'] === 'unlisted') return ['No line allows this: the server does not advertise it.'];
  return [
    'No exact line can be given: the argument or the origin is content, of which the log keeps digests only.',
    'To allow every call of the tool: {"server": "...", "tool": "..."} in "cordon": {"allow": [...]} of mcp.json.',
  ];
}
