import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Problem } from '#platform/console'
import { changeList, etagOfList, type List, listQuery, refreshLists } from './lists.ts'
import { type ConflictingField, changesOf, conflictsOf } from './live-merging.ts'

/** How a form about a list reads its fields, and what it sends for those that are changed. */
export type ListFields<Fields> = {
  read: (list: List) => Fields
  write: (change: Partial<Fields>, list: List) => object
  /** Fields of free text or of words. */
  mergeable: readonly string[]
}

/**
 * Saves what one has changed of a list since its form was opened. What others have changed meanwhile stays; where they have
 * changed the same, `disputed` has both, and nothing is written until `settle` is told what.
 */
export function useListChange<Fields extends object>(
  list: List,
  { read, write, mergeable }: ListFields<Fields>,
  done: (saved: List) => Promise<void> | void,
) {
  const client = useQueryClient()
  // The list goes on changing behind the form.
  const [opened] = useState<Base>({ list, etag: etagOfList(list.id) })
  const [dispute, setDispute] = useState<Dispute<Fields>>()

  const send = async (base: Base, mine: Partial<Fields>): Promise<List | undefined> => {
    if (Object.keys(mine).length === 0) return base.list
    // What was seen in a list of lists only came without an entity tag.
    if (base === opened && base.etag === undefined) return await sendAnew(base, mine)
    try {
      return await changeList(list.id, write(mine, base.list), base.etag)
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 412) throw error
      return await sendAnew(base, mine)
    }
  }
  const sendAnew = async (base: Base, mine: Partial<Fields>): Promise<List | undefined> => {
    const list = await client.fetchQuery({ ...listQuery(base.list.id), staleTime: 0 })
    const now = { list, etag: etagOfList(list.id) }
    const fields = conflictsOf(read(base.list), read(list), mine, mergeable)
    if (fields.length === 0) return await send(now, mine)
    setDispute({ fields, mine, base: now })
    return undefined
  }
  const saving = useMutation({
    mutationFn: ({ base, mine }: { base: Base; mine: Partial<Fields> }) => send(base, mine),
    onSuccess: async saved => {
      await refreshLists(client)
      if (saved) await done(saved)
    },
  })
  return {
    saving,
    save: (fields: Fields, options?: Parameters<typeof saving.mutate>[1]) =>
      saving.mutate({ base: opened, mine: changesOf(read(opened.list), fields) }, options),
    disputed: dispute?.fields,
    settle: (values: Partial<Fields>) => {
      if (!dispute) return
      const rest = Object.entries(dispute.mine).filter(([name]) => !dispute.fields.some(field => field.name === name))
      saving.mutate({ base: dispute.base, mine: { ...(Object.fromEntries(rest) as Partial<Fields>), ...values } })
    },
  }
}

type Base = { list: List; etag: string | undefined }
type Dispute<Fields> = { fields: readonly ConflictingField[]; mine: Partial<Fields>; base: Base }
