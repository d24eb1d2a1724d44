import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that share a process come last, in a row: one that is followed by another kind of file ends with its process. */
export default class TogetherLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isShared = ({ project }: TestSpecification): boolean => !project.config.isolate;
    return [...sorted.filter((file) => !isShared(file)), ...sorted.filter(isShared)];
  }
}
