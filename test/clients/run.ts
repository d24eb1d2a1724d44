/**
 * `npm run clients`: published clients against published servers, directly and through Cordon. What a client sees has
 * to be the same, save for labels and, where several servers stand behind one, for the prefixes of names.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inFrontOf, inFrontOfAll } from '../e2e/support/launch.ts';
import { type Scenario, type Step, scenarios } from '../e2e/support/scenarios.ts';
import { fromRegistry, node22, Unavailable } from '../support/registry.ts';
import { scratch } from '../support/scratch.ts';
import { Inspector } from './inspector.ts';
import { type Launch, sdk1, sdk2, seenBy } from './sdk.ts';

const CLIENTS = { '@modelcontextprotocol/client': '2.4.0', '@modelcontextprotocol/inspector': '2.12.0' };
/** Calls of each server that the Inspector makes where all servers stand behind one Cordon. */
const CALLS_AMONG_MANY = 2;

const work = scratch('clients');
let folders = 0;
let faults = 0;

/** A server ready to start, in a folder of its own. */
function prepared(scenario: Scenario): Launch {
  const cwd = join(work, `${scenario.server}-${folders++}`);
  mkdirSync(cwd);
  scenario.prepare?.(cwd);
  return { command: scenario.command(cwd), cwd, env: scenario.env?.(cwd) ?? {} };
}

function through({ command, cwd, env }: Launch): Launch {
  return { command: inFrontOf(command, { state: `${cwd}-state` }), cwd, env };
}

/** Prints how many things were compared, and each that differs. */
function report(client: string, server: string, direct: readonly string[], between: readonly string[]): void {
  const count = Math.max(direct.length, between.length);
  const different = Array.from({ length: count }, (_, index) => index).filter(
    (index) => direct[index] !== between[index],
  );
  process.stdout.write(`| ${client} | ${server} | ${count} | ${different.length} |\n`);
  faults += different.length + (count === 0 ? 1 : 0);
  for (const index of different) {
    process.stdout.write(
      `  direct:  ${direct[index]?.slice(0, 2000)}\n  through: ${between[index]?.slice(0, 2000)}\n`,
    );
  }
}

const LISTS: readonly Step[] = [
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'prompts/list',
].map((method) => ({ method, params: {} }));

async function inspected(
  inspector: Inspector,
  scenario: Scenario,
  launch: Launch,
  server: Launch,
): Promise<string[]> {
  const printed: string[] = [];
  for (const step of [...LISTS, ...scenario.steps(server.cwd)]) {
    const output = await inspector.print(launch, step);
    if (output !== undefined) printed.push(scenario.settle?.(output) ?? output);
  }
  return printed;
}

/** The Inspector asks once and leaves: on a busy machine a server may not have been up by then. */
async function printOnceUp(
  inspector: Inspector,
  launch: Launch,
  step: Step,
  isUp: (output: string) => boolean,
): Promise<string> {
  let output = '';
  for (let attempt = 0; attempt < 20; attempt++) {
    output = (await inspector.print(launch, step))!;
    if (isUp(output)) break;
  }
  return output;
}

/** All servers behind one Cordon: what the Inspector prints is what it prints of each, once prefixes are off. */
async function inspectAll(inspector: Inspector): Promise<void> {
  const all = scenarios.map((scenario) => ({
    scenario,
    direct: prepared(scenario),
    behind: prepared(scenario),
  }));
  const config = join(work, 'mcp.json');
  const entries = all.map(({ scenario, behind: { command, cwd, env } }) => {
    const [file, ...args] = command;
    return [scenario.server, { command: file, args, cwd, env: { PATH: process.env['PATH'], ...env } }];
  });
  writeFileSync(config, JSON.stringify({ mcpServers: Object.fromEntries(entries) }));
  const launch = { command: inFrontOfAll(config, join(work, 'all-state')), cwd: work, env: {} };
  const toolsOf = (output: string): { name: string }[] => JSON.parse(output.trim()).tools;
  for (const { scenario, direct, behind } of all) {
    const prefix = `${scenario.server}__`;
    const settled = (value: string, { cwd }: Launch) => {
      const text = value.replaceAll(cwd.replace(work, 'FOLDER'), 'FOLDER').replaceAll(cwd, 'FOLDER');
      return scenario.settle?.(text) ?? text;
    };
    const list = await printOnceUp(inspector, launch, LISTS[0]!, (output) => output.includes(`"${prefix}`));
    const own = toolsOf(list)
      .filter(({ name }) => name.startsWith(prefix))
      .map((tool) => ({ ...tool, name: tool.name.slice(prefix.length) }));
    const seen = [settled(JSON.stringify(own), behind)];
    const expected = [settled(JSON.stringify(toolsOf((await inspector.print(direct, LISTS[0]!))!)), direct)];
    const calls = (cwd: string) => scenario.steps(cwd).filter(({ method }) => method === 'tools/call');
    for (let index = 0; index < CALLS_AMONG_MANY; index++) {
      const [plain, named] = [calls(direct.cwd)[index], calls(behind.cwd)[index]];
      if (plain === undefined || named === undefined) continue;
      const params = { ...named.params, name: prefix + named.params['name'] };
      expected.push(settled((await inspector.print(direct, plain))!, direct));
      const isThere = (output: string) => !output.includes('"tool_not_found"');
      const output = await printOnceUp(inspector, launch, { ...named, params }, isThere);
      seen.push(settled(output, behind).replaceAll(prefix, ''));
    }
    report('Inspector CLI, all servers', scenario.server, expected, seen);
  }
}

try {
  const packages = fromRegistry(CLIENTS);
  const inspector = new Inspector(node22(), packages);
  process.stdout.write('| client | server | compared | different |\n| --- | --- | ---: | ---: |\n');
  for (const sdk of [await sdk1(), await sdk2(packages, 'legacy'), await sdk2(packages, 'auto')]) {
    for (const scenario of scenarios) {
      const [plain, guarded] = [prepared(scenario), prepared(scenario)];
      const direct = await seenBy(sdk, plain, scenario);
      report(sdk.name, scenario.server, direct, await seenBy(sdk, through(guarded), scenario));
    }
  }
  for (const scenario of scenarios) {
    const [plain, guarded] = [prepared(scenario), prepared(scenario)];
    const direct = await inspected(inspector, scenario, plain, plain);
    const between = await inspected(inspector, scenario, through(guarded), guarded);
    report('Inspector CLI', scenario.server, direct, between);
  }
  await inspectAll(inspector);
  process.exitCode = faults === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  process.stdout.write(`not run: ${error.message}\n`);
  process.exitCode = 1;
}
