import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const PATH = '/callback';
/** A browser that connects and sends nothing is let go, after so many ms. */
const SLOW_MS = 10_000;

/** Where a person's browser brings the answer of the authorization server (RFC 8252, 7.3: loopback redirection). */
export class Callback {
  readonly #server: Server;
  readonly url: string;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`;
  }

  /** Listens where it did before (`former`), if that is free: authorization servers remember the address. */
  static async open(former: string | undefined): Promise<Callback> {
    const server = made();
    const port = former === undefined ? 0 : Number(new URL(former).port);
    await listen(server, port).catch(() => listen(server, 0));
    return new Callback(server);
  }

  /** Listens at the port that a registration names. @throws Error where another program does. */
  static async openAt(port: number): Promise<Callback> {
    const server = made();
    await listen(server, port).catch(() => {
      throw new Error(`port ${port} of this machine is taken ("callbackPort")`);
    });
    return new Callback(server);
  }

  /**
   * The parameters of the first request that has this `state`: whoever else knocks does not know it, and cannot end the
   * waiting. `accept` says whether they are what was waited for, for the page that the person sees.
   */
  wait(state: string, accept: (answer: URLSearchParams) => boolean): void {
    this.#server.on('request', (request, response) => {
      // Any page that a browser shows can knock, with an address that is none.
      const asked = request.url ?? '/';
      const url = URL.canParse(asked, this.url) ? new URL(asked, this.url) : undefined;
      const isAnswer = url?.pathname === PATH && url.searchParams.get('state') === state;
      const isAccepted = isAnswer && accept(url.searchParams);
      response.writeHead(isAccepted ? 200 : 400, { 'content-type': 'text/plain', connection: 'close' });
      response.end(isAccepted ? 'Done: you can close this page.\n' : 'Cordon does not accept this.\n');
    });
  }

  close(): void {
    this.#server.close();
  }
}

function made(): Server {
  const server = createServer({ requestTimeout: SLOW_MS, headersTimeout: SLOW_MS, keepAlive: false });
  // It keeps no process running.
  return server.unref();
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}
