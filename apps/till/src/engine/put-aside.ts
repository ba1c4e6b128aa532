// A log that is damaged in the middle, once its bytes were handed out: they stay on the device under another name, and the till may begin anew. It comes when it is first asked for.

const logName = 'tallystick.log';

/** Copies the log, sees that all of it is there, and only then takes it away; the rows and the index first, which say nothing without it. Throws where there is no such file. */
export async function putLogAside(at: number): Promise<void> {
  const folder = await navigator.storage.getDirectory();
  const damaged = await (await folder.getFileHandle(logName)).getFile();
  const copy = await folder.getFileHandle(`tallystick.damaged-${at}`, { create: true });
  await damaged.stream().pipeTo(await copy.createWritable());
  if ((await copy.getFile()).size !== damaged.size) throw new Error('the damaged log was not copied whole');
  for (const name of ['tallystick.log-index', 'tallystick.rows-0', 'tallystick.rows-1'])
    await folder.removeEntry(name).catch(() => undefined);
  await folder.removeEntry(logName);
}
