import * as z from 'zod'

/**
 * What of the engine's answers is used, so that anything else (an error page, another API, a cut list) is
 * refused instead of being taken for "no services". Keys that are not named here are dropped: they are most
 * of the answer. The engine leaves out what is empty, or writes null.
 */
const identity = z.string().min(1)

const Port = z.object({
  Protocol: z.string(),
  TargetPort: z.number(),
  PublishedPort: z.number().nullish(),
  PublishMode: z.string().nullish(),
})
const Ports = z.object({ Ports: z.array(Port).nullish() }).nullish()
const Labels = z.record(z.string(), z.string()).nullish()

const SwarmService = z.object({
  ID: identity,
  CreatedAt: z.string().nullish(),
  Spec: z.object({ Name: identity, Labels, EndpointSpec: Ports }),
  Endpoint: Ports,
})

const SwarmTask = z.object({
  ID: identity,
  // Tasks that only attach a container to a network belong to no service.
  ServiceID: z.string().nullish(),
  // Absent until the task is assigned.
  NodeID: z.string().nullish(),
  DesiredState: z.string(),
  Status: z.object({ State: z.string(), PortStatus: Ports }),
})

const SwarmNode = z.object({
  ID: identity,
  Spec: z.object({ Labels, Availability: z.string().nullish() }),
  Description: z.object({ Hostname: z.string().nullish() }).nullish(),
  Status: z.object({ State: z.string(), Addr: z.string().nullish() }),
  ManagerStatus: z.object({ Addr: z.string().nullish() }).nullish(),
})

export const SwarmServices = z.array(SwarmService)
export const SwarmTasks = z.array(SwarmTask)
export const SwarmNodes = z.array(SwarmNode)
export const EngineVersion = z.object({ ApiVersion: z.string(), MinAPIVersion: z.string().nullish() })

export type Port = z.output<typeof Port>
export type SwarmService = z.output<typeof SwarmService>
export type SwarmTask = z.output<typeof SwarmTask>
export type SwarmNode = z.output<typeof SwarmNode>
