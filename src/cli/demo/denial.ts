/** What a denial says of itself; `cordon why <id>` has the rest. */
export interface Denial {
  id: string;
  rule: string;
  flows: DeniedFlow[];
}

export interface DeniedFlow {
  /** Pointer into the call's arguments. */
  argument: string;
  /** `server.tool` whose answer held the value. */
  from: string;
  event: string;
}

/** The denial in an answer's text, or undefined for any other error: only Cordon's own words count as a denial. */
export function denialIn(text: string): Denial | undefined {
  const verdict = /^Rule: ([\w-]+)\. Id: ([\w-]+)\. Nothing was sent to the server/m.exec(text);
  if (!text.startsWith('Cordon denied ') || verdict === null) return undefined;
  const flows = [
    ...text.matchAll(/^- Argument "([^"]+)" contains .* of "([^"]+)" on server "([^"]+)" \(event (\w+)/gm),
  ].map(([, argument, tool, server, event]) => ({
    argument: argument!,
    from: `${server}.${tool}`,
    event: event!,
  }));
  return { id: verdict[2]!, rule: verdict[1]!, flows };
}
