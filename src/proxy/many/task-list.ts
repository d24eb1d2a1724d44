import { resultLine } from '../answers.ts';
import { ask, type Context } from '../context.ts';
import { idKey, type Request } from '../message.ts';
import { learnAnswer } from '../replies.ts';
import { isRefused } from '../requests.ts';
import type { Upstream } from '../upstream.ts';
import { renamedTasks } from './ids.ts';
import { PATIENCE_MS } from './lists.ts';
import type { Names } from './names.ts';

/** A server that lists without end is cut off. */
const MAX_PAGES = 100;
const MAX_BYTES = 16 * 1024 * 1024;

/** Answers `tasks/list` with the tasks of all servers that list theirs, and do so before patience is over, as one page. */
export function answerTaskList(context: Context, names: Names, request: Request): void {
  if (isRefused(context, request)) return;
  const key = idKey(request.id);
  context.waiting.set(key, false);
  const asked = context.upstreams.filter((upstream) => upstream.gone === undefined && listsTasks(upstream));
  const found = new Map<Upstream, string[]>();
  let isDone = false;
  const finish = (): void => {
    if (isDone) return;
    isDone = true;
    clearTimeout(timer);
    const isCancelled = context.waiting.get(key);
    context.waiting.delete(key);
    const all = asked.flatMap((one) => found.get(one) ?? []).join(',');
    if (!isCancelled) context.toClient(resultLine(request.id, `{"tasks":[${all}]}`));
  };
  const timer = setTimeout(() => context.turn(finish), PATIENCE_MS).unref();
  if (asked.length === 0) finish();
  for (const upstream of asked) {
    const take = (tasks: string[]): void => {
      found.set(upstream, tasks);
      if (found.size === asked.length) finish();
    };
    upstream.inOrder(() => listAll(context, names, upstream, take));
  }
}

function listsTasks({ capabilities }: Upstream): boolean {
  const tasks = capabilities['tasks'] as { list?: unknown } | null | undefined;
  return typeof tasks === 'object' && tasks?.list !== undefined;
}

function listAll(context: Context, names: Names, upstream: Upstream, done: (tasks: string[]) => void): void {
  const tasks: string[] = [];
  let pages = 0;
  let bytes = 0;
  const page = (cursor: unknown): void => {
    if (upstream.gone !== undefined) return done(tasks);
    ask(context, upstream, 'tasks/list', typeof cursor === 'string' ? { cursor } : {}, (answer) => {
      if (answer === undefined || answer.failed) return done(tasks);
      // What a task says of its state is the server's text as any other.
      learnAnswer(context, upstream, answer, 'tasks/list');
      tasks.push(...renamedTasks(answer, (id) => names.scoped(upstream, id)));
      bytes += answer.line.length;
      const next = (answer.payload as { nextCursor?: unknown } | null)?.nextCursor;
      if (typeof next !== 'string' || ++pages >= MAX_PAGES || bytes >= MAX_BYTES) return done(tasks);
      page(next);
    });
  };
  page(undefined);
}
