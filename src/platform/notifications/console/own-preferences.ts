import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { NotificationPreferences } from '../preferences.ts'

export type Preferences = OnTheWire<NotificationPreferences>

export const preferencesQuery = queryOptions({
  queryKey: ['notification-preferences'],
  queryFn: ({ signal }) => request<Preferences>('/me/notification-preferences', { signal }),
})

/** Saves as one chooses; what is shown is the choice, until the server says otherwise. */
export function usePreferences() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ wantsMails, digest, digestHour, digestWeekday, kinds, tenants }: Preferences) =>
      request<Preferences>('/me/notification-preferences', {
        method: 'PUT',
        body: {
          wantsMails,
          digest,
          digestHour,
          digestWeekday,
          kinds: Object.fromEntries(kinds.map(({ kind, inConsole, mail }) => [kind, { inConsole, mail }])),
          quietTenantIds: tenants.filter(({ isQuiet }) => isQuiet).map(({ tenantId }) => tenantId),
        },
      }),
    // One after another: each says all there is to say.
    scope: { id: 'notification-preferences' },
    onMutate: async chosen => {
      await client.cancelQueries({ queryKey: preferencesQuery.queryKey })
      client.setQueryData(preferencesQuery.queryKey, chosen)
    },
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: preferencesQuery.queryKey })
      // The same switch stands in the profile.
      await client.invalidateQueries({ queryKey: ['own', 'profile'] })
    },
  })
}
