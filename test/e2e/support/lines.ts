/** Cuts a stream of chunks into lines, in linear time, whatever the borders of chunks; a last line without end is kept. */
export class Lines {
  private pending: Buffer[] = [];
  private readonly deliver: (line: string) => void;

  constructor(deliver: (line: string) => void) {
    this.deliver = deliver;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      this.pending.push(chunk.subarray(from, end));
      this.deliver(Buffer.concat(this.pending).toString('utf8'));
      this.pending = [];
      from = end + 1;
    }
    if (from < chunk.length) this.pending.push(chunk.subarray(from));
  }
}
