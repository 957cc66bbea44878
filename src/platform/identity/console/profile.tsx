import {
  Button,
  Card,
  Group,
  Modal,
  SimpleGrid,
  Skeleton,
  Stack,
  TagsInput,
  Text,
  Textarea,
  TextInput,
  Title,
} from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useBlocker } from '@tanstack/react-router'
import { type FormEvent, type ReactNode, useEffect, useState } from 'react'
import { AccountFrame, ErrorState, Problem } from '#platform/console'
import { EmailCard } from './email-card.tsx'
import { EmailPreferencesCard } from './email-preferences-card.tsx'
import { type Fields, profileQuery, useProfileDraft } from './own-profile.ts'
import { Picture } from './picture.tsx'
import { LanguageField, TimezoneField } from './places.tsx'
import classes from './profile.module.css'

/** What one tells about oneself. */
export function Page() {
  const { data, isPending, error, refetch } = useQuery(profileQuery)
  return (
    <AccountFrame>
      {isPending ? (
        <div role="status" aria-label="Loading your profile">
          <Skeleton height={320} maw={760} mb="md" />
          <Skeleton height={160} maw={760} />
        </div>
      ) : error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : (
        <Profile known={data} />
      )}
    </AccountFrame>
  )
}

type Draft = ReturnType<typeof useProfileDraft>

function Profile({ known }: { known: Parameters<typeof useProfileDraft>[0] }) {
  const draft = useProfileDraft(known)
  const [faults, setFaults] = useState<Partial<Record<string, string>>>({})
  const refusals = { ...faultsOf(draft.error), ...faults }
  const field = fieldsOf(draft, refusals)
  const { shown, write } = draft
  const [isAll, setAll] = useState(false)
  const complete = (place: Place, typed: string) => {
    const whole = wholeAddress(typed)
    if (whole !== typed) write('socialLinks', withLink(shown, place, whole))
  }
  const shownPlaces = allPlaces.filter((place, index) => isAll || index < 4 || place in shown.socialLinks)
  const save = (event: FormEvent) => {
    event.preventDefault()
    const found = check(shown)
    setFaults(found)
    const [first] = Object.keys(found)
    if (first === undefined) draft.save()
    else document.querySelector<HTMLElement>(`[name="${first}"]`)?.focus()
  }

  return (
    <Stack gap="md" maw={760}>
      <form onSubmit={save} noValidate className={classes.form}>
        <Stack gap="md">
          <Section title="You" lead="How the people in your workspaces see you.">
            <Picture url={known.profile.avatarUrl} name={known.profile.fullName ?? ''} />
            <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
              <TextInput label="Name" autoComplete="name" maxLength={255} {...field('fullName')} />
              <TextInput
                label="User name"
                description="Letters without accents, digits, dots, hyphens and underscores. No two people share one."
                autoComplete="off"
                maxLength={50}
                inputWrapperOrder={['label', 'input', 'description', 'error']}
                {...field('username')}
              />
              <TextInput label="First name" autoComplete="given-name" maxLength={100} {...field('firstName')} />
              <TextInput label="Last name" autoComplete="family-name" maxLength={100} {...field('lastName')} />
            </SimpleGrid>
          </Section>

          <Section title="Work">
            <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
              <TextInput label="Title" autoComplete="organization-title" maxLength={100} {...field('title')} />
              <TextInput label="Department" autoComplete="off" maxLength={100} {...field('department')} />
            </SimpleGrid>
            <TagsInput
              mt="sm"
              label="Skills"
              description="Type one and press Enter."
              placeholder={shown.skills.length === 0 ? 'Capture management' : undefined}
              splitChars={[',', ';']}
              maxTags={50}
              name="skills"
              value={[...shown.skills]}
              error={field('skills').error}
              onChange={skills => write('skills', skills)}
            />
            <Textarea
              mt="sm"
              label="About you"
              description={`${[...(shown.bio ?? '')].length} of 2,000 characters`}
              autosize
              minRows={3}
              maxRows={12}
              {...field('bio')}
            />
          </Section>

          <Section title="How to reach you">
            <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
              <TextInput
                label="Phone"
                type="tel"
                autoComplete="tel"
                placeholder="+1 202 555 0123"
                maxLength={20}
                {...field('phone')}
              />
              <Textarea
                label="Address"
                autoComplete="street-address"
                autosize
                minRows={1}
                maxRows={5}
                maxLength={500}
                {...field('address')}
              />
            </SimpleGrid>
          </Section>

          <Section title="Links">
            <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
              {shownPlaces.map(place => (
                <TextInput
                  key={place}
                  label={places[place]}
                  type="url"
                  inputMode="url"
                  autoComplete={place === 'website' ? 'url' : 'off'}
                  placeholder="https://"
                  maxLength={500}
                  name={place}
                  value={shown.socialLinks[place] ?? ''}
                  error={refusals[place]}
                  onChange={event => write('socialLinks', withLink(shown, place, event.currentTarget.value))}
                  onBlur={event => complete(place, event.currentTarget.value)}
                  onKeyDown={event => event.key === 'Enter' && complete(place, event.currentTarget.value)}
                />
              ))}
            </SimpleGrid>
            {shownPlaces.length < allPlaces.length && (
              <Button variant="subtle" size="compact-sm" mt="xs" className={classes.more} onClick={() => setAll(true)}>
                More places
              </Button>
            )}
          </Section>

          <Section title="Dates and language">
            <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
              <TimezoneField
                value={shown.timezone}
                error={field('timezone').error}
                onChange={timezone => write('timezone', timezone)}
              />
              <LanguageField
                value={shown.language}
                error={field('language').error}
                onChange={language => write('language', language)}
              />
            </SimpleGrid>
          </Section>

          <SaveBar draft={draft} hasFaults={Object.keys(faults).length > 0} discard={() => setFaults({})} />
        </Stack>
      </form>
      <EmailCard />
      <EmailPreferencesCard preferences={known.profile.emailPreferences} />
      <LeaveGuard isChanged={draft.isChanged} />
    </Stack>
  )
}

