import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A recorded call and its result. */
export interface Step {
  server: string;
  tool: string;
  arguments: unknown;
  result: { content?: unknown[]; structuredContent?: object; isError?: boolean } | null;
}

/** What of a trace a proxy may see, and the id that its verdicts carry. */
export interface Trace {
  id: string;
  corpus: string;
  toolset: string;
  prompt: string | { afterStep: number; text: string }[];
  steps: Step[];
}

export type Toolset = Record<string, { name: string; annotations?: object }[]>;

/** The traces of one kind in a folder as README.md of the corpus describes it, in file order. */
export function* tracesOf(data: string, kind: 'attack' | 'benign'): Generator<Trace> {
  const file = join(data, `${kind}.jsonl.gz`);
  if (!existsSync(file)) return;
  const bytes = gunzipSync(readFileSync(file));
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(10, from);
    const to = end < 0 ? bytes.length : end;
    if (to > from) yield JSON.parse(bytes.toString('utf8', from, to)) as Trace;
    from = to + 1;
  }
}

const toolsets = new Map<string, Toolset>();

/** The servers that a trace's client was connected to, with what `tools/list` of each gave. */
export function toolsetOf(data: string, name: string): Toolset {
  let toolset = toolsets.get(name);
  if (toolset === undefined) {
    toolset = (JSON.parse(readFileSync(join(data, 'tools', `${name}.json`), 'utf8')) as { servers: Toolset })
      .servers;
    toolsets.set(name, toolset);
  }
  return toolset;
}

/** The user's messages that came after the first `steps` steps. */
export function promptsAt({ prompt }: Trace, steps: number): string[] {
  if (typeof prompt === 'string') return steps === 0 ? [prompt] : [];
  return prompt.filter(({ afterStep }) => afterStep === steps).map(({ text }) => text);
}
