import { Badge, Skeleton, Text, Title } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { EmptyState, ErrorState, formatAmount, formatDay, LoadMore } from '#platform/console'
import classes from './contractor.module.css'
import { type Award, awardsQuery } from './contractors.ts'

export function Awards({ contractorId }: { contractorId: string }) {
  const query = useInfiniteQuery(awardsQuery(contractorId))
  const awards = query.data?.pages.flatMap(page => page.items) ?? []
  return (
    <section className="panel" aria-labelledby="awards" style={{ margin: '20px 0' }}>
      <div className={classes.sectionHead}>
        <Title order={2} id="awards">
          Awards
        </Title>
        <Text size="sm" c="dimmed">
          Latest action first
        </Text>
      </div>
      {query.isPending ? (
        <Skeleton height={180} m={20} w="auto" />
      ) : query.isError && awards.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : awards.length === 0 ? (
        <EmptyState icon="briefcase" title="No award is known">
          The imported sources name this contractor, but no award of it.
        </EmptyState>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <section className="scroll-x" tabIndex={0} aria-label="Table of awards">
          <table className="data">
            <thead>
              <tr>
                <th>Last action</th>
                <th>Signed</th>
                <th>Award</th>
                <th>Agency and subject</th>
                <th>Codes</th>
                <th>Completion</th>
                <th className="number">Obligated</th>
              </tr>
            </thead>
            <tbody>
              {awards.map(award => (
                <AwardRow key={award.id} award={award} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      <LoadMore query={query} label="Load more awards" />
    </section>
  )
}

function AwardRow({ award }: { award: Award }) {
  return (
    <tr>
      <td style={{ whiteSpace: 'nowrap' }}>{award.lastActionDate ? formatDay(award.lastActionDate) : '–'}</td>
      <td style={{ whiteSpace: 'nowrap' }}>{award.signedDate ? formatDay(award.signedDate) : '–'}</td>
      <td className="code" style={{ whiteSpace: 'nowrap' }}>
        {award.piid}
        {award.referencedPiid && (
          <Text size="xs" c="dimmed">
            under {award.referencedPiid}
          </Text>
        )}
      </td>
      <td style={{ minWidth: 220 }}>
        {award.agencyName ?? `Agency ${award.agencyId}`}
        {award.description && (
          <Text size="xs" c="dimmed" className={classes.description} title={award.description}>
            {award.description}
          </Text>
        )}
      </td>
      <td style={{ whiteSpace: 'nowrap' }}>
        {award.naicsCode && <div>NAICS {award.naicsCode}</div>}
        {award.pscCode && (
          <Text size="xs" c="dimmed">
            PSC {award.pscCode}
          </Text>
        )}
      </td>
      <td style={{ whiteSpace: 'nowrap' }}>
        {award.completionDate ? formatDay(award.completionDate) : '–'}
        {award.status && (
          <div>
            <Badge size="xs" variant="light" color={award.status === 'active' ? 'pine' : 'gray'}>
              {award.status}
            </Badge>
          </div>
        )}
      </td>
      <td className="number">
        {award.totalObligated === null ? '–' : formatAmount(award.totalObligated)}
        {award.obligatedAmount !== null && (
          <Text size="xs" c="dimmed" title="By the latest action alone">
            last {formatAmount(award.obligatedAmount)}
          </Text>
        )}
      </td>
    </tr>
  )
}
