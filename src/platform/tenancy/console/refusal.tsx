import { Alert, Button, Text } from '@mantine/core'
import { Icon, Problem } from '#platform/console'

/** Why something was not saved; what concerns one field stands beside that field. `showTheirs` reads anew. */
export function Refusal({ error, showTheirs }: { error: unknown; showTheirs?: () => void }) {
  if (!(error instanceof Error)) return null
  const isOutdated = error instanceof Problem && error.status === 412
  return (
    <Alert
      color="red"
      variant="light"
      icon={<Icon name="alert" />}
      role="alert"
      title={isOutdated ? 'Somebody else has changed this' : 'This is not saved'}
    >
      <Text size="sm">{isOutdated ? 'Look at theirs before you change it.' : error.message}</Text>
      {isOutdated && showTheirs && (
        <Button size="xs" variant="default" mt="sm" onClick={showTheirs}>
          Show theirs
        </Button>
      )}
    </Alert>
  )
}
