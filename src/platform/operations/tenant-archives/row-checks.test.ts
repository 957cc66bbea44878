import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseObject } from './row-checks.ts'

const parse = (line: string) => parseObject(line, reason => new Error(reason))

test('a row with a very long text is read, and what is a number in it is no number of the row', () => {
  for (const text of ['\n', '"', '\\', 'é"', '9'].map(part => part.repeat(8_000_000)))
    assert.equal(parse(JSON.stringify({ text, count: 1 })).text, text)
  assert.deepEqual(parse('{"a\\\\": "1e9999", "b\\"": "\\\\", "c": 1e5}'), { 'a\\': '1e9999', 'b"': '\\', c: 1e5 })
})

test('a number that the database would write out at great length is refused wherever it stands', () => {
  for (const number of ['1e9999', '1E+400', '1.5e400', `1${'0'.repeat(400)}`, `[${'1'.repeat(399)}, 1e4000]`])
    for (const line of [`{"a": ${number}}`, `{"a\\"": "\\\\", "b": [${number}], "c": "x"}`])
      assert.throws(() => parse(line), /too big/, line.slice(0, 60))
  assert.deepEqual(parse('{"a": 1e308, "b": -1e-7}'), { a: 1e308, b: -1e-7 })
})
