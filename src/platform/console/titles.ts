import { useEffect } from 'react'

/** Names the page in the window's title and history; undefined leaves the name to another part of the page. */
export function usePageTitle(title: string | undefined): void {
  useEffect(() => {
    if (!title) return
    pageTitle = title
    writeTitle()
  }, [title])
}

let pageTitle: string | undefined
let badge = ''

/** Puts something short before the name of whatever page is open, so that it is seen while another window is. */
export function showTitleBadge(text: string): void {
  badge = text
  writeTitle()
}

function writeTitle(): void {
  if (pageTitle !== undefined) document.title = `${badge && `(${badge}) `}${pageTitle} · Commonhold`
}
