import { infiniteQueryOptions, keepPreviousData, type QueryClient, queryOptions } from '@tanstack/react-query'
import { oneOf, request, requestAll, type Search } from '#platform/console'
import { isActiveOf, readListFilters } from './list-filters.tsx'
import { load } from './loaded.ts'
import type {
  AvailabilityException,
  CountedPage,
  ExceptionFields,
  Page,
  Participant,
  ParticipantFields,
  Preference,
  Relation,
} from './wire-types.ts'

/** Whom of a domain the address asks for. */
export const readPeopleFilters = (search: Search) => ({
  ...readListFilters(search),
  weekday: /^(mon|tues|wednes|thurs|fri|satur|sun)day$/.test(oneOf(search.weekday)) ? oneOf(search.weekday) : '',
  time: /^([01]?\d|2[0-3]):[0-5]\d$/.test(oneOf(search.time)) ? oneOf(search.time) : '',
  fits: /^[0-9a-f-]{36}$/.test(oneOf(search.fits)) ? oneOf(search.fits) : '',
})
export type PeopleFilters = ReturnType<typeof readPeopleFilters>

const people = ['assignments', 'participants']

export const peopleQuery = (domainId: string, { q, skill, weekday, time, fits, state }: Partial<PeopleFilters> = {}) =>
  infiniteQueryOptions({
    queryKey: [...people, 'list', domainId, { q, skill, weekday, time, fits, state }],
    queryFn: ({ pageParam, signal }) =>
      request<CountedPage<Participant>>('/participants', {
        query: {
          domainId,
          ...{ q, skill, weekday },
          time: weekday ? time : '',
          targetId: fits,
          isActive: isActiveOf(state),
          limit: 50,
          cursor: pageParam,
        },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
    placeholderData: keepPreviousData,
  })

export const personQuery = (id: string) =>
  queryOptions({
    queryKey: [...people, id],
    queryFn: ({ signal }) => load<Participant>(`/participants/${id}`, { signal }),
  })

export const addPerson = (domainId: string, fields: ParticipantFields) =>
  request<Participant>('/participants', { method: 'POST', body: { domainId, ...fields } })

export const changePerson = (id: string, changes: Partial<ParticipantFields>, ifMatch: string) =>
  load<Participant>(`/participants/${id}`, { method: 'PATCH', body: changes, ifMatch })

export const deletePerson = (id: string) => request(`/participants/${id}`, { method: 'DELETE' })

export const erasePerson = (id: string) => request(`/participants/${id}/erasure`, { method: 'POST' })

/** Days on which somebody is there or away otherwise than usual; `from` a date on those that are not over then. */
export const exceptionsQuery = (id: string, from: string) =>
  infiniteQueryOptions({
    queryKey: [...people, id, 'exceptions', from],
    queryFn: ({ pageParam, signal }) =>
      request<Page<AvailabilityException>>(`/participants/${id}/exceptions`, {
        query: { from, limit: 50, cursor: pageParam },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

export const addException = (id: string, fields: ExceptionFields) =>
  request(`/participants/${id}/exceptions`, { method: 'POST', body: fields })

export const removeException = (id: string, exceptionId: string) =>
  request(`/participants/${id}/exceptions/${exceptionId}`, { method: 'DELETE' })

export const preferencesQuery = (id: string) =>
  queryOptions({
    queryKey: [...people, id, 'preferences'],
    queryFn: async ({ signal }) =>
      (await request<{ items: readonly Preference[] }>(`/participants/${id}/preferences`, { signal })).items,
  })

export const setPreference = (id: string, targetId: string, wish: Pick<Preference, 'weight' | 'isExcluded'>) =>
  request(`/participants/${id}/preferences/${targetId}`, { method: 'PUT', body: wish })

export const relationsQuery = (id: string) =>
  queryOptions({
    queryKey: [...people, id, 'relations'],
    queryFn: ({ signal }) => requestAll<Relation>('/participant-relations', signal, { participantId: id }),
  })

export const relate = (participantIds: readonly [string, string], kind: Relation['kind']) =>
  request('/participant-relations', { method: 'POST', body: { participantIds, kind } })

export const unrelate = (relationId: string) => request(`/participant-relations/${relationId}`, { method: 'DELETE' })

/** What shows people is asked for anew, and the domains that count them. */
export const refreshPeople = (client: QueryClient) =>
  Promise.all([
    client.invalidateQueries({ queryKey: people }),
    client.invalidateQueries({ queryKey: ['assignments', 'domains'] }),
  ])
