import { resultLine } from '../answers.ts';
import { ask, type Context } from '../context.ts';
import { idKey, type Request } from '../message.ts';
import { learnAnswer } from '../replies.ts';
import { isRefused } from '../requests.ts';
import type { Upstream } from '../upstream.ts';
import { renamedTasks } from './ids.ts';
import type { Names } from './names.ts';
import type { Patience } from './patience.ts';

/** A server that lists without end is cut off. */
const MAX_PAGES = 100;
const MAX_BYTES = 16 * 1024 * 1024;

/** Answers `tasks/list` with the tasks of all servers that list theirs, and do so before patience is over, as one page. */
export function answerTaskList(context: Context, names: Names, patience: Patience, request: Request): void {
  if (isRefused(context, request)) return;
  const key = idKey(request.id);
  context.waiting.set(key, false);
  const found = new Map<Upstream, string[]>();
  const list = (upstream: Upstream, answered: () => void): void => {
    if (!listsTasks(upstream)) return answered();
    listAll(context, names, upstream, (tasks) => {
      found.set(upstream, tasks);
      answered();
    });
  };
  patience.all(context.upstreams, list, () => {
    const isCancelled = context.waiting.get(key);
    context.waiting.delete(key);
    const all = context.upstreams.flatMap((one) => found.get(one) ?? []).join(',');
    if (!isCancelled) context.toClient(resultLine(request.id, `{"tasks":[${all}]}`));
  });
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
