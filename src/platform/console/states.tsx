import { Alert, Button, Group, Stack, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Icon, type IconName } from './icons.tsx'
import { Problem } from './requests.ts'
import { usePageTitle } from './titles.ts'

/** Nothing is here, and what to do next. */
export function EmptyState({ icon, title, order = 2, children, action }: EmptyStateProps) {
  return (
    <Stack align="center" gap="xs" py={56} px="md" ta="center">
      <span style={{ color: 'var(--mantine-color-dimmed)' }}>
        <Icon name={icon} size={30} />
      </span>
      <Title order={order}>{title}</Title>
      <Text c="dimmed" maw={440} component="div">
        {children}
      </Text>
      {action && <Group mt="xs">{action}</Group>}
    </Stack>
  )
}

type EmptyStateProps = { icon: IconName; title: string; order?: 1 | 2; children?: ReactNode; action?: ReactNode }

/** It could not be shown: why, and a button to try again where that can help. */
export function ErrorState({ error, retry }: { error: unknown; retry?: () => void }) {
  if (error instanceof Problem && error.status === 403) return <Forbidden />
  if (error instanceof Problem && error.status === 404) return <NotFound />
  const problem = error instanceof Problem ? error : undefined
  return (
    <Alert
      color="red"
      variant="light"
      icon={<Icon name="alert" />}
      title="This could not be loaded"
      my="md"
      role="alert"
    >
      <Text size="sm">{problem?.message ?? 'Something in this page went wrong.'}</Text>
      {problem?.requestId && (
        <Text size="xs" c="dimmed" mt={4}>
          Request <span className="mono">{problem.requestId}</span>
        </Text>
      )}
      {retry && (
        <Button size="xs" variant="default" mt="sm" onClick={retry}>
          Try again
        </Button>
      )}
    </Alert>
  )
}

/** `personal` for what belongs to no workspace, so that no role in one opens it. */
export function Forbidden({ personal = false }: { personal?: boolean | undefined }) {
  const start = (
    <Button component={Link} to="/" variant="default">
      Go to the start
    </Button>
  )
  if (personal)
    return (
      <EmptyState icon="lock" order={1} title="This is for operators" action={start}>
        Only the operators of this installation see it, whatever their role in a workspace.
      </EmptyState>
    )
  return (
    <EmptyState icon="lock" order={1} title="This is not open to your role" action={start}>
      Your role in this workspace does not include this. If you are in another workspace too, your role there may.
    </EmptyState>
  )
}

export function NotFound() {
  usePageTitle('Nothing at this address')
  return (
    <EmptyState
      icon="search"
      order={1}
      title="There is nothing at this address"
      action={
        <Button component={Link} to="/" variant="default">
          Go to the start
        </Button>
      }
    >
      It may have been deleted, or it belongs to another workspace than the one you are in.
    </EmptyState>
  )
}
