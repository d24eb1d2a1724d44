import type { Finding, Label, ServerTrust, Text } from '../event.ts';
import { findSecrets } from './detectors/secrets.ts';
import { type Inbound, structured } from './inbound.ts';
import { byIntegrity, claimedLabel, configuredLabel, raise, raisedBy } from './labels.ts';
import { recordOf } from './sinks.ts';

/** Texts that are learned under one label. */
export type Part = readonly [label: Label, texts: readonly Text[]];

/** What is known of a message beside its payload. */
export interface Circumstances {
  trust: ServerTrust | undefined;
  texts: readonly Text[];
  findings: readonly Finding[];
  /** It answers a call that carried what is not trusted. */
  answersTaint: boolean;
}

/** What a message carries in its label before anything is found in it. */
const UNRAISED: Label = { integrity: 'trusted', confidentiality: 'public', reasons: [] };
/** The shortest credential told. */
const SHORTEST_SECRET = 20;

/**
 * The label of a message, and those of its parts where the configuration tells fields apart. What was found in it
 * raises every part: a field is trusted because the server is trusted to fill it, not to pass on what it was given,
 * nor when it fails. The label of the whole is not below that of any part.
 */
export function labelOf(
  { origin, channel, payload }: Inbound,
  { trust, texts, findings, answersTaint }: Circumstances,
): { label: Label; parts: Part[] | undefined } {
  const configured = configuredLabel(trust, origin);
  let raised = UNRAISED;
  if (channel === 'error' || recordOf(payload)['isError'] === true) {
    raised = raise(raised, { integrity: 'poisoned-suspect', reasons: ['error'] });
  }
  if (answersTaint) {
    const reasons = configured.integrity === 'trusted' ? ['echo'] : [];
    raised = raise(raised, { integrity: 'untrusted', reasons });
  }
  raised = raise(raise(raised, raisedBy(findings)), claimedLabel(payload));
  if (texts.some(({ text }) => text.length >= SHORTEST_SECRET && findSecrets(text).length > 0)) {
    raised = raise(raised, { confidentiality: 'secret', reasons: ['secret'] });
  }
  const label = raise(configured, raised);
  if (!trust?.tools.get(origin)?.fields.size) return { label, parts: undefined };
  const parts = [...byIntegrity(structured(texts), trust, origin)].map(([integrity, group]): Part => {
    return [raise(integrity === undefined ? configured : { ...configured, integrity }, raised), group];
  });
  const isBelow = label.integrity === 'trusted' && parts.some(([{ integrity }]) => integrity !== 'trusted');
  const why = { integrity: 'untrusted', reasons: ['configuration'] } as const;
  return { label: isBelow ? raise(label, why) : label, parts };
}
