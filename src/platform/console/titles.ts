import { useEffect } from 'react'

/** Names the page in the window's title and history. */
export function usePageTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · Commonhold` : 'Commonhold'
  }, [title])
}
