import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ServerTrust } from '../../../src/event.ts';
import { canonical } from '../../../src/json/canonical.ts';
import { fromOutline, outline } from '../../../src/mediation/descriptors/outline.ts';
import { effectOfTool } from '../../../src/mediation/effects/effects.ts';
import { profileOf } from '../../../src/mediation/effects/profile.ts';
import { outlookOf } from '../../../src/mediation/policy/outlook.ts';

interface Tool {
  name: string;
  inputSchema: object;
  annotations?: { readOnlyHint?: boolean };
}

/** What real servers advertised (fixtures/descriptors/capture.ts), by the package that they are. */
const SERVERS: [file: string, started: string][] = [
  ['filesystem', 'npm/@modelcontextprotocol/server-filesystem'],
  ['filesystem-shtse8', 'npm/@shtse8/filesystem-mcp'],
  ['git', 'npm/@cyanheads/git-mcp-server'],
  ['memory', 'npm/@modelcontextprotocol/server-memory'],
  ['everything', 'npm/@modelcontextprotocol/server-everything'],
  ['sequential-thinking', 'npm/@modelcontextprotocol/server-sequential-thinking'],
  ['context7', 'npm/@upstash/context7-mcp'],
  ['notion', 'npm/@notionhq/notion-mcp-server'],
];

const toolsOf = (file: string) => {
  const url = new URL(`../../../fixtures/descriptors/${file}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { tools: Tool[] }).tools;
};
const trust = (started?: string): ServerTrust => ({
  integrity: 'untrusted',
  confidentiality: 'public',
  tools: new Map(),
  ...(started !== undefined && { package: started }),
});

test.each(SERVERS)('the profile of %s knows every tool that it has', (file, started) => {
  const tools = toolsOf(file);
  expect(tools.length).toBeGreaterThan(0);
  const unknown = tools.filter((tool) => profileOf(tool.name, tool, started)?.isNamed !== true);
  expect(unknown.map(({ name }) => name)).toEqual([]);
});

test.each(SERVERS)('of %s no tool is called a read that says of itself that it writes', (file, started) => {
  for (const tool of toolsOf(file)) {
    const { effect } = effectOfTool(tool.name, file, tool, trust(started));
    // Notion's annotations follow HTTP methods: what is asked for with POST only reads.
    const isPost = file === 'notion' && /^API-(?:post-search|query-data-source)$/.test(tool.name);
    if (effect === 'read' && !isPost) expect(tool.annotations?.readOnlyHint, tool.name).not.toBe(false);
    if (tool.annotations?.readOnlyHint === true) expect(effect, tool.name).toBe('read');
  }
});

test.each(SERVERS)('what is thought of %s is thought by its pins as well', (file, started) => {
  for (const descriptor of toolsOf(file)) {
    const read = fromOutline(outline(descriptor));
    expect(canonical(read)).toBe(canonical(descriptor));
    const { name } = descriptor;
    expect(outlookOf({ server: file, name, descriptor: read }, trust(started))).toEqual(
      outlookOf({ server: file, name, descriptor }, trust(started)),
    );
  }
});
