import { defaultRangeExtractor, useWindowVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'

type WindowRowsOptions = {
  keys: readonly string[]
  /** About how high a row is, in pixels, until it has been in the page. */
  height: number
  /** The next rows, where there are more than have come. */
  more: More | undefined
  /** The keys of rows that stay in the page wherever it is scrolled to; the one with the focus always does. */
  kept?: () => readonly string[]
}

export type More = { load: () => void; isLoading: boolean; error: unknown }

/** Up to so many rows are all in the page, so that the browser's own search finds every one of them. */
const fewRows = 50

/**
 * A list of any length that scrolls with the window: only rows near it are in the page, and the next ones are fetched
 * before the end is reached. `list` goes to the element around them, which is as high as all of them; each row stands at
 * its `top` there, and gives its element to `measure`, with its index as `data-index`. On paper all that have come are
 * there, one below the other: the style sheet has to let them.
 */
export function useWindowRows<List extends HTMLElement>({
  keys,
  height,
  more,
  kept,
}: WindowRowsOptions): {
  list: RefObject<List | null>
  total: number | 'auto'
  shown: readonly { index: number; key: string; top: number }[]
  measure: (row: HTMLElement | null) => void
  scrollTo: (index: number) => void
} {
  const list = useRef<List>(null)
  const [offset, setOffset] = useState(0)
  // After each drawing: what stands above (filters, notices) moves the list.
  useLayoutEffect(() => {
    if (list.current) setOffset(Math.round(list.current.getBoundingClientRect().top + window.scrollY))
  })
  const rows = useWindowVirtualizer({
    count: keys.length,
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: offset,
    getItemKey: index => keys[index] ?? index,
    rangeExtractor: range => {
      if (range.count <= fewRows) return Array.from({ length: range.count }, (_, index) => index)
      const near = defaultRangeExtractor(range)
      const others = [...(kept?.() ?? []).map(key => keys.indexOf(key)), focusedRow(list.current)]
      const far = others.filter(index => index >= 0 && index < range.count && !near.includes(index))
      return far.length === 0 ? near : [...new Set([...near, ...far])].sort((a, b) => a - b)
    },
  })
  const isPrinted = usePrinting()
  const shown = rows.getVirtualItems()
  const { startIndex = 0, endIndex = 0 } = rows.range ?? {}
  const isNearEnd = endIndex >= startIndex && endIndex >= keys.length - 10

  const load = useRef(more?.load)
  load.current = more?.load
  const mayLoad = more !== undefined && !more.isLoading && !more.error
  useEffect(() => {
    if (isNearEnd && mayLoad) load.current?.()
  }, [isNearEnd, mayLoad])

  return {
    list,
    total: isPrinted ? 'auto' : rows.getTotalSize(),
    shown: isPrinted
      ? keys.map((key, index) => ({ index, key, top: 0 }))
      : shown.map(({ index, start }) => ({ index, key: keys[index] ?? String(index), top: start - offset })),
    measure: rows.measureElement,
    scrollTo: index => rows.scrollToIndex(index, { align: 'auto' }),
  }
}

/** Whether the page is being put on paper; what is drawn then must be there before the event is over. */
function usePrinting(): boolean {
  const [isPrinting, setIsPrinting] = useState(false)
  useEffect(() => {
    const begin = () => flushSync(() => setIsPrinting(true))
    const end = () => setIsPrinting(false)
    window.addEventListener('beforeprint', begin)
    window.addEventListener('afterprint', end)
    return () => {
      window.removeEventListener('beforeprint', begin)
      window.removeEventListener('afterprint', end)
    }
  }, [])
  return isPrinting
}

function focusedRow(list: HTMLElement | null): number {
  const focused = document.activeElement
  return list?.contains(focused) ? Number(focused?.closest<HTMLElement>('[data-index]')?.dataset.index ?? -1) : -1
}
