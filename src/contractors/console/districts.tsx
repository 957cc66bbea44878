import { Text } from '@mantine/core'
import classes from './profile.module.css'
import { type Asked, Loaded, Part } from './profile-part.tsx'
import type { Location } from './profile-queries.ts'
import { districtsOf, stateName } from './states.ts'

type DistrictsProps = { locations: Asked<{ items: readonly Location[] }> }

/**
 * The congressional districts of its addresses, each state's as tiles of equal size: their borders are in none of the data
 * that the program brings, and on a map of true areas those in towns could not be seen anyway.
 */
export function Districts({ locations }: DistrictsProps) {
  return (
    <Part
      title="Congressional districts"
      note="Of its addresses: a tile for each district of the states where it has been, the numbers as its sources give them"
    >
      <Loaded
        query={locations}
        isEmpty={({ items }) => byState(items).size === 0}
        empty={{
          icon: 'flag',
          title: 'No district is known',
          text: 'Sources tell districts of addresses in the United States only, and not of all of them.',
        }}
      >
        {({ items }) => (
          <ul className={classes.districts}>
            {[...byState(items)].map(([state, there]) => (
              <State key={state} state={state} there={there} />
            ))}
          </ul>
        )}
      </Loaded>
    </Part>
  )
}

function State({ state, there }: { state: string; there: readonly Location[] }) {
  const held = [...new Set(there.flatMap(({ congressionalDistricts }) => congressionalDistricts))].sort()
  const current = there.find(({ isCurrent }) => isCurrent)?.congressionalDistricts[0]
  // Districts of earlier censuses may be more than there are now.
  const all = [...new Set([...districtsOf(state), ...held])].sort()
  const addresses = (district: string) =>
    there.filter(({ congressionalDistricts }) => congressionalDistricts.includes(district)).length
  return (
    <li>
      <Text size="sm" fw={550}>
        {stateName(state)}
      </Text>
      <Text size="xs" c="dimmed">
        {held.length} of {all.length} {all.length === 1 ? 'district' : 'districts'}
        {current && `, now in ${state}-${current}`}
      </Text>
      <ul className={classes.tiles} aria-label={`Districts of ${stateName(state)}`}>
        {all.map(district => {
          const count = addresses(district)
          const isCurrent = district === current
          const said = isCurrent
            ? 'current address'
            : count > 0
              ? `${count} ${count === 1 ? 'address' : 'addresses'}`
              : ''
          return (
            <li
              key={district}
              className={classes.tile}
              data-held={count > 0 || undefined}
              data-current={isCurrent || undefined}
              title={said ? `${state}-${district}: ${said}` : `${state}-${district}`}
            >
              {district}
              {said && <span className="visually-hidden">: {said}</span>}
            </li>
          )
        })}
      </ul>
    </li>
  )
}

/** The state of the current address first, then by number of addresses. */
function byState(items: readonly Location[]): Map<string, Location[]> {
  const known = items.filter(({ state, congressionalDistricts }) => state !== null && congressionalDistricts.length > 0)
  const states = Map.groupBy(known, ({ state }) => state as string)
  const rank = (there: readonly Location[]) => (there.some(({ isCurrent }) => isCurrent) ? 1000 : 0) + there.length
  return new Map([...states].sort(([, a], [, b]) => rank(b) - rank(a)))
}
