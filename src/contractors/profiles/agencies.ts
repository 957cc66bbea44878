/**
 * Departments and agencies of the government by the first two characters of FPDS agency codes, which are those of the
 * Treasury's account symbols: the awards of some sources name no agency, and a bare code tells nobody anything.
 */
const departments: Readonly<Record<string, string>> = {
  '03': 'Library of Congress',
  '04': 'Government Publishing Office',
  '05': 'Government Accountability Office',
  '11': 'Executive Office of the President',
  '12': 'Department of Agriculture',
  '13': 'Department of Commerce',
  '14': 'Department of the Interior',
  '15': 'Department of Justice',
  '16': 'Department of Labor',
  '17': 'Department of the Navy',
  '19': 'Department of State',
  '20': 'Department of the Treasury',
  '21': 'Department of the Army',
  '24': 'Office of Personnel Management',
  '27': 'Federal Communications Commission',
  '28': 'Social Security Administration',
  '29': 'Federal Trade Commission',
  '31': 'Nuclear Regulatory Commission',
  '33': 'Smithsonian Institution',
  '34': 'International Trade Commission',
  '36': 'Department of Veterans Affairs',
  '45': 'Equal Employment Opportunity Commission',
  '47': 'General Services Administration',
  '49': 'National Science Foundation',
  '50': 'Securities and Exchange Commission',
  '57': 'Department of the Air Force',
  '59': 'National Foundation on the Arts and the Humanities',
  '60': 'Railroad Retirement Board',
  '61': 'Consumer Product Safety Commission',
  '63': 'National Labor Relations Board',
  '68': 'Environmental Protection Agency',
  '69': 'Department of Transportation',
  '70': 'Department of Homeland Security',
  '72': 'Agency for International Development',
  '73': 'Small Business Administration',
  '75': 'Department of Health and Human Services',
  '80': 'National Aeronautics and Space Administration',
  '83': 'Export-Import Bank',
  '86': 'Department of Housing and Urban Development',
  '88': 'National Archives and Records Administration',
  '89': 'Department of Energy',
  '91': 'Department of Education',
  '93': 'Federal Mediation and Conciliation Service',
  '95': 'Independent agency',
  '96': 'Army Corps of Engineers',
  '97': 'Department of Defense',
}

/** An agency as its source names it, else by its department and code. */
export function nameAgency(id: string, name: string | null): string {
  const department = departments[id.slice(0, 2)]
  return name ?? (department ? `${department} (${id})` : `Agency ${id}`)
}
