import { byKey, listingFault } from '../listing.js'
import { serviceKey } from '../service.js'
import { type ContractCheck, PROVIDERS } from './check.js'
import { type ListLook, listBroken, look, type Talk, talk } from './provider-scenarios.js'
import { failed, ok, type Session, skipped, type Verdict } from './session.js'
import { isSameService } from './walk.js'

const NO_LISTING = 'it has no listing to look at'

function listCheck(
  id: string,
  title: string,
  needs: readonly string[],
  judge: (report: ListLook, session: Session) => Verdict | Promise<Verdict>,
): ContractCheck {
  return {
    id,
    title,
    kinds: PROVIDERS,
    writes: false,
    needs: ['start-fails', ...needs],
    run: async (session) => {
      const report = await look(session)
      return report === undefined ? skipped(NO_LISTING) : judge(report, session)
    },
  }
}

function talkCheck(
  id: string,
  title: string,
  needs: readonly string[],
  judge: (report: Talk) => Verdict,
): ContractCheck {
  return {
    id,
    title,
    kinds: PROVIDERS,
    writes: false,
    needs: ['start-fails', 'stop-hangs', 'listing-invalid', ...needs],
    run: async (session) => judge(await talk(session)),
  }
}

/** Checks on listings and on what a provider says in messages. */
export const PROVIDER_CHECKS: readonly ContractCheck[] = [
  listCheck('list-fails', 'the platform can be listed', [], ({ error }) =>
    error === undefined ? ok : failed(error),
  ),
  listCheck(
    'listing-invalid',
    'a listing keeps the rules of services and keys',
    ['list-fails'],
    (report, session) => {
      const fault = report.listed
        .map((listed) => listingFault(listed, `provider.${session.harness.definition.name}`))
        .find((text) => text !== undefined)
      return fault === undefined ? ok : failed(fault)
    },
  ),
  listCheck(
    'listing-unstable',
    'two listings of the same platform name the same services',
    ['list-fails', 'listing-invalid'],
    ({ listed: [first = [], second = []] }) => {
      const differing = [...byKey(first).keys()].sort().join() !== [...byKey(second).keys()].sort().join()
      return differing ? failed(`${first.length} services, then ${second.length} or others`) : ok
    },
  ),
  listCheck(
    'empty-on-failure',
    'a listing that failed throws; it is never empty or shorter',
    ['list-fails', 'listing-unstable'],
    async ({ listed: [full = []], cutShort }, session) => {
      if (cutShort !== undefined && cutShort.length < full.length) {
        return failed(`cut short it gave ${cutShort.length} of ${full.length} services and did not throw`)
      }
      const config = session.harness.backend?.brokenConfig
      if (config === undefined) return ok
      const broken = await listBroken(session, config)
      return broken === undefined
        ? ok
        : failed(`a platform that cannot be read gave ${broken.length} services`)
    },
  ),
  listCheck('watch-does-not-end', 'a watch ends when its signal aborts', ['list-fails'], ({ watch }) => {
    if (watch === 'none') return skipped('it has no watch')
    return watch === 'hangs' ? failed('the watch went on') : ok
  }),
  talkCheck('push-strange', 'a provider pushes add and delete of its own services', [], ({ pushed }) => {
    const strange = pushed.find(({ action, service }) => {
      return (action !== 'add' && action !== 'delete') || !hasName(service)
    })
    return strange === undefined
      ? ok
      : failed(`pushed ${strange.action} of ${strange.service.name || 'no service'}`)
  }),
  talkCheck(
    'refresh-missing',
    'every refresh is answered, with its id',
    ['push-strange'],
    ({ present, absent }) => {
      const silent = [present, absent].find(
        (exchange) => exchange !== undefined && exchange.answers.length === 0,
      )
      return silent === undefined
        ? ok
        : failed(`no answer to the refresh of ${serviceKey(silent.message.service)}`)
    },
  ),
  talkCheck(
    'refresh-twice',
    'every refresh is answered only once',
    ['refresh-missing'],
    ({ present, absent }) => {
      const count = Math.max(present?.answers.length ?? 0, absent?.answers.length ?? 0)
      return count < 2 ? ok : failed(`${count} answers to one refresh`)
    },
  ),
  talkCheck(
    'refresh-present',
    'a service that is there is answered with add',
    ['refresh-missing'],
    ({ present }) => {
      if (present === undefined) return skipped('no service is there')
      const [answer] = present.answers
      const isRight = answer?.action === 'add' && isSameService(answer.service, present.message.service)
      return isRight
        ? ok
        : failed(`answered with ${answer?.action ?? 'nothing'} of ${answer?.service.name ?? 'no service'}`)
    },
  ),
  talkCheck(
    'refresh-absent',
    'a service that is not there is answered with delete',
    ['refresh-missing'],
    ({ absent }) => {
      if (absent === undefined) return skipped('start failed')
      const [answer] = absent.answers
      const isRight = answer?.action === 'delete' && isSameService(answer.service, absent.message.service)
      return isRight
        ? ok
        : failed(`answered with ${answer?.action ?? 'nothing'} of ${answer?.service.name ?? 'no service'}`)
    },
  ),
]

/** A message from outside may hold anything in the place of a service. */
function hasName(service: unknown): boolean {
  if (typeof service !== 'object' || service === null || !('name' in service)) return false
  return typeof service.name === 'string' && service.name !== ''
}
