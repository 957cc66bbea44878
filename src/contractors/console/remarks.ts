import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { Problem } from '#platform/console'
import { changeItem, type List, type ListItem, type Remarks, refreshItem, remarksOf } from './lists.ts'
import { conflictsOf, freeRemarks } from './live-merging.ts'

/** What one wanted to write, and the item as somebody else has written it meanwhile. */
type Conflict = { mine: Partial<Remarks>; now: ListItem }
export type SavingState = 'none' | 'unsaved' | 'saving' | 'saved' | 'failed'

/** How long typing rests before it is saved. */
const restMs = 900

/**
 * The remarks of an item while they are changed: saved when the typing rests or leaves the field, one after the other,
 * and never over what somebody else has written meanwhile into the same field.
 */
export function useRemarks(list: List, item: ListItem) {
  const client = useQueryClient()
  const [draft, setDraft] = useState<Partial<Remarks>>({})
  const [conflict, setConflict] = useState<Conflict>()
  // The item on which the draft is founded: while there is one, news from the server do not replace it.
  const base = useRef(item)
  if (Object.keys(draft).length === 0) base.current = item

  const saving = useMutation({
    scope: { id: `item ${item.id}` },
    mutationFn: async (change: Partial<Remarks>) => {
      try {
        await changeItem(list.id, base.current, change)
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 412) throw error
        const now = await refreshItem(client, list.id, item.id)
        if (!now) throw error
        if (conflictsOf(remarksOf(base.current), remarksOf(now), change, freeRemarks).length > 0) {
          return { conflict: { mine: change, now } }
        }
        await changeItem(list.id, now, change)
      }
      return { saved: await refreshItem(client, list.id, item.id) }
    },
    onSuccess: ({ conflict, saved }, change) => {
      if (conflict) return setConflict(conflict)
      if (saved) base.current = saved
      // What was typed on in the meantime stays a draft.
      setDraft(draft => {
        const rest = Object.entries(draft).filter(
          ([field, value]) =>
            !(field in change) || !isSame(clean({ [field]: value } as Partial<Remarks>), pick(change, { [field]: 0 })),
        )
        return Object.fromEntries(rest) as Partial<Remarks>
      })
    },
    // A press shows again what holds; typed text stays.
    onError: () => setDraft(draft => ('notes' in draft ? { notes: draft.notes ?? null } : {})),
  })

  const write = (change: Partial<Remarks>) => setDraft(draft => ({ ...draft, ...change }))
  const send = (change: Partial<Remarks>) => !conflict && saving.mutate(change)
  const save = (change: Partial<Remarks>) => {
    write(change)
    send(change)
  }
  const unsaved = draft.notes === undefined ? undefined : clean({ notes: draft.notes })
  const isUnsaved = unsaved !== undefined && !isSame(unsaved, { notes: base.current.notes })
  const isSending =
    saving.isPending && 'notes' in saving.variables && isSame(pick(saving.variables, { notes: 0 }), unsaved ?? {})
  const flush = () => {
    if (unsaved && isUnsaved && !isSending) send(unsaved)
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: the resting of the text alone saves it
  useEffect(() => {
    if (draft.notes === undefined) return
    const timer = setTimeout(flush, restMs)
    return () => clearTimeout(timer)
  }, [draft.notes])

  useEffect(() => {
    if (!isUnsaved && !saving.isPending) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [isUnsaved, saving.isPending])

  // Leaving for another page of the console, by a key for example, takes the focus from nothing.
  const leaving = useRef(flush)
  leaving.current = flush
  useEffect(() => () => leaving.current(), [])

  const state: SavingState = conflict
    ? 'none'
    : saving.isPending
      ? 'saving'
      : saving.isError
        ? 'failed'
        : isUnsaved
          ? 'unsaved'
          : saving.isSuccess
            ? 'saved'
            : 'none'
  // What is typed on while both are shown is what one wants to write by then.
  const mine = conflict && pick({ ...conflict.mine, ...clean(draft) }, conflict.mine)
  const disputed =
    conflict && mine ? conflictsOf(remarksOf(base.current), remarksOf(conflict.now), mine, freeRemarks) : undefined
  return {
    shown: { ...remarksOf(item), ...draft } as Remarks,
    write,
    save,
    flush,
    state,
    failure: saving.error,
    disputed,
    /** Ends the dispute: `values` is what is written, in all other disputed fields theirs stays. */
    settle: (values: Readonly<Record<string, unknown>>) => {
      if (!conflict || !mine || !disputed) return
      const without = (fields: Partial<Remarks>) =>
        Object.fromEntries(
          Object.entries(fields).filter(([field]) => !disputed.some(({ name }) => name === field)),
        ) as Partial<Remarks>
      const settled = { ...without(mine), ...(values as Partial<Remarks>) }
      base.current = conflict.now
      setConflict(undefined)
      setDraft(draft => ({ ...without(draft), ...settled }))
      if (Object.keys(settled).length > 0) saving.mutate(settled)
      else saving.reset()
    },
  }
}

/** What is not there is as empty as null: fields of the list's own that an item has no value of. */
function pick(from: Partial<Remarks>, fields: object): Partial<Remarks> {
  const known: Readonly<Record<string, unknown>> = from
  return Object.fromEntries(Object.keys(fields).map(field => [field, known[field] ?? null])) as Partial<Remarks>
}

const clean = ({ notes, ...others }: Partial<Remarks>): Partial<Remarks> =>
  notes === undefined ? others : { ...others, notes: notes?.trim() || null }

/** Objects made by `pick` have their fields in the order of their source. */
function isSame(a: Partial<Remarks>, b: Partial<Remarks>): boolean {
  const text = (value: Partial<Remarks>) => JSON.stringify(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1)))
  return text(a) === text(b)
}
