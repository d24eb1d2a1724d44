import type { Finding, Label, Steering, Text } from '../event.ts';
import type { Inbound } from './inbound.ts';
import type { Judgement } from './judgement.ts';
import type { Part } from './labelling.ts';

/** A message from a server with its label; the mediator learns it once it was forwarded. */
export interface Labelled {
  event: string;
  inbound: Inbound;
  label: Label;
  findings: readonly Finding[];
  texts: readonly Text[];
  /** The texts with their labels, where the configuration tells fields apart; else all have the message's. */
  parts?: readonly Part[] | undefined;
  /** The origin is no content: see Source. */
  named?: boolean;
  /** What it answers carried taint, which it may repeat. */
  call?: Judgement | undefined;
  asked?: boolean;
  /** What it was looked up by, or its address, stands in a text that steers. */
  choice?: Extract<Steering, 'sought' | 'led'> | undefined;
  /** Members for the result's `_meta`, as JSON text without braces. */
  meta: string;
  /** Text to put in front of the content, where a detector marked it. */
  notice: string | undefined;
}
