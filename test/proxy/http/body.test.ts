import { expect, test } from 'vitest';
import { errorFor, isAnswerTo, linesOf } from '../../../src/proxy/http/body.ts';

const lines = (body: string) => linesOf(Buffer.from(body))?.map(String);

test.each<[string, string, string[] | undefined]>([
  ['a message as it came', '{"a": 1e400, "a":1}', ['{"a": 1e400, "a":1}']],
  ['line breaks between values', '{\n  "a": 1\r\n}', ['{\t  "a": 1\t\t}']],
  ['a line break in a string stays wrong', '{"a":"x\ny"}', ['{"a":"x\ty"}']],
  ['a batch', ' [ {"id":1} , {"id":"]"},[2] ]', ['{"id":1}', '{"id":"]"}', '[2]']],
  ['an empty batch', '[]', []],
  ['half a batch', '[{"id":1},{"id":', ['{"id":1}', '{"id":']],
  ['nothing', '', ['']],
  ['a thousand', `[${'1,'.repeat(999)}1]`, Array.from({ length: 1000 }, () => '1')],
  ['more than anybody asks for', `[${'1,'.repeat(1000)}1]`, undefined],
])('%s', (_, body, expected) => {
  expect(lines(body)).toEqual(expected);
});

test('a line break in a string is no valid JSON on one line either', () => {
  expect(() => JSON.parse(lines('{"a":"x\ny"}')![0]!)).toThrow();
});

test.each<[string, string, string | undefined]>([
  ['without an id', '{"jsonrpc":"2.0","error":{"code":-1}}', '{"id":7,"jsonrpc":"2.0","error":{"code":-1}}'],
  ['of no id', '{"jsonrpc":"2.0","id":null,"error":{}}', '{"jsonrpc":"2.0","id":7,"error":{}}'],
  [
    'of its own id',
    '{"id": 7 ,"jsonrpc":"2.0","error":{"n":1e400}}',
    '{"id": 7 ,"jsonrpc":"2.0","error":{"n":1e400}}',
  ],
  ['of another', '{"id":"8","jsonrpc":"2.0","error":{}}', '{"id":7,"jsonrpc":"2.0","error":{}}'],
  ['empty', '{}', undefined],
  ['of another protocol', '{"error":"invalid_token"}', undefined],
  ['of no protocol', '{"id":7,"error":{}}', undefined],
  ['that is none', '{"jsonrpc":"2.0","error":null}', undefined],
  ['a result', '{"id":7,"result":{}}', undefined],
  ['a list', '[{"error":{}}]', undefined],
  ['null', 'null', undefined],
  ['a page', '<html>', undefined],
])('an error %s in the body of an HTTP error', (_, body, expected) => {
  expect(errorFor(7, Buffer.from(body))?.toString()).toBe(expected);
});

test.each<[string, boolean]>([
  ['{"jsonrpc":"2.0","id":7,"result":{}}', true],
  ['{"result":{"id":8},"id":7}', true],
  ['{"id":8,"id":7,"result":{}}', true],
  ['{"id":"7","result":{}}', false],
  ['{"id":7,"method":"ping"}', false],
  ['{"method":"x","params":{"id":7}}', false],
  ['{"id":', false],
  ['', false],
])('%s answers 7: %s', (line, expected) => {
  expect(isAnswerTo(7, Buffer.from(line))).toBe(expected);
});
