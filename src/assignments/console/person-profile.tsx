import { NumberInput, Select, Stack, Switch, TextInput, Title } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { requestAll, useSession } from '#platform/console'
import classes from './assignments.module.css'
import { EditBar } from './edit-bar.tsx'
import { type Loaded, useEditing } from './editing.ts'
import { jsonOf, type NamedValue, NamedValues, namedValuesOf } from './named-values.tsx'
import { changePerson, personQuery, refreshPeople } from './people.ts'
import { fieldsOf, SkillFields, type SkillLevel, skillLevelsOf } from './skill-fields.tsx'
import type { Domain, Participant, ParticipantFields } from './wire-types.ts'
import { capital } from './words.ts'

type ProfileForm = {
  name: string
  email: string
  phone: string
  reference: string
  userId: string | null
  skills: SkillLevel[]
  minAssignments: number
  maxAssignments: number | null
  hoursPerWeek: number | null
  restHours: number | null
  joinedOn: string
  isActive: boolean
  metadata: NamedValue[]
}

const labels: Readonly<Record<keyof ProfileForm, string>> = {
  name: 'Name',
  email: 'E-mail',
  phone: 'Phone',
  reference: 'Reference',
  userId: 'Account',
  skills: 'Skills',
  minAssignments: 'At least',
  maxAssignments: 'At most',
  hoursPerWeek: 'Hours a week, at most',
  restHours: 'Hours of rest, at least',
  joinedOn: 'Counts from',
  isActive: 'Active',
  metadata: 'Remarks',
}

const hoursOf = (minutes: number | null) => (minutes === null ? null : minutes / 60)
const minutesOf = (hours: number | null) => (hours === null ? null : Math.round(hours * 60))

const read = (person: Participant): ProfileForm => ({
  name: person.name,
  email: person.email ?? '',
  phone: person.phone ?? '',
  reference: person.reference ?? '',
  userId: person.userId,
  skills: skillLevelsOf(person.skills, person.skillLevels),
  minAssignments: person.minAssignments,
  maxAssignments: person.maxAssignments,
  hoursPerWeek: hoursOf(person.maxMinutesPerWeek),
  restHours: hoursOf(person.minRestMinutes),
  joinedOn: person.joinedOn,
  isActive: person.isActive,
  metadata: namedValuesOf(person.metadata),
})

function write(changes: Partial<ProfileForm>, { metadata: kept }: Participant): Partial<ParticipantFields> {
  const { email, phone, reference, skills, hoursPerWeek, restHours, metadata, ...plain } = changes
  return {
    ...plain,
    ...(email !== undefined && { email: email.trim() || null }),
    ...(phone !== undefined && { phone: phone.trim() || null }),
    ...(reference !== undefined && { reference: reference.trim() || null }),
    ...(skills && fieldsOf(skills)),
    ...(hoursPerWeek !== undefined && { maxMinutesPerWeek: minutesOf(hoursPerWeek) }),
    ...(restHours !== undefined && { minRestMinutes: minutesOf(restHours) }),
    ...(metadata && { metadata: jsonOf(metadata, kept) }),
  }
}

type PersonProfileProps = { person: Loaded<Participant>; domain: Domain; mayWrite: boolean }

