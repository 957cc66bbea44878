import { notifications } from '@mantine/notifications'
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type OnTheWire, Problem, request, sessionQuery } from '#platform/console'
import type { EmailState as ServedEmailState } from '../email-changes.ts'
import type { OwnProfile as ServedProfile } from '../profiles.ts'

export type OwnProfile = OnTheWire<ServedProfile>
export type EmailState = OnTheWire<ServedEmailState>
export type Fields = Omit<OwnProfile, 'id' | 'avatarUrl' | 'emailPreferences' | 'preferences'>
type Known = { profile: OwnProfile; etag: string | undefined }

export const profileQuery = queryOptions({
  queryKey: ['own', 'profile'],
  queryFn: ({ signal }) => askForProfile({ signal }),
})

export const emailQuery = queryOptions({
  queryKey: ['own', 'email'],
  queryFn: ({ signal }) => request<EmailState>('/me/email', { signal }),
  // The links are used in another tab, or on another device.
  refetchInterval: ({ state }) => (state.data?.change ? 10_000 : false),
})

async function askForProfile(options: Parameters<typeof request>[1]): Promise<Known> {
  let etag: string | undefined
  const profile = await request<OwnProfile>('/me/profile', {
    ...options,
    onEtag: tag => {
      etag = tag
    },
  })
  return { profile, etag }
}

/** What is shown elsewhere of oneself: the name, the picture, the time zone. */
export function useRefreshedPerson(): () => Promise<unknown> {
  const client = useQueryClient()
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: profileQuery.queryKey }),
      client.invalidateQueries({ queryKey: sessionQuery.queryKey }),
    ])
}

/** Switches e-mail preferences; what else was typed on the page stays as it is. */
export function useEmailPreferences() {
  const client = useQueryClient()
  return useMutation({
    scope: { id: 'own-profile' },
    mutationFn: (emailPreferences: Partial<OwnProfile['emailPreferences']>) =>
      askForProfile({ method: 'PATCH', body: { emailPreferences } }),
    onSuccess: known => client.setQueryData(profileQuery.queryKey, known),
  })
}

/** Fields that somebody else (another window of one's own) has changed since one began to. */
export type Clash = { latest: Known; fields: readonly (keyof Fields)[] }

const savedNotice = 'profile-saved'

/** What is typed into the profile until it is saved; never over what was saved elsewhere meanwhile. */
export function useProfileDraft(known: Known) {
  const client = useQueryClient()
  const refresh = useRefreshedPerson()
  const [draft, setDraft] = useState<Partial<Fields>>({})
  // What stood in a field when one began to change it.
  const [origin, setOrigin] = useState<Partial<Fields>>({})
  const [clash, setClash] = useState<Clash>()
  const changes = changesOf(draft, known.profile)

  const saving = useMutation({
    scope: { id: 'own-profile' },
    mutationFn: async ({
      change,
      etag,
    }: {
      change: Partial<Fields>
      etag: string | undefined
    }): Promise<Known | Clash> => {
      try {
        return await askForProfile({ method: 'PATCH', body: change, ifMatch: etag })
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 412) throw error
        const latest = await askForProfile({})
        const fields = keysOf(change).filter(field => !isSame(latest.profile[field], origin[field]))
        if (fields.length > 0) return { latest, fields }
        return await askForProfile({ method: 'PATCH', body: change, ifMatch: latest.etag })
      }
    },
    onSuccess: async (answer, { change }) => {
      if ('latest' in answer) return setClash(answer)
      setClash(undefined)
      // What was typed on in the meantime stays. What was sent the server may have put into another form.
      setDraft(now => {
        const rest = Object.entries(changesOf(now, answer.profile))
        return Object.fromEntries(rest.filter(([field, value]) => !isSame(value, change[field as keyof Fields])))
      })
      setOrigin({})
      client.setQueryData(profileQuery.queryKey, answer)
      notifications.show({ id: savedNotice, message: 'Your profile is saved.' })
      await refresh()
    },
  })

  return {
    shown: { ...known.profile, ...draft } as Fields,
    isChanged: Object.keys(changes).length > 0,
    write<Field extends keyof Fields>(field: Field, value: Fields[Field]) {
      // In a narrow window it stands where the buttons come.
      notifications.hide(savedNotice)
      setOrigin(before => (field in before ? before : { ...before, [field]: known.profile[field] }))
      setDraft(before => ({ ...before, [field]: value }))
    },
    save: () => saving.mutate({ change: changes, etag: known.etag }),
    discard: () => {
      saving.reset()
      setClash(undefined)
      setDraft({})
      setOrigin({})
    },
    isSaving: saving.isPending,
    error: saving.error,
    clash,
    keepMine: () => clash && saving.mutate({ change: changes, etag: clash.latest.etag }),
    takeTheirs: () => {
      if (!clash) return
      client.setQueryData(profileQuery.queryKey, clash.latest)
      const without = (fields: Partial<Fields>) =>
        Object.fromEntries(Object.entries(fields).filter(([field]) => !clash.fields.includes(field as keyof Fields)))
      setDraft(without)
      setOrigin(without)
      setClash(undefined)
      saving.reset()
    },
  }
}

function changesOf(draft: Partial<Fields>, profile: OwnProfile): Partial<Fields> {
  const changed = Object.entries(draft)
    .map(([field, value]) => [field, typeof value === 'string' ? value.trim() || null : value] as const)
    .filter(([field, value]) => !isSame(value, profile[field as keyof Fields]))
  return Object.fromEntries(changed)
}

const keysOf = (fields: Partial<Fields>) => Object.keys(fields) as (keyof Fields)[]

function isSame(one: unknown, other: unknown): boolean {
  const text = (value: unknown) =>
    JSON.stringify(value, (_key, member) =>
      typeof member === 'object' && member !== null && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
        : member,
    )
  return text(one ?? null) === text(other ?? null)
}
