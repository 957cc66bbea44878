import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readTests } from '#test/spec.ts'

/** A row says where it is proved, `file` or `file`: “part of the test's name”, or behind a dash why nowhere. */
function readRows(): { id: string; proof: string }[] {
  return readFileSync('docs/oauth-conformance.md', 'utf8')
    .split('\n')
    .flatMap(line => {
      const [, id, proof] = /^\| `([^`]+)` \|(?:.*\|)? ([^|]+) \|$/.exec(line) ?? []
      return id === undefined || proof === undefined ? [] : [{ id, proof }]
    })
}

test('GG-13 each module and recommendation is proved by a test that there is, or says why not', () => {
  const tests = readTests()
  const rows = readRows()
  assert.ok(rows.length > 80, `${rows.length} rows`)
  const faults = rows.flatMap(({ id, proof }) => {
    if (proof.startsWith('— ')) return []
    const named = [...proof.matchAll(/`([^`]+)`(?:: “([^”]+)”)?/g)]
    if (named.length === 0) return [`${id}: neither a test nor a reason`]
    return named
      .filter(([, file, part = id]) => !tests.some(each => each.file.endsWith(`/${file}`) && each.name.includes(part)))
      .map(([text]) => `${id}: there is no ${text}`)
  })
  assert.deepEqual(faults, [])
  const ids = rows.map(({ id }) => id)
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at)
  assert.deepEqual(twice, [])
})
