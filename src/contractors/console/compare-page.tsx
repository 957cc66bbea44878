import { ActionIcon, Alert, Button, Center, Group, Loader, Switch, Text } from '@mantine/core'
import { type UseQueryResult, useQueries } from '@tanstack/react-query'
import { Fragment, useMemo, useState } from 'react'
import {
  EmptyState,
  ErrorState,
  Icon,
  manyOf,
  PageHeader,
  PageLink,
  Problem,
  ScrollRegion,
  type Search,
  useAddress,
} from '#platform/console'
import { AddSelection } from './add-selection.tsx'
import classes from './compare.module.css'
import { CompareAdd } from './compare-add.tsx'
import { CompareChart } from './compare-chart.tsx'
import { type AwardTotal, type ContractorInFull, contractorQuery, isId, placeOf } from './contractors.ts'
import { ExportButton } from './export-button.tsx'
import { describeFields } from './fields.ts'
import { totalsQuery } from './profile-queries.ts'

/** So many fit side by side. */
const most = 5

const readIds = (search: Search) => ({ ids: [...new Set(manyOf(search.ids).filter(isId))].slice(0, most) })

/** Up to five contractors side by side; where they differ is marked. */
export function Page() {
  const [{ ids }, change] = useAddress(readIds)
  const [onlyDifferent, setOnlyDifferent] = useState(false)
  const { found, gone, failed } = useQueries({ queries: ids.map(id => contractorQuery(id)), combine: contractorsOf })
  const totals = useQueries({ queries: ids.map(id => totalsQuery(id, 'year')), combine: totalsOf })
  const lines = useMemo(
    () => found.map(({ id, name }) => ({ id, name, totals: totals[ids.indexOf(id)] ?? [] })),
    [found, totals, ids],
  )

  return (
    <>
      <PageHeader
        title="Compare contractors"
        lead={`Up to ${most} side by side. The address of this page can be shared.`}
        actions={
          found.length > 0 && (
            <Group gap="xs" className={classes.actions}>
              <AddSelection selection={{ ids: found.map(({ id }) => id) }} />
              <ExportButton selection={{ ids }} size="xs" />
              <Button
                variant="default"
                size="xs"
                leftSection={<Icon name="log" size={15} />}
                onClick={() => window.print()}
              >
                Print
              </Button>
            </Group>
          )
        }
      />
      {ids.length < most && (
        <div className={classes.actions}>
          <CompareAdd left={most - ids.length} taken={ids} add={id => change({ ids: [...ids, id] })} />
        </div>
      )}
      {gone > 0 && (
        <Alert variant="light" color="gray" mb="sm" icon={<Icon name="info" />}>
          {gone === 1
            ? 'One of them is not in the catalogue any more.'
            : `${gone} of them are not in the catalogue any more.`}
        </Alert>
      )}
      {ids.length === gone ? (
        <div className="panel">
          <EmptyState
            icon="people"
            title="Nobody is compared yet"
            action={
              <Button component={PageLink} to="/contractors">
                Search contractors
              </Button>
            }
          >
            Tick two to five in the search, then choose “Compare”; or look for them above.
          </EmptyState>
        </div>
      ) : failed ? (
        <ErrorState error={failed.error} retry={() => void failed.refetch()} />
      ) : found.length + gone < ids.length ? (
        <Center py={80} role="status" aria-label="Loading">
          <Loader />
        </Center>
      ) : (
        <>
          <Group justify="flex-end" mb="xs" className={classes.actions}>
            <Switch
              size="xs"
              label="Only what differs"
              checked={onlyDifferent}
              onChange={event => setOnlyDifferent(event.currentTarget.checked)}
            />
          </Group>
          <Sheet
            contractors={found}
            onlyDifferent={onlyDifferent}
            remove={id => change({ ids: ids.filter(other => other !== id) })}
          />
          <CompareChart lines={lines} />
        </>
      )}
    </>
  )
}

/** A shared address outlives who no longer wants to be shown: the others are compared all the same. */
const contractorsOf = (queries: readonly UseQueryResult<ContractorInFull>[]) => {
  const isGone = ({ error }: UseQueryResult<ContractorInFull>) => error instanceof Problem && error.status === 404
  return {
    found: queries.flatMap(({ data }) => (data ? [data] : [])),
    gone: queries.filter(isGone).length,
    failed: queries.find(query => query.error && !isGone(query)),
  }
}

const totalsOf = (queries: readonly UseQueryResult<{ items: readonly AwardTotal[] }>[]) =>
  queries.map(({ data }) => data?.items ?? [])

type SheetProps = { contractors: readonly ContractorInFull[]; onlyDifferent: boolean; remove: (id: string) => void }

function Sheet({ contractors, onlyDifferent, remove }: SheetProps) {
  const groups = groupsOf(contractors, onlyDifferent)
  return (
    <ScrollRegion label="Comparison" className={`panel ${classes.sheet}`}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">
              <span className="visually-hidden">What</span>
            </th>
            {contractors.map((contractor, index) => (
              <th key={contractor.id} scope="col">
                <Group justify="space-between" wrap="nowrap" gap={4} align="flex-start">
                  <span>
                    <span className={classes.swatch} data-line={index} aria-hidden="true" />
                    <PageLink to="/contractors/$id" params={{ id: contractor.id }} className={classes.name}>
                      {contractor.name}
                    </PageLink>
                    <Text size="xs" c="dimmed">
                      {placeOf(contractor)}
                    </Text>
                  </span>
                  <ActionIcon
                    className={classes.actions}
                    variant="subtle"
                    color="gray"
                    aria-label={`Take ${contractor.name} out`}
                    onClick={() => remove(contractor.id)}
                  >
                    <Icon name="close" size={15} />
                  </ActionIcon>
                </Group>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.map(group => (
            <Fragment key={group.title}>
              <tr className={classes.group}>
                <th scope="rowgroup" colSpan={contractors.length + 1}>
                  {group.title}
                </th>
              </tr>
              {group.rows.map(row => (
                <tr key={row.name} data-different={row.isDifferent || undefined}>
                  <th scope="row">
                    {row.label}
                    {row.isDifferent && <span className="visually-hidden">, differs</span>}
                  </th>
                  {row.texts.map((text, index) => (
                    <td key={contractors[index]?.id}>
                      {text ?? (
                        <Text span c="dimmed" inherit>
                          –
                        </Text>
                      )}
                    </td>
                  ))}
                </tr>
              ))}
            </Fragment>
          ))}
        </tbody>
      </table>
      {groups.length === 0 && (
        <Text c="dimmed" ta="center" p="lg">
          They do not differ in anything that is known.
        </Text>
      )}
    </ScrollRegion>
  )
}

type Row = { name: string; label: string; texts: (string | undefined)[]; isDifferent: boolean }

/** Rows that nobody has a value in are left out. */
function groupsOf(contractors: readonly ContractorInFull[], onlyDifferent: boolean): { title: string; rows: Row[] }[] {
  const described = contractors.map(contractor => describeFields(contractor))
  const groups = (described[0] ?? []).map((group, at) => ({
    title: group.title,
    rows: group.fields
      .map((field, place) => {
        const texts = described.map(each => each[at]?.fields[place]?.text)
        const isDifferent = contractors.length > 1 && new Set(texts).size > 1
        return { name: field.name, label: field.label, texts, isDifferent }
      })
      .filter(row => row.texts.some(text => text !== undefined) && (!onlyDifferent || row.isDifferent)),
  }))
  return groups.filter(group => group.rows.length > 0)
}
