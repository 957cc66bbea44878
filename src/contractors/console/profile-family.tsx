import { Anchor, Badge, Text } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { formatAmount, formatCompactAmount, formatCount, LoadMore, PageLink } from '#platform/console'
import contractorClasses from './contractor.module.css'
import { type ContractorInFull, placeOf } from './contractors.ts'
import classes from './profile.module.css'
import { Loaded, Part, Table } from './profile-part.tsx'
import { type Family, type FamilyMember, familyMembersQuery, familyQuery } from './profile-queries.ts'

/** To whom it belongs, and what belongs to it. */
export function FamilySection({ contractor }: { contractor: ContractorInFull }) {
  const query = useQuery(familyQuery(contractor.id))
  return (
    <div className={classes.sections}>
      <Part
        title={query.data?.name && query.data.profileCount > 1 ? `Family of ${query.data.name}` : 'Family'}
        note="By the parents that registrations and contract actions name"
      >
        <Loaded
          query={query}
          height={260}
          isEmpty={isAlone}
          empty={{
            icon: 'tree',
            title: 'It stands alone',
            text: 'No source names a parent of it, or another contractor whose parent it is.',
          }}
        >
          {family => (
            <>
              <Sums family={family} />
              <Tree family={family} />
            </>
          )}
        </Loaded>
      </Part>
      {query.data && query.data.profileCount > 1 && <Members contractorId={contractor.id} />}
    </div>
  )
}

const isAlone = ({ ancestors, children, profileCount }: Family) =>
  ancestors.length === 0 && children.length === 0 && profileCount < 2

function Sums({ family }: { family: Family }) {
  const { profileCount, totalContractValue, activeContractsCount, completedContractsCount } = family
  return (
    <div className={classes.inset}>
      <dl className={contractorClasses.figures} style={{ gridTemplateColumns: 'repeat(auto-fit, minmax(132px, 1fr))' }}>
        <div>
          <dt>Contractors</dt>
          <dd>{formatCount(profileCount)}</dd>
        </div>
        <div>
          <dt>Obligated to all of them</dt>
          <dd>
            {totalContractValue === null ? (
              'not known'
            ) : (
              <span title={formatAmount(totalContractValue)}>{formatCompactAmount(totalContractValue)}</span>
            )}
          </dd>
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
    </div>
  )
}

/** The chain of parents down to this one among its siblings, with its children below. */
function Tree({ family }: { family: Family }) {
  return (
    <ul className={classes.tree} aria-label="Family tree">
      <Branch path={family.ancestors} family={family} />
    </ul>
  )
}

function Branch({ path, family }: { path: readonly FamilyMember[]; family: Family }) {
  const [above, ...rest] = path
  if (above)
    return (
      <li>
        <Member member={above} />
        <ul>
          <Branch path={rest} family={family} />
        </ul>
      </li>
    )
  const { self, children, siblings } = family
  const moreChildren = self.childCount - children.length
  return (
    <>
      <li>
        <Member member={self} isSelf />
        {children.length > 0 && (
          <ul>
            {children.map(child => (
              <li key={child.id}>
                <Member member={child} />
              </li>
            ))}
            {moreChildren > 0 && (
              <li>
                <Text size="sm" c="dimmed" p="9px 10px">
                  and {formatCount(moreChildren)} more
                </Text>
              </li>
            )}
          </ul>
        )}
      </li>
      <Siblings siblings={siblings} />
    </>
  )
}

const mostSiblings = 6

/** Some families are large: the tree shows where this one stands, and the table has them all. */
function Siblings({ siblings }: { siblings: readonly FamilyMember[] }) {
  const [all, setAll] = useState(false)
  const shown = all ? siblings : siblings.slice(0, mostSiblings)
  return (
    <>
      {shown.map(sibling => (
        <li key={sibling.id}>
          <Member member={sibling} />
        </li>
      ))}
      {shown.length < siblings.length && (
        <li>
          <Anchor component="button" type="button" size="sm" p="9px 10px" onClick={() => setAll(true)}>
            {formatCount(siblings.length - shown.length)} more beside it
          </Anchor>
        </li>
      )}
    </>
  )
}

function Member({ member, isSelf }: { member: FamilyMember; isSelf?: boolean }) {
  const { id, uei, name, totalContractValue, childCount } = member
  return (
    <div className={classes.member} data-self={isSelf || undefined}>
      <div style={{ minWidth: 0 }}>
        {isSelf ? (
          <span aria-current="true">{name}</span>
        ) : id ? (
          <Anchor component={PageLink} to={`/contractors/${id}`} search={{ section: 'family' }} size="sm">
            {name}
          </Anchor>
        ) : (
          <>
            {name ?? <span className="code">{uei}</span>}{' '}
            <Badge size="xs" variant="light" color="gray">
              no profile
            </Badge>
          </>
        )}
        <Text size="xs" c="dimmed" component="div" fw={400}>
          {uei && name && <span className="code">{uei} </span>}
          {placeOf({ ...member, country: null })}
          {!isSelf && id && childCount > 0 && ` · ${formatCount(childCount)} below it`}
        </Text>
      </div>
      {totalContractValue !== null && (
        <span className="figures" title={formatAmount(totalContractValue)}>
          {formatCompactAmount(totalContractValue)}
        </span>
      )}
    </div>
  )
}

function Members({ contractorId }: { contractorId: string }) {
  const query = useInfiniteQuery(familyMembersQuery(contractorId))
  const members = query.data?.pages.flatMap(page => page.items) ?? []
  return (
    <Part title="All of the family" note="By dollars obligated">
      <Loaded
        query={{ data: query.data && members, error: query.error, isPending: query.isPending, refetch: query.refetch }}
        isEmpty={items => items.length === 0}
        empty={{ icon: 'people', title: 'Nobody is known', text: 'No contractor of the family has a profile.' }}
      >
        {items => (
          <Table
            label="Table of the family"
            head={
              <tr>
                <th>Contractor</th>
                <th>UEI</th>
                <th>Place</th>
                <th className="number">Active awards</th>
                <th className="number">Obligated</th>
              </tr>
            }
          >
            {items.map(({ id, uei, name, activeContractsCount, totalContractValue, ...place }) => (
              <tr key={id}>
                <td>
                  {id === contractorId ? (
                    <strong>{name}</strong>
                  ) : (
                    <Anchor component={PageLink} to={`/contractors/${id}`} size="sm">
                      {name}
                    </Anchor>
                  )}
                </td>
                <td className="code">{uei}</td>
                <td>{placeOf({ ...place, country: null })}</td>
                <td className="number">{formatCount(activeContractsCount)}</td>
                <td className="number">{totalContractValue === null ? '–' : formatAmount(totalContractValue)}</td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
      <LoadMore query={query} label="Load more of the family" />
    </Part>
  )
}
