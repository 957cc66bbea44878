/**
 * Log-odds of what speaks for (above 0) or against a candidate, fitted in two steps by `npm run bench resolution`, which
 * prints them anew: those of names on vendors as people typed them, then those of places and CAGE codes on vendor blocks of
 * awards. A place never adds to a name that is the same: it takes away the less, the nearer it is.
 */
export const weights = {
  bias: -1.46,
  sameName: 3.07,
  missingOfOne: -4.52,
  missingOfOther: -3.04,
  inexact: 0,
  surplus: 0.39,
  firstWordDiffers: -2.01,
  otherLegalForm: -1.85,
  otherName: -1.19,
  sameStreet: -0.77,
  sameStreetOtherName: 8.3,
  sameZip: -2.06,
  sameCity: -2.13,
  sameState: -3.63,
  apart: -5.68,
  sameCage: 8.54,
  sameCageOtherName: 7.25,
  differentCage: -4.82,
  records: 0.62,
}

/**
 * Shares of belief, from which on the first is accepted, and from which on all together are worth a review. `double`: a
 * second with the same name and so much of it leaves open which is meant.
 */
export const thresholds = { accept: 0.65, review: 0.1, double: 0.1 }

/** Log-odds that two mentions are one vendor, where some have a CAGE code; fitted as above. */
export const pairWeights = {
  bias: -0.18,
  sameName: 2.54,
  missingLess: -1,
  missingMore: -2.02,
  inexact: 0,
  surplus: 0,
  firstWordDiffers: 0,
  otherLegalForm: -0.46,
  sameStreet: -0.17,
  sameStreetOtherName: 2.52,
  sameStreetText: 0.73,
  sameUnit: 0.43,
  otherUnit: -0.62,
  sameZip: 1.19,
  sameCity: 0.88,
  sameState: -0.21,
  apart: -1.66,
  spread: -0.26,
  siblings: -1.85,
  rivals: -2.44,
  sameCage: 4.92,
  differentCage: -3.51,
  overlap: -1.04,
  gap: -0.39,
  sharedDoors: 1.01,
  namesOverlap: -1.13,
  renamed: 2.2,
}

/** The same where none has one. */
export const pairWeightsWithoutCage: typeof pairWeights = {
  bias: -0.13,
  sameName: 3,
  missingLess: -1.13,
  missingMore: -3.04,
  inexact: 0,
  surplus: 0.21,
  firstWordDiffers: 0,
  otherLegalForm: -0.6,
  sameStreet: -0.82,
  sameStreetOtherName: 5.02,
  sameStreetText: 0.4,
  sameUnit: 0.28,
  otherUnit: -0.67,
  sameZip: 0.81,
  sameCity: 1.35,
  sameState: 0.18,
  apart: -1.41,
  spread: -1.92,
  siblings: 0,
  rivals: 0,
  sameCage: 0,
  differentCage: 0,
  overlap: -0.71,
  gap: -0.26,
  sharedDoors: 2.23,
  namesOverlap: -1.22,
  renamed: 2.31,
}

/**
 * Log-odds between two groups above which they are one, and how much is taken off for each e-fold of the pairs that they
 * make. Where CAGE codes tell namesakes apart, so that 95 % of the pairs are right; without, where most vendors are whole
 * and alone.
 */
export const clusterThresholds = {
  withCage: { threshold: 0.7, caution: 0.5 },
  withoutCage: { threshold: 0, caution: 0 },
}

/** How much the likeliest pair of two groups counts against the mean of all: a firm that has moved is like its last address. */
export const bestShare = 0.85
