import { Anchor, Checkbox, Group, Skeleton, Text, TextInput } from '@mantine/core'
import { type ReactNode, useId, useState } from 'react'
import { formatCount, parseAmount } from '#platform/console'
import { type Facet, type Filters, isContradictory, type SearchResult } from './contractors.ts'
import classes from './search.module.css'
import { certifications } from './terms.ts'

type Change = (change: Partial<Filters>) => void

/** What the results can be narrowed to, with how many would be left. */
export function Facets({ filters, facets, change, isLost }: FacetsProps) {
  return (
    <>
      <Choices
        title="State"
        isLost={isLost}
        facets={facets?.states}
        chosen={filters.state}
        change={state => change({ state })}
      />
      <Choices
        title="Industry (NAICS)"
        withCode
        isLost={isLost}
        facets={facets?.naics}
        chosen={filters.naics}
        change={naics => change({ naics })}
      >
        <CodePrefix add={code => change({ naics: [...new Set([...filters.naics, code])] })} />
      </Choices>
      <Choices
        title="Business type"
        hint="All of those chosen"
        isLost={isLost}
        facets={facets?.businessTypes}
        chosen={filters.businessType}
        change={businessType => change({ businessType })}
      />
      <ValueRange filters={filters} change={change} />
      <Choices
        title="Awarding agency"
        isLost={isLost}
        facets={facets?.agencies}
        chosen={filters.agency}
        change={agency => change({ agency })}
      />
      <Place filters={filters} change={change} />
      <Choices
        title="SBA certification in force"
        hint="All of those chosen"
        isLost
        facets={Object.entries(certifications).map(([value, label]) => ({ value, label }))}
        chosen={filters.certification}
        change={certification => change({ certification })}
      />
      <Choices
        title="Registration"
        isLost={isLost}
        facets={facets?.statuses}
        chosen={filters.status}
        change={status => change({ status })}
      >
        <TextInput
          size="xs"
          mt={6}
          type="date"
          label="Registered since"
          value={filters.registeredSince}
          onChange={event => change({ registeredSince: event.currentTarget.value })}
        />
      </Choices>
      <fieldset className={classes.facet}>
        <legend>Contracts</legend>
        <Checkbox
          size="xs"
          mt={4}
          label="With active contracts"
          checked={filters.hasActiveContracts !== ''}
          onChange={event => change({ hasActiveContracts: event.currentTarget.checked ? 'true' : '' })}
        />
      </fieldset>
      {facets?.capped && (
        <Text size="xs" c="dimmed">
          Counts are of the first 10,000 matches.
        </Text>
      )}
    </>
  )
}

/** `isLost`: the counts will not come. */
type FacetsProps = { filters: Filters; facets: SearchResult['facets']; change: Change; isLost: boolean }

const few = 7

function Choices({ title, hint, facets: counted, isLost, chosen, change, withCode, children }: ChoicesProps) {
  const [all, setAll] = useState(false)
  const id = useId()
  const facets = counted ?? (isLost ? [] : undefined)
  if (!facets) {
    return (
      <fieldset className={classes.facet}>
        <legend>{title}</legend>
        <Skeleton height={16} my={8} />
        <Skeleton height={16} my={8} width="80%" />
        <Skeleton height={16} my={8} width="90%" />
      </fieldset>
    )
  }
  const missing = chosen.filter(value => !facets.some(facet => facet.value === value))
  const options: (Omit<Facet, 'count'> & { count?: number })[] = [
    ...missing.map(value => ({ value, label: value })),
    ...facets,
  ]
  // Agencies of two codes may bear one name.
  const isAmbiguous = ({ value, label }: { value: string; label: string }) =>
    options.some(other => other.label === label && other.value !== value)
  const shown = options.filter((option, i) => all || i < few || chosen.includes(option.value))
  if (options.length === 0 && !children) return null
  return (
    <fieldset className={classes.facet}>
      <legend>{title}</legend>
      {hint && options.length > 0 && (
        <Text size="xs" c="dimmed">
          {hint}
        </Text>
      )}
      {shown.map(option => (
        <div key={option.value} className={classes.option}>
          <Checkbox
            size="xs"
            mt={2}
            id={`${id}-${option.value}`}
            checked={chosen.includes(option.value)}
            onChange={event =>
              change(
                event.currentTarget.checked
                  ? [...chosen, option.value]
                  : chosen.filter(value => value !== option.value),
              )
            }
          />
          <label htmlFor={`${id}-${option.value}`} title={option.label}>
            {withCode && option.label !== option.value && <span className="figures">{option.value} </span>}
            {option.label}
            {isAmbiguous(option) && <span className="figures"> ({option.value})</span>}
          </label>
          <span>{option.count !== undefined && formatCount(option.count)}</span>
        </div>
      ))}
      {options.length > few && (
        <Anchor component="button" type="button" size="xs" mt={4} onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? 'Show fewer' : `Show ${options.length - few} more`}
          <span className="visually-hidden"> of {title}</span>
        </Anchor>
      )}
      {children}
    </fieldset>
  )
}

