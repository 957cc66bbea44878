import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { Activity as ServedActivity } from '../sharing/activity.ts'
import type { Comment as ServedComment } from '../sharing/comments.ts'
import type { NewShare as ServedNewShare, Share as ServedShare } from '../sharing/shares.ts'
import type { Page } from './contractors.ts'

export type Share = OnTheWire<ServedShare>
export type NewShare = OnTheWire<ServedNewShare>
export type Permission = Share['permission']
export type Comment = OnTheWire<ServedComment>
export type Activity = OnTheWire<ServedActivity>
export type Person = { userId: string; fullName: string | null; email: string }

export const permissionNames: Readonly<Record<Permission, string>> = {
  view: 'May view',
  comment: 'May comment',
  edit: 'May edit',
}

export const permissionChoices = (['view', 'comment', 'edit'] as const).map(value => ({
  value,
  label: permissionNames[value],
}))

export const sharesQuery = (listId: string) =>
  queryOptions({
    queryKey: ['lists', listId, 'shares'],
    queryFn: ({ signal }) => request<{ items: readonly Share[] }>(`${pathOf(listId)}/shares`, { signal }),
  })

export const shareesQuery = (listId: string, q: string, kind: 'sharees' | 'readers') =>
  queryOptions({
    queryKey: ['list-people', kind, listId, q],
    queryFn: ({ signal }) =>
      request<{ items: readonly Person[] }>(`${pathOf(listId)}/${kind}`, { query: { q }, signal }),
    enabled: q.trim().length > 0,
    staleTime: 30_000,
  })

export type ActivityFilter = { about: '' | 'list' | 'item' | 'share' | 'comment'; userId: string; guest: string }

export const activityQuery = (listId: string, filter: ActivityFilter) =>
  infiniteQueryOptions({
    queryKey: ['lists', listId, 'activity', filter],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Activity>>(`${pathOf(listId)}/activity`, {
        query: { ...filter, limit: 30, cursor: pageParam },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

/** Whose window it is: a member's, or a guest's. Comments are no longer than `longest` characters. */
export type Place = { base: string; key: readonly string[]; longest: number }
export const memberPlace = (listId: string): Place => ({
  base: pathOf(listId),
  key: ['lists', listId],
  longest: 5_000,
})
export const guestPlace = (listId: string): Place => ({
  base: `/shared-lists/${encodeURIComponent(listId)}`,
  key: ['shared-list', listId],
  longest: 2_000,
})

export const commentsQuery = ({ base, key }: Place) =>
  infiniteQueryOptions({
    queryKey: [...key, 'comments'],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Comment>>(`${base}/comments`, { query: { limit: 50, cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

export const pathOf = (listId: string) => `/contractor-lists/${encodeURIComponent(listId)}`
