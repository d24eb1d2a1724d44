import type { RunnerTask, RunnerTestFile } from 'vitest';
import { TestRunner } from 'vitest';

/** How often each test runs, under `npm run test:properties`. */
const TIMES = Number(process.env['CORDON_PROPERTIES'] ?? 1);

/** Runs every test again and again: a property looks at other cases each time. */
export default class Repeating extends TestRunner {
  onCollected(files: RunnerTestFile[]): void {
    repeat(files);
  }
}

function repeat(tasks: readonly RunnerTask[]): void {
  for (const task of tasks) {
    if ('tasks' in task) repeat(task.tasks);
    else task.repeats = TIMES - 1;
  }
}
