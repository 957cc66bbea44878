import { type QueryKey, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'

/** Somebody else who looks at the same list at this moment. */
export type Here = { name: string; isGuest: boolean }
export type ListUpdates = { people: readonly Here[]; count: number; isLive: boolean }

const shortestPause = 3_000
const longestPause = 60_000

/** Keeps what is shown of a list up to date while its page is open, and tells who else is here. */
export function useListUpdates(listId: string, isThere: boolean): ListUpdates {
  const client = useQueryClient()
  const address = `/api/v1/contractor-lists/${encodeURIComponent(listId)}/stream`
  return useLiveList(isThere ? address : undefined, about => {
    for (const queryKey of keysOf(['lists', listId], about)) void client.invalidateQueries({ queryKey })
  })
}

/** What a change makes old: everything about a list stands below its key. */
export function keysOf(list: readonly string[], about: string): QueryKey[] {
  const activity = [...list, 'activity']
  if (about === 'comment') return [[...list, 'comments'], activity]
  if (about === 'share') return [[...list, 'shares'], activity, list]
  return [list]
}

/** Listens while the page is seen: browsers open six connections to a server, and hidden pages keep none of them. */
export function useLiveList(address: string | undefined, onChange: (about: string) => void): ListUpdates {
  const [here, setHere] = useState<Omit<ListUpdates, 'isLive'>>({ people: [], count: 0 })
  const [isLive, setIsLive] = useState(false)
  const tell = useRef(onChange)
  tell.current = onChange

  useEffect(() => {
    if (address === undefined) return
    let source: EventSource | undefined
    let again: ReturnType<typeof setTimeout> | undefined
    let looking: ReturnType<typeof setTimeout> | undefined
    let failures = 0
    const changed = new Set<string>()

    const hear = (about: string) => {
      changed.add(about)
      // One change comes in several words; after the last of them is time to look.
      clearTimeout(looking)
      looking = setTimeout(() => {
        for (const each of changed.has('all') ? ['all'] : changed) tell.current(each)
        changed.clear()
      }, 120)
    }
    const open = () => {
      close()
      const opened = new EventSource(address)
      source = opened
      opened.onopen = () => {
        failures = 0
        setIsLive(true)
      }
      opened.addEventListener('changed', ({ data }: MessageEvent<string>) => hear(JSON.parse(data).about))
      opened.addEventListener('present', ({ data }: MessageEvent<string>) => setHere(JSON.parse(data)))
      opened.onerror = () => {
        setIsLive(false)
        setHere({ people: [], count: 0 })
        close()
        failures++
        // Whether the list is still there the page finds out by asking for it.
        if (failures === 1) hear('all')
        const pause = Math.min(shortestPause * 2 ** (failures - 1), longestPause)
        again = setTimeout(open, pause * (0.75 + Math.random() / 2))
      }
    }
    const close = () => {
      clearTimeout(again)
      source?.close()
      source = undefined
    }
    const onVisibility = () => {
      if (document.visibilityState === 'visible') open()
      else close()
    }
    if (document.visibilityState === 'visible') open()
    document.addEventListener('visibilitychange', onVisibility)
    return () => {
      document.removeEventListener('visibilitychange', onVisibility)
      clearTimeout(looking)
      close()
    }
  }, [address])

  return { ...here, isLive }
}
