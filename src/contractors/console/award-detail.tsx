import { Anchor, Badge, Group, Skeleton, Text, Title } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useRef } from 'react'
import {
  ErrorState,
  formatAmount,
  formatCount,
  formatDay,
  Icon,
  LoadMore,
  PageLink,
  SideSheet,
} from '#platform/console'
import type { ContractorInFull } from './contractors.ts'
import { nameSource } from './fields.ts'
import classes from './profile.module.css'
import { type AwardInFull, actionsQuery, awardQuery } from './profile-queries.ts'

type DetailProps = { contractor: ContractorInFull; awardId: string; close: () => void }

/** One award beside the table: its values, where else it can be looked up, and all that was done to it. */
export function AwardDetail({ contractor, awardId, close }: DetailProps) {
  // Stays while the sheet slides away.
  const last = useRef(awardId)
  last.current = awardId || last.current
  return (
    <SideSheet
      opened={awardId !== ''}
      onClose={close}
      position="right"
      size="xl"
      title="Award"
      closeLabel="Close the award"
    >
      {last.current && <Content contractor={contractor} awardId={last.current} />}
    </SideSheet>
  )
}

function Content({ contractor, awardId }: Omit<DetailProps, 'close'>) {
  const { data: award, isPending, error, refetch } = useQuery(awardQuery(contractor.id, awardId))
  if (isPending) return <Skeleton height={300} role="status" aria-label="Loading the award" />
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  const page = `/contractors/${contractor.id}`
  const facts: [string, string | null][] = [
    ['Agency', award.agencyName],
    ['Kind', award.kind === 'vehicle' ? 'Vehicle on which orders are placed' : 'Contract or order'],
    ['Industry', award.naicsCode && `${award.naicsCode} ${award.naicsTitle ?? '(of an edition before 2017)'}`],
    ['Product or service', award.pscCode],
    ['Signed', award.signedDate && formatDay(award.signedDate)],
    ['Last action', award.lastActionDate && formatDay(award.lastActionDate)],
    ['Completion', award.completionDate && formatDay(award.completionDate)],
    ['Obligated in all', award.totalObligated && formatAmount(award.totalObligated)],
    ['By the last action', award.obligatedAmount && formatAmount(award.obligatedAmount)],
    ['With all options', award.potentialValue && formatAmount(award.potentialValue)],
    ['Status in the source', award.reportedStatus],
  ]
  return (
    <>
      <Group gap="xs" mb={4}>
        <Title order={2} size="h3" className="code">
          {award.piid}
        </Title>
        {award.status && (
          <Badge variant="light" color={award.status === 'active' ? 'pine' : 'gray'}>
            {award.status}
          </Badge>
        )}
      </Group>
      {award.description && <Text size="sm">{award.description}</Text>}
      <dl className={classes.facts} style={{ padding: '12px 0' }}>
        {facts.map(
          ([label, text]) =>
            text && (
              <div key={label} className={classes.fact}>
                <dt>{label}</dt>
                <dd className="figures">{text}</dd>
              </div>
            ),
        )}
        {award.referencedPiid && (
          <div className={classes.fact}>
            <dt>Placed under</dt>
            <dd className="code">
              {award.parentAwardId ? (
                <Anchor
                  component={PageLink}
                  to={page}
                  search={{ section: 'awards', award: award.parentAwardId }}
                  size="sm"
                >
                  {award.referencedPiid}
                </Anchor>
              ) : (
                award.referencedPiid
              )}
            </dd>
          </div>
        )}
        {award.orderCount > 0 && (
          <div className={classes.fact}>
            <dt>Orders under it</dt>
            <dd>
              <Anchor component={PageLink} to={page} search={{ section: 'awards', q: award.piid }} size="sm">
                {formatCount(award.orderCount)}
              </Anchor>
            </dd>
          </div>
        )}
        <div className={classes.fact}>
          <dt>Elsewhere</dt>
          <dd>
            <Group gap="md">
              <Outside label="USAspending" href={usaSpendingOf(award)} />
              <Outside label="FPDS" href={fpdsOf(award)} />
            </Group>
          </dd>
        </div>
      </dl>
      <Actions contractorId={contractor.id} awardId={award.id} />
    </>
  )
}

function Outside({ label, href }: { label: string; href: string }) {
  return (
    <Anchor href={href} target="_blank" rel="noopener noreferrer" size="sm">
      {label} <Icon name="globe" size={13} />
      <span className="visually-hidden"> (opens in a new tab)</span>
    </Anchor>
  )
}

/** USAspending knows an award by its kind, its identifier and agency, and those of its parent. */
function usaSpendingOf({ kind, piid, agencyId, referencedPiid, referencedAgencyId }: AwardInFull): string {
  const parts =
    kind === 'vehicle'
      ? ['CONT_IDV', piid, agencyId]
      : ['CONT_AWD', piid, agencyId, referencedPiid ?? '-NONE-', referencedAgencyId ?? '-NONE-']
  return `https://www.usaspending.gov/award/${encodeURIComponent(parts.join('_'))}`
}

const fpdsOf = ({ piid }: AwardInFull) =>
  `https://www.fpds.gov/ezsearch/search.do?indexName=awardfull&templateName=1.5.3&s=FPDS.GOV&q=${encodeURIComponent(`PIID:"${piid}"`)}`

function Actions({ contractorId, awardId }: { contractorId: string; awardId: string }) {
  const query = useInfiniteQuery(actionsQuery(contractorId, awardId))
  const actions = query.data?.pages.flatMap(page => page.items) ?? []
  return (
    <section aria-label="What was done to it">
      <Title order={3} size="h5" mt="md" mb="xs">
        Actions and modifications
      </Title>
      {query.isPending ? (
        <Skeleton height={120} role="status" aria-label="Loading the actions" />
      ) : query.isError && actions.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : actions.length === 0 ? (
        <Text size="sm" c="dimmed">
          The source of this award publishes no actions one by one.
        </Text>
      ) : (
        <ol className={classes.timeline} style={{ padding: 0 }}>
          {actions.map(action => (
            <li key={action.recordId} className={classes.moment}>
              <Group justify="space-between" gap="4px 12px" align="baseline">
                <span className={classes.momentTitle}>
                  {action.signedDate ? formatDay(action.signedDate) : 'Not dated'}
                  {', '}
                  {action.modNumber && action.modNumber !== '0' ? (
                    <>
                      modification <span className="code">{action.modNumber}</span>
                    </>
                  ) : (
                    'the award itself'
                  )}
                </span>
                {action.obligatedAmount !== null && (
                  <span className="figures">{formatAmount(action.obligatedAmount)}</span>
                )}
              </Group>
              {[action.kind, action.reason].some(Boolean) && (
                <Text size="sm">{[action.kind, action.reason].filter(Boolean).join(': ')}</Text>
              )}
              {action.description && (
                <Text size="xs" c="dimmed">
                  {action.description}
                </Text>
              )}
              <Text size="xs" c="dimmed">
                {nameSource(action.source).short}
              </Text>
            </li>
          ))}
        </ol>
      )}
      <LoadMore query={query} label="Load earlier actions" />
    </section>
  )
}
