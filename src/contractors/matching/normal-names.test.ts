import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nearnessOf, normalAddress } from './addresses.ts'
import { weightsOf } from './candidates.ts'
import { compareNames } from './comparing.ts'
import { normalName, normalNames } from './normal-names.ts'
import { featuresOfName, posteriorsOf, sumOf } from './scoring.ts'
import { weights } from './weights.ts'

const sameNames: [string, string][] = [
  ['CFI GROUP U S A, L.L.C.', 'CFI Group USA LLC'],
  ['J P SYSTEMS, INC.', 'JP SYSTEMS, INC.'],
  ['2nd Wave LLC', '2NDWAVE LLC'],
  ['INCENTIVE AMERICA INC', 'INCENTIVEAMERICA, INC.'],
  ['Cornell U niversity', 'CORNELL UNIVERSITY'],
  ['RHODE ISLAND DEPARTMENT OF HEALTH', 'HEALTH, RHODE ISLAND DEPARTMENT OF'],
  ['THE URBAN INSTITUTE', 'URBAN INSTITUTE,THE'],
  ['PEERS & PARTNERS INC', 'PEERS AND PARTNERS, INC.'],
  ['Business Mgmt. Assoc.', 'BUSINESS MANAGEMENT ASSOCIATES, INC.'],
  ['THE REGENTS OF THE UNIV. OF COLORADO', 'REGENTS OF THE UNIVERSITY OF COLORADO, THE'],
  ['Stantec Consulting Svs', 'STANTEC CONSULTING SERVICES INC.'],
  ['ACUMEN LIMITED LIABILITY COMPANY', 'ACUMEN, LLC'],
  ['BOOZ ALLEN HAMILTON INC', 'BOOZ ALLEN HAMILTON INCORPORATED (3626)'],
  ['ERNST & YOUNG LLP-1', 'ERNST AND YOUNG LLP'],
  ['Java Productions Inc (JPI)', 'JAVA PRODUCTIONS, INC.'],
  ['AMERISOURCEBERGEN DRUG CORPORA', 'AMERISOURCEBERGEN DRUG CORP'],
  ['SCIENCE APPLICATIONS INTERNATI', 'SCIENCE APPLICATIONS INTERNATIONAL CORPORATION'],
  ['Société Générale de Surveillance S.A.', 'SOCIETE GENERALE DE SURVEILLANCE SA'],
]

const otherNames: [string, string][] = [
  ['EAGLE HILL CONSULTING, LLC', 'TUNNELL CONSULTING, INC.'],
  ['PCI GOVERNMENT SERVICES LLC', 'PCI PROFESSIONAL SERVICES, LLC'],
  ['ICF INCORPORATED, L.L.C.', 'ICF MACRO, INC'],
  ['PERFORMAX 3 INC', 'PERFORMAX 4 INC'],
  ['MEH Associates LLC', 'MEF ASSOCIATES, LLC'],
]

const words = weightsOf(1000, word => (['consulting', 'service', 'system', 'group'].includes(word) ? 200 : 2))
const compare = (one: string, other: string) => compareNames(normalName(one), normalName(other), words)

test('GG-08 a name is the same with other legal forms, abbreviations, order of words, gaps, accents, and when it was cut', () => {
  for (const [one, other] of sameNames) assert.ok(compare(one, other).isSame, `${one} | ${other}`)
  for (const [one, other] of otherNames) assert.ok(!compare(one, other).isSame, `${one} | ${other}`)
})

test('GG-08 a slip of the hand and a word more or less leave a name near', () => {
  const near: [string, string][] = [
    ['BURO HAPPOLD CONSULTNG ENGINEERS PC', 'BURO HAPPOLD CONSULTING ENGINEERS, P.C.'],
    ['Calvirate Analytics', 'CLARIVATE ANALYTICS'],
    ['Vanasse Hangen Brusltin, INC', 'VANASSE HANGEN BRUSTLIN INC'],
    ['FEDERAL INTEGRATED SYSTEMS CORPORATION', 'FEDERAL INTERGRATED SYSTEMS CORP'],
  ]
  for (const [one, other] of near) {
    const { isSame, missingOfOne, missingOfOther } = compare(one, other)
    assert.ok(!isSame && missingOfOne === 0 && missingOfOther === 0, `${one} | ${other}`)
  }
  const shortened = compare('Aquila Fitness Consulting', 'AQUILA FITNESS CONSULTING SYSTEMS LTD.')
  assert.equal(shortened.missingOfOne, 0)
  assert.ok(shortened.missingOfOther > 0 && shortened.missingOfOther < 0.3)
  assert.ok(compare('IBM', 'INTERNATIONAL BUSINESS MACHINES').pairs.some(({ kind }) => kind === 'initials'))
})

