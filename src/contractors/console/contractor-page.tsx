import { Anchor, Badge, Button, Center, Group, Skeleton, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import {
  ErrorState,
  formatAmount,
  formatCompactAmount,
  formatCount,
  formatTime,
  Icon,
  NotFound,
  PageHeader,
  PageLink,
  usePageTitle,
} from '#platform/console'
import { Awards } from './awards.tsx'
import classes from './contractor.module.css'
import { type ContractorInFull, contractorQuery, isId, placeOf } from './contractors.ts'
import { describeFields, type FieldGroup, knownBy, nameSource } from './fields.ts'
import { FavouriteButton, ListMenu } from './list-menu.tsx'
import { Provenance } from './provenance.tsx'

const Obligations = lazy(async () => ({ default: (await import('./obligations.tsx')).Obligations }))

export function Page() {
  const { id = '' } = useParams({ strict: false })
  return isId(id) ? <KnownPage id={id} /> : <NotFound />
}

function KnownPage({ id }: { id: string }) {
  const { data: contractor, isPending, error, refetch } = useQuery(contractorQuery(id))
  usePageTitle(contractor?.name)
  if (isPending) return <Waiting />
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  const groups = describeFields(contractor)
  const [identity, address, business, registration, contracts] = groups
  const place = placeOf(contractor)
  return (
    <>
      <Anchor component={PageLink} to="/contractors" size="sm" c="dimmed" display="inline-block" mb="xs">
        <Group gap={6}>
          <Icon name="arrowLeft" size={15} />
          All contractors
        </Group>
      </Anchor>
      <PageHeader
        title={contractor.name}
        lead={
          <Group gap="6px 16px">
            <span>
              UEI <span className="code">{contractor.uei}</span>
            </span>
            {contractor.cageCode && (
              <span>
                CAGE <span className="code">{contractor.cageCode}</span>
              </span>
            )}
            {place && <span>{place}</span>}
            {contractor.isPlaceholder && (
              <Badge color="gray" variant="light">
                Stands for recipients that are not named
              </Badge>
            )}
          </Group>
        }
        actions={
          <>
            <FavouriteButton contractor={contractor} labelled />
            <ListMenu contractor={contractor} labelled />
          </>
        }
      />
      <section className={`panel ${classes.overview}`} aria-label="Overview">
        <Figures contractor={contractor} />
        <Suspense fallback={<Skeleton height={220} />}>
          <Obligations contractorId={id} />
        </Suspense>
      </section>
      <div className={classes.groups}>
        <div className={classes.column}>
          <Fields group={identity} contractor={contractor} />
          <Fields group={contracts} contractor={contractor} />
        </div>
        <div className={classes.column}>
          <Fields group={address} contractor={contractor} />
          <Fields group={business} contractor={contractor} />
          <Fields group={registration} contractor={contractor} />
        </div>
      </div>
      <Unsourced groups={groups} />
      <Awards contractorId={id} />
      <Records contractor={contractor} />
    </>
  )
}

function Figures({ contractor }: { contractor: ContractorInFull }) {
  const { totalContractValue, averageContractValue, activeContractsCount, completedContractsCount } = contractor
  const amount = (value: string | null) =>
    value === null ? (
      <Text span c="dimmed" size="sm" fw={400}>
        not known
      </Text>
    ) : (
      <span title={formatAmount(value)}>{formatCompactAmount(value)}</span>
    )
  return (
    <dl className={classes.figures}>
      <div>
        <dt>Total obligated</dt>
        <dd>{amount(totalContractValue)}</dd>
      </div>
      <div>
        <dt>Average per award</dt>
        <dd>{amount(averageContractValue)}</dd>
      </div>
      <div>
        <dt>Active awards</dt>
        <dd>{formatCount(activeContractsCount)}</dd>
      </div>
      <div>
        <dt>Completed awards</dt>
        <dd>{formatCount(completedContractsCount)}</dd>
      </div>
    </dl>
  )
}

function Fields({ group, contractor }: { group: FieldGroup | undefined; contractor: ContractorInFull }) {
  const fields = group?.fields.filter(field => field.text !== undefined)
  if (!group || !fields?.length) return null
  return (
    <section className={`panel ${classes.group}`} aria-label={group.title}>
      <Title order={2}>{group.title}</Title>
      <dl className={classes.fields}>
        {fields.map(({ name, label, text }) => {
          const source = contractor.sources[name]
          return (
            <div key={name} className={classes.field}>
              <dt>{label}</dt>
              <dd>
                <div className="figures">{text}</div>
                {source ? (
                  <Provenance label={label} source={source} />
                ) : (
                  knownBy[name] && <span className={classes.note}>{knownBy[name]}</span>
                )}
              </dd>
            </div>
          )
        })}
      </dl>
    </section>
  )
}

function Unsourced({ groups }: { groups: readonly FieldGroup[] }) {
  const missing = groups.flatMap(group => group.fields).filter(field => field.text === undefined)
  if (missing.length === 0) return null
  return (
    <details className={`panel ${classes.empty}`}>
      <summary>
        {missing.length} {missing.length === 1 ? 'field is' : 'fields are'} not in any source
      </summary>
      <ul>
        {missing.map(field => (
          <li key={field.name}>{field.label}</li>
        ))}
      </ul>
    </details>
  )
}

function Records({ contractor }: { contractor: ContractorInFull }) {
  const { records, recordCount } = contractor
  const [most, setMost] = useState(10)
  return (
    <section className="panel" aria-labelledby="records">
      <div className={classes.sectionHead}>
        <Title order={2} id="records">
          Records
        </Title>
        <Text size="sm" c="dimmed">
          {formatCount(recordCount)} raw {recordCount === 1 ? 'record' : 'records'}
          {recordCount > 1 && ', latest change first'}
        </Text>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section className="scroll-x" tabIndex={0} aria-label="Table of records">
        <table className="data">
          <thead>
            <tr>
              <th>Source</th>
              <th>Record</th>
              <th>Imported</th>
              <th>Last changed</th>
            </tr>
          </thead>
          <tbody>
            {records.slice(0, most).map(record => (
              <tr key={`${record.source} ${record.sourceId}`}>
                <td title={nameSource(record.source).full}>{nameSource(record.source).short}</td>
                <td className="code">{record.sourceId}</td>
                <td>{formatTime(record.importedAt)}</td>
                <td>{formatTime(record.updatedAt)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {most < records.length ? (
        <Center p="sm">
          <Button variant="default" size="xs" onClick={() => setMost(most + 30)}>
            Show more<span className="visually-hidden"> records</span>
          </Button>
        </Center>
      ) : (
        recordCount > records.length && (
          <Text size="xs" c="dimmed" ta="center" p="sm">
            These are the {formatCount(records.length)} that changed last of {formatCount(recordCount)}.
          </Text>
        )
      )}
    </section>
  )
}

function Waiting() {
  return (
    <div role="status" aria-label="Loading the contractor">
      <Skeleton height={28} width="46%" mb={12} />
      <Skeleton height={14} width="32%" mb={28} />
      <Skeleton height={250} mb={20} />
      <Skeleton height={320} />
    </div>
  )
}
