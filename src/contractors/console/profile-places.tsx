import { Anchor, Badge, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { formatAmount, formatCompactAmount, formatCount, TableSwitch } from '#platform/console'
import { type ContractorInFull, capitalise } from './contractors.ts'
import { Districts } from './districts.tsx'
import { Period, sourcesOf } from './periods.tsx'
import classes from './profile.module.css'
import { type Asked, Loaded, Part, Table } from './profile-part.tsx'
import { type Location, locationsQuery, type PerformancePlaces, performancePlacesQuery } from './profile-queries.ts'
import { stateName } from './states.ts'

const UsMap = lazy(async () => ({ default: (await import('./us-map.tsx')).UsMap }))

/** Where it is, and where it works. */
export function PlacesSection({ contractor }: { contractor: ContractorInFull }) {
  const locations = useQuery(locationsQuery(contractor.id))
  const places = useQuery(performancePlacesQuery(contractor.id))
  return (
    <div className={classes.sections}>
      <MapPart places={places} locations={locations.data?.items ?? []} />
      <Part title="Addresses" note="Every address that a source has had it at, the current one first">
        <Loaded
          query={locations}
          isEmpty={({ items }) => items.length === 0}
          empty={{ icon: 'globe', title: 'No address is known', text: 'None of the imported sources tells one.' }}
        >
          {({ items }) => <Addresses items={items} />}
        </Loaded>
      </Part>
      <Districts locations={locations} />
    </div>
  )
}

type PlacesQuery = Asked<PerformancePlaces>

function MapPart({ places, locations }: { places: PlacesQuery; locations: readonly Location[] }) {
  const [by, setBy] = useState<'obligated' | 'awards'>('obligated')
  const [isTable, setTable] = useState(false)
  const hasStates = (places.data?.states.length ?? 0) > 0
  return (
    <Part
      title="Where it performs its awards"
      note={by === 'obligated' ? 'Dollars obligated by state of performance' : 'Awards by state of performance'}
      actions={
        hasStates && (
          <div style={{ display: 'flex', gap: 16 }}>
            <Anchor
              component="button"
              type="button"
              size="sm"
              onClick={() => setBy(by === 'obligated' ? 'awards' : 'obligated')}
            >
              {by === 'obligated' ? 'Count awards' : 'Sum dollars'}
            </Anchor>
            <TableSwitch title="Where it performs its awards" drawing="map" isTable={isTable} change={setTable} />
          </div>
        )
      }
    >
      <Loaded
        query={places}
        height={360}
        isEmpty={({ states, abroad }) => states.length + abroad.length + pinsOf(locations).size === 0}
        empty={{
          icon: 'globe',
          title: 'No place is known',
          text: 'No award of it says where it is performed, and no source where it is.',
        }}
      >
        {data => (
          <>
            {isTable && hasStates ? (
              <PlacesTable data={data} />
            ) : (
              <div className={classes.inset}>
                <Suspense fallback={<Skeleton height={360} />}>
                  <UsMap title={describe(data, locations)} shades={shadesOf(data, by)} pins={pinsOf(locations)} />
                </Suspense>
              </div>
            )}
            <Legend data={data} hasPins={pinsOf(locations).size > 0} />
          </>
        )}
      </Loaded>
    </Part>
  )
}

function Legend({ data, hasPins }: { data: PerformancePlaces; hasPins: boolean }) {
  const { unknown, abroad, states } = data
  const away = abroad.reduce((sum, { awards }) => sum + awards, 0)
  return (
    <div className={classes.legend}>
      {states.length > 0 && (
        <span>
          less
          <span
            className={classes.swatch}
            style={{
              width: 70,
              background:
                'linear-gradient(to right, color-mix(in srgb, var(--ch-chart) 18%, var(--ch-hover)), var(--ch-chart))',
            }}
          />
          more
        </span>
      )}
      {hasPins && (
        <span>
          <span className={classes.swatch} style={{ width: 11, borderRadius: 6, background: 'var(--ch-star)' }} />
          its address now
          <span className={classes.swatch} style={{ width: 11, borderRadius: 6, border: '2px solid var(--ch-star)' }} />
          earlier addresses only
        </span>
      )}
      {away > 0 && (
        <span>
          {formatCount(away)} {away === 1 ? 'award' : 'awards'} abroad:{' '}
          {abroad
            .slice(0, 6)
            .map(({ country, awards }) => `${country} ${formatCount(awards)}`)
            .join(', ')}
        </span>
      )}
      {unknown.awards > 0 && (
        <span>
          For {formatCount(unknown.awards)} {unknown.awards === 1 ? 'award' : 'awards'} the source does not say where
        </span>
      )}
    </div>
  )
}

function PlacesTable({ data: { states, abroad } }: { data: PerformancePlaces }) {
  const rows = [
    ...states.map(({ state, cities, ...sums }) => ({
      name: stateName(state),
      detail: cities.map(({ city, awards }) => `${capitalise(city)} ${formatCount(awards)}`).join(', '),
      ...sums,
    })),
    ...abroad.map(({ country, ...sums }) => ({ name: country ?? '', detail: 'abroad', ...sums })),
  ]
  return (
    <Table
      label="Table of places of performance"
      head={
        <tr>
          <th>State or country</th>
          <th>Towns with the most awards</th>
          <th className="number">Awards</th>
          <th className="number">Active</th>
          <th className="number">Obligated</th>
        </tr>
      }
    >
      {rows.map(({ name, detail, awards, active, obligated }) => (
        <tr key={name}>
          <td>{name}</td>
          <td>{detail}</td>
          <td className="number">{formatCount(awards)}</td>
          <td className="number">{formatCount(active)}</td>
          <td className="number">{formatAmount(obligated)}</td>
        </tr>
      ))}
    </Table>
  )
}

function Addresses({ items }: { items: readonly Location[] }) {
  return (
    <Table
      label="Table of addresses"
      head={
        <tr>
          <th>Address</th>
          <th>District</th>
          <th>Seen</th>
          <th>Source</th>
          <th className="number">Records</th>
        </tr>
      }
    >
      {items.map(location => {
        const { addressLine1, addressLine2, city, state, province, zipCode, country } = location
        const street = [addressLine1, addressLine2].filter(line => line !== null).map(capitalise)
        const town = [city && capitalise(city), state ?? province, zipCode].filter(Boolean).join(' ')
        return (
          <tr key={[addressLine1, addressLine2, town].join('|')}>
            <td style={{ minWidth: 200 }}>
              {street.map(line => (
                <div key={line}>{line}</div>
              ))}
              <div>
                {town}
                {country && country !== 'USA' && `, ${country}`}
              </div>
              {location.isCurrent && (
                <Badge size="xs" variant="light" color="pine">
                  current
                </Badge>
              )}
            </td>
            <td>
              {state &&
                location.congressionalDistricts.map(district => (
                  <div key={district} style={{ whiteSpace: 'nowrap' }}>
                    {state}-{district}
                  </div>
                ))}
            </td>
            <td style={{ whiteSpace: 'nowrap' }}>
              <Period {...location} />
            </td>
            <td style={{ minWidth: 150 }}>{sourcesOf(location)}</td>
            <td className="number">{formatCount(location.records)}</td>
          </tr>
        )
      })}
    </Table>
  )
}

function shadesOf({ states }: PerformancePlaces, by: 'obligated' | 'awards') {
  const measure = (place: PerformancePlaces['states'][number]) => Math.max(0, Number(place[by]))
  const most = Math.max(...states.map(measure), 1)
  return new Map(
    states.map(place => [
      place.state,
      {
        share: measure(place) / most,
        text: `${formatAmount(place.obligated)} in ${formatCount(place.awards)} ${place.awards === 1 ? 'award' : 'awards'}`,
      },
    ]),
  )
}

function pinsOf(locations: readonly Location[]) {
  const byState = Map.groupBy(
    locations.filter(({ state }) => state !== null),
    ({ state }) => state as string,
  )
  return new Map(
    [...byState].map(([state, there]) => {
      const isCurrent = there.some(location => location.isCurrent)
      const count = `${formatCount(there.length)} ${there.length === 1 ? 'address' : 'addresses'}`
      return [state, { isCurrent, text: isCurrent ? `${count}, the current one among them` : `${count} of before` }]
    }),
  )
}

function describe({ states }: PerformancePlaces, locations: readonly Location[]): string {
  const current = locations.find(({ isCurrent, state }) => isCurrent && state !== null)?.state
  const home = current ? ` Its address is in ${stateName(current)}.` : ''
  if (states.length === 0) return `Map of the United States.${home} No place of performance is known.`
  const first = states
    .slice(0, 5)
    .map(({ state, obligated }) => `${stateName(state)} ${formatCompactAmount(obligated)}`)
    .join(', ')
  return `Map of the United States, shaded by where awards are performed. Most: ${first}.${home}`
}
