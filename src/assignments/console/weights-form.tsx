import { Button, Group, Slider, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { formatDay, Refusal, ScrollRegion, useSession } from '#platform/console'
import { changeDomain, domainQuery, refreshDomains } from './domains.ts'
import type { Loaded } from './editing.ts'
import classes from './fairness.module.css'
import {
  evennessOf,
  formatBalance,
  formatGini,
  formatLoad,
  type Preview,
  usePreview,
  type Weights,
} from './fairness.ts'
import { useFirst } from './found-rows.tsx'
import type { Configuration, Domain, Words } from './wire-types.ts'
import { capital, counted } from './words.ts'

/** As the engine has them where a domain says nothing. */
const usual: Weights = { preference: 0.5, fairness: 0.5, rotation: 0.2 }

const names = ['preference', 'fairness', 'rotation'] as const

const weightsOf = ({ fairness = {} }: Pick<Configuration, 'fairness'>): Weights =>
  Object.fromEntries(
    names.map(name => [name, typeof fairness[name] === 'number' ? fairness[name] : usual[name]]),
  ) as Weights

/** What counts how much when a round is planned; tried on the last rounds before it is kept. */
export function WeightsForm({ domainId, words }: { domainId: string; words: Words }) {
  const { data } = useQuery(domainQuery(domainId))
  return data ? <Form key={data.updatedAt} domain={data} words={words} /> : null
}

function Form({ domain, words }: { domain: Loaded<Domain>; words: Words }) {
  const { can } = useSession()
  const client = useQueryClient()
  const configuration = domain.configuration as Configuration
  const kept = weightsOf(configuration)
  const [weights, setWeights] = useState(kept)
  const [shown, setShown] = useState<{ weights: Weights; preview: Preview }>()
  const trial = usePreview(domain.id)
  const mayWrite = can('assignments.domains.write')
  const isChanged = names.some(name => weights[name] !== kept[name])
  const isShown = shown !== undefined && names.every(name => shown.weights[name] === weights[name])
  const title = useId()
  const saving = useMutation({
    mutationFn: () =>
      changeDomain(
        domain.id,
        { configuration: { ...configuration, fairness: { ...configuration.fairness, ...weights } } },
        domain.etag,
      ),
    onSuccess: () => refreshDomains(client),
  })
  return (
    <section className={`panel ${classes.part}`} aria-labelledby={title}>
      <Title order={2} size="h4" id={title}>
        What counts when a round is planned
      </Title>
      <Text size="sm" c="dimmed" mb="md">
        These pull against each other: more weight for one leaves less room for the others. Rounds that are planned
        already keep the weights that they had.
      </Text>
      <div className={classes.weights}>
        <Stack gap="lg">
          {names.map(name => (
            <Weight
              key={name}
              {...meanings(words)[name]}
              value={weights[name]}
              isFixed={!mayWrite}
              change={value => setWeights({ ...weights, [name]: value })}
            />
          ))}
          <Refusal
            error={saving.error ?? trial.error}
            title={saving.error ? 'The weights were not saved' : 'The past rounds could not be replayed'}
            showTheirs={() => void refreshDomains(client)}
          />
          {mayWrite && (
            <Group gap="xs">
              <Button
                variant="default"
                loading={trial.isPending}
                onClick={() => trial.mutate(weights, { onSuccess: preview => setShown({ weights, preview }) })}
              >
                Try on past rounds
              </Button>
              <Button disabled={!isChanged} loading={saving.isPending} onClick={() => saving.mutate()}>
                Save
              </Button>
              {isChanged && (
                <Button variant="subtle" color="gray" onClick={() => setWeights(kept)}>
                  Back to those in force
                </Button>
              )}
            </Group>
          )}
        </Stack>
        <div role="status">
          {shown ? (
            <Effect preview={shown.preview} words={words} isOutdated={!isShown} />
          ) : mayWrite ? (
            <Text size="sm" c="dimmed">
              “Try on past rounds” plans them again with these weights, each on what came before it, and shows here who
              would have done how much. Nothing is changed by it.
            </Text>
          ) : (
            <Text size="sm" c="dimmed">
              Owners and administrators change them.
            </Text>
          )}
        </div>
      </div>
    </section>
  )
}

const meanings = ({ participant, target }: Words) => ({
  preference: { label: 'Wishes', text: `${capital(participant.plural)} are on the ${target.plural} that they like.` },
  fairness: { label: 'Fairness', text: `Everybody does a fair share of the ${target.plural}.` },
  rotation: { label: 'Change', text: `Nobody is on the same ${target.singular} again and again.` },
})

type WeightProps = {
  label: string
  text: string
  value: number
  isFixed: boolean
  change: (value: number) => void
}

function Weight({ label, text, value, isFixed, change }: WeightProps) {
  return (
    <div>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="sm" fw={550}>
          {label}
        </Text>
        <Text size="sm" className="figures" aria-hidden="true">
          {value}
        </Text>
      </Group>
      <Text size="xs" c="dimmed" mb={6}>
        {text}
      </Text>
      <Slider
        thumbLabel={label}
        label={null}
        min={0}
        max={1}
        step={0.05}
        value={value}
        disabled={isFixed}
        onChange={value => change(Math.round(value * 100) / 100)}
      />
    </div>
  )
}

type EffectProps = { preview: Preview; words: Words; isOutdated: boolean }

/** What the rounds were beside what they would have been. */
function Effect({ preview: { rounds, firstDate, before, after, participants }, words, isOutdated }: EffectProps) {
  const moved = participants
    .map(each => ({ ...each, change: each.after - each.before }))
    .toSorted((a, b) => Math.abs(b.change) - Math.abs(a.change) || a.name.localeCompare(b.name))
  const { shown, more } = useFirst(moved, 100)
  if (rounds === 0) {
    return (
      <Text size="sm" c="dimmed">
        There is no {words.assignment.singular} of the past that could be planned again with the people and rules of
        today.
      </Text>
    )
  }
  return (
    <div style={{ opacity: isOutdated ? 0.65 : 1 }}>
      <Text size="sm" mb="sm">
        {isOutdated
          ? 'With the weights that were tried before:'
          : `The last ${counted(rounds, words.assignment)}${firstDate ? `, from ${formatDay(firstDate)} on` : ''}, planned again with these weights:`}
      </Text>
      <dl className={classes.effects}>
        <Comparison label="Unevenness (Gini)" before={before.gini} after={after.gini} format={formatGini} />
        <Comparison label="Wishes not met" before={before.cost} after={after.cost} format={formatLoad} />
      </dl>
      <Text size="sm" c="dimmed" mb="xs">
        {evennessOf(after.gini)} instead of {evennessOf(before.gini).toLowerCase()}.
      </Text>
      <ScrollRegion label="Table of loads before and after" className={classes.table}>
        <table className="data">
          <thead>
            <tr>
              <th>{capital(words.participant.singular)}</th>
              <th className="number">As it was</th>
              <th className="number">Would be</th>
              <th className="number">Change</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ id, name, before, after, change }) => (
              <tr key={id}>
                <td>{name}</td>
                <td className="number">{formatLoad(before)}</td>
                <td className="number">{formatLoad(after)}</td>
                <td className="number">{formatBalance(change)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      {more}
    </div>
  )
}

type ComparisonProps = { label: string; before: number; after: number; format: (value: number) => string }

function Comparison({ label, before, after, format }: ComparisonProps) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="figures">
        {format(after)} <small>was {format(before)}</small>
      </dd>
    </div>
  )
}
