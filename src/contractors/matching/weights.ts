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
  bias: -1.51,
  sameName: 3.01,
  missingLess: -0.75,
  missingMore: -2.6,
  inexact: 0,
  surplus: 0,
  firstWordDiffers: 0,
  otherLegalForm: -0.47,
  sameStreet: -0.47,
  sameStreetOtherName: 3.28,
  sameUnit: 1.07,
  otherUnit: -0.66,
  sameZip: 1.68,
  sameCity: 1.16,
  sameState: -0.08,
  apart: -1.54,
  spread: -0.38,
  siblings: -1.73,
  rivals: -2.49,
  sameCage: 7.65,
  differentCage: -4.11,
}

/** The same where none has one. */
export const pairWeightsWithoutCage: typeof pairWeights = {
  bias: -1.41,
  sameName: 3.34,
  missingLess: -0.69,
  missingMore: -3.31,
  inexact: 0,
  surplus: 0.22,
  firstWordDiffers: 0,
  otherLegalForm: -0.53,
  sameStreet: -1.02,
  sameStreetOtherName: 5.65,
  sameUnit: 0.49,
  otherUnit: -0.7,
  sameZip: 1.59,
  sameCity: 1.84,
  sameState: 0.54,
  apart: -1.09,
  spread: -2.03,
  siblings: 0,
  rivals: 0,
  sameCage: 0,
  differentCage: 0,
}

/**
 * Log-odds between two groups above which they are one. Where CAGE codes tell namesakes apart, so that 95 % of the pairs are
 * right; without, where most vendors are whole and alone.
 */
export const clusterThresholds = { withCage: 1.2, withoutCage: 0.5 }

/** How much the likeliest pair of two groups counts against the mean of all: a firm that has moved is like its last address. */
export const bestShare = 0.7
