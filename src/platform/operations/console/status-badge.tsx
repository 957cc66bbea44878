import { Badge } from '@mantine/core'

const looks = {
  critical: { color: 'red', label: 'Critical' },
  warning: { color: 'yellow', label: 'Warning' },
  info: { color: 'gray', label: 'Note' },
  running: { color: 'gray', label: 'Under way' },
  done: { color: 'pine', label: 'Done' },
  failed: { color: 'red', label: 'Failed' },
  protected: { color: 'pine', label: 'Protected' },
  attention: { color: 'yellow', label: 'Wants a look' },
  unprotected: { color: 'red', label: 'Not protected' },
  skipped: { color: 'yellow', label: 'Waited' },
} as const

/** How grave something is, or how it went, in a word. */
export function StatusBadge({ status, count }: { status: keyof typeof looks; count?: number }) {
  const { color, label } = looks[status]
  return (
    <Badge variant="light" color={color} tt="none" autoContrast style={{ flex: 'none', minWidth: 'max-content' }}>
      {label}
      {count !== undefined && `: ${count}`}
    </Badge>
  )
}
