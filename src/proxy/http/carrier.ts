import type { Message } from '../message.ts';
import type { Endpoint } from './endpoint.ts';

/** What a server is shown that asks who is there. */
export interface Credentials {
  /** The value of the `Authorization` header; undefined while there is none, or the configuration says one. */
  readonly header: string | undefined;
  /** Settled once a person has done what they were asked to, or did not in time; undefined while nobody is asked. */
  readonly pending: Promise<unknown> | undefined;
  /**
   * Gets others after the server did not accept `sent` and answered with `challenge` (`WWW-Authenticate`): undefined once
   * there are, else why not. What a person has to do for it is waited for only if `isPatient`.
   */
  obtain(
    challenge: string | undefined,
    sent: string | undefined,
    isPatient: boolean,
  ): Promise<string | undefined>;
}

/** What single requests need of the wire they belong to. */
export interface Carrier {
  readonly endpoint: Endpoint;
  readonly credentials: Credentials;
  readonly limitBytes: number;
  /** Headers that a message, or a stream of the session, goes with at this moment. */
  headers(message: Message | undefined): Record<string, string>;
  /** All messages of one chunk were told. */
  turn(): void;
  /** The server has begun a session. */
  begun(session: string): void;
  /** The server knows the session no longer: undefined once there is a new one, else why there is none. */
  renew(expired: string): Promise<string | undefined>;
}
