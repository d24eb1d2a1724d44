import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Toolset, Trace } from '../../bench/protection/traces.ts';
import { cordon, honest, inFrontOfAll } from '../e2e/support/launch.ts';
import { RawClient } from '../e2e/support/raw-client.ts';

export interface Seen {
  step: number;
  verdict: 'ask' | 'deny';
  rule: string;
}

const SCRIPT = honest('script.mjs');

/**
 * Presents a trace to whole processes: one server each of its toolset, answering as recorded, behind `cordon run`. A
 * call that is held back is answered yes on the command line, once, and made again, as an open loop takes it.
 */
export async function wholeProcess(trace: Trace, toolset: Toolset, folder: string): Promise<Seen[]> {
  const here = mkdtempSync(join(folder, 'trace-'));
  const file = join(here, 'trace.json');
  const tools = join(here, 'toolset.json');
  const config = join(here, 'mcp.json');
  const state = join(here, 'state');
  mkdirSync(state);
  writeFileSync(file, JSON.stringify(trace));
  writeFileSync(tools, JSON.stringify({ servers: toolset }));
  const names = Object.keys(toolset);
  const serve = (name: string) => ({ command: process.execPath, args: [SCRIPT, file, tools, name] });
  writeFileSync(
    config,
    JSON.stringify({ mcpServers: Object.fromEntries(names.map((name) => [name, serve(name)])) }),
  );
  const client = new RawClient(inFrontOfAll(config, state));
  await client.handshake();
  await client.request('tools/list');
  const seen: Seen[] = [];
  for (const [step, { server, tool, arguments: args, result }] of trace.steps.entries()) {
    if (!names.includes(server)) continue;
    const name = names.length === 1 ? tool : `${server}__${tool}`;
    const call = async () => (await client.call(name, args as object)).message;
    let answer = await call();
    const held = refusalOf(answer);
    if (held === undefined) continue;
    seen.push({ step, verdict: held.verdict, rule: held.rule });
    if (held.verdict === 'deny' || result === null) continue;
    await allow(held.id, state);
    answer = await call();
    const still = refusalOf(answer);
    if (still !== undefined)
      throw new Error(`${trace.id}, step ${step}: held back after a yes: ${still.rule}`);
  }
  const { code } = await client.end();
  if (code !== 0) throw new Error(`${trace.id}: ended with ${code}\n${client.stderr}`);
  return seen;
}

function refusalOf({ result, error }: { result?: { content?: { text?: string }[] }; error?: unknown }) {
  if (error !== undefined) throw new Error(`the call failed: ${JSON.stringify(error)}`);
  const text = result?.content?.[0]?.text ?? '';
  const [, verb] = /^Cordon (denied|held back) /.exec(text) ?? [];
  if (verb === undefined) return undefined;
  const [, rule, id] = /^Rule: ([\w-]+)\. Id: (d-[0-9a-f]{8})\./m.exec(text)!;
  return { verdict: verb === 'denied' ? ('deny' as const) : ('ask' as const), rule: rule!, id: id! };
}

async function allow(id: string, state: string): Promise<void> {
  const command = new RawClient(cordon('approvals', 'allow', id, '--state', state));
  const { code } = await command.exit;
  if (code !== 0)
    throw new Error(`cordon approvals allow ${id}: ${command.stderr} ${command.junk.join('\n')}`);
}
