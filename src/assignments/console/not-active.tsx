import { Badge } from '@mantine/core'
import type { ReactNode } from 'react'

/** Marks what is kept, and offered no more. */
export function NotActive({ children }: { children?: ReactNode }) {
  return (
    <Badge variant="light" color="gray" tt="none" size="sm">
      Not active{children}
    </Badge>
  )
}
