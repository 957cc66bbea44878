import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type IconName, type OnTheWire, request } from '#platform/console'
import type { KnownDevice as ServedDevice } from '../devices.ts'
import type { Login as ServedLogin, LoginMonth as ServedMonth } from '../login-histories.ts'
import type { Place } from '../places.ts'
import type { OwnSession as ServedSession } from '../sessions.ts'
import type { Device } from '../user-agents.ts'

export type OwnSession = OnTheWire<ServedSession>
export type KnownDevice = OnTheWire<ServedDevice>
export type Login = OnTheWire<ServedLogin>
export type LoginMonth = OnTheWire<ServedMonth>

export const sessionsQuery = queryOptions({
  queryKey: ['own', 'sessions'],
  queryFn: ({ signal }) => request<{ items: readonly OwnSession[] }>('/me/sessions', { signal }),
})

export const devicesQuery = queryOptions({
  queryKey: ['own', 'devices'],
  queryFn: ({ signal }) => request<{ items: readonly KnownDevice[] }>('/me/devices', { signal }),
})

export const loginsQuery = (status: Login['status'] | undefined) =>
  infiniteQueryOptions({
    queryKey: ['own', 'logins', status],
    queryFn: ({ pageParam, signal }) =>
      request<{ items: readonly Login[]; nextCursor: string | null }>('/me/logins', {
        query: { limit: 20, status, cursor: pageParam },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

export const loginMonthsQuery = queryOptions({
  queryKey: ['own', 'logins', 'by-month'],
  queryFn: ({ signal }) => request<{ items: readonly LoginMonth[] }>('/me/logins/by-month', { signal }),
})

export const deviceIcons: Readonly<Record<Device['kind'], IconName>> = {
  computer: 'device',
  phone: 'phone',
  tablet: 'tablet',
  program: 'terminal',
  unknown: 'globe',
}

/** "Munich, Germany · 203.0.113.9", as far as it is known. */
export function whereabouts({
  place,
  ipAddress,
}: {
  place: OnTheWire<Place> | null
  ipAddress: string | null
}): string {
  const named = place && [place.city ?? place.region, place.country].filter(Boolean).join(', ')
  return [named, ipAddress].filter(Boolean).join(' · ')
}

const methodNames: Readonly<Record<string, string>> = {
  provider: 'identity provider',
  provider_second_factor: 'second factor at the identity provider',
  password: 'password',
  totp: 'authenticator code',
  backup_code: 'backup code',
  passkey: 'passkey',
  google: 'Google',
  trusted_device: 'trusted device',
}

/** "by password and authenticator code". */
export function methodsInWords(methods: readonly string[]): string {
  const names = methods.map(method => methodNames[method] ?? method.replaceAll('_', ' '))
  return names.length === 0 ? '' : `by ${new Intl.ListFormat('en').format(names)}`
}
