import { Anchor, Badge, Skeleton, Text, UnstyledButton } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorState, formatCount, formatDay, formatTime, LoadMore, SideSheet } from '#platform/console'
import type { ContractorInFull } from './contractors.ts'
import { inOrderOfFields, labelOf, nameSource } from './fields.ts'
import { Period, sourcesOf } from './periods.tsx'
import classes from './profile.module.css'
import { write } from './profile-history.tsx'
import { Loaded, Part, Table } from './profile-part.tsx'
import { type FieldValues, recordQuery, recordsQuery, valuesQuery } from './profile-queries.ts'

/** Where each value comes from, what others say, and the records themselves. */
export function SourcesSection({ contractor }: { contractor: ContractorInFull }) {
  return (
    <div className={classes.sections}>
      <Values contractorId={contractor.id} />
      <Records contractor={contractor} />
    </div>
  )
}

function Values({ contractorId }: { contractorId: string }) {
  const query = useQuery(valuesQuery(contractorId))
  const [all, setAll] = useState(false)
  const isDisputed = ({ values }: FieldValues) => values.length > 1
  const disputed = query.data?.items.filter(isDisputed).length ?? 0
  const total = query.data?.items.length ?? 0
  return (
    <Part
      title="What sources say"
      note="For each field the value of the most trusted source counts, of equal ones the newest"
      actions={
        disputed > 0 &&
        disputed < total && (
          <Anchor component="button" type="button" size="sm" onClick={() => setAll(!all)}>
            {all ? `Only the ${formatCount(disputed)} on which they differ` : `All ${formatCount(total)} fields`}
          </Anchor>
        )
      }
    >
      <Loaded
        query={query}
        height={260}
        isEmpty={({ items }) => items.length === 0}
        empty={{ icon: 'source', title: 'No source says anything', text: 'The profile was made without a record.' }}
      >
        {({ items }) => (
          <Table
            label="Table of values by source"
            head={
              <tr>
                <th>Field</th>
                <th>Value</th>
                <th>Source</th>
                <th>Seen</th>
                <th className="number">Records</th>
              </tr>
            }
          >
            {items
              .toSorted(inOrderOfFields)
              .filter(item => all || disputed === 0 || isDisputed(item))
              .map(item => (
                <FieldRows key={item.field} item={item} />
              ))}
          </Table>
        )}
      </Loaded>
    </Part>
  )
}

const mostValues = 8

function FieldRows({ item: { field, values } }: { item: FieldValues }) {
  const [all, setAll] = useState(false)
  const shown = all ? values : values.slice(0, mostValues)
  return (
    <>
      {shown.map((said, index) => (
        <tr key={said.sourceId + JSON.stringify(said.value)}>
          {index === 0 && (
            <th
              scope="rowgroup"
              rowSpan={shown.length + (shown.length < values.length ? 1 : 0)}
              style={{ verticalAlign: 'top' }}
            >
              {labelOf(field)}
            </th>
          )}
          <td style={{ minWidth: 200, overflowWrap: 'anywhere' }}>
            {write(field, said.value)}{' '}
            {said.isCurrent && (
              <Badge size="xs" variant="light" color="pine">
                shown
              </Badge>
            )}
          </td>
          <td style={{ minWidth: 150 }}>{sourcesOf(said)}</td>
          <td style={{ whiteSpace: 'nowrap' }}>
            <Period {...said} />
          </td>
          <td className="number">{formatCount(said.records)}</td>
        </tr>
      ))}
      {shown.length < values.length && (
        <tr>
          <td colSpan={4}>
            <Anchor component="button" type="button" size="sm" onClick={() => setAll(true)}>
              {formatCount(values.length - shown.length)} more
              <span className="visually-hidden"> of {labelOf(field)}</span>
            </Anchor>
          </td>
        </tr>
      )}
    </>
  )
}

function Records({ contractor }: { contractor: ContractorInFull }) {
  const query = useInfiniteQuery(recordsQuery(contractor.id))
  const records = query.data?.pages.flatMap(page => page.items) ?? []
  const [opened, setOpened] = useState('')
  return (
    <Part
      title="Records"
      note={`${formatCount(contractor.recordCount)} raw ${contractor.recordCount === 1 ? 'record' : 'records'}, the latest change first. Press one to see it as it was published.`}
    >
      <Loaded
        query={{ data: query.data && records, error: query.error, isPending: query.isPending, refetch: query.refetch }}
        isEmpty={items => items.length === 0}
        empty={{ icon: 'source', title: 'There is no record', text: 'The profile was made without a record.' }}
      >
        {items => (
          <Table
            label="Table of records"
            head={
              <tr>
                <th>Source</th>
                <th>Record</th>
                <th>As of</th>
                <th>Imported</th>
                <th>Last changed</th>
              </tr>
            }
          >
            {items.map(record => (
              <tr key={record.id}>
                <td style={{ whiteSpace: 'nowrap' }} title={nameSource(record.source).full}>
                  {nameSource(record.source).short}
                </td>
                <td style={{ overflowWrap: 'anywhere', minWidth: 180 }}>
                  <UnstyledButton className={`code ${classes.rowButton}`} fz="sm" onClick={() => setOpened(record.id)}>
                    <span className="visually-hidden">Content of record </span>
                    {record.sourceId}
                  </UnstyledButton>
                </td>
                <td style={{ whiteSpace: 'nowrap' }}>{record.observedOn ? formatDay(record.observedOn) : '–'}</td>
                <td style={{ whiteSpace: 'nowrap' }}>{formatTime(record.importedAt)}</td>
                <td style={{ whiteSpace: 'nowrap' }}>{formatTime(record.updatedAt)}</td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
      <LoadMore query={query} label="Load more records" />
      <SideSheet
        opened={opened !== ''}
        onClose={() => setOpened('')}
        position="right"
        size="lg"
        title="Record"
        closeLabel="Close the record"
      >
        {opened && <Content contractorId={contractor.id} recordId={opened} />}
      </SideSheet>
    </Part>
  )
}

function Content({ contractorId, recordId }: { contractorId: string; recordId: string }) {
  const { data: record, isPending, error, refetch } = useQuery(recordQuery(contractorId, recordId))
  if (isPending) return <Skeleton height={300} role="status" aria-label="Loading the record" />
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  return (
    <>
      <Text size="sm" fw={600}>
        {nameSource(record.source).full}
      </Text>
      <Text size="sm" className="code" style={{ overflowWrap: 'anywhere' }}>
        {record.sourceId}
      </Text>
      <dl className={classes.facts} style={{ padding: '12px 0' }}>
        {Object.entries(record.data).map(([column, text]) => (
          <div key={column} className={classes.fact} style={{ gridTemplateColumns: '170px minmax(0, 1fr)' }}>
            <dt style={{ overflowWrap: 'anywhere' }}>{column}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}
