import { type Command, InvalidArgumentError } from 'commander'
import { uuidPattern } from '#platform/database'
import type { CommandContext } from '#platform/module.ts'
import { todayFor } from '../days.ts'
import { ueiPattern } from '../uei.ts'
import { breakAwardsDown } from './award-totals.ts'
import { listNames } from './names.ts'
import { type ContractorPage, getContractorPage } from './profile-pages.ts'

type Key = { uei: string } | { id: string }

/** `commonhold contractors show UEI`: what is known of one contractor; ends with 4 where there is none. */
export function registerShowCommand(parent: Command, { withApp }: CommandContext): void {
  parent
    .command('show')
    .argument('<contractor>', 'its UEI, or its id here', keyOf)
    .description('Show a contractor: identifiers, registration, family, awards, names')
    .option('--json', 'print it as JSON')
    .action(async (key: Key, flags: { json?: boolean }) => {
      const shown = await withApp(async app => {
        const tx = app.db.reads({})
        const page = await getContractorPage(tx, key, await todayFor(app, {}))
        const [names, agencies] = await Promise.all([listNames(tx, page.id), breakAwardsDown(tx, page.id, 'agency')])
        return { ...page, names, agencies }
      })
      process.stdout.write(flags.json ? `${JSON.stringify(shown, null, 2)}\n` : describe(shown))
    })
}

function keyOf(given: string): Key {
  const uei = given.toUpperCase()
  if (ueiPattern.test(uei)) return { uei }
  if (uuidPattern.test(given)) return { id: given }
  throw new InvalidArgumentError('A UEI has 12 letters and digits, without I and O; an id is a UUID.')
}

type Shown = ContractorPage & {
  names: Awaited<ReturnType<typeof listNames>>
  agencies: Awaited<ReturnType<typeof breakAwardsDown>>
}

function describe(shown: Shown): string {
  const { registration, parent, mergedInto, names, agencies } = shown
  const place = [shown.addressLine1, shown.addressLine2, shown.city, shown.state, shown.zipCode, shown.country]
  const district = shown.congressionalDistrict && `, district ${shown.congressionalDistrict}`
  const facts: [string, string | null | undefined | false][] = [
    ['UEI', shown.uei ?? 'none known'],
    ['CAGE', shown.cageCode],
    ['id', shown.id],
    ['merged into', mergedInto && `${mergedInto.name} (${mergedInto.uei ?? mergedInto.id})`],
    ['placeholder', shown.isPlaceholder && 'stands for recipients that are not named'],
    ['address', `${place.filter(Boolean).join(', ')}${district ?? ''}`],
    ['industry', [shown.naicsCode, shown.naicsDescription].filter(Boolean).join(' ')],
    ['registration', statusOf(shown)],
    ['excluded', registration?.isExcluded && 'yes: it may be given no awards'],
    ['parent', parent && `${parent.name ?? 'not named'} (${parent.uei})`],
    ['family', shown.familySize > 1 && `${shown.familySize} contractors`],
    ['awards', `${shown.awardCount}, ${shown.activeContractsCount} active, ${shown.completedContractsCount} completed`],
    ['obligated', shown.totalContractValue && `$${shown.totalContractValue}`],
    [
      'agencies',
      agencies.items
        .slice(0, 3)
        .map(({ label, obligated }) => (obligated === null ? label : `${label} $${obligated}`))
        .join('; '),
    ],
    ['types', shown.businessTypeLabels.map(({ name }) => name).join('; ')],
    [
      'other names',
      names
        .filter(({ name }) => name !== shown.name)
        .slice(0, 5)
        .map(({ name, kind }) => `${name} (${kind})`)
        .join('; '),
    ],
  ]
  const lines = facts.flatMap(([label, text]) => (text ? [`  ${label.padEnd(13)} ${text}`] : []))
  return `${shown.name}\n${lines.join('\n')}\n`
}

function statusOf({ registration, registrationStatus }: ContractorPage): string | undefined {
  if (registrationStatus === null) return undefined
  const until = registration?.expiresOn
  return until
    ? `${registrationStatus}, ${registration.isExpired ? 'expired' : 'expires'} ${until}`
    : registrationStatus
}
