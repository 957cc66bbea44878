import { AwardDetail } from './award-detail.tsx'
import { Awards } from './awards.tsx'
import { Breakdown } from './breakdown.tsx'
import contractorClasses from './contractor.module.css'
import type { ContractorInFull } from './contractors.ts'
import { Obligations } from './obligations.tsx'
import classes from './profile.module.css'
import { useProfileAddress } from './profile-address.ts'
import { Figures } from './profile-figures.tsx'

/** What the government has awarded to it: over time, in shares, and one by one. */
export function AwardsSection({ contractor }: { contractor: ContractorInFull }) {
  const [address, change] = useProfileAddress()
  const { id, awardCount } = contractor
  return (
    <div className={classes.sections}>
      {awardCount > 0 && (
        <>
          <section className={`panel ${contractorClasses.overview}`} aria-label="Awards in figures">
            <Figures contractor={contractor} />
            <Obligations contractorId={id} withPeriods />
          </section>
          <div className={classes.pair}>
            <Breakdown contractorId={id} by="agency" />
            <Breakdown contractorId={id} by="naics" />
          </div>
        </>
      )}
      <Awards contractor={contractor} />
      <AwardDetail contractor={contractor} awardId={address.award} close={() => change({ award: '' })} />
    </div>
  )
}
