import { Anchor, Button, Card, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import {
  EmptyState,
  ErrorState,
  formatCount,
  formatTime,
  Icon,
  LoadMore,
  PageHeader,
  PageLink,
  request,
} from '#platform/console'
import type { Deleted } from './deletions.ts'

type Listed = { items: Deleted[]; nextCursor: string | null }

/** The certificates of workspaces that are gone, for who runs the installation. */
export function Page() {
  const query = useInfiniteQuery({
    queryKey: ['deletion-certificates'],
    queryFn: ({ pageParam, signal }) =>
      request<Listed>('/deletion-certificates', { query: { ...(pageParam && { cursor: pageParam }) }, signal }),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
  })
  const deleted = query.data?.pages.flatMap(page => page.items) ?? []
  return (
    <>
      <Anchor component={PageLink} to="/tenants" size="sm" mb="xs" display="inline-block">
        All workspaces
      </Anchor>
      <PageHeader
        title="Deleted workspaces"
        lead="A signed certificate for each. Names are kept as hashes only: whoever knows a name can check it."
      />
      {query.isPending ? (
        <Skeleton height={240} aria-label="Loading the certificates" />
      ) : query.isError && deleted.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : deleted.length === 0 ? (
        <div className="panel">
          <EmptyState icon="building" title="No workspace was deleted yet">
            What was removed, and when, stands here for each that is.
          </EmptyState>
        </div>
      ) : (
        <Stack gap="md" maw={760}>
          {deleted.map(each => (
            <Certificate key={each.certificate.number} deleted={each} />
          ))}
          <LoadMore query={query} label="Show more" />
        </Stack>
      )}
    </>
  )
}

function Certificate({ deleted: { certificate, signed, thumbprint } }: { deleted: Deleted }) {
  const { number, tenantId, requestedAt, begunAt, finishedAt, requestedByOperator, removed } = certificate
  const rows = Object.values(removed).reduce((sum, count) => sum + count, 0)
  const id = `certificate-${number}`
  return (
    <Card withBorder component="section" aria-labelledby={id}>
      <Title order={2} size="h4" id={id}>
        No. {formatCount(number)}
      </Title>
      <Text size="sm" mt={4} style={{ overflowWrap: 'anywhere' }}>
        {tenantId}
      </Text>
      <Text size="sm" c="dimmed" mt={4} style={{ overflowWrap: 'anywhere' }}>
        Asked for {formatTime(requestedAt)} by {requestedByOperator ? 'an operator' : 'an owner'}; removed{' '}
        {formatTime(begunAt)} to {formatTime(finishedAt)}, {formatCount(rows)} rows. Key {thumbprint}
      </Text>
      <Group mt="sm">
        <Button
          size="xs"
          variant="default"
          leftSection={<Icon name="download" size={15} />}
          aria-label={`Download certificate no. ${number}`}
          onClick={() => save(tenantId, signed)}
        >
          Download
        </Button>
      </Group>
    </Card>
  )
}

function save(tenantId: string, signed: string): void {
  const address = URL.createObjectURL(new Blob([`${signed}\n`], { type: 'application/jose' }))
  const link = document.createElement('a')
  link.href = address
  link.download = `commonhold-deletion-${tenantId}.jws`
  link.click()
  URL.revokeObjectURL(address)
}
