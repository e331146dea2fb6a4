import { loadLessons } from '../../lessons/load.ts';
import { createGrader } from './grader.ts';
import { Lab } from './synthetic.ts';
const { lessons } = await loadLessons('lessons');
const lab = new Lab();
lab.runToEnd('h', 'hello-world');
for (let i = 0; i < 2500; i++) { lab.runToEnd(`c${i}`, 'busybox'); lab.remove(`c${i}`, 'busybox'); }
const g = createGrader({ lesson: lessons[0]!, stored: [], evidence: async () => lab.evidence, output: async () => ({ stdout: '', stderr: '' }), onProgress() {}, onExplain() {} });
g.start();
let t = performance.now();
for (const e of lab.entries) g.feed(e);
console.log(lab.entries.length, 'entries', Math.round(performance.now() - t), 'ms');
await g.settled(); g.stop();
const n = 100; const all = Array.from({ length: n }, () => createGrader({ lesson: { tasks: lessons[0]!.tasks.map(x => ({ ...x, needs: [] })) }, stored: [], evidence: async () => lab.evidence, output: async () => ({ stdout: '', stderr: '' }), onProgress() {}, onExplain() {} }));
const l2 = new Lab(); for (let i = 0; i < 10; i++) l2.runDetached('x' + i, 'busybox');
for (const g of all) { g.start(); for (const e of l2.entries) g.feed(e); await g.settled(); }
const c = process.cpuUsage(); await new Promise(r => setTimeout(r, 5000)); const d = process.cpuUsage(c); console.log('idle cpu ms in 5 s of 100 graders', (d.user + d.system) / 1000);
for (const g of all) g.stop();
