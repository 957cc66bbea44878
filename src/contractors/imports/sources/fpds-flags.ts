// FPDS socio-economic flags that mean exactly one SAM business type code. Those without one (isSmallBusiness is told per
// NAICS code, receivesContracts of no entity type) are left out.
const codeOfFlag: Readonly<Record<string, string>> = {
  is1862LandGrantCollege: 'G6',
  is1890LandGrantCollege: 'G7',
  is1994LandGrantCollege: 'G8',
  isAirportAuthority: 'TR',
  isAlaskanNativeOwnedCorporationOrFirm: '05',
  isAlaskanNativeServicingInstitution: 'G3',
  isAmericanIndianOwned: 'OW',
  isAsianPacificAmericanOwnedBusiness: 'FR',
  isBlackAmericanOwnedBusiness: 'OY',
  isCommunityDevelopmentCorporation: 'H2',
  isDOTCertifiedDisadvantagedBusinessEnterprise: 'HQ',
  isEconomicallyDisadvantagedWomenOwnedSmallBusiness: '8E',
  isEducationalInstitution: 'M8',
  isFederalGovernment: '2R',
  isFederallyFundedResearchAndDevelopmentCorp: 'QW',
  isForProfitOrganization: '2X',
  isForeignGovernment: 'CY',
  isForeignOwnedAndLocated: '20',
  isHispanicAmericanOwnedBusiness: 'PI',
  isHospital: '80',
  isHousingAuthoritiesPublicOrTribal: '8B',
  isIndianTribe: 'XY',
  isLaborSurplusAreaFirm: 'A3',
  isLimitedLiabilityCorporation: 'LJ',
  isManufacturerOfGoods: 'MF',
  isMinorityOwned: '23',
  isNativeAmericanOwnedBusiness: 'NB',
  isNativeHawaiianOwnedOrganizationOrFirm: '8U',
  isNonprofitOrganization: 'A8',
  isOtherNotForProfitOrganization: '2U',
  isPrivateUniversityOrCollege: '1R',
  isSBACertified8AJointVenture: 'JT',
  isSBACertified8AProgramParticipant: 'A6',
  isSBACertifiedHUBZone: 'XX',
  isSBACertifiedSmallDisadvantagedBusiness: 'A4',
  isSelfCertifiedHUBZoneJointVenture: 'JX',
  isSelfCertifiedSmallDisadvantagedBusiness: '27',
  isServiceRelatedDisabledVeteranOwnedBusiness: 'QF',
  isStateControlledInstitutionofHigherLearning: 'OH',
  isStateGovernment: '2F',
  isSubContinentAsianAmericanOwnedBusiness: 'QZ',
  isSubchapterSCorporation: 'XS',
  isTriballyOwnedFirm: '1B',
  isVeteranOwned: 'A5',
  isWomenOwned: 'A2',
  isWomenOwnedSmallBusiness: '8W',
}

/** SAM business type codes of FPDS flags between bars. */
export function cleanFlags(flags: string): string[] | undefined {
  const codes = new Set<string>()
  for (const flag of flags.split('|')) {
    const code = codeOfFlag[flag]
    if (code !== undefined) codes.add(code)
  }
  return codes.size > 0 ? [...codes].sort() : undefined
}
