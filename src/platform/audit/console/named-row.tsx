import { useQuery } from '@tanstack/react-query'
import { createContext, useContext } from 'react'
import { PageLink, request, useResources, useSession } from '#platform/console'
import classes from './audit.module.css'
import type { Reference, Remembered } from './sentences.ts'

/** A row as its module's API answers with it; people have no `name`. */
type Named = { name?: string; fullName?: string | null; email?: string }

/** What the log itself tells of the rows in it. */
export const RememberedRows = createContext<Remembered>(new Map())

/** A row by its name, with a link where there is a page about it; what is gone or hidden is left with its id. */
export function NamedRow({ resource, id, name }: Reference) {
  const description = useResources()[resource]
  const { can } = useSession()
  const remembered = useContext(RememberedRows).get(`${resource}/${id}`)
  const { api, permission, page } = description ?? {}
  const { data, isPending, isFetching } = useQuery({
    queryKey: ['named-row', resource, id],
    queryFn: ({ signal }) => request<Named>((api ?? '').replace('{id}', encodeURIComponent(id)), { signal }),
    enabled: api !== undefined && !remembered?.isGone && (permission === undefined || can(permission)),
    staleTime: 5 * 60_000,
    select: ({ name, fullName, email }) => name ?? fullName ?? email,
  })
  const known = name ?? data ?? remembered?.name
  if (!known) return isPending && isFetching ? <span className={classes.unnamed}>…</span> : <code>{id}</code>
  if (!page || data === undefined) return <b>{known}</b>
  return (
    <PageLink to={page} params={{ id }} preload={false} className={classes.link}>
      {known}
    </PageLink>
  )
}
