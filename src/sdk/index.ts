export { type Answer, problemOf } from './answer.js'
export type { WrittenChange } from './batch.js'
export { type Channel, createChannel } from './channel.js'
export { type Clock, systemClock } from './clock.js'
export { type DeadlineOptions, withDeadline } from './deadline.js'
export {
  API_VERSION,
  type ConfigSchema,
  type Context,
  type Definition,
  definitionId,
  defineExtension,
  defineProvider,
  defineProvisioner,
  KINDS,
  type Kind,
  type ProviderDefinition,
  type ProvisionerDefinition,
  type RawDefinition,
  type SchemaIssue,
} from './define.js'
export {
  errorText,
  InterlookError,
  isInterlookError,
  type InterlookErrorOptions,
  type Problem,
  REASONS,
  type Reason,
  toProblem,
} from './errors.js'
export { type Logger, silentLogger } from './logger.js'
export type { Action, Extension, Message } from './message.js'
export type { ListedService, Provider } from './provider.js'
export type {
  AdoptRule,
  ApplyResult,
  Change,
  FieldChange,
  OutputName,
  Outputs,
  OwnedObject,
  PlanInput,
  PlannedValue,
  Provisioner,
  PutItem,
  Scope,
  ServicePlan,
} from './provisioner.js'
export { type RunnableDefinition, type Served, serve } from './serve.js'
export { type ProviderListing, type ServedProvider, serveProvider } from './serve-provider.js'
export {
  type ProvisionerHooks,
  type ProvisionerPreview,
  type ServedProvisioner,
  serveProvisioner,
} from './serve-provisioner.js'
export {
  bareService,
  normalizeTargets,
  parseServiceKey,
  type Policy,
  POLICIES,
  type Service,
  serviceKey,
  type Target,
} from './service.js'
export {
  CONTRACT,
  type ContractCheck,
  type ContractHarness,
  type ContractRun,
  checksFor,
  createContractRun,
  type TestBackend,
  type Verdict,
  type Waits,
} from './contract/index.js'
