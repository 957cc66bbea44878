import { useEffect } from 'react'

/** Names the page in the window's title and history; undefined leaves the name to another part of the page. */
export function usePageTitle(title: string | undefined): void {
  useEffect(() => {
    if (title) document.title = `${title} · Commonhold`
  }, [title])
}
