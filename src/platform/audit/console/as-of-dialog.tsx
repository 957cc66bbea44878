import { Anchor, Modal, Skeleton, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorState, formatExactTime, type OnTheWire, request, ScrollRegion, useResources } from '#platform/console'
import type { PastRow } from '../past-rows.ts'
import { capitalised } from './audit-logs.ts'
import { nounOf, wordFor } from './sentences.ts'

/** A link that opens a resource as it was at a moment, which can be changed: at first that of the entry. */
export function AsOf({ resource, resourceId, at }: { resource: string; resourceId: string; at: string }) {
  const [opened, setOpened] = useState(false)
  const resources = useResources()
  return (
    <>
      <Anchor component="button" type="button" size="xs" onClick={() => setOpened(true)}>
        As it was at…
      </Anchor>
      <Modal
        opened={opened}
        onClose={() => setOpened(false)}
        size="lg"
        closeButtonProps={{ 'aria-label': 'Close' }}
        title={`${capitalised(nounOf(resource, resources))} as it was`}
      >
        {opened && <RowThen resource={resource} resourceId={resourceId} at={at} />}
      </Modal>
    </>
  )
}

function RowThen({ resource, resourceId, at }: { resource: string; resourceId: string; at: string }) {
  const [local, setLocal] = useState(localOf(new Date(at)))
  const resources = useResources()
  const chosen = new Date(local)
  const isMoment = !Number.isNaN(chosen.getTime())
  // A second later than the entry's own, which is shown without its fraction: its change counts.
  const moment = isMoment ? new Date(chosen.getTime() + 999).toISOString() : at
  const query = useQuery({
    queryKey: ['audit-as-of', resource, resourceId, moment],
    queryFn: ({ signal }) =>
      request<OnTheWire<PastRow>>('/audit-logs/as-of', { query: { resource, resourceId, at: moment }, signal }),
    enabled: isMoment,
  })
  const { data } = query
  return (
    <>
      <TextInput
        type="datetime-local"
        step={1}
        label="At"
        description="In the time of this browser"
        value={local}
        error={!isMoment && 'Choose a day and a time'}
        onChange={event => setLocal(event.currentTarget.value)}
        mb="md"
      />
      {query.isPending ? (
        <div role="status" aria-label="Rebuilding it from the log">
          <Skeleton height={160} />
        </div>
      ) : query.isError ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : (
        data && (
          <div aria-live="polite">
            <Text size="sm" mb="sm">
              {data.exists ? 'It was there then.' : 'It was not there then.'}{' '}
              {data.lastChange &&
                `Last changed before: ${formatExactTime(data.lastChange.createdAt)} by ${data.lastChange.userName ?? (data.lastChange.userId ? 'somebody whose name is not known' : 'the system')}.`}{' '}
              {data.exists && !data.isComplete && 'The log does not begin with it: columns may be missing.'}
            </Text>
            {data.values && (
              <ScrollRegion label="Table: its values then">
                <table className="data">
                  <thead>
                    <tr>
                      <th>Column</th>
                      <th>Value then</th>
                    </tr>
                  </thead>
                  <tbody>
                    {Object.entries(data.values).map(([column, value]) => (
                      <tr key={column}>
                        <td>{capitalised(wordFor(column, resource, resources))}</td>
                        <td style={{ overflowWrap: 'anywhere' }}>{value ?? 'empty'}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </ScrollRegion>
            )}
            {data.notLogged.length > 0 && (
              <Text size="xs" c="dimmed" mt="sm">
                Not logged: {data.notLogged.join(', ')}.
              </Text>
            )}
          </div>
        )
      )}
    </>
  )
}

/** As a field for date and time has it, to the second. */
function localOf(moment: Date): string {
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}