type ChoicesProps = {
  title: string
  hint?: string
  isLost: boolean
  facets: readonly (Omit<Facet, 'count'> & { count?: number })[] | undefined
  chosen: readonly string[]
  change: (chosen: readonly string[]) => void
  withCode?: boolean
  children?: ReactNode
}

/** Industries nest by their digits: 54 holds 5415, which holds 541512. */
function CodePrefix({ add }: { add: (code: string) => void }) {
  const [typed, setTyped] = useState('')
  const isCode = /^(\d{2,6})?$/.test(typed)
  const settle = () => {
    if (typed === '' || !isCode) return
    setTyped('')
    add(typed)
  }
  return (
    <TextInput
      size="xs"
      mt={6}
      inputMode="numeric"
      aria-label="NAICS code begins with"
      placeholder="Code begins with …"
      value={typed}
      error={!isCode && 'Two to six digits'}
      onChange={event => setTyped(event.currentTarget.value.trim())}
      onBlur={settle}
      onKeyDown={event => event.key === 'Enter' && settle()}
    />
  )
}

function Place({ filters, change }: { filters: Filters; change: Change }) {
  return (
    <fieldset className={classes.facet}>
      <legend>City and district</legend>
      <Settled
        label="City"
        placeholder="City, whole name"
        value={filters.city}
        read={text => text.slice(0, 100)}
        change={city => change({ city })}
      />
      <Settled
        label="Congressional district"
        placeholder="District, as VA-11"
        value=""
        read={text => (text === '' || /^[a-z]{2}-?\d{1,2}$/i.test(text) ? districtOf(text) : undefined)}
        fault="Two letters and a number, as VA-11"
        change={district => district && change({ district: [...new Set([...filters.district, district])] })}
      />
    </fieldset>
  )
}

const districtOf = (text: string) =>
  text.toUpperCase().replace(/^([A-Z]{2})-?(\d{1,2})$/, (_, state, number) => `${state}-${number.padStart(2, '0')}`)

/** A text that counts once one leaves it or presses Enter; `read` tells undefined of what cannot be meant. */
function Settled({ label, placeholder, value, read, fault, change }: SettledProps) {
  const [draft, setDraft] = useState<string>()
  const meant = draft === undefined ? value : read(draft.trim())
  const settle = () => {
    if (draft === undefined || meant === undefined) return
    setDraft(undefined)
    if (meant !== value) change(meant)
  }
  return (
    <TextInput
      size="xs"
      mt={6}
      aria-label={label}
      placeholder={placeholder}
      value={draft ?? value}
      error={meant === undefined && fault}
      onChange={event => setDraft(event.currentTarget.value)}
      onBlur={settle}
      onKeyDown={event => event.key === 'Enter' && settle()}
    />
  )
}

type SettledProps = {
  label: string
  placeholder: string
  value: string
  read: (text: string) => string | undefined
  fault?: string
  change: (value: string) => void
}

function ValueRange({ filters, change }: { filters: Filters; change: Change }) {
  return (
    <fieldset className={classes.facet}>
      <legend>Total contract value</legend>
      <Group gap="xs" grow align="flex-start">
        <Bound label="From" value={filters.minValue} change={minValue => change({ minValue })} />
        <Bound label="Up to" value={filters.maxValue} change={maxValue => change({ maxValue })} />
      </Group>
      {isContradictory(filters) && (
        <Text size="xs" c="var(--mantine-color-error)" mt={4} role="alert">
          “From” is more than “up to”.
        </Text>
      )}
    </fieldset>
  )
}

function Bound({ label, value, change }: { label: string; value: string; change: (value: string) => void }) {
  const [draft, setDraft] = useState<string>()
  const amount = draft === undefined || draft.trim() === '' ? '' : parseAmount(draft)
  const settle = () => {
    if (draft === undefined || amount === undefined) return
    setDraft(undefined)
    if (amount !== value) change(amount)
  }
  return (
    <TextInput
      size="xs"
      aria-label={`Total contract value ${label.toLowerCase()}`}
      placeholder={label === 'From' ? '$ from' : '$ up to'}
      value={draft ?? value}
      error={amount === undefined && 'Not an amount. Write 250k or 1.5m.'}
      onChange={event => setDraft(event.currentTarget.value)}
      onBlur={settle}
      onKeyDown={event => event.key === 'Enter' && settle()}
    />
  )
}
