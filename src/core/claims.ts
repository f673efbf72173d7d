import type { Problem } from '../sdk/errors.js'
import { compareText, type Service } from '../sdk/service.js'
import type { Entry } from './entry.js'
import { heldAddress, wasEverSent } from './move.js'
import type { Step } from './settings.js'

/** One entry's part in the contest for names and places. */
export interface Claimant {
  key: string
  /** What it wants from now on. */
  wanted: readonly string[]
  /** What it holds by being deployed; empty for a new one. */
  held: readonly string[]
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
  const losers = new Map<string, Problem>()
  for (;;) {
    const holders = new Map<string, string>()
    for (const claimant of order) {
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
 * The part of an entry in the contest, given what it would be with the new listing. The address that it has counts
 * as held, and as wanted unless it asks for another.
 */
export function claimant(
  entry: Entry,
  wished: Service,
  steps: readonly Step[],
  claimsOf: (service: Service) => string[],
): Claimant {
  const isPlaced = entry.inUse !== undefined || wasEverSent(entry)
  const address = isPlaced ? heldAddress(entry, steps) : undefined
  const known = entry.inUse ?? entry.service
  const keepsAddress = wished.address === undefined && wished.pool === known.pool
  return {
    key: entry.key,
    wanted: claimsOf(keepsAddress && address !== undefined ? { ...wished, public_ip: address } : wished),
    held: isPlaced ? claimsOf(address === undefined ? known : { ...known, public_ip: address }) : [],
    ...(entry.createdAt !== undefined && { createdAt: entry.createdAt }),
  }
}
