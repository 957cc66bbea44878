import { Anchor, Button, Group, Paper, Text, Title } from '@mantine/core'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Icon, type OnTheWire, PageLink, request } from '#platform/console'
import type { Onboarding as Served } from '../onboarding.ts'
import classes from './first-steps.module.css'

type Onboarding = OnTheWire<Served>

const onboardingQuery = queryOptions({
  queryKey: ['tenant', 'onboarding'],
  queryFn: ({ signal }) => request<Onboarding>('/tenant/onboarding', { signal }),
})

/** What a workspace's administrators do first, until it is done or they put it away. */
export function Card() {
  const client = useQueryClient()
  const { data } = useQuery(onboardingQuery)
  const keep = (answer: Onboarding) => client.setQueryData(onboardingQuery.queryKey, answer)
  const tick = useMutation({
    mutationFn: (name: string) =>
      request<Onboarding>(`/tenant/onboarding/${name}`, { method: 'PUT', body: { isDone: true } }),
    onSuccess: keep,
  })
  const dismiss = useMutation({
    mutationFn: () => request<Onboarding>('/tenant/onboarding', { method: 'DELETE' }),
    onSuccess: keep,
  })
  if (!data || data.status === 'completed' || data.steps.length === 0) return null
  const done = data.steps.filter(({ isDone }) => isDone).length
  const error = tick.error ?? dismiss.error
  return (
    <Paper withBorder component="section" aria-labelledby="first-steps" p="md" mb="lg">
      <Group justify="space-between" align="flex-start" gap="xs">
        <div>
          <Title order={2} size="h4" id="first-steps">
            First steps
          </Title>
          <Text size="sm" c="dimmed" role="status">
            {done} of {data.steps.length} done
          </Text>
        </div>
        <Button variant="subtle" color="gray" size="xs" loading={dismiss.isPending} onClick={() => dismiss.mutate()}>
          Put away
        </Button>
      </Group>
      <ul className={classes.steps}>
        {data.steps.map(({ name, title, text, link, isDone, isManual }) => (
          <li key={name} className={classes.step} data-done={isDone || undefined}>
            <span className={classes.mark}>{isDone && <Icon name="check" size={14} />}</span>
            <span className={classes.title}>
              {isDone ? (
                <>
                  <span className="visually-hidden">Done: </span>
                  {title}
                </>
              ) : (
                <Anchor component={PageLink} to={link} size="sm" fw={550}>
                  {title}
                </Anchor>
              )}
            </span>
            {!isDone && <span className={classes.text}>{text}</span>}
            {!isDone && isManual && (
              <Button
                className={classes.action}
                variant="default"
                size="xs"
                aria-label={`Done: ${title}`}
                loading={tick.isPending && tick.variables === name}
                onClick={() => tick.mutate(name)}
              >
                Done
              </Button>
            )}
          </li>
        ))}
      </ul>
      {error && (
        <Text size="sm" c="var(--mantine-color-error)" mt="sm" role="alert">
          {error.message}
        </Text>
      )}
    </Paper>
  )
}
