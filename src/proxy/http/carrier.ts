import type { Message } from '../message.ts';
import type { Endpoint } from './endpoint.ts';

/** What single requests need of the wire they belong to. */
export interface Carrier {
  readonly endpoint: Endpoint;
  readonly limitBytes: number;
  /** Headers that a message, or a stream of the session, goes with at this moment. */
  headers(message: Message | undefined): Record<string, string>;
  /** All messages of one chunk were told. */
  turn(): void;
  /** The server has begun a session. */
  begun(session: string): void;
  /** The server knows the session no longer: undefined once there is a new one, else why there is none. */
  renew(expired: string): Promise<string | undefined>;
  /**
   * The server did not accept the authorization `sent`, and asks for another with `challenge` (401): undefined once there
   * is one, else why there is none. With `patient` it may take until a person has answered.
   */
  authorize(
    challenge: string | undefined,
    sent: string | undefined,
    patient: boolean,
  ): Promise<string | undefined>;
}