function Section({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  const id = `profile-${title.toLowerCase().replaceAll(' ', '-')}`
  return (
    <Card withBorder component="section" aria-labelledby={id}>
      <Title order={2} size="h4" id={id} mb={lead ? 4 : 'sm'}>
        {title}
      </Title>
      {lead && (
        <Text c="dimmed" size="sm" mb="sm">
          {lead}
        </Text>
      )}
      {children}
    </Card>
  )
}

function SaveBar({ draft, hasFaults, discard }: { draft: Draft; hasFaults: boolean; discard: () => void }) {
  const isShown = draft.isChanged || draft.isSaving
  // It comes up under the hands of who types: not over the field.
  useEffect(() => {
    if (isShown) document.activeElement?.scrollIntoView({ block: 'nearest' })
  }, [isShown])
  if (!isShown) return null
  if (draft.clash)
    return (
      <div className={classes.bar}>
        <ClashNotice draft={draft} />
      </div>
    )
  const message = hasFaults
    ? 'Something needs another look.'
    : draft.error
      ? refusalOf(draft.error)
      : 'You have changes that are not saved.'
  return (
    <div className={classes.bar}>
      <Text
        size="sm"
        role={draft.error || hasFaults ? 'alert' : 'status'}
        c={draft.error || hasFaults ? 'var(--mantine-color-error)' : undefined}
      >
        {message}
      </Text>
      <Group gap="xs" ml="auto">
        <Button
          variant="default"
          size="xs"
          disabled={draft.isSaving}
          onClick={() => {
            draft.discard()
            discard()
          }}
        >
          Discard
        </Button>
        <Button type="submit" size="xs" loading={draft.isSaving}>
          Save
        </Button>
      </Group>
    </div>
  )
}

function ClashNotice({ draft }: { draft: Draft }) {
  const { clash } = draft
  if (!clash) return null
  return (
    <div role="alert" aria-labelledby="clash-title" className={classes.clash}>
      <Title order={2} size="h5" id="clash-title" mb={4}>
        Changed elsewhere meanwhile
      </Title>
      <Text size="sm" mb={6}>
        In another window or on another device this was saved since you began to change it:
      </Text>
      <ul style={{ margin: '0 0 10px', paddingLeft: 18 }}>
        {clash.fields.map(field => (
          <li key={field}>
            <Text size="sm" span style={{ overflowWrap: 'anywhere' }}>
              {labels[field]}: {inWords(clash.latest.profile[field])}
            </Text>
          </li>
        ))}
      </ul>
      <Group gap="xs">
        <Button size="xs" loading={draft.isSaving} onClick={draft.keepMine}>
          Save mine
        </Button>
        <Button size="xs" variant="default" onClick={draft.takeTheirs}>
          Keep what is there
        </Button>
      </Group>
    </div>
  )
}

/** Asks before what was typed is lost, whether one leaves the page or the program. */
function LeaveGuard({ isChanged }: { isChanged: boolean }) {
  const blocker = useBlocker({
    shouldBlockFn: () => isChanged,
    enableBeforeUnload: () => isChanged,
    withResolver: true,
  })
  return (
    <Modal
      opened={blocker.status === 'blocked'}
      onClose={() => blocker.reset?.()}
      title="Leave without saving?"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Text size="sm">What you changed in your profile is not saved.</Text>
      <Group justify="flex-end" gap="xs" mt="md">
        <Button variant="default" onClick={() => blocker.reset?.()} data-autofocus>
          Stay here
        </Button>
        <Button color="red.9" onClick={() => blocker.proceed?.()}>
          Leave
        </Button>
      </Group>
    </Modal>
  )
}

type Place = keyof Fields['socialLinks']

const places: Record<Place, string> = {
  website: 'Website',
  linkedin: 'LinkedIn',
  github: 'GitHub',
  x: 'X',
  mastodon: 'Mastodon',
  bluesky: 'Bluesky',
  facebook: 'Facebook',
  instagram: 'Instagram',
  youtube: 'YouTube',
}

const allPlaces = Object.keys(places) as Place[]

const labels: Record<keyof Fields, string> = {
  fullName: 'Name',
  username: 'User name',
  firstName: 'First name',
  lastName: 'Last name',
  title: 'Title',
  department: 'Department',
  skills: 'Skills',
  bio: 'About you',
  phone: 'Phone',
  address: 'Address',
  socialLinks: 'Links',
  timezone: 'Time zone',
  language: 'Language',
}

function withLink({ socialLinks }: Fields, place: Place, address: string): Fields['socialLinks'] {
  const { [place]: _, ...others } = socialLinks
  return address === '' ? others : { ...others, [place]: address }
}

/** `example.com/me` as people type it, with what makes it an address. */
function wholeAddress(typed: string): string {
  const text = typed.trim()
  return /^[^\s/:@]+\.[^\s/:@]{2,}(\/\S*)?$/.test(text) ? `https://${text}` : text
}

type TextField =
  | 'fullName'
  | 'username'
  | 'firstName'
  | 'lastName'
  | 'title'
  | 'department'
  | 'bio'
  | 'phone'
  | 'address'

function fieldsOf({ shown, write }: Draft, faults: Partial<Record<string, string>>) {
  return (name: keyof Fields) => ({
    name,
    value: typeof shown[name] === 'string' ? shown[name] : '',
    error: faults[name],
    onChange: (event: { currentTarget: { value: string } }) => write(name as TextField, event.currentTarget.value),
  })
}

/** What one can see without asking; the rest the server tells. */
function check(fields: Fields): Partial<Record<string, string>> {
  const faults: Partial<Record<string, string>> = {}
  if (!fields.fullName?.trim()) faults.fullName = 'Enter your name.'
  if (fields.username && !/^[A-Za-z0-9][A-Za-z0-9._-]{1,49}$/.test(fields.username.trim()))
    faults.username = 'Two or more letters without accents, digits, dots, hyphens or underscores.'
  if (fields.phone?.trim() && !/^[+(]?[0-9][0-9 ()./-]*$/.test(fields.phone.trim()))
    faults.phone = 'Digits, spaces, brackets, dots, slashes and hyphens, with + in front.'
  if ([...(fields.bio ?? '')].length > 2000) faults.bio = 'This is longer than 2,000 characters.'
  for (const [place, address] of Object.entries(fields.socialLinks)) {
    if (!/^https?:\/\/[^\s@/]+/i.test(address.trim())) faults[place] = 'An address that begins with https://'
  }
  return faults
}

/** What the server refused, by the name of the input. */
function faultsOf(error: unknown): Partial<Record<string, string>> {
  if (!(error instanceof Problem)) return {}
  return Object.fromEntries(
    Object.entries(error.fields).map(([name, message]) => {
      const sentence = /pattern|fewer|more than/.test(message)
        ? 'This is not accepted as it stands.'
        : `This ${message}.`
      return /^\d+$/.test(name) ? ['skills', `${sentence.replace('This', 'One of them')}`] : [name, sentence]
    }),
  )
}

function refusalOf(error: Error): string {
  return error instanceof Problem && Object.keys(error.fields).length > 0
    ? 'Something needs another look.'
    : error.message
}

function inWords(value: Fields[keyof Fields]): string {
  if (value === null || value === '') return 'emptied'
  if (typeof value === 'string') return value.length > 120 ? `${value.slice(0, 120)}…` : value
  return Object.values(value).join(', ') || 'emptied'
}
