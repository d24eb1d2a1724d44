/** Names that the protocol itself gives to members of results, requests and blocks: they tell nothing of the content. */
export const PROTOCOL_NAMES: ReadonlySet<string> = new Set(
  (
    'content contents structuredContent messages message text data uri blob mimeType name title description ' +
    'annotations audience priority lastModified size icons type resource role error code completion values hasMore ' +
    'argument value ref context arguments instructions resultType isError inputRequests inputResponses requestState ' +
    'progress progressToken total level logger requestId reason method params mode url elicitationId ' +
    'requestedSchema systemPrompt includeContext maxTokens temperature stopSequences stopReason metadata ' +
    'modelPreferences model tools toolChoice toolUseId action roots task taskId ttl pollInterval status ' +
    'statusMessage createdAt lastUpdatedAt'
  ).split(' '),
);

/** Values that the protocol itself gives to a member; any other is a text of whoever wrote it. */
const CONSTANTS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    type: 'text image audio resource resource_link tool_use tool_result ref/prompt ref/resource',
    role: 'user assistant',
    audience: 'user assistant',
    resultType: 'complete input_required task',
    level: 'debug info notice warning error critical alert emergency',
    action: 'accept decline cancel',
    method: 'sampling/createMessage elicitation/create roots/list',
  }).map(([name, values]) => [name, new Set(values.split(' '))]),
);

/** True for a value that stands in the protocol's own list for this member: `role: "user"`. */
export function isConstant(name: string, value: unknown): boolean {
  return typeof value === 'string' && CONSTANTS.get(name)?.has(value) === true;
}

/** What only a client may ask; a server may not. */
export const CLIENT_REQUESTS: ReadonlySet<string> = new Set([
  'initialize',
  'server/discover',
  'tools/list',
  'tools/call',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'logging/setLevel',
  'subscriptions/listen',
]);

const METHODS: ReadonlySet<string> = new Set([
  ...CLIENT_REQUESTS,
  'ping',
  'tasks/get',
  'tasks/result',
  'tasks/list',
  'tasks/update',
  'tasks/cancel',
  'sampling/createMessage',
  'elicitation/create',
  'roots/list',
  'notifications/progress',
  'notifications/message',
  'notifications/cancelled',
  'notifications/tasks',
  'notifications/tasks/status',
  'notifications/elicitation/complete',
  'notifications/resources/updated',
  'notifications/resources/list_changed',
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/subscriptions/acknowledged',
]);

/** True for a method of the protocol; any other name is chosen by a server or a client, and is content. */
export function isProtocolMethod(method: string): boolean {
  return METHODS.has(method);
}