test('GG-08 a text with a trade name behind the legal one has two names', () => {
  for (const text of ['CELLCO PARTNERSHIP DBA VERIZON WIRELESS', 'Cellco Partnership d/b/a Verizon Wireless']) {
    const names = normalNames(text).map(({ words }) => words.join(' '))
    assert.deepEqual(names, ['cellco partner', 'verizon wireless'])
  }
  assert.equal(normalNames('ADBADGE LLC').length, 1)
  assert.deepEqual(normalNames(' -- '), [])
})

const addresses: [string, string, ReturnType<typeof nearnessOf>][] = [
  ['8283 GREENSBORO DR # 700|MC LEAN|VA|22102', '8283 Greensboro Drive|McLean|VA|22102', 'street'],
  ['1 VERIZON WAY|ST LOUIS|MO|', '1 Verizon Way Ste 4|Saint Louis|MO|', 'street'],
  ['PO BOX 12|RESTON|VA|20190', 'P.O. Box 12|RESTON|VA|201901234', 'street'],
  ['12 A ST|RESTON|VA|20190', '14 A ST|RESTON|VA|20190', 'zip'],
  ['12 A ST|RESTON|VA|20190', '12 A ST|RESTON|VA|20191', 'street'],
  ['12 A ST|RESTON|VA|20190', '99 B ST|RESTON|VA|20191', 'city'],
  ['12 A ST|RESTON|VA|20190', '12 A ST|FAIRFAX|VA|22030', 'state'],
  ['12 A ST|RESTON|VA|20190', '12 A ST|RESTON|CA|90001', 'apart'],
  ['12 A ST|RESTON|VA|20190', '|||', 'unknown'],
]
const addressOf = (text: string) => {
  const [street, city, state, zipCode] = text.split('|')
  return normalAddress({ street, city, state, zipCode })
}

test('GG-08 an address is the same with other suites, kinds of streets, and spellings of the city', () => {
  for (const [one, other, nearness] of addresses)
    assert.equal(nearnessOf(addressOf(one), addressOf(other)), nearness, `${one} | ${other}`)
  assert.equal(addressOf('700 N FREDERICK AVE, LOCATION B|||').unit, 'b')
  assert.equal(addressOf('1800 ROUTE 34 BUILDING 4 STE 405|||').unit, '4405')
  assert.equal(addressOf('63066 OLD HWY 93|||').unit, '')
})

const anyName = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(...sameNames.flat(), ...otherNames.flat()),
)

test('GG-08 whatever a name is, made normal again it stays as it is', () => {
  fc.assert(
    fc.property(anyName, text => {
      const once = normalName(text)
      fc.pre(once.words.length > 0 && !once.isCut)
      const twice = normalName(once.words.join(' '))
      assert.equal(normalName(twice.words.join(' ')).compact, twice.compact)
    }),
  )
})

test('GG-08 whatever the names and addresses are, it does not matter which of two comes first', () => {
  fc.assert(
    fc.property(anyName, anyName, (one, other) => {
      const [there, back] = [compare(one, other), compare(other, one)]
      assert.equal(there.isSame, back.isSame)
      assert.equal(there.legalForm, back.legalForm)
      if (there.isSame) assert.equal(there.missingOfOne + there.missingOfOther, 0)
    }),
  )
  fc.assert(
    fc.property(fc.constantFrom(...addresses), ([one, other]) => {
      assert.equal(nearnessOf(addressOf(one), addressOf(other)), nearnessOf(addressOf(other), addressOf(one)))
    }),
  )
})

test('GG-08 a name compared with itself is the same, and no other has a higher score', () => {
  const score = (one: string, other: string) => sumOf(featuresOfName(compare(one, other)), weights)
  fc.assert(
    fc.property(fc.constantFrom(...sameNames.flat(), ...otherNames.flat()), anyName, (one, other) => {
      assert.ok(compare(one, one).isSame)
      assert.ok(score(one, one) >= score(one, other) - 1e-9)
    }),
  )
})

test('GG-08 candidates share the belief: together at most 1, more log-odds more of it, doubles half', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { maxLength: 20 }), logOdds => {
      const shares = posteriorsOf(logOdds)
      assert.ok(shares.reduce((sum, share) => sum + share, 0) <= 1 + 1e-9)
      for (const [place, one] of logOdds.entries())
        for (const [next, other] of logOdds.entries()) if (one > other) assert.ok(shares[place]! >= shares[next]!)
    }),
  )
  const [one, other] = posteriorsOf([8, 8])
  assert.ok(one === other && one! < 0.5)
})
