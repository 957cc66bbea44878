import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { json, onViolation, type Queryable, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { nullable, oneOf, timestamp, uuid } from '#platform/http'
import { enqueue, type Job } from '#platform/jobs'
import { emitEvent } from '#platform/webhooks'
import { errors } from '../errors.ts'
import { iterateSearch } from '../search/iterate.ts'
import type { Search } from '../search/search.ts'
import { addContractors, bringContractors } from './additions.ts'
import { checkCustomData } from './fields.ts'
import type { ItemFields } from './items.ts'
import { getList, requireEditable } from './lists.ts'

/** The most contractors of a search that go into a list. */
export const mostFound = 100_000

/** What a search finds on its way into a list. */
export const SearchAddition = Type.Object({
  id: uuid,
  listId: uuid,
  status: oneOf(['queued', 'running', 'done', 'failed']),
  lookedAt: Type.Integer({ description: `Contractors found so far, at most ${mostFound}` }),
  added: Type.Integer(),
  alreadyIn: Type.Integer(),
  failure: nullable(Type.String({ description: 'Why it ended early; what was added until then stays' })),
  createdAt: timestamp,
  finishedAt: nullable(timestamp),
})
export type SearchAddition = Static<typeof SearchAddition>

/** A worker gives up after so many tries. */
const mostAttempts = 4

/**
 * Has all that a search finds put into a list, the best on top. It goes on by itself; ask how far it is. Refuses with
 * `contractors.additions_under_way` who has 5 that are not finished.
 */
export async function requestSearchAddition(
  tx: Queryable,
  listId: string,
  search: Search,
  fields: ItemFields,
): Promise<SearchAddition> {
  await requireEditable(tx, listId)
  if (fields.customData) checkCustomData((await getList(tx, listId)).settings.fields, fields.customData)
  const addition = await onViolation(
    tx.one<SearchAddition>(sql`
      insert into contractors.contractor_list_additions (list_id, requested_by, search, fields)
      values (${listId}, platform.current_user_id(), ${json(search)}, ${json(fields)})
      returning ${columns}
    `),
    { contractor_list_additions_list_id_fkey: () => errors.listNotFound({ id: listId }) },
  )
  const { tenantId, userId } = tx.scope
  await enqueue(tx, addSearchToList, {
    tenantId: tenantId as string,
    userId: userId as string,
    additionId: addition.id,
  })
  return addition
}

/** How far an addition that one asked for is. */
export async function getSearchAddition(tx: Queryable, listId: string, id: string): Promise<SearchAddition> {
  const addition = await tx.maybe<SearchAddition>(sql`
    select ${columns}
    from contractors.contractor_list_additions
    where list_id = ${listId}
      and id = ${id}
  `)
  if (!addition) throw errors.additionNotFound({ id })
  return addition
}

/** Those that one asked for: what is on its way, and what ended within a day; the latest first, at most 20. */
export async function listSearchAdditions(tx: Queryable, listId: string): Promise<SearchAddition[]> {
  await getList(tx, listId)
  return await tx.run<SearchAddition>(sql`
    select ${columns}
    from contractors.contractor_list_additions
    where list_id = ${listId}
      and (finished_at is null or finished_at > now() - interval '1 day')
    order by created_at desc, id
    limit 20
  `)
}

type Data = { tenantId: string; userId: string; additionId: string }

export const addSearchToList: Job<Data> = {
  name: 'contractors.add_search_to_list',
  description: 'Puts what a search finds into a list, some hundred at a time',
  async run({ tenantId, userId, additionId }, app) {
    const scope = { tenantId, userId }
    const begun = await app.db.scoped(scope).maybe<Begun>(sql`
      update contractors.contractor_list_additions
      set status = 'running', attempt = attempt + 1
      where id = ${additionId}
        and status in ('queued', 'running')
      returning list_id, search, fields, looked_at, created_at, attempt
    `)
    if (!begun) return
    try {
      await addPortions(app, scope, additionId, begun)
    } catch (error) {
      const isRefused = error instanceof DomainError
      if (!isRefused && begun.attempt < mostAttempts) throw error
      if (!isRefused) app.log.error({ err: error, additionId }, 'the results of a search did not all get into a list')
      await finish(app, scope, additionId, isRefused ? error.message : 'Something went wrong in the program.')
    }
  },
}

type Begun = { listId: string; search: Search; fields: ItemFields; lookedAt: number; createdAt: Date; attempt: number }

async function addPortions(
  app: App,
  scope: { tenantId: string; userId: string },
  additionId: string,
  { listId, search, fields, lookedAt, createdAt }: Begun,
): Promise<void> {
  // What an earlier try has done is not done again: each portion is committed with its count.
  let skip = lookedAt
  let before = lookedAt
  for await (const found of iterateSearch(app, scope, search, { limit: mostFound })) {
    const portion = found.slice(skip)
    skip = Math.max(0, skip - found.length)
    if (portion.length === 0) continue
    const ids = portion.map(contractor => contractor.id)
    await bringContractors(app.db, scope, ids)
    await app.db.transaction(scope, async tx => {
      const added = await addContractors(tx, listId, ids, fields, { since: createdAt, before })
      await tx.run(sql`
        update contractors.contractor_list_additions
        set
          looked_at = looked_at + ${ids.length}::integer,
          added = added + ${added.size}::integer,
          already_in = already_in + ${ids.length - added.size}::integer
        where id = ${additionId}
      `)
    })
    before += ids.length
  }
  await finish(app, scope, additionId, null)
}

async function finish(app: App, scope: { tenantId: string; userId: string }, id: string, failure: string | null) {
  await app.db.transaction(scope, async tx => {
    const { listId, added } = await tx.one<{ listId: string; added: number }>(sql`
      update contractors.contractor_list_additions
      set status = ${failure === null ? 'done' : 'failed'}, failure = ${failure}, finished_at = now()
      where id = ${id}
      returning list_id, added
    `)
    if (added > 0) await emitEvent(app, tx, { type: 'contractors.items.added', data: { listId, count: added } })
  })
}

const columns = sql`
  id, list_id, status, looked_at, added, already_in, failure, created_at, finished_at
`
