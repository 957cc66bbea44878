import { queryOptions, useMutation } from '@tanstack/react-query'
import { type OnTheWire, oneOf, request, type Search } from '#platform/console'
import type { Fairness as ServedFairness } from '../fairness/fairness.ts'
import type { Heat as ServedHeat } from '../fairness/heat.ts'
import type { ParticipantLoads as ServedLoads } from '../fairness/participant-loads.ts'
import type { WeightsPreview as ServedPreview, WeightsFields as ServedWeights } from '../fairness/previews.ts'
import { addDays } from './days.ts'

export type Fairness = OnTheWire<ServedFairness>
export type Load = Fairness['participants'][number]
export type RoundOfLoads = Fairness['rounds'][number]
export type Heat = OnTheWire<ServedHeat>
export type ParticipantLoads = OnTheWire<ServedLoads>
export type HeatBy = 'week' | 'round'
export type Weights = OnTheWire<ServedWeights>
export type Preview = OnTheWire<ServedPreview>

/** How far back one looks, in days. */
export const spans = [
  { value: '91', label: '3 months' },
  { value: '182', label: '6 months' },
  { value: '364', label: 'A year' },
]

export const readView = (search: Search): { span: string; by: HeatBy } => {
  const span = oneOf(search.span)
  return {
    span: spans.some(({ value }) => value === span) ? span : '182',
    by: oneOf(search.by) === 'round' ? 'round' : 'week',
  }
}

/** Up to and with today. */
export const periodOf = (span: string, today: string) => ({ from: addDays(today, 1 - Number(span)), to: today })

const pathOf = (domainId: string) => `/assignment-domains/${encodeURIComponent(domainId)}`

export const fairnessQuery = (domainId: string, period: { from: string; to: string }) =>
  queryOptions({
    queryKey: ['assignments', 'fairness', domainId, period],
    queryFn: ({ signal }) => request<Fairness>(`${pathOf(domainId)}/fairness`, { query: period, signal }),
  })

export const heatQuery = (domainId: string, by: HeatBy, period: { from: string; to: string }) =>
  queryOptions({
    queryKey: ['assignments', 'heat', domainId, by, period],
    queryFn: ({ signal }) => request<Heat>(`${pathOf(domainId)}/heat`, { query: { ...period, by }, signal }),
  })

export const loadsQuery = (participantId: string, period: { from: string; to: string }) =>
  queryOptions({
    queryKey: ['assignments', 'loads', participantId, period],
    queryFn: ({ signal }) =>
      request<ParticipantLoads>(`/participants/${encodeURIComponent(participantId)}/loads`, { query: period, signal }),
  })

/** What the last rounds would have been with other weights; kept nowhere. */
export const usePreview = (domainId: string) =>
  useMutation({
    mutationFn: (weights: Weights) =>
      request<Preview>(`${pathOf(domainId)}/fairness/preview`, { method: 'POST', body: { weights } }),
  })

/** In words, for who has never heard of a Gini coefficient. */
export function evennessOf(gini: number): string {
  if (gini < 0.05) return 'Very even'
  if (gini < 0.12) return 'Even'
  if (gini < 0.25) return 'Somewhat uneven'
  return 'Uneven'
}

const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const threeDigits = new Intl.NumberFormat('en', { minimumFractionDigits: 3, maximumFractionDigits: 3 })
const signed = new Intl.NumberFormat('en', { maximumFractionDigits: 1, signDisplay: 'exceptZero' })

export const formatLoad = (value: number) => oneDigit.format(value)
export const formatGini = (value: number) => threeDigits.format(value)
export const formatBalance = (value: number) => signed.format(value).replace('-', '−')
