import { Alert, Anchor, Group, Stack, Switch, Textarea, TextInput, Title } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { ErrorState, Icon, PageHeader, PageLink, usePageTitle, useSession } from '#platform/console'
import classes from './assignments.module.css'
import { DeletionMenu } from './deletion-menu.tsx'
import { inDomain, useRemembering } from './domain-choice.tsx'
import { type DomainForm, domainLabels, readDomainForm, writeDomainForm } from './domain-fields.ts'
import { PlanningSection, RulesSection, WordsSection } from './domain-sections.tsx'
import { changeDomain, deleteDomain, domainQuery, methodsQuery, refreshDomains } from './domains.ts'
import { EditBar } from './edit-bar.tsx'
import { type Loaded, useEditing } from './editing.ts'
import { FirstSteps } from './first-steps.tsx'
import { BackLink, Loading } from './resource-page.tsx'
import type { Domain, Methods } from './wire-types.ts'
import { capital } from './words.ts'

/** One domain: its words, how it is planned, and by which rules. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery(domainQuery(id))
  const methods = useQuery(methodsQuery)
  useRemembering(data)
  usePageTitle(data?.displayName)
  const failure = error ?? methods.error
  if (failure) return <ErrorState error={failure} retry={() => void refetch()} />
  if (!data || !methods.data) return <Loading what="the domain" />
  return <DomainInFull key={id} domain={data} methods={methods.data} />
}

function DomainInFull({ domain, methods }: { domain: Loaded<Domain>; methods: Methods }) {
  const { can } = useSession()
  const client = useQueryClient()
  const mayWrite = can('assignments.domains.write')
  const editing = useEditing<Domain, DomainForm>({
    loaded: domain,
    read: readDomainForm(methods.validationRules.map(({ name }) => name)),
    write: (changes, base) => changeDomain(domain.id, writeDomainForm(changes, base), base.etag),
    reload: () => client.fetchQuery({ ...domainQuery(domain.id), staleTime: 0 }),
    onSaved: saved => {
      client.setQueryData(domainQuery(domain.id).queryKey, saved)
      return refreshDomains(client)
    },
    fieldOf: { 'assignments.domain_name_taken': 'name' },
    validate: {
      displayName: (value: string) => (value.trim() ? null : 'Give it a name.'),
      name: (value: string) =>
        /^[a-z0-9]+([_-][a-z0-9]+)*$/.test(value) ? null : 'Only small letters, figures, and - or _ between them.',
      version: (value: string) => (value.trim() ? null : 'Say which version it is, such as 1.0.'),
      words: (words: DomainForm['words']) =>
        Object.values(words).every(({ singular, plural }) => singular.trim() && plural.trim())
          ? null
          : 'Say each word in both forms.',
      businessRules: (rules: DomainForm['businessRules']) =>
        rules.every(({ name }) => /^[a-z][a-z0-9_]{0,99}$/.test(name.trim()))
          ? null
          : 'A rule’s name has small letters, figures and _, such as no_double_weekend.',
    },
  })
  const { form } = editing
  const { words } = domain
  return (
    <>
      <BackLink to="/assignments/domains">Domains</BackLink>
      <PageHeader
        title={domain.displayName}
        lead={
          <Group gap="md">
            <Anchor component={PageLink} size="sm" to="/assignments/people" search={inDomain(domain)}>
              {capital(words.participant.plural)}
            </Anchor>
            <Anchor component={PageLink} size="sm" to="/assignments/targets" search={inDomain(domain)}>
              {capital(words.target.plural)}
            </Anchor>
            <Anchor component={PageLink} size="sm" to="/assignments/definitions" search={inDomain(domain)}>
              Kinds of things
            </Anchor>
          </Group>
        }
        actions={
          mayWrite && (
            <DeletionMenu
              name={domain.displayName}
              question="Delete this domain?"
              remove={() => deleteDomain(domain.id)}
              refresh={() => refreshDomains(client)}
              next={{ to: '/assignments/domains' }}
            >
              Only one without {words.participant.plural}, {words.target.plural} and {words.assignment.plural} is
              deleted. Any other one can be made inactive.
            </DeletionMenu>
          )
        }
      />
      <div className={classes.form}>
        <FirstSteps domain={domain} />
      </div>
      {!mayWrite && (
        <Alert variant="light" color="gray" icon={<Icon name="info" />} mb="md">
          You see how it is set up. Owners and administrators change it.
        </Alert>
      )}
      <form className={classes.form} onSubmit={editing.submit} noValidate>
        <fieldset disabled={!mayWrite} className={classes.bare}>
          <Stack gap="md">
            <section className={`panel ${classes.section}`} aria-label="About it">
              <Title order={2} mb="sm">
                About it
              </Title>
              <Stack gap="sm">
                <div className={classes.two}>
                  <TextInput label={domainLabels.displayName} maxLength={200} {...form.getInputProps('displayName')} />
                  <TextInput
                    label={domainLabels.name}
                    description="For addresses and commands"
                    inputWrapperOrder={['label', 'input', 'description', 'error']}
                    maxLength={100}
                    {...form.getInputProps('name')}
                  />
                </div>
                <Textarea
                  label={domainLabels.description}
                  autosize
                  minRows={2}
                  maxLength={10_000}
                  {...form.getInputProps('description')}
                />
                <div className={classes.two}>
                  <TextInput
                    label={domainLabels.version}
                    description="Of its rules; you count it on"
                    maxLength={20}
                    {...form.getInputProps('version')}
                  />
                  <Switch
                    mt="xl"
                    label="Active"
                    description="Else it is not offered any more; what was planned stays."
                    {...form.getInputProps('isActive', { type: 'checkbox' })}
                  />
                </div>
              </Stack>
            </section>
            <WordsSection
              words={form.values.words}
              error={form.errors.words}
              change={words => form.setFieldValue('words', words)}
            />
            <PlanningSection form={form.values} methods={methods} change={form.setValues} />
            <RulesSection
              form={form.values}
              methods={methods}
              change={form.setValues}
              error={form.errors.businessRules}
            />
          </Stack>
        </fieldset>
        <EditBar editing={editing} labels={domainLabels} />
      </form>
    </>
  )
}
