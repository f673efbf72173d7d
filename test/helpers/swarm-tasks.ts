import type Docker from 'dockerode'
import type { SwarmServiceSpec } from './swarm-service.js'

interface Task {
  ID: string
  DesiredState: string
  Status: { State: string; Err?: string }
}

/** Tasks that run and shall. */
export async function liveTasks(docker: Docker): Promise<Task[]> {
  return ((await docker.listTasks()) as Task[]).filter(isLive)
}

function isLive(task: Task): boolean {
  return task.DesiredState === 'running' && task.Status.State === 'running'
}

/** Waits until as many tasks of the newest definition run as the service wants, and no older one does. */
export async function settled(docker: Docker, spec: SwarmServiceSpec): Promise<void> {
  const wanted = spec.global === true ? 1 : (spec.replicas ?? 1)
  await until(`${wanted} tasks of ${spec.name} run`, async () => {
    const filters = JSON.stringify({ service: [spec.name], '_up-to-date': ['true'] })
    const tasks = (await docker.listTasks({ filters })) as Task[]
    const live = tasks.filter(isLive)
    if (live.length === wanted) return
    throw new Error(
      tasks.map((task) => `${task.DesiredState}/${task.Status.State} ${task.Status.Err ?? ''}`).join('; '),
    )
  })
}

/** Tries until `probe` no longer throws. For what the engine offers no event. */
export async function until(what: string, probe: () => Promise<unknown>, ms = 30_000): Promise<void> {
  const deadline = Date.now() + ms
  for (;;) {
    try {
      await probe()
      return
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`waited ${ms} ms until ${what}`, { cause: error })
    }
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}
