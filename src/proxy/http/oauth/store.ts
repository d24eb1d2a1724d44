import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { OAuthClientInformationFull, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import type { RemoteEntry } from '../../../config/remote.ts';
import { canonical } from '../../../json/canonical.ts';
import { sha256 } from '../../../json/digest.ts';

/** What one server's authorization consists of, as kept between runs. */
export interface Kept {
  /** What Cordon is registered as with the authorization server. */
  client?: OAuthClientInformationFull;
  tokens?: OAuthTokens;
}

/** The tokens of one server at one address: a file in the state directory, readable for its owner alone. */
export class TokenStore {
  readonly #path: string;

  constructor(stateDir: string, { name, url, oauth }: Pick<RemoteEntry, 'name' | 'url' | 'oauth'>) {
    // What one client was let have is of no use to another.
    const clientId = oauth?.clientId === undefined ? [] : [oauth.clientId];
    const file = sha256(canonical([name, url, ...clientId])).slice('sha256:'.length, 'sha256:'.length + 32);
    this.#path = join(stateDir, 'tokens', `${file}.json`);
  }

  /** Nothing, if there is none or it is broken: then a person is asked again. */
  read(): Kept {
    try {
      const { client, tokens } = JSON.parse(readFileSync(this.#path, 'utf8')) as Record<string, unknown>;
      return {
        ...(isRegistration(client) && { client }),
        ...(isObject(tokens) && { tokens: tokens as OAuthTokens }),
      };
    } catch {
      return {};
    }
  }

  /** Replaces what was kept, whole or not at all. @throws where the state directory cannot be written. */
  write(kept: Kept): void {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const draft = `${this.#path}.${process.pid}`;
    try {
      writeFileSync(draft, JSON.stringify(kept), { mode: 0o600 });
      renameSync(draft, this.#path);
    } finally {
      rmSync(draft, { force: true });
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isRegistration(value: unknown): value is OAuthClientInformationFull {
  const { redirect_uris } = (isObject(value) ? value : {}) as { redirect_uris?: unknown };
  return Array.isArray(redirect_uris) && redirect_uris.every((uri) => URL.canParse(String(uri)));
}
