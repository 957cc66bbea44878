import { Badge, Text } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { formatAmount, formatCount, formatDay, formatInstantDay, formatTime, LoadMore } from '#platform/console'
import type { ContractorInFull } from './contractors.ts'
import { inOrderOfFields, labelOf, nameSource } from './fields.ts'
import { Period, sourcesOf } from './periods.tsx'
import classes from './profile.module.css'
import { Loaded, Part } from './profile-part.tsx'
import { changesQuery, type KnownName, namesQuery, type ProfileChange } from './profile-queries.ts'

/** What it was called, and what changed in its profile. */
export function HistorySection({ contractor }: { contractor: ContractorInFull }) {
  return (
    <div className={classes.pair}>
      <Names contractorId={contractor.id} />
      <Changes contractorId={contractor.id} />
    </div>
  )
}

const kinds: Readonly<Record<KnownName['kind'], string>> = {
  legal: 'legal name',
  former: 'former legal name',
  dba: 'doing business as',
  alternative: 'as a source writes it',
}

function Names({ contractorId }: { contractorId: string }) {
  const query = useQuery(namesQuery(contractorId))
  return (
    <Part title="Names" note="What sources have called it, and when">
      <Loaded
        query={query}
        isEmpty={({ items }) => items.length === 0}
        empty={{ icon: 'person', title: 'No name is known', text: 'Its sources give nothing but identifiers.' }}
      >
        {({ items }) => (
          <ol className={classes.timeline} aria-label="Names over time">
            {items.map(known => (
              <li
                key={`${known.kind} ${known.name}`}
                className={classes.moment}
                data-current={known.isCurrent || undefined}
              >
                <div className={classes.momentTitle}>
                  {known.name}{' '}
                  {known.isCurrent && (
                    <Badge size="xs" variant="light" color="pine">
                      now
                    </Badge>
                  )}
                </div>
                <Text size="sm">
                  {kinds[known.kind]}, <Period {...known} />
                </Text>
                <Text size="xs" c="dimmed">
                  {sourcesOf(known)}
                  {known.records > 0 && `, ${formatCount(known.records)} ${known.records === 1 ? 'record' : 'records'}`}
                </Text>
              </li>
            ))}
          </ol>
        )}
      </Loaded>
    </Part>
  )
}

function Changes({ contractorId }: { contractorId: string }) {
  const query = useInfiniteQuery(changesQuery(contractorId))
  const changes = query.data?.pages.flatMap(page => page.items) ?? []
  return (
    <Part
      title="Changes"
      note="What imports and decisions have changed in this profile since it came into the catalogue"
    >
      <Loaded
        query={{ data: query.data && changes, error: query.error, isPending: query.isPending, refetch: query.refetch }}
        isEmpty={items => items.length === 0}
        empty={{
          icon: 'clock',
          title: 'Nothing has changed yet',
          text: 'The profile is as the first import made it. What later ones change will be listed here, with what it was before.',
        }}
      >
        {items => (
          <ol className={classes.timeline} aria-label="Changes of the profile">
            {items.map(change => (
              <Change key={change.id} change={change} />
            ))}
          </ol>
        )}
      </Loaded>
      <LoadMore query={query} label="Load earlier changes" />
    </Part>
  )
}

function Change({ change }: { change: ProfileChange }) {
  return (
    <li className={classes.moment}>
      <div className={classes.momentTitle}>{formatTime(change.changedAt)}</div>
      <Text size="xs" c="dimmed">
        {change.import
          ? `Import of ${change.import.fileName} (${nameSource(change.import.source).short})`
          : change.isByHand
            ? 'Decided by an operator'
            : 'By the program'}
      </Text>
      <dl className={classes.facts} style={{ padding: '4px 0 0' }}>
        {change.changes.toSorted(inOrderOfFields).map(({ field, before, after }) => (
          <div key={field} className={classes.fact}>
            <dt>{labelOf(field)}</dt>
            <dd>
              {isSet(before) && (
                <>
                  <span className="visually-hidden">before: </span>
                  <del className={classes.before}>{write(field, before)}</del>{' '}
                </>
              )}
              {isSet(after) ? (
                <>
                  <span className="visually-hidden">now: </span>
                  <ins className={classes.after} style={{ textDecoration: 'none' }}>
                    {write(field, after)}
                  </ins>
                </>
              ) : (
                <Text span size="xs" c="dimmed">
                  emptied
                </Text>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </li>
  )
}

const isSet = (value: unknown) =>
  value !== null &&
  value !== undefined &&
  value !== '' &&
  !(typeof value === 'object' && Object.keys(value).length === 0)

/** Money, days, codes and whatever else a field holds, as text. */
export function write(field: string, value: unknown): string {
  if (Array.isArray(value)) return value.join(', ')
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .filter(([, part]) => part !== null && part !== '')
      .map(([key, part]) => (field === 'certifications' ? `${key} until ${formatDay(String(part))}` : String(part)))
      .join(', ')
  if (typeof value === 'number') return formatCount(value)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  const text = String(value)
  if (/Value$/.test(field) && /^-?\d+(\.\d+)?$/.test(text)) return formatAmount(text)
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return formatDay(text)
  if (/^\d{4}-\d\d-\d\dT/.test(text)) return formatInstantDay(text)
  return text
}
