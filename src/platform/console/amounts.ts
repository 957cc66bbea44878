// Amounts come as exact decimal strings of US dollars. Intl formats such strings digit by digit; Number() would lose cents
// above 90 trillion and in sums, so it is used only where a drawing needs a length.
const exact = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' })
const compact = new Intl.NumberFormat('en-US', {
  style: 'currency',
  currency: 'USD',
  notation: 'compact',
  maximumFractionDigits: 1,
})
const count = new Intl.NumberFormat('en-US')

type Decimal = `${number}`

/** `$12,345,678.90`, to the cent. */
export function formatAmount(amount: string): string {
  return exact.format(amount as Decimal)
}

/** `$12.3M`, for scanning down a column; give the exact one beside it. */
export function formatCompactAmount(amount: string): string {
  return compact.format(amount as Decimal)
}

export function formatCount(value: number): string {
  return count.format(value)
}

/** The exact sum of amounts with at most two decimals. */
export function sumAmounts(amounts: readonly string[]): string {
  const cents = amounts.reduce((sum, amount) => sum + centsOf(amount), 0n)
  const digits = String(cents < 0n ? -cents : cents).padStart(3, '0')
  return `${cents < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

function centsOf(amount: string): bigint {
  const [whole = '0', fraction = ''] = amount.split('.')
  return BigInt(whole + fraction.slice(0, 2).padEnd(2, '0'))
}

/** Reads what people type: `250k`, `$1.5m`, `2,000,000`. Answers a decimal string, or undefined if it is no amount. */
export function parseAmount(typed: string): string | undefined {
  const match = /^\$?\s*(\d{1,15}(?:,\d{3})*)(?:\.(\d{1,9}))?\s*([kmb])?$/i.exec(typed.trim())
  if (!match) return undefined
  const [, whole = '', fraction = '', unit = ''] = match
  const zeros = { '': 0, k: 3, m: 6, b: 9 }[unit.toLowerCase()] ?? 0
  const digits = `${whole.replaceAll(',', '')}${fraction.slice(0, zeros).padEnd(zeros, '0')}`
  const cents = fraction.slice(zeros, zeros + 2)
  return `${digits.replace(/^0+(?=\d)/, '')}${cents ? `.${cents}` : ''}`
}
