// BullMQ with its own defaults: `node bullmq.mjs feed|work '{...}'`. The same work as feed.py and work.py.
import { appendFileSync, openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';

const require = createRequire(`${process.env.BENCH_MODULES}/`);
const { Queue, Worker } = require('bullmq');

const [role, text] = process.argv.slice(2);
const options = { warm: 0, window: 1, rate: 0, hops: 1, first: 0, stage: 4, slots: 1, ...JSON.parse(text) };
const [, host, port] = options.url.match(/\/\/([^:]+):(\d+)/);
const connection = { host, port: Number(port), maxRetriesPerRequest: null };
const JOB_MS = Number(process.env.BENCH_JOB_MS ?? 0);
const STAGES = ['import', 'transcription', 'clip-detection', 'export'];
const now = () => Math.round((performance.timeOrigin + performance.now()) * 1e6);
const cpu = () => { const used = process.cpuUsage(); return (used.user + used.system) / 1e6; };

if (role === 'feed') await feed(); else await work();

async function feed() {
  const queue = new Queue(options.hops > 1 ? STAGES[0] : STAGES[3], { connection });
  const body = 'x'.repeat(options.bytes);
  const opts = { critical: { priority: 1 }, low: { priority: 4 } }[options.priority] ?? {};
  let n = options.first;
  const job = () => ({ key: `job-${n++}`, body });

  if (options.bulk) {
    for (let left = options.count; left > 0; left -= 250) {
      await queue.addBulk(Array.from({ length: Math.min(250, left) }, () => ({ name: 'job', data: job(), opts })));
    }
    return queue.close();
  }
  const some = async (count, rate) => {
    const marks = [];
    const begun = performance.now();
    let next = 0;
    const one = async () => {
      for (let mine = next++; mine < count; mine = next++) {
        if (rate) await new Promise((done) => setTimeout(done, Math.max(0, begun + mine * 1000 / rate - performance.now())));
        const data = job();
        marks.push([data.key, now()]);
        await queue.add('job', data, opts);
      }
    };
    await Promise.all(Array.from({ length: options.window }, one));
    return marks;
  };
  if (options.warm) await some(options.warm, 0);
  console.log('begin');
  const began = performance.now();
  const before = cpu();
  const marks = await some(options.count, options.rate);
  console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000, cpu: cpu() - before, marks }));
  await queue.close();
}

async function work() {
  const file = openSync(options.marks, 'a');
  const last = options.stage === STAGES.length;
  const next = last ? null : new Queue(STAGES[options.stage], { connection });
  const worker = new Worker(STAGES[options.stage - 1], async (job) => {
    if (last) writeSync(file, `${job.data.key} ${now()}\n`);
    if (last && JOB_MS) await new Promise((done) => setTimeout(done, JOB_MS));
    if (!last) await next.add('job', job.data);
    return { done: true };
  }, { connection, concurrency: options.slots });
  worker.on('error', (error) => appendFileSync(process.stderr.fd, `${error}\n`));
  process.on('SIGTERM', async () => { await worker.close(); await next?.close(); process.exit(0); });
}
