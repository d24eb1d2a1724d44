import { type Answer, type Id, idIn, idKey, type Request } from '../message.ts';
import { fieldsOf, metaOf } from './era.ts';

/** A client's request that the server works on. */
export interface Call {
  request: Request;
  /** Where its answer goes; undefined while the client has been asked something instead. */
  answerTo: Id | undefined;
  /** The id of the try that its client was asked something in answer to last. */
  askedUnder: Id | undefined;
  /** Names the request while its client is asked. */
  state: string;
  /** What the server asked, by the names that the client got, with the server's ids as they were written. */
  asked: Map<string, Question>;
  questions: number;
  /** Asked since: the client gets them when it comes back. */
  waiting: Question[];
  /** Came while the client was being asked. */
  answer: Answer | undefined;
}

interface Question {
  idJson: string;
  json: string;
}

/** The result by which a client is asked what the server asks. */
export function inputRequired({ asked, state }: Call): string {
  const requests = [...asked].map(([key, { json }]) => `${JSON.stringify(key)}:${json}`).join(',');
  return `{"resultType":"input_required","inputRequests":{${requests}},"requestState":${JSON.stringify(state)}}`;
}

/** A request without what belongs to its wire. */
export function questionOf({ line, scan, method }: Request): string {
  const params = scan.members.find(({ key }) => key === 'params');
  const json = params === undefined ? '' : `,"params":${line.toString('utf8', params.start, params.end)}`;
  return `{"method":${JSON.stringify(method)}${json}}`;
}

/** The key of a request's progress token. */
export function tokenOf({ params }: Request): string | undefined {
  const token = idIn(metaOf(params), 'progressToken');
  return token === undefined ? undefined : idKey(token);
}

/** What a request is about: another one cannot take up where it was left. */
export function subjectOf({ method, params }: Request): string {
  const { name, uri } = fieldsOf(params);
  return JSON.stringify([method, name, uri]);
}
