// Log in, warm up, write what is asked for: what _serve does in ../tokens.py.

import { createInterface } from 'node:readline';

/**
 * @param {function(Object): Promise<function(string): Promise>} start logs in, and
 *     returns what writes to one page
 */
export async function serve(start) {
  let write;
  for await (const line of createInterface({ input: process.stdin })) {
    if (!write) {
      write = await start(JSON.parse(line));
      await write('Benchmark');
      console.log('READY');
      continue;
    }
    const titles = JSON.parse(line);
    const failures = [];
    const wall = performance.now();
    const cpu = process.cpuUsage();
    for (const title of titles) {
      try {
        await write(title);
      } catch (error) {
        failures.push(`${error.name}: ${error.message}`.split('\n')[0]);
      }
    }
    const used = process.cpuUsage(cpu);
    const figures = {
      wall: (performance.now() - wall) / 1e3,
      cpu: (used.user + used.system) / 1e6,
      failures,
    };
    console.log(`DONE ${JSON.stringify(figures)}`);
  }
}
