import type { DrawerProps } from '@mantine/core'
import { lazy, Suspense, useRef } from 'react'

const Sheet = lazy(async () => ({ default: (await import('./drawer.tsx')).Sheet }))

/** What a narrow window shows over the page on demand. Its code is fetched at the first opening: wide windows need none. */
export function SideSheet({ closeLabel, ...props }: Omit<DrawerProps, 'closeButtonProps'> & { closeLabel: string }) {
  const wasOpened = useRef(false)
  wasOpened.current ||= props.opened
  if (!wasOpened.current) return null
  return (
    <Suspense>
      <Sheet {...props} closeButtonProps={{ 'aria-label': closeLabel }} />
    </Suspense>
  )
}
