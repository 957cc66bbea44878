import { queryOptions } from '@tanstack/react-query'
import { formatCount, formatDay, formatTime, type OnTheWire, request } from '#platform/console'
import type { Limit as AnyLimit, Limits as AnyLimits } from '../limits.ts'
import type { Metric } from '../metrics.ts'
import type { Holder as AnyHolder, Plan as AnyPlan } from '../plans.ts'
import type { Series as AnySeries, Period } from '../series.ts'

export type { Metric, Period }
export type Limit = OnTheWire<AnyLimit>
export type Limits = OnTheWire<AnyLimits>
export type Series = OnTheWire<AnySeries>
export type Point = Series['points'][number]
export type Plan = OnTheWire<AnyPlan>
export type Holder = OnTheWire<AnyHolder>

export const limitsQuery = queryOptions({
  queryKey: ['usage', 'limits'],
  queryFn: ({ signal }) => request<Limits>('/usage/limits', { signal }),
})

export const usageQuery = (by: Period) =>
  queryOptions({
    queryKey: ['usage', 'series', by],
    queryFn: ({ signal }) => request<{ by: Period; series: readonly Series[] }>('/usage', { query: { by }, signal }),
  })

export const plansQuery = queryOptions({
  queryKey: ['plans'],
  queryFn: ({ signal }) => request<{ items: readonly Plan[]; metrics: readonly Metric[] }>('/plans', { signal }),
})

const prefixes = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** `1,234` or `12.3 MB`. */
export function formatUsed(amount: number, unit: Metric['unit']): string {
  if (unit === 'count') return formatCount(amount)
  const power = Math.min(Math.floor(Math.log10(Math.max(amount, 1)) / 3), prefixes.length - 1)
  const digits = new Intl.NumberFormat('en-US', { maximumFractionDigits: power === 0 ? 0 : 1 })
  return `${digits.format(amount / 1000 ** power)} ${prefixes[power]}`
}

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })

/** The same for the marks of an axis. */
export const formatMark = (amount: number, unit: Metric['unit']): string =>
  unit === 'count' ? compact.format(amount) : formatUsed(amount, unit)

/** Hours are the reader's; days and months are those of UTC, in which they are counted. */
export function formatPeriod(start: string, by: Period): string {
  if (by === 'hour') return formatTime(start)
  if (by === 'day') return formatDay(start)
  return new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(new Date(start))
}

/** The same below a chart, where there is little room. */
export function formatShortPeriod(start: string, by: Period): string {
  if (by === 'hour') return formatTime(start).slice(-5)
  const parts = by === 'day' ? ({ day: 'numeric', month: 'short' } as const) : ({ month: 'short' } as const)
  return new Intl.DateTimeFormat('en-GB', { ...parts, timeZone: 'UTC' }).format(new Date(start))
}
