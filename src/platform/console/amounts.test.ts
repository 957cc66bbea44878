import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { formatAmount, formatCompactAmount, parseAmount, sumAmounts } from './amounts.ts'

it('an amount is shown to the cent, however large', () => {
  assert.equal(formatAmount('9007199254740993.07'), '$9,007,199,254,740,993.07')
  assert.equal(formatAmount('-0.10'), '-$0.10')
  assert.equal(formatCompactAmount('1164794127.23'), '$1.2B')
})

it('what is shown of an amount has all its digits', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), fc.integer({ min: 0, max: 99 }), (dollars, cents) => {
      const amount = `${dollars}.${String(cents).padStart(2, '0')}`
      assert.equal(formatAmount(amount).replaceAll(/[$,]/g, ''), amount)
    }),
  )
})

it('amounts are read as people type them', () => {
  for (const [typed, amount] of [
    ['250k', '250000'],
    ['$1.5m', '1500000'],
    ['2,000,000', '2000000'],
    ['0.75', '0.75'],
    ['1.2345k', '1234.5'],
    ['.5', undefined],
    ['many', undefined],
    ['1e9', undefined],
    ['-3', undefined],
  ] as const)
    assert.equal(parseAmount(typed), amount, typed)
})

it('a sum of amounts is exact', () => {
  assert.equal(sumAmounts(['0.10', '0.20', '-0.05']), '0.25')
  assert.equal(sumAmounts(['-0.30', '0.1']), '-0.20')
  assert.equal(sumAmounts([]), '0.00')
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n })), dollars => {
      const sum = dollars.reduce((total, each) => total + each, 0n)
      assert.equal(sumAmounts(dollars.map(each => `${each}.00`)), `${sum}.00`)
    }),
  )
})
