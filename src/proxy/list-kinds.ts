import type { DescriptorKind } from '../event.ts';

/** One of the lists that a server may have. */
export interface ListKind {
  method: string;
  /** Member of the result that holds the descriptors. */
  member: string;
  kind: DescriptorKind;
  /** What a server that has such a list says it is capable of. */
  capability: string;
}

export const TOOLS: ListKind = { method: 'tools/list', member: 'tools', kind: 'tool', capability: 'tools' };
export const PROMPTS: ListKind = {
  method: 'prompts/list',
  member: 'prompts',
  kind: 'prompt',
  capability: 'prompts',
};
export const RESOURCES: ListKind = {
  method: 'resources/list',
  member: 'resources',
  kind: 'resource',
  capability: 'resources',
};
export const TEMPLATES: ListKind = {
  method: 'resources/templates/list',
  member: 'resourceTemplates',
  kind: 'resourceTemplate',
  capability: 'resources',
};

export const LISTS: readonly ListKind[] = [TOOLS, PROMPTS, RESOURCES, TEMPLATES];
const BY_METHOD = new Map(LISTS.map((one) => [one.method, one]));
/** What has to be listed before a first request of the method is judged. */
const NEEDED = new Map([
  ['tools/call', TOOLS],
  ['prompts/get', PROMPTS],
  ['resources/read', RESOURCES],
]);
/** Which lists a notice says have changed. */
export const CHANGED = new Map([
  ['notifications/tools/list_changed', [TOOLS]],
  ['notifications/prompts/list_changed', [PROMPTS]],
  ['notifications/resources/list_changed', [RESOURCES, TEMPLATES]],
]);

export function listKindOf(method: string): ListKind | undefined {
  return BY_METHOD.get(method);
}

export function listNeededBy(method: string): ListKind | undefined {
  return NEEDED.get(method);
}
