import { infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query'
import { request } from '#platform/console'
import { load } from './loaded.ts'
import type { DefinitionFields, Entity, EntityDefinition, Page } from './wire-types.ts'

const definitions = ['assignments', 'definitions']

export const definitionsQuery = (domainId: string) =>
  infiniteQueryOptions({
    queryKey: [...definitions, 'list', domainId],
    queryFn: ({ pageParam, signal }) =>
      request<Page<EntityDefinition>>('/entity-definitions', {
        query: { domainId, limit: 50, cursor: pageParam },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

export const definitionQuery = (id: string) =>
  queryOptions({
    queryKey: [...definitions, id],
    queryFn: ({ signal }) => load<EntityDefinition>(`/entity-definitions/${id}`, { signal }),
  })

export const addDefinition = (domainId: string, fields: DefinitionFields) =>
  request<EntityDefinition>('/entity-definitions', { method: 'POST', body: { domainId, ...fields } })

export const changeDefinition = (id: string, changes: Partial<DefinitionFields>, ifMatch: string) =>
  load<EntityDefinition>(`/entity-definitions/${id}`, { method: 'PATCH', body: changes, ifMatch })

export const deleteDefinition = (id: string) => request(`/entity-definitions/${id}`, { method: 'DELETE' })

/** `fits` false: those that no longer fit. */
export const entitiesQuery = (definitionId: string, fits: false | undefined) =>
  infiniteQueryOptions({
    queryKey: [...definitions, definitionId, 'entities', fits],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Entity>>('/entities', { query: { definitionId, fits, limit: 50, cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

export const loadEntity = (id: string) => load<Entity>(`/entities/${id}`)

export const addEntity = (definitionId: string, data: Entity['data']) =>
  request<Entity>('/entities', { method: 'POST', body: { definitionId, data } })

export const changeEntity = (id: string, data: Entity['data'], ifMatch: string) =>
  load<Entity>(`/entities/${id}`, { method: 'PATCH', body: { data }, ifMatch })

export const deleteEntity = (id: string) => request(`/entities/${id}`, { method: 'DELETE' })

export const refreshDefinitions = (client: QueryClient) => client.invalidateQueries({ queryKey: definitions })
