import { Alert, Button, Group, Loader, Text, Title } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { Icon, PageHeader, PageLink, ScrollRegion } from '#platform/console'
import classes from './clients.module.css'
import { finishTry, type Step, takeBegun } from './try-flow.ts'

type Begun = NonNullable<ReturnType<typeof takeBegun>>

/** Where a try comes back to: what came of each step. */
export function Page() {
  const [begun, setBegun] = useState<Begun>()
  const [steps, setSteps] = useState<readonly Step[]>([])
  const [isOver, setIsOver] = useState(false)
  const isStarted = useRef(false)
  useEffect(() => {
    if (isStarted.current) return
    isStarted.current = true
    const search = new URLSearchParams(window.location.search)
    // The code is good once; the history of the browser keeps it no longer than needed.
    window.history.replaceState(window.history.state, '', window.location.pathname)
    const taken = takeBegun()
    setBegun(taken)
    void (async () => {
      if (taken) for await (const step of finishTry(taken, search)) setSteps(before => [...before, step])
      setIsOver(true)
    })()
  }, [])
  if (isOver && !begun)
    return (
      <>
        <PageHeader title="Try an application" />
        <Alert color="yellow" variant="light" icon={<Icon name="alert" />} role="alert" title="Nothing was begun here">
          A try is begun on the page of the application, and comes back once, in the same window.
        </Alert>
        <Button component={PageLink} to="/oauth-clients" variant="default" mt="md">
          Applications
        </Button>
      </>
    )
  const isWell = steps.every(({ outcome }) => outcome !== 'failed')
  return (
    <>
      <PageHeader
        title={begun ? `Try “${begun.client.name}”` : 'Try an application'}
        lead={
          <span role="status">
            {!isOver ? 'Going on…' : isWell ? 'All of it works.' : 'It does not work yet: see what failed.'}
          </span>
        }
      />
      <div className={`panel ${classes.body}`}>
        <ol className={classes.steps} aria-label="Steps">
          {steps.map(step => (
            <li key={step.title} className={classes.step}>
              <Mark outcome={step.outcome} />
              <div style={{ minWidth: 0 }}>
                <Title order={2} size="h4">
                  {step.title}
                  {step.outcome === 'failed' && ': no'}
                </Title>
                <Text size="sm" mt={2} style={{ overflowWrap: 'anywhere' }}>
                  {step.text}
                </Text>
                {step.shown !== undefined && (
                  <ScrollRegion label={step.title} className={classes.code}>
                    <pre>{JSON.stringify(step.shown, null, 2)}</pre>
                  </ScrollRegion>
                )}
              </div>
            </li>
          ))}
          {!isOver && (
            <li className={classes.step}>
              <Loader size="xs" />
              <Text size="sm">The next step…</Text>
            </li>
          )}
        </ol>
      </div>
      {begun && isOver && (
        <Group mt="md" gap="xs">
          <Button component={PageLink} to="/oauth-clients/$id/try" params={{ id: begun.client.id }} variant="default">
            Try again
          </Button>
          <Button component={PageLink} to="/oauth-clients/$id" params={{ id: begun.client.id }} variant="default">
            To the application
          </Button>
          <Button component={PageLink} to="/account/applications" variant="subtle">
            What I allowed
          </Button>
        </Group>
      )}
    </>
  )
}

const marks = {
  done: ['check', 'var(--mantine-primary-color-filled)'],
  failed: ['close', 'var(--mantine-color-error)'],
  skipped: ['info', 'var(--mantine-color-dimmed)'],
} as const

function Mark({ outcome }: { outcome: Step['outcome'] }) {
  const [icon, color] = marks[outcome]
  return (
    <span style={{ color, lineHeight: 0, marginTop: 2 }}>
      <Icon name={icon} size={20} />
    </span>
  )
}
