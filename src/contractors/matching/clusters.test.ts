import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clusterMentions } from './clusters.ts'
import type { Mention } from './scoring.ts'

const mentions: Mention[] = [
  mention('a1', 'EARTH RESOURCES TECHNOLOGY, INC.', '14401 SWEITZER LN STE 300', 'LAUREL', 'MD', '20707', '1TZ41'),
  mention('a2', 'EARTH RESOURCES TECHNOLOGY INC', '14401 Sweitzer Lane Suite 300', 'LAUREL', 'MD', '20707'),
  mention('a3', 'ERT, INC.', '8401 WASHINGTON PL', 'SILVER SPRING', 'MD', '20910', '1TZ41'),
  mention('b1', 'EARTH MOVING SERVICES LLC', '12 MAIN ST', 'DENVER', 'CO', '80014'),
  mention('c1', 'LOCKHEED MARTIN CORPORATION', '1011 LOCKHEED WAY', 'PALMDALE', 'CA', '93599', '0L1E5'),
  mention('c2', 'LOCKHEED MARTIN CORPORATION', '459 KENNEDY DR', 'ARCHBALD', 'PA', '18403', '94271'),
  mention('c3', 'LOCKHEED MARTIN CORPORATION', '9500 GODWIN DR', 'MANASSAS', 'VA', '20110', '52088'),
  mention('c4', 'LOCKHEED MARTIN CORP', '459 KENNEDY DRIVE', 'ARCHBALD', 'PA', '18403'),
]

test('GG-08 vendors without UEI are put together by name, address and CAGE code, and establishments stay apart', () => {
  assert.deepEqual(
    clusterMentions(mentions).map(({ id, mentionIds }) => [id, ...mentionIds]),
    [
      ['a1', 'a1', 'a2', 'a3'],
      ['b1', 'b1'],
      ['c1', 'c1'],
      ['c2', 'c2', 'c4'],
      ['c3', 'c3'],
    ],
  )
})

test('GG-08 in whatever order vendors come, the clusters are the same, each vendor in one of them', () => {
  const once = clusterMentions(mentions)
  fc.assert(
    fc.property(fc.shuffledSubarray(mentions, { minLength: mentions.length }), shuffled => {
      assert.deepEqual(clusterMentions(shuffled), once)
    }),
    { numRuns: 20 },
  )
  assert.deepEqual(once.flatMap(({ mentionIds }) => mentionIds).sort(), mentions.map(({ id }) => id).sort())
})

test('GG-08 two CAGE codes never come into one cluster', () => {
  const names = fc.constantFrom('ACME TOOLS INC', 'ACME TOOL INC.', 'ACME', 'OTHER FIRM LLC')
  const any = fc.record({
    name: names,
    street: fc.constantFrom('1 MAIN ST', '2 MAIN ST'),
    cageCode: fc.constantFrom('', '1AAA1', '2BBB2'),
  })
  fc.assert(
    fc.property(fc.array(any, { maxLength: 30 }), list => {
      const given = list.map((one, place) => ({
        ...one,
        id: `m${place}`,
        city: 'RESTON',
        state: 'VA',
        zipCode: '20190',
      }))
      for (const { mentionIds } of clusterMentions(given)) {
        const codes = mentionIds.map(id => given.find(one => one.id === id)!.cageCode).filter(code => code !== '')
        assert.ok(new Set(codes).size <= 1)
      }
    }),
  )
})

test('GG-08 what was put together or apart before stays so, and new vendors join it', () => {
  const given = new Map([
    ['a1', 'known'],
    ['c1', 'other'],
    ['c4', 'other'],
  ])
  const clusters = clusterMentions(mentions, { given })
  assert.deepEqual(clusters.find(({ id }) => id === 'known')?.mentionIds, ['a1', 'a2', 'a3'])
  assert.deepEqual(clusters.find(({ id }) => id === 'other')?.mentionIds.slice(0, 2), ['c1', 'c4'])
  const apart = clusterMentions(mentions, { given: new Map([...given, ['a3', 'another']]) })
  assert.ok(apart.every(({ mentionIds }) => !(mentionIds.includes('a1') && mentionIds.includes('a3'))))
})

function mention(
  id: string,
  name: string,
  street: string,
  city: string,
  state: string,
  zipCode: string,
  cageCode = '',
) {
  return { id, name, street, city, state, zipCode, country: 'USA', cageCode }
}
