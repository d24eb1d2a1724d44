import type { EventStore } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

type Event = Parameters<EventStore['storeEvent']>[1];

/** What was sent on each stream of a session, for a client that takes one up again. */
export class EventLog implements EventStore {
  readonly #events: { stream: string; message: Event }[] = [];

  async storeEvent(stream: string, message: Event): Promise<string> {
    return String(this.#events.push({ stream, message }) - 1);
  }

  async getStreamIdForEventId(id: string): Promise<string | undefined> {
    return this.#events[Number(id)]?.stream;
  }

  async replayEventsAfter(
    last: string,
    { send }: { send(id: string, message: Event): Promise<void> },
  ): Promise<string> {
    const stream = this.#events[Number(last)]?.stream ?? '';
    for (const [id, event] of this.#events.entries()) {
      if (id > Number(last) && event.stream === stream) await send(String(id), event.message);
    }
    return stream;
  }
}
