import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { allSources } from '../sources.ts'
import {
  cleanCountry,
  cleanDistrict,
  cleanMonthDay,
  cleanNaics,
  cleanProvince,
  cleanState,
  cleanZip,
  cleanZipPlus4,
} from './cleaning.ts'

test('GG-08 a congressional district is the same however a source writes it', () => {
  for (const written of ['11', 'VIRGINIA 11', 'VA-11']) assert.equal(cleanDistrict(written), '11')
  assert.equal(cleanDistrict('DISTRICT OF COLUMBIA 98'), '98')
  assert.equal(cleanDistrict('UTAH 1'), '01')
  for (const none of ['', 'ZZ', 'VIRGINIA']) assert.equal(cleanDistrict(none), undefined)
})

test('GG-08 a ZIP code gets its hyphen and a lost leading zero back', () => {
  assert.equal(cleanZip('201476105', 'USA'), '20147-6105')
  assert.equal(cleanZip('20147-6105', 'USA'), '20147-6105')
  assert.equal(cleanZip('20147', 'USA'), '20147')
  assert.equal(cleanZip('27802234', 'USA'), '02780-2234')
  assert.equal(cleanZip('2780', ''), '02780')
  assert.equal(cleanZip('12', 'USA'), undefined)
  assert.equal(cleanZip('SW1A 1AA', 'GBR'), 'SW1A 1AA')
  assert.equal(cleanZipPlus4('20190', '5617', 'USA'), '20190-5617')
  assert.equal(cleanZipPlus4('20190', '', 'USA'), '20190')
  assert.equal(cleanZipPlus4('2601', '', 'AUS'), '2601')
})

test('GG-08 a NAICS code loses what a spreadsheet added', () => {
  assert.equal(cleanNaics('541611.0'), '541611')
  assert.equal(cleanNaics('541611'), '541611')
  for (const none of ['', '5416111', 'R499', '1']) assert.equal(cleanNaics(none), undefined)
})

test('GG-08 a state is a US one; what a foreign address has there is a province', () => {
  assert.equal(cleanState('VA', 'USA'), 'VA')
  assert.equal(cleanState('VA', '0'), 'VA')
  assert.equal(cleanState('ON', 'CAN'), undefined)
  assert.equal(cleanProvince('ON', 'CAN'), 'ON')
  assert.equal(cleanProvince('VA', 'USA'), undefined)
  assert.equal(cleanCountry('0'), 'USA')
  assert.equal(cleanCountry('Germany'), undefined)
  assert.equal(cleanMonthDay('1231'), '12-31')
})

test('GG-08 FPDS flags become SAM business type codes; those that mean none are left out', () => {
  const rule = allSources().find(source => source.name === 'entities')!.fields.businessTypes!
  const cleanFlags = rule.clean
  assert.deepEqual(cleanFlags('isWomenOwned|isForProfitOrganization|isSmallBusiness'), ['2X', 'A2'])
  assert.equal(cleanFlags('isSmallBusiness'), undefined)
})

test('GG-06 whatever a source writes, a cleaned value fits its column', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (one, other, country) => {
      assert.ok((cleanZip(one, country) ?? '').length <= 10)
      assert.ok((cleanZipPlus4(one, other, country) ?? '').length <= 10)
      assert.ok((cleanState(one, country) ?? '').length <= 2)
      assert.ok((cleanDistrict(one) ?? '').length <= 2)
      assert.ok((cleanNaics(one) ?? '').length <= 6)
      assert.ok((cleanCountry(one) ?? '').length <= 3)
      assert.ok((cleanMonthDay(one) ?? '').length <= 5)
    }),
  )
})
