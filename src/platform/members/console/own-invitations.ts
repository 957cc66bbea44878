import { infiniteQueryOptions } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { InvitationImport as ImportAnswer } from '../invitation-imports.ts'
import type { Invitation as InvitationAnswer } from '../invitations.ts'

export type Invitation = OnTheWire<InvitationAnswer>
export type InvitationImport = OnTheWire<ImportAnswer>
export type Status = Invitation['status']

export const statusWords: Readonly<Record<Status, string>> = {
  pending: 'Waiting',
  accepted: 'Accepted',
  expired: 'Expired',
  cancelled: 'Withdrawn',
}
export const statusColors: Readonly<Record<Status, string>> = {
  pending: 'yellow',
  accepted: 'pine',
  expired: 'gray',
  cancelled: 'gray',
}

type Page = { items: readonly Invitation[]; nextCursor: string | null }

export const invitationsQuery = (status: string) =>
  infiniteQueryOptions({
    queryKey: ['invitations', status],
    queryFn: ({ signal, pageParam }) =>
      request<Page>('/invitations', { signal, query: { status, cursor: pageParam, limit: 25 } }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.nextCursor ?? undefined,
  })

/** Invites everybody in the text of a CSV file, or says what would become of it. */
export async function sendFile(
  file: string,
  options: { roleIds: readonly string[]; dryRun: boolean },
): Promise<InvitationImport> {
  return await request<InvitationImport>('/invitations/import', {
    method: 'POST',
    body: new Blob([file], { type: 'text/csv' }),
    query: options,
  })
}
