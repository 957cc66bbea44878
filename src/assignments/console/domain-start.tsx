import { Button, Checkbox, Group, Radio, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Problem, Refusal, request } from '#platform/console'
import classes from './assignments.module.css'
import { inDomain } from './domain-choice.tsx'
import { domainsQuery } from './domains.ts'
import { examples, shortNameOf } from './examples.ts'
import { addTarget, refreshTargets } from './targets.ts'
import type { Domain } from './wire-types.ts'

const own = 'own'

/** Makes a domain from an example or from nothing, and leads on to its people. */
export function DomainStart({ cancel }: { cancel?: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const [chosen, setChosen] = useState('0')
  const example = chosen === own ? undefined : examples[Number(chosen)]
  const [name, setName] = useState<string>()
  const [isTold, setIsTold] = useState(false)
  const [withTargets, setWithTargets] = useState(true)
  const shown = name ?? example?.domain.displayName ?? ''
  const making = useMutation({
    mutationFn: async () => {
      const domain = await makeDomain(shown.trim(), example?.domain.configuration ?? {})
      if (example && withTargets) for (const target of example.targets) await addTarget(domain.id, target)
      return domain
    },
    onSuccess: async domain => {
      await client.fetchQuery({ ...domainsQuery, staleTime: 0 })
      await navigate({ to: '/assignments/people', search: inDomain(domain) as never })
    },
    // What there is of it by then is shown.
    onSettled: () => refreshTargets(client),
  })
  return (
    <form
      noValidate
      onSubmit={event => {
        event.preventDefault()
        if (shown.trim()) making.mutate()
        else setIsTold(true)
      }}
    >
      <Stack gap="lg">
        <Radio.Group label="What is it like?" value={chosen} onChange={setChosen}>
          <div className={classes.cards}>
            {examples.map(({ label, about }, place) => (
              <Radio.Card key={label} value={String(place)} className={classes.card} aria-label={label}>
                <Group wrap="nowrap" align="flex-start" gap="sm">
                  <Radio.Indicator />
                  <div>
                    <Text size="sm" fw={570}>
                      {label}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {about}
                    </Text>
                  </div>
                </Group>
              </Radio.Card>
            ))}
            <Radio.Card value={own} className={classes.card} aria-label="Something else">
              <Group wrap="nowrap" align="flex-start" gap="sm">
                <Radio.Indicator />
                <div>
                  <Text size="sm" fw={570}>
                    Something else
                  </Text>
                  <Text size="xs" c="dimmed">
                    With plain words, which you change afterwards.
                  </Text>
                </div>
              </Group>
            </Radio.Card>
          </div>
        </Radio.Group>
        <TextInput
          label="Name"
          description="What your people know it by."
          maxLength={200}
          value={shown}
          error={isTold && shown.trim() === '' && 'Give it a name.'}
          onChange={event => setName(event.currentTarget.value)}
        />
        {example && (
          <Checkbox
            checked={withTargets}
            onChange={event => setWithTargets(event.currentTarget.checked)}
            label={`With ${example.targets.length} ${example.domain.configuration?.words?.target?.plural} to begin with`}
            description={example.targets.map(target => target.name).join(', ')}
          />
        )}
        <Refusal error={making.error} title="It was not made" />
        <Group gap="xs" justify={cancel ? 'flex-end' : 'flex-start'}>
          {cancel && (
            <Button variant="default" onClick={cancel}>
              Cancel
            </Button>
          )}
          <Button type="submit" loading={making.isPending}>
            Make it
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** Its short name may be taken by an earlier one: then it is the next. */
async function makeDomain(displayName: string, configuration: NonNullable<Domain['configuration']>): Promise<Domain> {
  const short = shortNameOf(displayName) || 'domain'
  for (let count = 1; ; count++) {
    const name = count === 1 ? short : `${short.slice(0, 90)}-${count}`
    try {
      return await request<Domain>('/assignment-domains', {
        method: 'POST',
        body: { name, displayName, configuration },
      })
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'assignments.domain_name_taken' || count > 20) throw error
    }
  }
}
