import { excerpt, type HeldArgument, type HeldCall } from '../../config/held-call.ts';
import { reasonOf } from '../../mediation/explain.ts';
import { wrap } from '../demo/table.ts';
import { fenced, fencedJson, flowLines, named, spelledOut } from '../fence.ts';

/** Calls that ask the same: a yes for good to one lets all of them through. */
export interface Group {
  /** The last of them. */
  call: HeldCall;
  /** Of all, the last first. */
  ids: string[];
}

/** More at once are not read, only answered. */
const MAX_SHOWN = 10;
const MAX_IDS = 6;

/** Open questions, one for each thing that is asked, in the order in which each was last asked. */
export function groupsOf(calls: readonly HeldCall[]): Group[] {
  const groups = new Map<string, Group>();
  for (const call of [...calls].reverse()) {
    const key = call.remember.length > 0 ? JSON.stringify(call.remember) : `${call.session} ${call.binding}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { call, ids: [call.id] });
    else group.ids.push(call.id);
  }
  return [...groups.values()].reverse();
}

/** Open questions for a person; the latest stands last, next to the prompt. `now` in ms since 1970. */
export function questionLines(groups: readonly Group[], now: number): string[] {
  if (groups.length === 0) return ['no question is open'];
  const lines = [groups.length === 1 ? '1 question is open' : `${groups.length} questions are open`];
  if (groups.length > MAX_SHOWN) {
    lines.push(
      `Only the ${MAX_SHOWN} latest are shown (all: --json). So many at once may be the work of a text that was read,`,
      'to have you say yes without reading. No answer is needed: what nobody answers stays refused.',
    );
  }
  for (const group of groups.slice(-MAX_SHOWN)) lines.push('', ...groupLines(group, now));
  return lines;
}

function groupLines({ call, ids }: Group, now: number): string[] {
  const others = ids.slice(1, MAX_IDS + 1).join(', ');
  const more = ids.length > MAX_IDS + 1 ? ` and ${ids.length - MAX_IDS - 1} more` : '';
  const lines = [
    `${call.id}, ${ago(now - call.time)}`,
    ...(ids.length > 1 ? [`  asked     ${ids.length} times, also as ${others}${more}`] : []),
    `  held      ${nounOf(call)}`,
    `            on server ${named(excerpt(call.server, 48, 0))}`,
    ...wrap(reasonOf(call.rule), 66).map((line, i) => `  ${(i === 0 ? 'because' : '').padEnd(10)}${line}`),
    `            (rule ${call.rule}, effect ${call.effect})`,
    ...call.questions.flatMap(argumentLines),
    ...(call.more > 0 ? [`  and       ${call.more} more arguments are in question`] : []),
    ids.length > 1 ? '  the whole call, as it was last made:' : '  the whole call:',
    ...callLines(call),
    '  to answer:',
    `    this call, once  cordon approvals allow ${call.id}`,
    `    no               cordon approvals deny ${call.id}`,
  ];
  if (call.remember.length === 0)
    return [...lines, '    from now on      not possible: it can only be allowed once'];
  return [
    ...lines,
    `    from now on      cordon approvals allow ${call.id} --remember`,
    ...call.remember.flatMap((flow) => flowLines(flow).map((line) => `      ${line}`)),
  ];
}

/** All that a call carries, fenced. */
export function callLines({ carries }: HeldCall): string[] {
  return fencedJson(carries).map((line) => `    ${line}`);
}

function argumentLines({ argument, value, source }: HeldArgument): string[] {
  const [first, ...rest] = fenced(value);
  return [
    `  argument  ${named(argument)} holds`,
    ...[first!, ...rest].map((line) => `            ${line}`),
    ...spelledOut(value).map((line) => `  in ASCII  ${line}`),
    ...(source === undefined
      ? ['  from      nothing that was read shows where that is from']
      : [
          `  from      the ${source.channel} of ${named(source.origin)}`,
          `            on server ${named(excerpt(source.server, 48, 0))}, ${source.integrity}, event ${source.event}`,
          `            at ${named(source.path)}${source.transforms.length > 0 ? `, disguised: ${source.transforms.join(', ')}` : ''}`,
        ]),
  ];
}

function nounOf({ method, name }: HeldCall): string {
  switch (method) {
    case 'tools/call':
      return `a call of tool ${named(name)}`;
    case 'prompts/get':
      return `a request for prompt ${named(name)}`;
    default:
      return `${named(excerpt(method, 48, 0))} of ${named(name)}`;
  }
}

function ago(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} ${minutes === 1 ? 'minute' : 'minutes'} ago`;
  const hours = Math.floor(minutes / 60);
  return `${hours} ${hours === 1 ? 'hour' : 'hours'} ago`;
}
