import type { Upstream } from './upstream.ts';

/** The member of `_meta` that says which task a message belongs to (2025-11-25, tasks). */
export const RELATED_TASK = 'io.modelcontextprotocol/related-task';
const OVER = new Set(['completed', 'failed', 'cancelled']);
/** Progress of a task that nobody has seen the end of is let through until so many others have begun. */
const MAX_TASKS = 10_000;
const MAX_ID_CHARS = 4096;

/** The id of the task that an answer says was started in its place. */
export function startedTask(result: unknown): string | undefined {
  const { task, resultType, taskId } = recordOf(result);
  return stringOf(resultType === 'task' ? taskId : recordOf(task)['taskId']);
}

/** Progress goes on under the token of the request that a task was started by. */
export function noteStarted({ taskTokens, progressTokens }: Upstream, task: string, token: string): void {
  if (task.length > MAX_ID_CHARS) return void progressTokens.delete(token);
  // A server that names every task alike has progress under the last of them.
  if (taskTokens.get(task) !== token) noteEnded({ taskTokens, progressTokens }, task);
  taskTokens.set(task, token);
  if (taskTokens.size <= MAX_TASKS) return;
  const [oldest] = taskTokens.keys();
  noteEnded({ taskTokens, progressTokens }, oldest!);
}

/** A task whose end was told or whose result was handed out has no progress any more. */
export function noteEnded(
  { taskTokens, progressTokens }: Pick<Upstream, 'taskTokens' | 'progressTokens'>,
  task: string,
): void {
  progressTokens.delete(taskTokens.get(task) ?? '');
  taskTokens.delete(task);
}

/** The task that a request or a notice is about. */
export function taskOf(method: string, params: unknown): string | undefined {
  return isOfTasks(method) ? stringOf(recordOf(params)['taskId']) : undefined;
}

/** The task that a message says is over: its state as such, in an answer or a notice, or its result. */
export function endedTask(method: string, payload: unknown): string | undefined {
  const { status, taskId, _meta } = recordOf(payload);
  if (method === 'tasks/result') return stringOf(recordOf(recordOf(_meta)[RELATED_TASK])['taskId']);
  return isOfTasks(method) && OVER.has(status as string) ? stringOf(taskId) : undefined;
}

function isOfTasks(method: string): boolean {
  return method.startsWith('tasks/') || method.startsWith('notifications/tasks');
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
