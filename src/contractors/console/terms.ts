import { formatAmount, formatCompactAmount, formatDay } from '#platform/console'
import type { Search } from '../search/search.ts'

export const amountInWords = (value: string) =>
  /^\d+(\.\d+)?$/.test(value) ? (value.length > 4 ? formatCompactAmount(value) : formatAmount(value)) : value

/** SBA certifications that SAM tells. */
export const certifications: Readonly<Record<string, string>> = {
  A6: '8(a) program',
  JT: '8(a) joint venture',
  XX: 'HUBZone',
  A4: 'Small disadvantaged business',
}

/** What a search looks for, as one line; codes are said with `names`, by term and code (`agency 9700`). */
export function wordsOf(search: Search, names: Readonly<Record<string, string>> = {}): string {
  const parts = [
    search.q && `“${search.q}”`,
    ...(search.state ?? []),
    search.city,
    ...(search.district ?? []),
    ...(search.naics ?? []).map(code => ['NAICS', code, names[`naics ${code}`]].filter(Boolean).join(' ')),
    ...(search.businessType ?? []).map(code => names[`businessType ${code}`] ?? `type ${code}`),
    ...(search.certification ?? []).map(code => certifications[code] ?? code),
    ...(search.agency ?? []).map(code => names[`agency ${code}`] ?? `agency ${code}`),
    ...(search.status ?? []),
    search.registeredSince && `registered since ${formatDay(search.registeredSince)}`,
    search.minValue && `from ${amountInWords(search.minValue)}`,
    search.maxValue && `up to ${amountInWords(search.maxValue)}`,
    search.hasActiveContracts && 'with active contracts',
    search.rollUp && 'rolled up to parents',
  ].filter(Boolean)
  return parts.length > 0 ? parts.join(' · ') : 'All contractors'
}
