import { Button, Title } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { ErrorState, LoadMore } from '#platform/console'
import classes from './groups.module.css'
import { inPeople, unmappedQuery } from './own-groups.ts'

/** Groups in which people of the provider are and which give nothing; nothing where there are none. */
export function UnmappedGroups({
  providerId,
  map,
}: {
  providerId: string
  map?: ((group: string) => void) | undefined
}) {
  const query = useInfiniteQuery(unmappedQuery(providerId))
  const items = query.data?.pages.flatMap(page => page.items) ?? []
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />
  if (items.length === 0) return null
  return (
    <section aria-label="Other groups">
      <Title order={2} mb="xs">
        Other groups
      </Title>
      <div className="panel">
        <ul className={classes.items} aria-label="Other groups">
          {items.map(({ externalGroupId, externalGroupName, people }) => (
            <li key={externalGroupId} className={classes.item}>
              <div>
                <div className={classes.name}>{externalGroupName ?? externalGroupId}</div>
                <div className={classes.about}>
                  {externalGroupName && externalGroupName !== externalGroupId && (
                    <span className={`mono ${classes.name}`}>{externalGroupId}</span>
                  )}
                  <span>{inPeople(people)}</span>
                </div>
              </div>
              {map && (
                <Button
                  size="xs"
                  variant="default"
                  aria-label={`Map the group ${externalGroupName ?? externalGroupId}`}
                  onClick={() => map(externalGroupId)}
                >
                  Map
                </Button>
              )}
            </li>
          ))}
        </ul>
        <LoadMore query={query} label="Load more groups">
          Groups of people who have signed in, or whom the provider has sent.
        </LoadMore>
      </div>
    </section>
  )
}
