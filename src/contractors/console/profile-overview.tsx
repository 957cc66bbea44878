import { Anchor, Badge, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { formatCount, formatDay, formatInstantDay, Icon, PageLink } from '#platform/console'
import { Breakdown } from './breakdown.tsx'
import classes from './contractor.module.css'
import type { ContractorInFull } from './contractors.ts'
import { describeFields, nameSource } from './fields.ts'
import { HoldingLists } from './holding-lists.tsx'
import { Obligations } from './obligations.tsx'
import profile from './profile.module.css'
import { ProfileFields, Unsourced } from './profile-fields.tsx'
import { Figures } from './profile-figures.tsx'
import { Part } from './profile-part.tsx'
import { industriesQuery } from './profile-queries.ts'
import { SimilarBrief } from './similar.tsx'

/** What one wants to know first. */
export function Overview({ contractor }: { contractor: ContractorInFull }) {
  const groups = describeFields(contractor)
  const [identity, address, business] = groups
  const hasAwards = contractor.awardCount > 0
  return (
    <div className={profile.sections}>
      {hasAwards ? (
        <section className={`panel ${classes.overview}`} aria-label="Awards in figures">
          <Figures contractor={contractor} />
          <Obligations contractorId={contractor.id} />
        </section>
      ) : (
        <Part title="No award is known" note="The imported sources name this contractor, but no award of it.">
          {null}
        </Part>
      )}
      <div className={profile.main}>
        <div className={profile.sections}>
          {hasAwards && <Breakdown contractorId={contractor.id} by="agency" />}
          <ProfileFields group={identity} contractor={contractor} />
          <ProfileFields group={address} contractor={contractor} />
          <ProfileFields group={business} contractor={contractor} />
          <Unsourced groups={groups} />
        </div>
        <div className={profile.sections}>
          <RegistrationPart contractor={contractor} />
          <BelongsPart contractor={contractor} />
          <HoldingLists contractor={contractor} />
          {!contractor.isPlaceholder && <SimilarBrief contractorId={contractor.id} />}
        </div>
      </div>
    </div>
  )
}

function RegistrationPart({ contractor }: { contractor: ContractorInFull }) {
  const { registration, registrationStatus } = contractor
  if (!registration && registrationStatus === null) return null
  // Only the registry itself tells what holds now.
  const isRegistry = registration?.source.startsWith('sam') ?? false
  return (
    <Part title="Registration" note={registration ? nameSource(registration.source).full : undefined}>
      <dl className={profile.facts}>
        {registrationStatus !== null && (
          <Fact label="Status">
            <Badge color={registration?.isExpired || registrationStatus !== 'Active' ? 'red' : 'pine'} variant="light">
              {registrationStatus}
            </Badge>
          </Fact>
        )}
        {registration?.registeredOn && <Fact label="Registered">{formatDay(registration.registeredOn)}</Fact>}
        {registration?.activatedOn && <Fact label="Active since">{formatDay(registration.activatedOn)}</Fact>}
        {registration?.expiresOn && (isRegistry || !registration.isExpired) && (
          <Fact label={!isRegistry ? 'To be renewed by' : registration.isExpired ? 'Expired' : 'Expires'}>
            {formatDay(registration.expiresOn)}
            {isRegistry && !registration.isExpired && isNear(registration.expiresOn) && (
              <Badge ml={8} size="xs" color="yellow" variant="light">
                soon
              </Badge>
            )}
          </Fact>
        )}
        {contractor.lastUpdatedDate && <Fact label="Last updated">{formatInstantDay(contractor.lastUpdatedDate)}</Fact>}
        {registration?.purpose && <Fact label="Purpose">{registration.purpose}</Fact>}
        {registration?.hasDebt && <Fact label="Debt">Payments are offset against a debt to the government</Fact>}
        <SizeFact contractorId={contractor.id} />
      </dl>
      {!isRegistry && registration && (
        <Text size="xs" c="dimmed" px={20} pb={14}>
          As its contract actions say. The registry has not been imported for it, so this may be out of date.
        </Text>
      )}
    </Part>
  )
}

/** Small business is said per industry. */
function SizeFact({ contractorId }: { contractorId: string }) {
  const { data } = useQuery(industriesQuery(contractorId))
  const sized = data?.items.filter(({ size }) => size !== null) ?? []
  if (sized.length === 0) return null
  const small = sized.filter(({ size }) => size === 'small').length
  return (
    <Fact label="Small business">
      {small === 0 ? 'in none' : small === sized.length ? 'in all' : `in ${formatCount(small)}`} of{' '}
      {formatCount(sized.length)} {sized.length === 1 ? 'industry' : 'industries'} for which it says so
    </Fact>
  )
}

function BelongsPart({ contractor }: { contractor: ContractorInFull }) {
  const { parent, familySize, absorbed, website, stateOfIncorporation, province } = contractor
  const address = addressOf(website)
  const familyPage = { to: `/contractors/${contractor.id}`, search: { section: 'family' } }
  if (!parent && familySize < 2 && absorbed.length === 0 && !website && !stateOfIncorporation) return null
  return (
    <Part title="Company">
      <dl className={profile.facts}>
        {parent && (
          <Fact label="Parent">
            {parent.id ? (
              <Anchor component={PageLink} to={`/contractors/${parent.id}`} size="sm">
                {parent.name}
              </Anchor>
            ) : (
              (parent.name ?? parent.uei)
            )}
          </Fact>
        )}
        {familySize > 1 && (
          <Fact label="Family">
            <Anchor component={PageLink} {...familyPage} size="sm">
              {formatCount(familySize)} contractors
            </Anchor>
          </Fact>
        )}
        {absorbed.length > 0 && (
          <Fact label="Also known as">
            {absorbed.map(({ id, name }) => (
              <div key={id}>
                <Anchor component={PageLink} to={`/contractors/${id}`} size="sm">
                  {name}
                </Anchor>
              </div>
            ))}
          </Fact>
        )}
        {website && (
          <Fact label="Website">
            {address ? (
              <Anchor href={address} target="_blank" rel="noopener noreferrer nofollow" size="sm">
                {new URL(address).host} <span className="visually-hidden">(opens in a new tab)</span>
              </Anchor>
            ) : (
              website
            )}
          </Fact>
        )}
        {stateOfIncorporation && <Fact label="Incorporated in">{stateOfIncorporation}</Fact>}
        {province && <Fact label="Province">{province}</Fact>}
        {contractor.uei && (
          <Fact label="Elsewhere">
            <Anchor
              href={`https://sam.gov/entity/${contractor.uei}/coreData`}
              target="_blank"
              rel="noopener noreferrer"
              size="sm"
            >
              SAM.gov <Icon name="globe" size={13} />
              <span className="visually-hidden"> (opens in a new tab)</span>
            </Anchor>
          </Fact>
        )}
      </dl>
    </Part>
  )
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={profile.fact}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  )
}

const isNear = (day: string) => new Date(`${day}T00:00:00Z`).getTime() - Date.now() < 60 * 86_400_000

/** A stranger's text: only an address of the web becomes a link. */
function addressOf(website: string | null): string | undefined {
  if (!website || /\s/.test(website)) return undefined
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:/i.test(website) ? website : `https://${website}`)
  return url && /^https?:$/.test(url.protocol) && url.host.includes('.') ? url.href : undefined
}
