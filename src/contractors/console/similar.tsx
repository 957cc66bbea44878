import { Anchor, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { formatAmount, formatCompactAmount, PageLink } from '#platform/console'
import { placeOf } from './contractors.ts'
import classes from './profile.module.css'
import { Loaded, Part } from './profile-part.tsx'
import { type SimilarContractor, similarQuery } from './profile-queries.ts'

const empty = {
  icon: 'people',
  title: 'None is like it',
  text: 'No other contractor has its industry or its place, as far as the imported sources say.',
} as const

/** Contractors like this one, with all that speaks for it. */
export function Similar({ contractorId }: { contractorId: string }) {
  const query = useQuery(similarQuery(contractorId, 20))
  return (
    <Part
      title="Similar contractors"
      note="Outside its own family, by how much they share: industry, agencies, place, size, certifications"
      actions={
        query.data &&
        query.data.items.length > 0 && (
          <Anchor
            component={PageLink}
            to="/contractors/compare"
            search={{ ids: [contractorId, ...query.data.items.slice(0, 4).map(({ id }) => id)].join(',') }}
            size="sm"
          >
            Compare with the first four
          </Anchor>
        )
      }
    >
      <Loaded query={query} height={320} isEmpty={({ items }) => items.length === 0} empty={empty}>
        {({ items }) => items.map(each => <Row key={each.id} contractor={each} />)}
      </Loaded>
    </Part>
  )
}

function Row({ contractor }: { contractor: SimilarContractor }) {
  const { id, name, score, totalContractValue, reasons } = contractor
  return (
    <article className={classes.similar} aria-label={name}>
      <div>
        <Anchor component={PageLink} to={`/contractors/${id}`} fw={550}>
          {name}
        </Anchor>
        <Text size="xs" c="dimmed">
          {placeOf({ ...contractor, country: null })}
        </Text>
      </div>
      <Text size="sm" className="figures">
        {totalContractValue !== null && (
          <span title={formatAmount(totalContractValue)}>{formatCompactAmount(totalContractValue)} obligated, </span>
        )}
        <span title="What the reasons weigh together, of 100">{score} of 100</span>
      </Text>
      <ul className={classes.reasons} aria-label={`Why ${name}`}>
        {reasons.map(({ kind, text }) => (
          <li key={kind} className={classes.reason} title={text}>
            {text}
          </li>
        ))}
      </ul>
    </article>
  )
}

/** The first three, and the way to the others. */
export function SimilarBrief({ contractorId }: { contractorId: string }) {
  const query = useQuery(similarQuery(contractorId, 10))
  return (
    <Part
      title="Similar"
      actions={
        query.data && query.data.items.length > 3 ? (
          <Anchor component={PageLink} to={`/contractors/${contractorId}`} search={{ section: 'similar' }} size="sm">
            All similar ones
          </Anchor>
        ) : undefined
      }
    >
      <Loaded query={query} isEmpty={() => false} empty={empty}>
        {({ items }) =>
          items.length === 0 ? (
            <Text size="sm" c="dimmed" px={20} pb={16}>
              {empty.text}
            </Text>
          ) : (
            <ul className={classes.bars}>
              {items.slice(0, 3).map(({ id, name, reasons }) => (
                <li key={id}>
                  <div className={classes.bar} style={{ gridTemplateColumns: 'minmax(0, 1fr)' }}>
                    <Anchor component={PageLink} to={`/contractors/${id}`} size="sm">
                      {name}
                    </Anchor>
                    <Text size="xs" c="dimmed">
                      {reasons
                        .slice(0, 2)
                        .map(({ text }) => text)
                        .join('; ')}
                    </Text>
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Part>
  )
}
