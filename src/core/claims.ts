import type { Problem } from '../sdk/errors.js'
import { bareService, compareText, type Service } from '../sdk/service.js'
import type { Entry } from './entry.js'
import { heldAddresses } from './addresses.js'
import { wasEverSent } from './move.js'
import type { Step } from './settings.js'

/** One entry's part in the contest for names and places. */
export interface Claimant {
  key: string
  /** What it wants from now on. */
  wanted: readonly string[]
  /** What it was granted before and has not let go of, and the addresses that it has not given back. */
  held: readonly string[]
  isDeployed: boolean
  createdAt?: string
}

export interface ClaimVerdict {
  /** Loser's key -> why it waits. */
  losers: Map<string, Problem>
  /** Claim -> key of the one that has it now. */
  holders: Map<string, string>
}

/**
 * Who gets which claim: deployed beats new, then the platform's creation time, then the key. A loser keeps what
 * it holds, so the contest is repeated until nobody loses any more.
 */
export function settleClaims(claimants: readonly Claimant[]): ClaimVerdict {
  const order = claimants.toSorted(
    (a, b) => compareText(a.createdAt ?? '\uffff', b.createdAt ?? '\uffff') || compareText(a.key, b.key),
  )
  const byRank = [...order.filter((one) => one.isDeployed), ...order.filter((one) => !one.isDeployed)]
  const losers = new Map<string, Problem>()
  for (;;) {
    const holders = new Map<string, string>()
    for (const claimant of byRank) {
      const keeps = losers.has(claimant.key)
        ? claimant.held
        : claimant.held.filter((claim) => claimant.wanted.includes(claim))
      for (const claim of keeps) if (!holders.has(claim)) holders.set(claim, claimant.key)
    }
    const before = losers.size
    for (const claimant of order) {
      if (losers.has(claimant.key)) continue
      const lost = claimant.wanted.find((claim) => {
        const holder = holders.get(claim)
        return holder !== undefined && holder !== claimant.key
      })
      if (lost !== undefined) {
        losers.set(claimant.key, claimTaken(lost, holders.get(lost) ?? ''))
        continue
      }
      for (const claim of claimant.wanted) holders.set(claim, claimant.key)
    }
    if (losers.size === before) return { losers, holders }
  }
}

function claimTaken(claim: string, holder: string): Problem {
  return {
    code: 'claim-taken',
    message: `${claim} is held by ${holder}`,
    retryable: true,
    hint: `it is given to this service when ${holder} goes or stops asking for it`,
  }
}

/**
 * The part of an entry in the contest, given what it would be with the new listing. A name that it no longer asks
 * for is free at once, for whoever takes it takes over its object. An address is not: it stays claimed until it was
 * given back, for the entry's own names still point at it.
 */
export function claimant(
  entry: Entry,
  wished: Service,
  steps: readonly Step[],
  claimsOf: (service: Service) => string[],
): Claimant {
  const addresses = addressClaims(entry, steps, claimsOf)
  return {
    key: entry.key,
    isDeployed: entry.inUse !== undefined,
    wanted: [...new Set([...claimsOf(wished), ...addresses])],
    held: [...new Set([...(wasGranted(entry) ? claimsOf(entry.service) : []), ...addresses])],
    ...(entry.createdAt !== undefined && { createdAt: entry.createdAt }),
  }
}

/**
 * True when the entry won the claims of its present definition in an earlier contest, and has not let go of them
 * since: by leaving, or by losing them to another one.
 */
function wasGranted(entry: Entry): boolean {
  if (entry.expected === 'undeployed' || entry.dispossessed === true) return false
  return entry.inUse !== undefined || wasEverSent(entry)
}

/** The part of an entry on its way out: nothing but the addresses that it has not given back yet. */
export function leaver(
  entry: Entry,
  steps: readonly Step[],
  claimsOf: (service: Service) => string[],
): Claimant {
  const addresses = addressClaims(entry, steps, claimsOf)
  return { key: entry.key, isDeployed: true, wanted: addresses, held: addresses }
}

function addressClaims(
  entry: Entry,
  steps: readonly Step[],
  claimsOf: (service: Service) => string[],
): string[] {
  const bare = bareService(entry.service)
  return heldAddresses(entry, steps).flatMap((public_ip) => claimsOf({ ...bare, public_ip }))
}
