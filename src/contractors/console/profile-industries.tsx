import { Anchor, Badge, Button, Center, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { formatAmount, formatCount, PageLink } from '#platform/console'
import { Breakdown } from './breakdown.tsx'
import type { ContractorInFull } from './contractors.ts'
import classes from './profile.module.css'
import { Loaded, Part, Table } from './profile-part.tsx'
import { type Industry, industriesQuery } from './profile-queries.ts'

const mostShown = 15

/** What it does: the industries that it has registered, and those of its awards. */
export function IndustriesSection({ contractor }: { contractor: ContractorInFull }) {
  const query = useQuery(industriesQuery(contractor.id))
  const [all, setAll] = useState(false)
  const total = query.data?.items.length ?? 0
  const registered = query.data?.items.filter(({ isRegistered }) => isRegistered).length ?? 0
  return (
    <div className={classes.sections}>
      <Part
        title="Industries"
        note={
          registered > 0
            ? `${formatCount(registered)} registered. Whether a firm is a small business is decided for each industry by its own limit.`
            : 'Of its awards. Its registration, which lists all of them with the size that counts, has not been imported.'
        }
      >
        <Loaded
          query={query}
          height={280}
          isEmpty={({ items }) => items.length === 0}
          empty={{ icon: 'briefcase', title: 'No industry is known', text: 'None of the imported sources tells one.' }}
        >
          {({ items }) => (
            <Table
              label="Table of industries"
              head={
                <tr>
                  <th>NAICS</th>
                  <th>Industry</th>
                  <th>Registered as</th>
                  <th className="number">Awards</th>
                  <th className="number">Active</th>
                  <th className="number">Obligated</th>
                </tr>
              }
            >
              {(all ? items : items.slice(0, mostShown)).map(industry => (
                <Row key={industry.code} industry={industry} contractorId={contractor.id} />
              ))}
            </Table>
          )}
        </Loaded>
        {!all && total > mostShown && (
          <Center p="sm">
            <Button variant="default" size="xs" onClick={() => setAll(true)}>
              Show all {formatCount(total)} industries
            </Button>
          </Center>
        )}
      </Part>
      {contractor.awardCount > 0 && <Breakdown contractorId={contractor.id} by="naics" />}
    </div>
  )
}

const sizes = { small: 'Small business', other: 'Not small', exception: 'Depends on the contract' } as const

function Row({ industry, contractorId }: { industry: Industry; contractorId: string }) {
  const { code, title, edition, groups, isPrimary, isRegistered, size, awards, active, obligated } = industry
  return (
    <tr>
      <td className="code">{code}</td>
      <td style={{ minWidth: 220 }}>
        {title ?? 'A code of an edition before 2017'}{' '}
        {isPrimary && (
          <Badge size="xs" variant="light" color="pine">
            primary
          </Badge>
        )}
        {groups.length > 0 && (
          <Text size="xs" c="dimmed">
            {groups.map(group => group.title).join(' › ')}
          </Text>
        )}
        {edition !== null && edition < 2022 && (
          <Text size="xs" c="dimmed">
            Of the edition of {edition}; the one of 2022 does not have it
          </Text>
        )}
      </td>
      <td style={{ whiteSpace: 'nowrap' }}>
        {!isRegistered ? (
          <Text span size="sm" c="dimmed">
            –
          </Text>
        ) : size === 'small' ? (
          <Badge size="sm" variant="light" color="pine">
            {sizes.small}
          </Badge>
        ) : size === null ? (
          'Size not stated'
        ) : (
          sizes[size]
        )}
      </td>
      <td className="number">
        {awards > 0 ? (
          <Anchor
            component={PageLink}
            to={`/contractors/${contractorId}`}
            search={{ section: 'awards', naics: code }}
            size="sm"
          >
            {formatCount(awards)}
          </Anchor>
        ) : (
          '–'
        )}
      </td>
      <td className="number">{awards > 0 ? formatCount(active) : '–'}</td>
      <td className="number">{awards > 0 ? formatAmount(obligated) : '–'}</td>
    </tr>
  )
}
