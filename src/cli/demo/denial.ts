/** What a refusal says of itself; `cordon why <id>` has the rest. */
export interface Denial {
  id: string;
  /** Denied for good, or until a person allows it. */
  verdict: 'deny' | 'ask';
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

/** The refusal in an answer's text, or undefined for any other error: only Cordon's own words count as one. */
export function denialIn(text: string): Denial | undefined {
  const opening = /^Cordon (denied|held back) /.exec(text);
  const reason = /^Rule: ([\w-]+)\. Id: ([\w-]+)\. Nothing was sent to the server/m.exec(text);
  if (opening === null || reason === null) return undefined;
  const flows = [
    ...text.matchAll(/^- Argument "([^"]+)" contains .* of "([^"]+)" on server "([^"]+)" \(event (\w+)/gm),
  ].map(([, argument, tool, server, event]) => ({
    argument: argument!,
    from: `${server}.${tool}`,
    event: event!,
  }));
  return { id: reason[2]!, verdict: opening[1] === 'denied' ? 'deny' : 'ask', rule: reason[1]!, flows };
}