/** Who somebody is, what he can, and how much he takes. */
export function PersonProfile({ person, domain, mayWrite }: PersonProfileProps) {
  const client = useQueryClient()
  const { assignment, target } = domain.words
  const editing = useEditing<Participant, ProfileForm>({
    loaded: person,
    read,
    write: (changes, base) => changePerson(person.id, write(changes, base), base.etag),
    reload: () => client.fetchQuery({ ...personQuery(person.id), staleTime: 0 }),
    onSaved: saved => {
      client.setQueryData(personQuery(person.id).queryKey, saved)
      return refreshPeople(client)
    },
    fieldOf: {
      'assignments.participant_reference_taken': 'reference',
      'assignments.participant_user_taken': 'userId',
      'assignments.participant_not_member': 'userId',
      'assignments.participant_limits': 'maxAssignments',
    },
    validate: {
      name: (value: string) => (value.trim() ? null : 'Say the name.'),
      email: (value: string) =>
        value.trim() === '' || /^[^\s@]+@[^\s@]+$/.test(value.trim()) ? null : 'This is no e-mail address.',
      maxAssignments: (value: number | null, { minAssignments }: ProfileForm) =>
        value !== null && value < minAssignments ? 'It is less than the least.' : null,
    },
  })
  const { form } = editing
  const count = (name: 'maxAssignments' | 'hoursPerWeek' | 'restHours') => ({
    value: form.values[name] ?? '',
    error: form.errors[name],
    onChange: (value: string | number) => form.setFieldValue(name, (value === '' ? null : Number(value)) as never),
  })
  return (
    <form className={classes.form} onSubmit={editing.submit} noValidate>
      <fieldset disabled={!mayWrite} className={classes.bare}>
        <Stack gap="md">
          <section className={`panel ${classes.section}`} aria-label="Contact">
            <Stack gap="sm">
              <div className={classes.two}>
                <TextInput label={labels.name} maxLength={200} {...form.getInputProps('name')} />
                <TextInput label={labels.email} type="email" maxLength={255} {...form.getInputProps('email')} />
                <TextInput label={labels.phone} type="tel" maxLength={20} {...form.getInputProps('phone')} />
                <TextInput
                  label={labels.reference}
                  description="What another system says; an import goes by it"
                  inputWrapperOrder={['label', 'input', 'description', 'error']}
                  maxLength={100}
                  {...form.getInputProps('reference')}
                />
              </div>
              <MemberField
                value={form.values.userId}
                onChange={userId => form.setFieldValue('userId', userId)}
                error={form.errors.userId}
              />
              <Switch
                label={labels.isActive}
                description={`In the next ${assignment.plural}`}
                {...form.getInputProps('isActive', { type: 'checkbox' })}
              />
            </Stack>
          </section>
          <section className={`panel ${classes.section}`} aria-label="Skills">
            <SkillFields
              label="Skills"
              description="Levels run from 1 to 10."
              domainId={domain.id}
              skills={form.values.skills}
              onChange={skills => form.setFieldValue('skills', skills)}
            />
          </section>
          <section className={`panel ${classes.section}`} aria-label="Limits">
            <Title order={2}>Limits</Title>
            <div className={classes.two}>
              <NumberInput
                label={`${capital(target.plural)} per ${assignment.singular}, at least`}
                min={0}
                max={10_000}
                allowDecimal={false}
                value={form.values.minAssignments}
                onChange={value => form.setFieldValue('minAssignments', Number(value) || 0)}
              />
              <NumberInput
                label={`${capital(target.plural)} per ${assignment.singular}, at most`}
                placeholder="As for everybody"
                min={0}
                max={10_000}
                allowDecimal={false}
                {...count('maxAssignments')}
              />
              <NumberInput
                label={labels.hoursPerWeek}
                placeholder="As for everybody"
                min={0}
                max={168}
                {...count('hoursPerWeek')}
              />
              <NumberInput
                label={labels.restHours}
                placeholder="As for everybody"
                min={0}
                max={168}
                {...count('restHours')}
              />
              <TextInput
                type="date"
                label={labels.joinedOn}
                description="What was before does not count for fairness"
                inputWrapperOrder={['label', 'input', 'description', 'error']}
                {...form.getInputProps('joinedOn')}
              />
            </div>
          </section>
          <section className={`panel ${classes.section}`} aria-label="Remarks">
            <NamedValues
              label="Remarks"
              description="Such as: room, floor, language."
              values={form.values.metadata}
              addLabel="A remark"
              onChange={metadata => form.setFieldValue('metadata', metadata)}
            />
          </section>
        </Stack>
      </fieldset>
      <EditBar
        editing={editing}
        labels={{
          ...labels,
          minAssignments: `${capital(target.plural)} per ${assignment.singular}, at least`,
          maxAssignments: `${capital(target.plural)} per ${assignment.singular}, at most`,
        }}
        inWords={inWords}
      />
    </form>
  )
}

function inWords(name: string, value: unknown): string | undefined {
  if (name === 'skills')
    return (
      (value as SkillLevel[]).map(({ skill, level }) => (level === null ? skill : `${skill} (${level})`)).join(', ') ||
      'none'
    )
  if (name === 'metadata')
    return (value as NamedValue[]).map(each => `${each.name}: ${each.value}`).join(', ') || 'none'
  return undefined
}

type Member = { userId: string; fullName: string | null; email: string }

/** The member of the workspace that the person is, who then sees his own plan; for whoever may read the members. */
function MemberField({ value, onChange, error }: MemberFieldProps) {
  const { can } = useSession()
  const members = useQuery({
    queryKey: ['members', 'choices'],
    queryFn: ({ signal }) => requestAll<Member>('/members', signal),
    enabled: can('members.members.read'),
  })
  if (!members.data) return null
  return (
    <Select
      label={labels.userId}
      description="With an account the person sees the own plan here, and is told of changes."
      placeholder="None"
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'No account' }}
      data={members.data.map(({ userId, fullName, email }) => ({
        value: userId,
        label: fullName ? `${fullName} (${email})` : email,
      }))}
      value={value}
      onChange={onChange}
      error={error}
    />
  )
}

type MemberFieldProps = { value: string | null; onChange: (userId: string | null) => void; error: React.ReactNode }
