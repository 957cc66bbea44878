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

const seen = (one: Mention, firstSeen: string, lastSeen: string): Mention => ({ ...one, firstSeen, lastSeen })

test('GG-08 a firm that is named otherwise when its old name ends at the same door is one; there at the same time it is two', () => {
  const old = mention('a1', 'LABAT-ANDERSON INC', '12930 WORLDGATE DR STE 700', 'HERNDON', 'VA', '20170')
  const fresh = mention('a2', 'PAE LABAT-ANDERSON INC', '12930 WORLDGATE DR STE 720', 'HERNDON', 'VA', '20170')
  const others = ['TECHNICAL LABS INC', 'SERVICES AND FOODS', 'GLOBAL TOOLS INC', 'SOLUTIONS AND MORE'].map(
    (name, place) => mention(`b${place}`, name, `${place + 1} ELM ST`, 'DENVER', 'CO', '80014', `1ABC${place}`),
  )
  const firms = (from: string) =>
    clusterMentions([seen(old, '2003-03-25', '2015-06-12'), seen(fresh, from, '2019-04-03'), ...others])
      .map(({ mentionIds }) => mentionIds)
      .filter(([id]) => id!.startsWith('a'))
  assert.deepEqual(firms('2015-07-20'), [['a1', 'a2']])
  assert.deepEqual(firms('2003-04-01'), [['a1'], ['a2']])
})

test('GG-08 a name that is in one place at a time is a firm that moves; in two at once it is two', () => {
  const stays = (second: [from: string, to: string]) =>
    clusterMentions([
      seen(
        mention('a1', 'ALDERBROOK ASSOCIATES LLC', '600 MARYLAND AVE', 'WASHINGTON', 'DC', '20024'),
        '2007-05-01',
        '2011-02-03',
      ),
      seen(mention('a2', 'ALDERBROOK ASSOCIATES LLC', '8601 GEORGIA AVE', 'SILVER SPRING', 'MD', '20910'), ...second),
      ...['TECHNICAL LABS INC', 'SERVICES AND FOODS', 'GLOBAL TOOLS INC', 'SOLUTIONS AND MORE'].map((name, place) =>
        mention(`b${place}`, name, `${place + 1} ELM ST`, 'DENVER', 'CO', '80014', `1ABC${place}`),
      ),
    ])
      .map(({ mentionIds }) => mentionIds)
      .filter(([id]) => id!.startsWith('a'))
  assert.deepEqual(stays(['2011-03-11', '2014-04-29']), [['a1', 'a2']])
  assert.deepEqual(stays(['2007-06-01', '2011-01-29']), [['a1'], ['a2']])
})

test('GG-08 dates, missing or damaged ones too, leave the clusters the same in whatever order vendors come', () => {
  const dates = fc.constantFrom(undefined, '', 'unknown', '2001-03-01', '2006-12-20', '2007-01-10', '2014-05-01')
  const any = fc.record({
    name: fc.constantFrom('ACME TOOLS INC', 'ACME TOOL INC.', 'OTHER FIRM LLC', 'THIRD FIRM'),
    street: fc.constantFrom('1 MAIN ST', '2 MAIN ST', '3 ELM ST STE 4'),
    cageCode: fc.constantFrom('', '', '1AAA1', '2BBB2'),
    firstSeen: dates,
    lastSeen: dates,
  })
  fc.assert(
    fc.property(fc.array(any, { maxLength: 30 }), fc.infiniteStream(fc.nat()), (list, chances) => {
      const given = list.map((one, place) => ({
        ...one,
        id: `m${place}`,
        city: 'RESTON',
        state: 'VA',
        zipCode: '20190',
      }))
      const keys = new Map(given.map(one => [one.id, chances.next().value as number]))
      const shuffled = [...given].sort((one, other) => keys.get(one.id)! - keys.get(other.id)!)
      const once = clusterMentions(given)
      assert.deepEqual(clusterMentions(shuffled), once)
      assert.deepEqual(once.flatMap(({ mentionIds }) => mentionIds).sort(), given.map(({ id }) => id).sort())
    }),
  )
})

test('GG-08 of two CAGE codes behind a door a vendor is that of which the text is equal in every letter', () => {
  const at = (id: string, name: string, cageCode: string) =>
    mention(id, name, '6710 ROCKLEDGE DR', 'BETHESDA', 'MD', '20817', cageCode)
  const firms = (name: string) =>
    clusterMentions([
      at('a1', 'ALDERBROOK ASSOCIATES INC', '1AAA1'),
      at('a2', 'ALDERBROOK ASSOCIATES, INC.', '2BBB2'),
      at('a3', name, ''),
      ...['TECHNICAL LABS INC', 'SERVICES AND FOODS', 'GLOBAL TOOLS INC', 'SOLUTIONS AND MORE'].map((name, place) =>
        mention(`b${place}`, name, `${place + 1} ELM ST`, 'DENVER', 'CO', '80014', `1ABC${place}`),
      ),
    ])
      .map(({ mentionIds }) => mentionIds)
      .filter(([id]) => id!.startsWith('a'))
  assert.deepEqual(firms('ALDERBROOK ASSOCIATES INC'), [['a1', 'a3'], ['a2']])
  assert.deepEqual(firms('Alderbrook Associates, Inc. '), [['a1'], ['a2', 'a3']])
})

test('GG-08 the larger two groups are, the surer it has to be that they are one', () => {
  const copies = (count: number, cageCode: string, from: number) =>
    Array.from({ length: count }, (_, place) =>
      mention(`p${from + place}`, 'ACME TOOLS INC', '1 MAIN ST', 'RESTON', 'VA', '20190', cageCode),
    )
  const sizes = (count: number, caution: number) =>
    clusterMentions([...copies(count, '1AAA1', 10), ...copies(1, '', 30)], { caution })
      .map(({ mentionIds }) => mentionIds.length)
      .sort()
  assert.deepEqual(sizes(10, 0), [11])
  assert.deepEqual(sizes(10, 50), [1, 10])
  // From five pairs on.
  assert.deepEqual(sizes(5, 50), [1, 5])
  assert.deepEqual(sizes(4, 50), [5])
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
