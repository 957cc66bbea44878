import { Badge, Button, Skeleton, Text, UnstyledButton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { EmptyState, ErrorState, formatAmount, formatDay, Icon, LoadMore, ScrollRegion } from '#platform/console'
import { AwardFilters } from './award-filters.tsx'
import contractorClasses from './contractor.module.css'
import type { Award, ContractorInFull } from './contractors.ts'
import classes from './profile.module.css'
import { filtersOf, type ProfileAddress, useProfileAddress } from './profile-address.ts'
import { Part } from './profile-part.tsx'
import { filteredAwardsQuery } from './profile-queries.ts'

/** The awards of a contractor one by one, narrowed and sorted as the address says. */
export function Awards({ contractor }: { contractor: ContractorInFull }) {
  const [address, change] = useProfileAddress()
  const filters = filtersOf(address)
  const query = useInfiniteQuery(filteredAwardsQuery(contractor.id, filters))
  const awards = query.data?.pages.flatMap(page => page.items) ?? []
  if (contractor.awardCount === 0) {
    return (
      <Part title="Awards">
        <EmptyState icon="briefcase" title="No award is known">
          The imported sources name this contractor, but no award of it.
        </EmptyState>
      </Part>
    )
  }
  return (
    <Part title="Awards" note="Press an award for its modifications">
      <AwardFilters contractorId={contractor.id} address={address} change={change} />
      {query.isPending ? (
        <Skeleton height={180} mx={20} mb={20} w="auto" role="status" aria-label="Loading the awards" />
      ) : query.isError && awards.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : awards.length === 0 ? (
        <EmptyState
          icon="filter"
          title="No award fits"
          action={
            <Button
              variant="default"
              onClick={() => change({ status: '', agencyId: '', naics: '', year: '', kind: '', q: '' })}
            >
              Clear the filters
            </Button>
          }
        >
          The contractor has awards, but none with all that is asked for.
        </EmptyState>
      ) : (
        <ScrollRegion label="Table of awards" isBusy={query.isPlaceholderData}>
          <table className={`data ${classes.awards}`} style={{ opacity: query.isPlaceholderData ? 0.6 : 1 }}>
            <thead>
              <tr>
                <Sorted by="action" label="Last action" address={address} change={change} />
                <Sorted by="signed" label="Signed" address={address} change={change} />
                <th>Award</th>
                <th>Agency and subject</th>
                <Sorted by="completion" label="Completion" address={address} change={change} />
                <Sorted by="value" label="Obligated" address={address} change={change} isNumber />
              </tr>
            </thead>
            <tbody>
              {awards.map(award => (
                <AwardRow key={award.id} award={award} open={() => change({ award: award.id })} />
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
      <LoadMore query={query} label="Load more awards" />
    </Part>
  )
}

type SortedProps = {
  by: string
  label: string
  address: ProfileAddress
  change: (change: Partial<ProfileAddress>) => void
  isNumber?: boolean
}

/** A press sorts downwards, the next one upwards. */
function Sorted({ by, label, address, change, isNumber }: SortedProps) {
  const isBy = (address.sort || 'action') === by
  const isUp = isBy && address.order === 'asc'
  return (
    <th className={isNumber ? 'number' : undefined} aria-sort={isBy ? (isUp ? 'ascending' : 'descending') : 'none'}>
      <UnstyledButton
        className={classes.sort}
        onClick={() => change({ sort: by === 'action' ? '' : by, order: isBy && !isUp ? 'asc' : '' })}
      >
        {label}
        <Icon
          name={isBy ? 'chevronDown' : 'selector'}
          size={13}
          style={isUp ? { transform: 'rotate(180deg)' } : undefined}
        />
      </UnstyledButton>
    </th>
  )
}

function AwardRow({ award, open }: { award: Award; open: () => void }) {
  return (
    <tr>
      <td data-label="Last action" style={{ whiteSpace: 'nowrap' }}>
        {award.lastActionDate ? formatDay(award.lastActionDate) : '–'}
      </td>
      <td data-label="Signed" style={{ whiteSpace: 'nowrap' }}>
        {award.signedDate ? formatDay(award.signedDate) : '–'}
      </td>
      <td style={{ whiteSpace: 'nowrap' }}>
        <UnstyledButton className={`code ${classes.rowButton}`} fz="sm" onClick={open}>
          <span className="visually-hidden">Details of award </span>
          {award.piid}
        </UnstyledButton>
        {award.referencedPiid && (
          <Text size="xs" c="dimmed" className="code">
            under {award.referencedPiid}
          </Text>
        )}
        {award.kind === 'vehicle' && (
          <Text size="xs" c="dimmed">
            vehicle for orders
          </Text>
        )}
      </td>
      <td style={{ minWidth: 220 }}>
        {award.agencyName}
        {award.description && (
          <Text size="xs" c="dimmed" className={contractorClasses.description} title={award.description}>
            {award.description}
          </Text>
        )}
        {(award.naicsCode || award.pscCode) && (
          <Text size="xs" c="dimmed" className="code">
            {[award.naicsCode && `NAICS ${award.naicsCode}`, award.pscCode && `PSC ${award.pscCode}`]
              .filter(Boolean)
              .join(', ')}
          </Text>
        )}
      </td>
      <td data-label="Completion" style={{ whiteSpace: 'nowrap' }}>
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
