import { hash } from 'node:crypto';

/** `sha256:` and 64 hex digits: how a digest is written wherever a person or another program reads it. */
export function sha256(data: string | Uint8Array): string {
  return `sha256:${hash('sha256', data, 'hex')}`;
}
