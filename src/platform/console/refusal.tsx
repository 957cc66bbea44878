import { Alert, Button, type MantineStyleProps, Text } from '@mantine/core'
import { Icon } from './icons.tsx'
import { Problem } from './requests.ts'

/**
 * What kept something from being done; what concerns one field stands beside that field. With `showTheirs`, which reads
 * anew, a resource that somebody else has changed meanwhile (412) is said to be so.
 */
export function Refusal({ error, title, showTheirs, ...style }: RefusalProps) {
  if (!(error instanceof Error)) return null
  const isOutdated = showTheirs !== undefined && error instanceof Problem && error.status === 412
  return (
    <Alert
      color="red"
      variant="light"
      icon={<Icon name="alert" />}
      role="alert"
      title={isOutdated ? 'Somebody else has changed this' : title}
      {...style}
    >
      <Text size="sm">{isOutdated ? 'Look at theirs before you change it.' : error.message}</Text>
      {isOutdated && (
        <Button size="xs" variant="default" mt="sm" onClick={showTheirs}>
          Show theirs
        </Button>
      )}
    </Alert>
  )
}

type RefusalProps = MantineStyleProps & { error: unknown; title?: string; showTheirs?: () => void }
